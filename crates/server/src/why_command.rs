//! `trent why`: which policies decided on a request to a running emulator, and how.

use std::time::Duration;

use crate::client::{Endpoint, EndpointError};

pub(crate) fn run(request_id: Option<&str>, wants_json: bool, url: Option<String>) -> Result<(), EndpointError> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let request_id = request_id.unwrap_or("latest");
    let path = format!("/_trent/decisions/{request_id}{}", if wants_json { "" } else { "/why" });
    let answer = Endpoint::new(url, PATIENCE).get(&path)?;
    print!("{answer}{}", if answer.ends_with('\n') { "" } else { "\n" });
    Ok(())
}
