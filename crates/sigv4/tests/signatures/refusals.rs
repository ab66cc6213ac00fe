//! What AWS says of signatures that it does not take, word for word.

use std::time::Duration;

use http::Request;
use trent_shared::{ApiError, Timestamp};
use trent_sigv4::{Dialect, Refusal, SignedRequest, SigningRules};

use crate::signer::{Form, NOW, Signer, arrived, encrypt, secret};

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

fn signed() -> Request<Vec<u8>> {
    arrived(Signer::default().sign(encrypt()))
}

fn presigned() -> Request<Vec<u8>> {
    arrived(Signer { form: Form::Presigned, ..Signer::default() }.sign(encrypt()))
}

/// What the service says of a request, in the words of an awsJson service.
fn refusal(request: &Request<Vec<u8>>, now: Timestamp) -> ApiError {
    let rules = SigningRules::of("kms", Dialect::Json);
    let outcome = SignedRequest::parse(request, &rules, now).and_then(|signed| signed.verify(&secret()));
    outcome.expect_err("refused").into_error(Dialect::Json)
}

fn refuses(request: &Request<Vec<u8>>, code: &str, message: &str) {
    let error = refusal(request, NOW);
    assert_eq!((&*error.code, error.message.as_deref(), error.status), (code, Some(message), 400));
}

fn with_header(name: &'static str, value: &str) -> Request<Vec<u8>> {
    let mut request = signed();
    request.headers_mut().insert(name, value.parse().expect("valid"));
    request
}

/// A request whose `Authorization` is changed, and the header as it is then.
fn changed(from: &str, to: &str) -> (Request<Vec<u8>>, String) {
    let request = signed();
    let authorization = request.headers()["authorization"].to_str().expect("ASCII").to_owned();
    assert!(authorization.contains(from), "{authorization}");
    let changed = authorization.replace(from, to);
    (with_header("authorization", &changed), changed)
}

#[test]
fn what_is_not_signed() {
    refuses(&arrived(encrypt()), "MissingAuthenticationTokenException", "Missing Authentication Token");
}

#[test]
fn every_missing_part_is_named() {
    let (mut nothing, authorization) = changed("AWS4-HMAC-SHA256 Credential", "AWS4-HMAC-SHA256 Other");
    let credential = "Authorization header requires 'Credential' parameter.";
    let message = format!("{credential} Authorization={authorization}");
    refuses(&nothing, "IncompleteSignatureException", &message);

    let all = format!(
        "{credential} Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' \
         parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. \
         Authorization=eyJ0eXAiOiJKV1Q"
    );
    nothing.headers_mut().insert("authorization", "eyJ0eXAiOiJKV1Q".parse().expect("valid"));
    nothing.headers_mut().remove("x-amz-date");
    refuses(&nothing, "IncompleteSignatureException", &all);
}

#[test]
fn a_space_within_the_credential_is_noticed() {
    let (request, authorization) = changed("Credential=", "Credential= ");
    let message = format!(
        "'AKIDEXAMPLE/20150830/us-east-1/kms/aws4_request' not a valid key=value pair (missing equal-sign) in Authorization \
         header: '{authorization}'."
    );
    refuses(&request, "IncompleteSignatureException", &message);
}

#[test]
fn another_algorithm() {
    let (request, _) = changed("AWS4-HMAC-SHA256 ", "AWS4-ECDSA-P256-SHA256 ");
    refuses(&request, "IncompleteSignatureException", "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.");
}

