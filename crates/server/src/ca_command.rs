//! `trent ca`: the certificate that clients of a running emulator trust to talk HTTPS with it.

use std::time::Duration;

use crate::client::{Endpoint, EndpointError};

pub(crate) fn run(url: Option<String>) -> Result<(), EndpointError> {
    const PATIENCE: Duration = Duration::from_secs(10);
    print!("{}", Endpoint::new(url, PATIENCE).get("/_trent/ca")?);
    Ok(())
}
