//! Signed requests, by AWS's own signer: who gets in as whom, and what the others are told in either protocol.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::Request;
use trent_gateway::{Arrival, Authentication, Authenticator, Limits, Sender};
use trent_protocol::Protocol;
use trent_shared::{Caller, Clock, Principal, SecretString, Timestamp, User};
use trent_sigv4::{Dialect, Gate, Known, Refusal, Signatures, SigningRules, Step};

use crate::support::{Running, TestClock, get, json, query, start, start_verifying};

const ALICE: &str = "AKIAIOSFODNN7EXAMPLE";
const SESSION: &str = "ASIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "FwoGZXIvYXdz/EXAMPLE+TOKEN==";
const ALICE_ARN: &str = "arn:aws:iam::111122223333:user/Alice";
/// 2015-08-30T12:36:00Z.
const NOW: i64 = 1_440_938_160;
const SESSION_END: Timestamp = Timestamp::from_millis((NOW + 60) * 1000);

/// Knows a user's access key, and a session of the same user that ends a minute after [`NOW`].
pub(crate) struct TestAuthenticator {
    gate: Gate,
    clock: Arc<TestClock>,
    secret: SecretString,
    token: SecretString,
}

impl TestAuthenticator {
    pub(crate) fn new(signatures: Signatures, clock: Arc<TestClock>) -> Self {
        let [secret, token] = [SECRET, TOKEN].map(|text| SecretString::new(text.to_owned()));
        Self { gate: Gate::new(signatures, []), clock, secret, token }
    }

    fn known(&self, access_key_id: &str) -> Option<Known<'_>> {
        let user = User { id: "AIDAEXAMPLE".to_owned(), path: "/".to_owned(), name: "Alice".to_owned() };
        let account = "111122223333".parse().expect("valid");
        let root = Caller::root(trent_shared::Partition::Aws, account);
        let known = Known {
            caller: Caller { principal: Principal::User(Arc::new(user)), ..root },
            secret_access_key: &self.secret,
            session_token: None,
            expires_at: None,
            is_active: true,
        };
        match access_key_id {
            ALICE => Some(known),
            SESSION => Some(Known { session_token: Some(&self.token), expires_at: Some(SESSION_END), ..known }),
            _ => None,
        }
    }
}

impl Authenticator for TestAuthenticator {
    fn authenticate<'r>(&'r self, arrival: Arrival<'r>) -> Authentication<'r> {
        let Arrival { request, model, operation, .. } = arrival;
        let dialect = match model.protocol {
            Protocol::AwsJson11 => Dialect::Json,
            Protocol::AwsQuery => Dialect::Query,
        };
        let sender = |sender: trent_sigv4::Sender| Sender { caller: sender.caller, region: sender.region };
        let refused = move |refusal: Refusal| refusal.into_error(dialect);
        let rules = SigningRules::of(model.id, dialect);
        match self.gate.receive(request, operation.name, &rules, self.clock.now()) {
            Step::Decided(outcome) => Authentication::Decided(outcome.map(sender).map_err(refused)),
            Step::Ask(question) => Authentication::Pending(Box::pin(async move {
                // As a directory does that has to read.
                tokio::task::yield_now().await;
                let known = self.known(question.access_key_id());
                question.answer(known).map(sender).map_err(refused)
            })),
        }
    }
}

/// What a client signs with.
#[derive(Clone, Copy)]
struct Signer {
    access_key_id: &'static str,
    secret: &'static str,
    token: Option<&'static str>,
    service: &'static str,
    is_presigned: bool,
}

const BY_ALICE: Signer =
    Signer { access_key_id: ALICE, secret: SECRET, token: None, service: "vault", is_presigned: false };

impl Signer {
    fn sign(self, mut request: Request<&'static str>) -> Request<&'static str> {
        let token = self.token.map(str::to_owned);
        let identity = Credentials::new(self.access_key_id, self.secret, token, None, "test").into();
        let mut settings = SigningSettings::default();
        if self.is_presigned {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_mins(15));
        }
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name(self.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.unsigned_abs()))
            .settings(settings)
            .build()
            .expect("complete");
        let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().expect("ASCII")));
        let method = request.method().as_str();
        let body = SignableBody::Bytes(request.body().as_bytes());
        let signable = SignableRequest::new(method, request.uri().to_string(), headers, body).expect("signable");
        let (instructions, _) = sign(signable, &params.into()).expect("signed").into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request
    }
}