#[test]
fn the_host_must_be_signed() {
    let (request, _) = changed(";host", "");
    refuses(
        &request,
        "InvalidSignatureException",
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
}

#[test]
fn what_is_awss_own_must_be_signed() {
    let request = with_header("x-amz-meta-added", "1");
    let message = "'x-amz-meta-added' must be a 'SignedHeader' in the AWS Authorization.";
    refuses(&request, "InvalidSignatureException", message);
    for other in ["x-amzn-trace-id", "x-amz-user-agent", "amz-sdk-request", "accept"] {
        assert_eq!(Signer::default().verify(&with_header(other, "1")), Ok(()), "{other}");
    }
    let mut presigned = presigned();
    presigned.headers_mut().insert("x-amz-meta-added", "1".parse().expect("valid"));
    assert_eq!(Signer::default().verify(&presigned), Ok(()));
}

#[test]
fn a_date_of_another_format() {
    refuses(
        &with_header("x-amz-date", "2015-08-30T12:36:00Z"),
        "IncompleteSignatureException",
        "Date must be in ISO-8601 'basic format'. Got '2015-08-30T12:36:00Z'. See http://en.wikipedia.org/wiki/ISO_8601",
    );
}

#[test]
fn a_replay_after_the_window_and_a_signature_from_the_future() {
    let request = signed();
    let rules = SigningRules::of("kms", Dialect::Json);
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let latest = NOW.plus(minutes(5) + Duration::from_millis(999));
    for now in [latest, Timestamp::from_millis(NOW.as_millis() - 300_000)] {
        let signed = SignedRequest::parse(&request, &rules, now).expect("within the window");
        assert_eq!(signed.verify(&secret()), Ok(()));
    }
    let message = |now: Timestamp| refusal(&request, now).message.expect("a message");
    assert_eq!(
        message(NOW.plus(minutes(5) + Duration::from_secs(1))),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"
    );
    assert_eq!(
        message(Timestamp::from_millis(NOW.as_millis() - 300_001)),
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"
    );

    let sts = Signer { service: "sts", ..Signer::default() };
    let request = arrived(sts.sign(encrypt()));
    let rules = SigningRules::of("sts", Dialect::Query);
    assert!(SignedRequest::parse(&request, &rules, NOW.plus(minutes(15))).is_ok());
    let late = SignedRequest::parse(&request, &rules, NOW.plus(minutes(16))).expect_err("refused");
    let late = late.into_error(Dialect::Query);
    assert_eq!((&*late.code, late.status), ("SignatureDoesNotMatch", 403));
    assert!(late.message.is_some_and(|message| message.ends_with("(20150830T125200Z - 15 min.)")));
}

/// No service but S3 minds X-Amz-Expires.
#[test]
fn a_presigned_url_is_good_for_the_window_whatever_it_says() {
    let request = presigned();
    assert!(request.uri().query().is_some_and(|query| query.contains("X-Amz-Expires=900")));
    let message = refusal(&request, NOW.plus(Duration::from_secs(301))).message.expect("a message");
    assert!(message.starts_with("Signature expired: "), "{message}");
}

#[test]
fn a_scope_of_another_place_service_or_day() {
    for (from, to, message) in [
        ("/us-east-1/", "/mars/", "Credential should be scoped to a valid region."),
        ("/kms/", "/sts/", "Credential should be scoped to correct service: 'kms'."),
        (
            "aws4_request",
            "aws5_request",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
        ),
        (
            "/20150830/",
            "/20150829/",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != \
             '20150830', from '20150830T123600Z'.",
        ),
        (
            "/us-east-1/kms/",
            "//s3/",
            "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'kms'.",
        ),
    ] {
        refuses(&changed(from, to).0, "InvalidSignatureException", message);
    }
    refuses(
        &changed("/aws4_request", "").0,
        "IncompleteSignatureException",
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
         'AKIDEXAMPLE/20150830/us-east-1/kms'",
    );
}

#[test]
fn forgeries() {
    refuses(&with_header("x-amz-target", "TrentService.Decrypt"), "InvalidSignatureException", MISMATCH);
    refuses(&with_header("x-amz-date", "20150830T123601Z"), "InvalidSignatureException", MISMATCH);
    refuses(&changed("/us-east-1/", "/eu-west-1/").0, "InvalidSignatureException", MISMATCH);
    refuses(&changed("Signature=", "Signature=0").0, "InvalidSignatureException", MISMATCH);

    let other = Signer { secret: "another", ..Signer::default() };
    refuses(&arrived(other.sign(encrypt())), "InvalidSignatureException", MISMATCH);

    let mut more = presigned();
    *more.uri_mut() = format!("{}&Action=DeleteUser", more.uri()).parse().expect("valid");
    refuses(&more, "InvalidSignatureException", MISMATCH);
}

/// Else a short list of names could ask for a long header over and over.
#[test]
fn a_header_that_is_named_twice_is_signed_once_whatever_the_case() {
    for names in ["host;content-type;", "HOST;Content-Type;CONTENT-type;"] {
        let (request, _) = changed("SignedHeaders=", &format!("SignedHeaders={}", names.repeat(1000)));
        assert_eq!(Signer::default().verify(&request), Ok(()), "{names}");
    }
}

#[test]
fn what_may_be_secret_is_not_shown() {
    let request = arrived(Signer { token: Some("the-token"), ..Signer::default() }.sign(encrypt()));
    let rules = SigningRules::of("kms", Dialect::Json);
    let shown = format!("{:?}", SignedRequest::parse(&request, &rules, NOW).expect("signed"));
    assert!(shown.contains("AKIDEXAMPLE") && !shown.contains("the-token") && !shown.contains("alias"), "{shown}");
}

#[test]
fn parts_of_a_presigned_url() {
    let mut half = presigned();
    let query = half.uri().query().expect("a query").to_owned();
    let kept: Vec<&str> = query.split('&').filter(|pair| pair.starts_with("X-Amz-Algorithm")).collect();
    *half.uri_mut() = format!("/?{}", kept.join("&")).parse().expect("valid");
    refuses(
        &half,
        "IncompleteSignatureException",
        "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include \
         'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters \
         must include 'X-Amz-Date'. Re-examine the query-string parameters.",
    );
    *half.uri_mut() = format!("/?{}", query.replace("AWS4-HMAC-SHA256", "AWS3")).parse().expect("valid");
    refuses(&half, "MissingAuthenticationTokenException", "Missing Authentication Token");
}

#[test]
fn a_date_header_stands_in_for_x_amz_date() {
    let mut request = signed();
    let (mut head, body) = request.into_parts();
    head.headers.remove("x-amz-date");
    head.headers.insert("date", "Sun, 30 Aug 2015 12:36:00 GMT".parse().expect("valid"));
    request = Request::from_parts(head, body);
    // The client signed another set of headers: read, and found wrong.
    refuses(&request, "InvalidSignatureException", MISMATCH);
    request.headers_mut().insert("date", "yesterday".parse().expect("valid"));
    assert_eq!(&*refusal(&request, NOW).code, "IncompleteSignatureException");
}

#[test]
fn each_refusal_in_the_dialect_of_the_service() {
    let both = |refusal: Refusal| {
        [Dialect::Json, Dialect::Query].map(|dialect| {
            let error = refusal.clone().into_error(dialect);
            (error.code.into_owned(), error.status, error.message.unwrap_or_default())
        })
    };
    let same = |json: &str, query: &str, status: u16, message: &str| {
        [(json.to_owned(), 400, message.to_owned()), (query.to_owned(), status, message.to_owned())]
    };
    assert_eq!(
        both(Refusal::Unsigned),
        [
            ("MissingAuthenticationTokenException".to_owned(), 400, "Missing Authentication Token".to_owned()),
            ("MissingAuthenticationToken".to_owned(), 403, "Request is missing Authentication Token".to_owned()),
        ]
    );
    assert_eq!(
        both(Refusal::Incomplete("a".to_owned())),
        same("IncompleteSignatureException", "IncompleteSignature", 400, "a")
    );
    assert_eq!(
        both(Refusal::Invalid("a".to_owned())),
        same("InvalidSignatureException", "SignatureDoesNotMatch", 403, "a")
    );
    assert_eq!(
        both(Refusal::UnknownCredentials),
        same(
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            403,
            "The security token included in the request is invalid."
        )
    );
    assert_eq!(
        both(Refusal::ExpiredToken),
        same("ExpiredTokenException", "ExpiredToken", 403, "The security token included in the request is expired")
    );
}
