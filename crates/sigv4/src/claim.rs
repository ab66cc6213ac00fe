use std::borrow::Cow;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use trent_shared::{AccountId, Caller, Region};

use crate::Refusal;
use crate::canonical::Signable;
use crate::gate::Sender;
use crate::request::{ALGORITHM, TERMINATOR};

/// What a request says of itself in the credential of its signature, read leniently: whatever is malformed counts as
/// absent and gets the defaults. Only a Region that cannot be one is refused, since ARNs would carry it.
#[derive(Debug, Default)]
pub(crate) struct Claim<'r> {
    pub(crate) access_key_id: Cow<'r, str>,
    pub(crate) region: Region,
}

impl<'r> Claim<'r> {
    pub(crate) fn read(request: Signable<'r>) -> Result<Self, Refusal> {
        let credential = match request.headers.get(AUTHORIZATION) {
            Some(_) => in_header(request.headers).map(Cow::Borrowed),
            None => request.uri.query().and_then(in_query),
        };
        let credential = credential.unwrap_or_default();
        let mut parts = credential.splitn(6, '/');
        let id_len = parts.next().map_or(0, str::len);
        let region = match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(_date), Some(region), Some(_service), Some(TERMINATOR), None) => region.parse(),
            _ => Ok(Region::default()),
        };
        let region = region.map_err(|_| Refusal::invalid_region())?;
        Ok(Self { access_key_id: start(credential, id_len), region })
    }

    /// The root user of the account that the access key id names: 12 digits are an account id, as emulators have it; any
    /// other id says nothing about the account.
    pub(crate) fn root(self) -> Sender {
        let account = self.access_key_id.parse().unwrap_or(AccountId::DEFAULT);
        Sender { caller: Caller::root(self.region.partition(), account), region: self.region }
    }
}

/// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
fn in_header(headers: &HeaderMap) -> Option<&str> {
    let parameters = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix(ALGORITHM)?;
    parameters.split([',', ' ']).find_map(|parameter| parameter.strip_prefix("Credential="))
}

/// `X-Amz-Credential`, as presigned URLs have it.
fn in_query(query: &str) -> Option<Cow<'_, str>> {
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    parameters.find(|(name, _)| name == "X-Amz-Credential").map(|(_, credential)| credential)
}

fn start(text: Cow<'_, str>, len: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..len).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.truncate(len);
            Cow::Owned(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn claim(authorization: Option<&str>, uri: &str) -> Result<Sender, Refusal> {
        let mut request = Request::post(uri);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body("").expect("valid");
        Claim::read(Signable::of(&request)).map(Claim::root)
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
            let sender = claim(authorization, uri).expect("identified");
            let found = (sender.caller.arn().to_string(), sender.region.to_string());
            assert_eq!(found, (arn.to_owned(), region.to_owned()), "{authorization:?} {uri}");
        }
    }

    #[test]
    fn what_cannot_be_a_region_is_refused() {
        for region in ["", "mars", "us-east-1a"] {
            let signed = format!("AWS4-HMAC-SHA256 Credential=AKIA/20260101/{region}/kms/aws4_request");
            assert_eq!(claim(Some(&signed), "/").err(), Some(Refusal::invalid_region()));
        }
    }
}