fn describe() -> Request<&'static str> {
    json("VaultService.DescribeCaller", "{}")
}

fn describe_in_xml() -> Request<&'static str> {
    query("Action=DescribeCaller&Version=2021-02-02")
}

async fn verifying() -> Running {
    let endpoint = start_verifying().await;
    endpoint.clock.0.store(NOW * 1000, Ordering::Relaxed);
    endpoint
}

/// The status and the code and message of a JSON error.
async fn refusal(endpoint: &Running, request: Request<&'static str>) -> (u16, String, String) {
    let reply = endpoint.send(request).await;
    let body: serde_json::Value = serde_json::from_str(&reply.body).expect("JSON");
    let member = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (reply.status, member("__type"), member("message"))
}

async fn in_xml(endpoint: &Running, request: Request<&'static str>, status: u16, code: &str, message: &str) {
    let reply = endpoint.send(request).await;
    assert_eq!((reply.status, reply.header("content-type")), (status, "text/xml"), "{}", reply.body);
    for part in [
        r#"<ErrorResponse xmlns="https://oracle.example/doc/2021-02-02/">"#,
        "<Type>Sender</Type>",
        &format!("<Code>{code}</Code>"),
        &format!("<Message>{message}"),
    ] {
        assert!(reply.body.contains(part), "{part} in {}", reply.body);
    }
}

