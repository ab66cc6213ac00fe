//! One file per operation; the generated dispatch calls the function of the same name.

pub(crate) mod get_caller_identity;
