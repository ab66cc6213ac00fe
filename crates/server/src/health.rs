//! `trent health`, for container health checks.

use std::time::Duration;

use crate::client::{Endpoint, EndpointError};

/// Prints what the endpoint says of itself.
pub(crate) fn run(url: Option<String>) -> Result<(), EndpointError> {
    const PATIENCE: Duration = Duration::from_secs(3);
    println!("{}", Endpoint::new(url, PATIENCE).get("/_trent/health")?);
    Ok(())
}
