//! `/_trent/ca`: the certificate of Trent's own CA.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use trent_gateway::response;

use super::{AdminApi, Outcome, Refusal};
use crate::sentence;
use crate::tls::TlsMode;

/// RFC 8555 §9.1.
const PEM: &str = "application/pem-certificate-chain";

impl AdminApi {
    /// Answers for a path that begins with `ca`.
    pub(super) async fn ca(&self, path: &str, request: &Request<Bytes>) -> Outcome {
        if path != "ca" {
            return Err(Refusal::Nowhere);
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(Refusal::Method("GET, HEAD"));
        }
        let authority = match &self.tls {
            TlsMode::Issued(authority) => authority.clone(),
            TlsMode::Configured(path, _) => {
                let path = path.display();
                return Err(Refusal::Absent(format!(
                    "HTTPS is answered with the certificate in {path}, not with one of Trent's"
                )));
            }
            TlsMode::Off => return Err(Refusal::Absent("HTTPS is turned off: tls.enabled is false".to_owned())),
        };
        // It may have to be made and written first.
        let told = tokio::task::spawn_blocking(move || authority.certificate_pem()).await;
        let pem = told.map_err(|error| Refusal::Failed(sentence(&error)))?;
        Ok(response(StatusCode::OK, PEM, pem.map_err(|error| Refusal::Failed(sentence(&error)))?))
    }
}
