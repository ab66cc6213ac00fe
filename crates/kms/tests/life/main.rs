//! The life of keys through the service: every state, every Region, and years of it.

mod multi_region;
mod specimen;
mod state_table;
mod stories;
mod support;
