//! Material of every key spec, from outside: stored and imported, against other implementations, against published
//! vectors, and given what AWS refuses.

mod independent;
mod independent_post_quantum;
mod independent_sm2;
mod refusals;
mod storage;
mod support;
mod vectors;