#[tokio::test]
async fn who_signs_is_let_in_in_every_form() {
    let endpoint = verifying().await;
    let in_session = Signer { access_key_id: SESSION, token: Some(TOKEN), ..BY_ALICE };
    for signer in [BY_ALICE, in_session] {
        let reply = endpoint.send(signer.sign(describe())).await;
        assert_eq!(reply.body, format!(r#"{{"Arn":"{ALICE_ARN}","Region":"eu-west-1"}}"#));
        let presigned = Signer { is_presigned: true, service: "oracle", ..signer };
        let reply = endpoint.send(presigned.sign(get("/?Action=DescribeCaller&Version=2021-02-02"))).await;
        assert!(reply.body.contains(&format!("<Arn>{ALICE_ARN}</Arn>")), "{}", reply.body);
        let reply = endpoint.send(Signer { service: "oracle", ..signer }.sign(describe_in_xml())).await;
        assert!(reply.body.contains(&format!("<Arn>{ALICE_ARN}</Arn>")), "{}", reply.body);
    }
}

#[tokio::test]
async fn over_http2_the_authority_is_signed_as_the_host() {
    let endpoint = verifying().await;
    let mut request = BY_ALICE.sign(describe());
    *request.uri_mut() = "http://localhost/".parse().expect("valid");
    request.headers_mut().remove("host");
    let reply = endpoint.connect_h2c().await.send(request).await.expect("answered");
    assert_eq!(reply.status, 200, "{}", reply.body);
}

#[tokio::test]
async fn a_replay_is_refused_once_the_clock_has_left_the_window() {
    let endpoint = verifying().await;
    endpoint.clock.0.store((NOW + 300) * 1000, Ordering::Relaxed);
    assert_eq!(endpoint.send(BY_ALICE.sign(describe())).await.status, 200);
    endpoint.clock.0.store((NOW + 301) * 1000, Ordering::Relaxed);
    let message =
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)";
    let refused = refusal(&endpoint, BY_ALICE.sign(describe())).await;
    assert_eq!(refused, (400, "InvalidSignatureException".to_owned(), message.to_owned()));
    let to_oracle = Signer { service: "oracle", ..BY_ALICE };
    in_xml(&endpoint, to_oracle.sign(describe_in_xml()), 403, "SignatureDoesNotMatch", message).await;
}

#[tokio::test]
async fn what_is_wrong_is_said_in_the_services_protocol() {
    let endpoint = verifying().await;
    let changed = || {
        let mut request = BY_ALICE.sign(describe());
        *request.body_mut() = "{ }";
        request
    };
    let half_signed = || {
        let mut request = BY_ALICE.sign(describe());
        request.headers_mut().remove("x-amz-date");
        request
    };
    let with = |signer: Signer| signer.sign(describe());
    let unknown = "The security token included in the request is invalid.";
    let mismatch = "The request signature we calculated does not match the signature you provided.";
    for (request, code, message) in [
        (describe(), "MissingAuthenticationTokenException", "Missing Authentication Token"),
        (half_signed(), "IncompleteSignatureException", "Authorization header requires existence of either a"),
        (
            with(Signer { service: "kms", ..BY_ALICE }),
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'vault'.",
        ),
        (with(Signer { access_key_id: "AKIAUNKNOWN", ..BY_ALICE }), "UnrecognizedClientException", unknown),
        (with(Signer { access_key_id: "111122223333", ..BY_ALICE }), "UnrecognizedClientException", unknown),
        (with(Signer { token: Some(TOKEN), ..BY_ALICE }), "UnrecognizedClientException", unknown),
        (with(Signer { access_key_id: SESSION, ..BY_ALICE }), "UnrecognizedClientException", unknown),
        (with(Signer { secret: "another", ..BY_ALICE }), "InvalidSignatureException", mismatch),
        (changed(), "InvalidSignatureException", mismatch),
    ] {
        let (status, found, said) = refusal(&endpoint, request).await;
        assert_eq!((status, &*found), (400, code));
        assert!(said.starts_with(message), "{said}");
    }

    let with = |signer: Signer| Signer { service: "oracle", ..signer }.sign(describe_in_xml());
    let missing = "Request is missing Authentication Token";
    in_xml(&endpoint, describe_in_xml(), 403, "MissingAuthenticationToken", missing).await;
    let incomplete = "Authorization header requires existence of either a";
    let mut half_signed = with(BY_ALICE);
    half_signed.headers_mut().remove("x-amz-date");
    in_xml(&endpoint, half_signed, 400, "IncompleteSignature", incomplete).await;
    let stranger = Signer { access_key_id: "AKIAUNKNOWN", ..BY_ALICE };
    in_xml(&endpoint, with(stranger), 403, "InvalidClientTokenId", unknown).await;
    let forger = Signer { secret: "another", ..BY_ALICE };
    in_xml(&endpoint, with(forger), 403, "SignatureDoesNotMatch", mismatch).await;
}

#[tokio::test]
async fn a_session_ends_by_the_clock_even_where_signatures_are_not_looked_at() {
    let signer = Signer { access_key_id: SESSION, token: Some(TOKEN), ..BY_ALICE };
    let forger = Signer { secret: "another", ..signer };
    let expired = "The security token included in the request is expired";
    for (endpoint, signer) in [(verifying().await, signer), (start(Limits::default()).await, forger)] {
        endpoint.clock.0.store(SESSION_END.as_millis() - 1, Ordering::Relaxed);
        assert_eq!(endpoint.send(signer.sign(describe())).await.status, 200);
        endpoint.clock.0.store(SESSION_END.as_millis(), Ordering::Relaxed);
        let refused = refusal(&endpoint, signer.sign(describe())).await;
        assert_eq!(refused, (400, "ExpiredTokenException".to_owned(), expired.to_owned()));
        let to_oracle = Signer { service: "oracle", ..signer };
        in_xml(&endpoint, to_oracle.sign(describe_in_xml()), 403, "ExpiredToken", expired).await;
    }
}

#[tokio::test]
async fn where_signatures_are_not_looked_at_known_keys_are_their_owners() {
    let endpoint = start(Limits::default()).await;
    let forger = Signer { secret: "another", ..BY_ALICE };
    let reply = endpoint.send(forger.sign(describe())).await;
    assert_eq!(reply.body, format!(r#"{{"Arn":"{ALICE_ARN}","Region":"eu-west-1"}}"#));
    let stranger = Signer { access_key_id: "AKIAUNKNOWN", ..BY_ALICE };
    let reply = endpoint.send(stranger.sign(describe())).await;
    assert_eq!(reply.body, r#"{"Arn":"arn:aws:iam::000000000000:root","Region":"eu-west-1"}"#);
}

/// Whoever may not call learns nothing of what the service thinks of the input.
#[tokio::test]
async fn signatures_are_looked_at_before_the_input() {
    let endpoint = verifying().await;
    let (_, code, _) = refusal(&endpoint, json("VaultService.Put", "not even JSON")).await;
    assert_eq!(code, "MissingAuthenticationTokenException");
}
