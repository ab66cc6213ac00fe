//! Who calls, and in which account and Region, told by the credential scope of the request's signature.
//!
//! Signatures are not verified, so whatever is malformed counts as absent and gets the defaults; a Region that cannot be
//! one is refused, since ARNs would carry it.

use std::borrow::Cow;

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use trent_protocol::Protocol;
use trent_shared::{AccountId, ApiError, Caller, Context, Region, RequestId};

/// The context that a request acts in. `protocol` decides how the refusal is named (wire.md §6).
pub(crate) fn identify(id: RequestId, request: &Request<()>, protocol: Protocol) -> Result<Context, ApiError> {
    let credential = match request.headers().get(AUTHORIZATION) {
        Some(authorization) => in_authorization(authorization).map(Cow::Borrowed),
        None => in_query(request),
    };
    let credential = credential.as_deref().map(Credential::parse).unwrap_or_default();
    let region = credential.region.map_or_else(|| Ok(Region::default()), str::parse);
    let region = region.map_err(|_| invalid_region(protocol))?;
    // A 12-digit access key id is the account, as emulators have it; any other says nothing about it.
    let account = credential.access_key_id.parse().unwrap_or(AccountId::DEFAULT);
    Ok(Context::new(id, region.clone(), Caller::root(region.partition(), account)))
}

/// `<access key id>/<date>/<region>/<service>/aws4_request`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Credential<'a> {
    access_key_id: &'a str,
    /// `None` where the scope is not of this form.
    region: Option<&'a str>,
}

impl<'a> Credential<'a> {
    fn parse(text: &'a str) -> Self {
        let mut parts = text.split('/');
        let access_key_id = parts.next().unwrap_or_default();
        let region = match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(_date), Some(region), Some(_service), Some("aws4_request"), None) => Some(region),
            _ => None,
        };
        Self { access_key_id, region }
    }
}

/// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
fn in_authorization(authorization: &HeaderValue) -> Option<&str> {
    let parameters = authorization.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256")?;
    parameters.split([',', ' ']).find_map(|parameter| parameter.strip_prefix("Credential="))
}

/// `X-Amz-Credential`, as presigned URLs have it.
fn in_query(request: &Request<()>) -> Option<Cow<'_, str>> {
    let query = request.uri().query()?;
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    parameters.find(|(name, _)| name == "X-Amz-Credential").map(|(_, credential)| credential)
}

fn invalid_region(protocol: Protocol) -> ApiError {
    const MESSAGE: &str = "Credential should be scoped to a valid region.";
    match protocol {
        Protocol::AwsJson11 => ApiError::new("InvalidSignatureException", MESSAGE),
        Protocol::AwsQuery => ApiError::new("SignatureDoesNotMatch", MESSAGE).with_status(403),
    }
}

#[cfg(test)]
mod tests {
    use trent_shared::{Entropy, random_uuid};

    use super::*;

    struct Zeros;
    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    fn identify_as(authorization: Option<&str>, uri: &str, protocol: Protocol) -> Result<Context, ApiError> {
        let mut request = Request::post(uri);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        identify(RequestId::new(random_uuid(&Zeros)), &request.body(()).expect("valid"), protocol)
    }

    #[test]
    fn the_scope_names_account_and_region() {
        let signed = "AWS4-HMAC-SHA256 Credential=111122223333/20260101/cn-north-1/kms/aws4_request, SignedHeaders=host, Signature=0";
        let cases = [
            (Some(signed), "/", "arn:aws-cn:iam::111122223333:root", "cn-north-1"),
            (Some(&*signed.replace(", ", ",")), "/", "arn:aws-cn:iam::111122223333:root", "cn-north-1"),
            (
                Some(&*signed.replace("111122223333", "AKIAIOSFODNN7EXAMPLE")),
                "/",
                "arn:aws-cn:iam::000000000000:root",
                "cn-north-1",
            ),
            (
                None,
                "/?X-Amz-Credential=111122223333%2F20260101%2Feu-west-1%2Fsts%2Faws4_request",
                "arn:aws:iam::111122223333:root",
                "eu-west-1",
            ),
            (None, "/", "arn:aws:iam::000000000000:root", "us-east-1"),
            (Some("Basic dGVzdDp0ZXN0"), "/", "arn:aws:iam::000000000000:root", "us-east-1"),
            (Some("AWS4-HMAC-SHA256 Signature=0"), "/", "arn:aws:iam::000000000000:root", "us-east-1"),
            (Some("AWS4-HMAC-SHA256 Credential=111122223333/a/b"), "/", "arn:aws:iam::111122223333:root", "us-east-1"),
        ];
        for (authorization, uri, arn, region) in cases {
            let cx = identify_as(authorization, uri, Protocol::AwsJson11).expect("identified");
            assert_eq!((&*cx.caller.arn().to_string(), cx.region.as_str()), (arn, region), "{authorization:?} {uri}");
        }
    }

    #[test]
    fn what_cannot_be_a_region_is_refused() {
        for region in ["", "mars", "us-east-1a"] {
            let signed = format!("AWS4-HMAC-SHA256 Credential=AKIA/20260101/{region}/kms/aws4_request");
            let json = identify_as(Some(&signed), "/", Protocol::AwsJson11).expect_err("refused");
            assert_eq!((&*json.code, json.status), ("InvalidSignatureException", 400));
            let query = identify_as(Some(&signed), "/", Protocol::AwsQuery).expect_err("refused");
            assert_eq!((&*query.code, query.status), ("SignatureDoesNotMatch", 403));
            assert_eq!(query.message.as_deref(), Some("Credential should be scoped to a valid region."));
        }
    }
}
