//! Attestation documents: real ones, made ones, and every way in which one can be wrong.

mod aws_document;
mod chains;
mod fields;
mod local_root;
mod mutations;
mod structure;
mod support;
