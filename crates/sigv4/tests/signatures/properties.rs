//! Whatever AWS's own signer signs is verified, and nothing that differs from it.

use http::Request;
use proptest::prelude::*;
use proptest::sample::select;
use trent_sigv4::{Refusal, Style};

use crate::signer::{Form, Signer, arrived};

const TOKEN: &str = "FwoGZXIvYXdz/EXAMPLE+TOKEN==";

/// Segments of all kinds: dots, percent signs, what is reserved, what is not ASCII (encoded, as clients send it).
fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        "[a-zA-Z0-9_.~-]{0,6}",
        select(vec![".", "..", "", "%20", "%2F", "%e1%88%b4", "a:b@c", "!$&'()*,;=+", "%25"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(segment, 0..5).prop_map(|segments| format!("/{}", segments.join("/")))
}

fn query() -> impl Strategy<Value = String> {
    let text = || {
        prop_oneof![
            "[a-zA-Z0-9_.~-]{0,4}",
            select(vec!["%20", "+", "%2f", "%e1%88%b4", "!*'()", "a:b/c?", "@", "%3D"]).prop_map(str::to_owned),
        ]
    };
    let pair = prop_oneof![(text(), text()).prop_map(|(name, value)| format!("{name}={value}")), text(),];
    prop::collection::vec(pair, 0..5).prop_map(|pairs| pairs.join("&"))
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = select(vec!["x-amz-meta-a", "x-amz-meta-b", "content-type", "accept", "x-a", "x-a-b"]);
    prop::collection::vec((name.prop_map(str::to_owned), "[ -~]{0,12}"), 0..6)
}

prop_compose! {
    fn request()(
        method in select(vec!["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]),
        path in path(),
        query in query(),
        headers in headers(),
        body in prop::collection::vec(any::<u8>(), 0..200),
        host in select(vec!["kms.us-east-1.amazonaws.com", "localhost:4566", "127.0.0.1"]),
    ) -> Request<Vec<u8>> {
        let query = if query.is_empty() { query } else { format!("?{query}") };
        let mut request = Request::builder().method(method).uri(format!("http://{host}{path}{query}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(body).expect("valid")
    }
}

prop_compose! {
    fn signer()(
        form in select(vec![Form::Header, Form::Presigned, Form::PresignedBeforeToken]),
        has_token in any::<bool>(),
        region in select(vec!["us-east-1", "cn-north-1", "us-gov-west-1"]),
        service in select(vec!["kms", "sts", "iam"]),
        style in select(vec![Style::Standard, Style::S3]),
    ) -> Signer {
        let token = has_token.then_some(TOKEN);
        Signer { form, token, region, service, style, ..Signer::default() }
    }
}

proptest! {
    #[test]
    fn what_aws_signs_is_verified(request in request(), signer in signer()) {
        let mut signed = signer.sign(request);
        if signer.form == Form::PresignedBeforeToken && signer.token.is_some() {
            let token = "FwoGZXIvYXdz%2FEXAMPLE%2BTOKEN%3D%3D";
            let uri = format!("{}&X-Amz-Security-Token={token}", signed.uri());
            *signed.uri_mut() = uri.parse().expect("valid");
        }
        // HTTP/2 leaves the host in the target.
        prop_assert_eq!(signer.verify(&signed), Ok(()));
        prop_assert_eq!(signer.verify(&arrived(signed)), Ok(()));
    }

    #[test]
    fn one_byte_of_the_body_decides(request in request(), at in any::<prop::sample::Index>()) {
        let signer = Signer::default();
        let mut signed = arrived(signer.sign(request));
        if signed.body().is_empty() {
            signed.body_mut().push(0);
        } else {
            let at = at.index(signed.body().len());
            signed.body_mut()[at] ^= 1;
        }
        prop_assert!(matches!(signer.verify(&signed), Err(Refusal::Invalid(_))));
    }

    #[test]
    fn one_digit_of_the_signature_decides(request in request(), at in 0..64_usize) {
        let signer = Signer::default();
        let mut signed = arrived(signer.sign(request));
        let authorization = signed.headers()["authorization"].to_str().expect("ASCII").to_owned();
        let at = authorization.len() - 64 + at;
        let digit = if &authorization[at..=at] == "0" { "1" } else { "0" };
        let forged = format!("{}{digit}{}", &authorization[..at], &authorization[at + 1..]);
        signed.headers_mut().insert("authorization", forged.parse().expect("valid"));
        prop_assert!(matches!(signer.verify(&signed), Err(Refusal::Invalid(_))));
    }

    /// Nothing a client sends makes the reading panic, or take more than its length.
    #[test]
    fn anything_is_read(authorization in "\\PC{0,200}", target in "/[!-~]{0,60}", date in "\\PC{0,20}") {
        let Ok(uri) = target.parse::<http::Uri>() else { return Ok(()) };
        let mut request = Request::post(uri).header("host", "a");
        for (name, value) in [("authorization", authorization), ("x-amz-date", date)] {
            if let Ok(value) = http::HeaderValue::from_bytes(value.as_bytes()) {
                request = request.header(name, value);
            }
        }
        prop_assert!(Signer::default().verify(&request.body(Vec::new()).expect("valid")).is_err());
    }
}
