//! AWS's signature test suite.

use http::{HeaderName, HeaderValue, Request, Uri};
use trent_sigv4::{Dialect, Refusal, SignedRequest, SigningRules, Style};

use crate::signer::{ID, NOW, secret};

const SUITE: &str = include_str!("../vectors/aws-signing-test-suite.txt");

struct Case {
    name: String,
    style: Style,
    request: Request<Vec<u8>>,
}

/// Everything that can be an HTTP request; a space in the target cannot, and a path as it was sent is S3's, which does
/// not hash the body of presigned requests.
fn cases() -> Vec<Case> {
    SUITE.split("\n=== ").skip(1).filter_map(case).collect()
}

fn case(text: &str) -> Option<Case> {
    let (title, text) = text.split_once('\n').expect("a title");
    let style = if title.ends_with(" normalized") { Style::Standard } else { Style::S3 };
    if title.contains(" query as-sent") {
        return None;
    }
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let (line, headers) = head.split_once('\n').expect("headers");
    let (method, target) = line.strip_suffix(" HTTP/1.1").and_then(|line| line.split_once(' ')).expect("a request");
    let mut request = Request::builder().method(method).uri(target.parse::<Uri>().ok()?);
    // A header that goes on in the next line is one line with a space in between.
    for header in headers.replace("\n ", " ").lines() {
        let (name, value) = header.split_once(':').expect("a header");
        let name = HeaderName::from_bytes(name.as_bytes()).expect("valid");
        request = request.header(name, HeaderValue::from_str(value.trim()).expect("valid"));
    }
    let body = body.trim_end_matches('\n').as_bytes().to_vec();
    Some(Case { name: title.to_owned(), style, request: request.body(body).expect("valid") })
}

#[test]
fn every_signature_of_the_suite_is_verified() {
    let cases = cases();
    assert_eq!(cases.len(), 66, "of 76");
    for Case { name, style, request } in &cases {
        let rules = SigningRules { style: *style, ..SigningRules::of("service", Dialect::Json) };
        let signed = SignedRequest::parse(request, &rules, NOW).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!((signed.access_key_id(), signed.region().as_str()), (ID, "us-east-1"), "{name}");
        signed.verify(&secret()).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    }
}

#[test]
fn no_signature_of_the_suite_is_that_of_another_request() {
    for Case { name, style, mut request } in cases() {
        *request.method_mut() = http::Method::PATCH;
        let rules = SigningRules { style, ..SigningRules::of("service", Dialect::Json) };
        let signed = SignedRequest::parse(&request, &rules, NOW).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert!(matches!(signed.verify(&secret()), Err(Refusal::Invalid(_))), "{name}");
    }
}
