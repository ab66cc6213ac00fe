//! One file per operation; the generated dispatch calls the function of the same name.
