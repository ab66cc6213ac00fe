//! What it costs to verify a request with a body of 4 KiB, from its head to the decision: `cargo bench -p trent-sigv4`.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use criterion::Criterion;
use http::Request;
use trent_shared::{AccountId, Caller, Partition, SecretString, Timestamp};
use trent_sigv4::{Dialect, Gate, Known, Signatures, SignedRequest, SigningKey, SigningRules, Step};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "FwoGZXIvYXdzEXAMPLETOKENFwoGZXIvYXdzEXAMPLETOKENFwoGZXIvYXdzEXAMPLETOKENFwoGZXIvYXdzEXAMPLETOKEN";
const NOW: u64 = 1_440_938_160;

fn main() {
    let mut criterion = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let request = signed_encrypt();
    let rules = SigningRules::of("kms", Dialect::Json);
    let now = Timestamp::from_millis(i64::try_from(NOW * 1000).expect("fits"));
    let caller = Caller::root(Partition::Aws, AccountId::DEFAULT);
    let (secret, token) = (SecretString::new(SECRET.to_owned()), SecretString::new(TOKEN.to_owned()));
    let gate = Gate::new(Signatures::Verify, []);

    criterion.bench_function("verify, body of 4 KiB", |bencher| {
        bencher.iter(|| {
            let Step::Ask(question) = gate.receive(black_box(&request), "Encrypt", &rules, now) else {
                unreachable!("nobody is configured")
            };
            let known = Known {
                caller: caller.clone(),
                secret_access_key: &secret,
                session_token: Some(&token),
                expires_at: None,
                is_active: true,
            };
            question.answer(Some(known)).expect("signed")
        });
    });
    let key = SigningKey::derive(&secret, "20150830", "us-east-1", "kms");
    criterion.bench_function("verify with a derived key, body of 4 KiB", |bencher| {
        bencher.iter(|| {
            let signed = SignedRequest::parse(black_box(&request), &rules, now).expect("whole");
            assert!(signed.is_signed_by(&key));
        });
    });
    let gate = Gate::new(Signatures::Accept, []);
    let mut unknown = request.clone();
    let claim = "AWS4-HMAC-SHA256 Credential=111122223333/20150830/us-east-1/kms/aws4_request";
    unknown.headers_mut().insert("authorization", claim.parse().expect("valid"));
    criterion.bench_function("accept", |bencher| {
        bencher.iter(|| matches!(gate.receive(black_box(&unknown), "Encrypt", &rules, now), Step::Decided(Ok(_))));
    });
    criterion.final_summary();
}

/// Encrypt with a whole body of 4 KiB and the headers that SDKs send.
fn signed_encrypt() -> Request<Vec<u8>> {
    let mut request = Request::post("https://kms.us-east-1.amazonaws.com/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "TrentService.Encrypt")
        .header("amz-sdk-invocation-id", "8c1f0a52-7f6b-4c37-9d7c-0f3c6a8d5b11")
        .header("amz-sdk-request", "attempt=1; max=3")
        .header("host", "kms.us-east-1.amazonaws.com")
        .body(vec![b'a'; 4096])
        .expect("valid");
    let identity = Credentials::new("ASIAIOSFODNN7EXAMPLE", SECRET, Some(TOKEN.to_owned()), None, "bench").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("kms")
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW))
        .settings(SigningSettings::default())
        .build()
        .expect("complete");
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().expect("ASCII")));
    let uri = request.uri().to_string();
    let signable = SignableRequest::new("POST", uri, headers, SignableBody::Bytes(request.body())).expect("signable");
    let (instructions, _) = sign(signable, &params.into()).expect("signed").into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}
