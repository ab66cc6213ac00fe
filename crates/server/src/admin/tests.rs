use std::sync::Arc;

use http::Method;
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;
use trent_gateway::{Gateway, Limits};
use trent_identity::{Authorizer, Directory, DirectoryOptions, Mode};
use trent_kms::Kms;
use trent_shared::Timestamp;
use trent_sigv4::Signatures;
use trent_store::MemoryEngine;
use trent_testkit::{KmsOptions, ManualClock, SeededEntropy};

use super::*;
use crate::authenticator::DirectoryAuthenticator;

/// The gateway with KMS behind it, over a clock whose base is the test's.
struct Program {
    gateway: Gateway,
    kms: Arc<Kms>,
    base: Arc<ManualClock>,
}

impl Program {
    /// 2026-09-28T12:10:08.399Z.
    const START: Timestamp = Timestamp::from_millis(1_790_597_408_399);

    async fn new() -> Self {
        let base = Arc::new(ManualClock::at(Self::START));
        let engine = Arc::new(MemoryEngine::new());
        let clock = TurnableClock::restore(base.clone(), engine.clone()).await.expect("the engine works");
        let (clock, entropy) = (Arc::new(clock), Arc::new(SeededEntropy::new(1)));
        let directory = Directory::new(engine.clone(), clock.clone(), entropy.clone(), DirectoryOptions::default());
        let directory = Arc::new(directory);
        let authorizer = Arc::new(Authorizer::new(directory.clone(), clock.clone(), Mode::Enforce));
        let kms = Kms::new(engine, clock.clone(), entropy.clone(), authorizer.clone(), KmsOptions::default());
        let kms = Arc::new(kms);
        let admin = Arc::new(AdminApi::new(
            clock,
            Arc::new(Sweeper::start(Some(kms.clone())).expect("a thread")),
            TlsMode::Off,
            authorizer,
        ));
        let authenticator = Arc::new(DirectoryAuthenticator::new(Signatures::Accept, directory));
        let services = [(&trent_kms::api::MODEL, Some(kms.clone() as _))];
        let gateway = Gateway::with_admin(services, authenticator, base.clone(), &*entropy, Limits::default(), admin);
        Self { gateway: gateway.expect("no ambiguity"), kms, base }
    }

    async fn send(&self, request: http::request::Builder, body: impl Into<Bytes>) -> (Response, Value) {
        let request = request.body(Full::new(body.into())).expect("valid");
        let Ok(response) = self.gateway.stack().oneshot(request).await;
        let (head, body) = response.into_parts();
        let Ok(body) = body.collect().await;
        let body = body.to_bytes();
        let json = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("JSON") };
        (Response::from_parts(head, Full::new(body)), json)
    }

    /// What one of the paths answers in text.
    async fn text(&self, path: &str) -> String {
        let request = Request::get(path).body(Full::<Bytes>::default()).expect("valid");
        let Ok(response) = self.gateway.stack().oneshot(request).await;
        assert_eq!(response.status(), 200);
        let Ok(body) = response.into_body().collect().await;
        String::from_utf8(body.to_bytes().to_vec()).expect("text")
    }

    /// The status and JSON of one of the clock's paths.
    async fn clock(&self, method: Method, path: &str, body: &'static str) -> (u16, Value) {
        let (response, json) =
            self.send(Request::builder().method(method).uri(format!("/_trent/clock{path}")), body).await;
        (response.status().as_u16(), json)
    }

    /// What the clock shows after a turn.
    async fn turn(&self, path: &str, body: &'static str) -> Value {
        let (status, json) = self.clock(Method::POST, path, body).await;
        assert_eq!(status, 200, "{json}");
        assert_eq!(self.clock(Method::GET, "", "").await, (200, json.clone()));
        json
    }

    async fn kms(&self, operation: &str, input: Value) -> Value {
        let request = Request::post("/").header("x-amz-target", format!("TrentService.{operation}"));
        self.send(request, input.to_string()).await.1
    }
}

#[tokio::test]
async fn the_clock_is_read_and_turned() {
    let program = Program::new().await;
    let told = |now: &str, frozen: bool, offset: i64| json!({ "now": now, "frozen": frozen, "offset_seconds": offset });
    let (status, shown) = program.clock(Method::GET, "", "").await;
    assert_eq!((status, shown), (200, told("2026-09-28T12:10:08.399Z", false, 0)));
    for (path, body, expected) in [
        ("/advance", r#"{"by":"31d"}"#, told("2026-10-29T12:10:08.399Z", false, 2_678_400)),
        ("/advance", r#"{ "by": "1d12h 1m1s" }"#, told("2026-10-31T00:11:09.399Z", false, 2_808_061)),
        ("/freeze", "", told("2026-10-31T00:11:09.399Z", true, 2_808_061)),
        ("/set", r#"{"to":"2027-01-01T00:00:00Z"}"#, told("2027-01-01T00:00:00.000Z", true, 8_164_191)),
        ("/set", r#"{"to":"2027-01-01T02:00:00.0709+01:00"}"#, told("2027-01-01T01:00:00.070Z", true, 8_167_791)),
        ("/resume", "{}", told("2027-01-01T01:00:00.070Z", false, 8_167_791)),
    ] {
        assert_eq!(program.turn(path, body).await, expected, "{path} {body}");
    }
    program.base.advance_millis(30);
    assert_eq!(program.clock(Method::GET, "", "").await.1["now"], "2027-01-01T01:00:00.100Z");
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_a_reason() {
    let program = Program::new().await;
    let before = program.clock(Method::GET, "", "").await;
    for (path, body, reason) in [
        ("/advance", "", "missing field `by`"),
        ("/advance", "31d", "expected a map"),
        ("/advance", r#"["31d"]"#, "expected a map"),
        ("/advance", r#"{"by":31}"#, "invalid type: integer `31`, expected a string"),
        ("/advance", r#"{"by":"31d","to":"x"}"#, "unknown field `to`, expected `by`"),
        ("/advance", r#"{"by":"31"}"#, r#""31" is not a length of time such as 31d, 12h or 1d 30m: time unit needed"#),
        ("/advance", r#"{"by":"3x"}"#, "the units are s, m, h and d"),
        ("/advance", r#"{"by":"1y"}"#, "the units are s, m, h and d"),
        ("/advance", r#"{"by":"500ms"}"#, "the units are s, m, h and d"),
        ("/advance", r#"{"by":"-1d"}"#, r#""-1d" is not a length of time"#),
        ("/advance", r#"{"by":""}"#, "value was empty"),
        ("/advance", r#"{"by":"99999999999999999999d"}"#, "number is too large"),
        ("/advance", r#"{"by":"3000000d"}"#, "the clock goes no further than 9900-01-01T00:00:00.000Z"),
        ("/set", r#"{"to":"2026-09-28T12:10:08Z"}"#, "2026-09-28T12:10:08.399Z and cannot be set back: time does not"),
        ("/set", r#"{"to":"0000-01-01T00:00:00Z"}"#, "cannot be set back"),
        ("/set", r#"{"to":"9999-12-31T23:59:59-01:00"}"#, "the clock goes no further"),
        ("/set", r#"{"to":"tomorrow"}"#, r#""tomorrow" is not a moment such as 2027-01-01T00:00:00Z"#),
        ("/set", r#"{"to":"2027-01-01T00:00:00"}"#, "is not a moment"),
        ("/set", r#"{"to":"2027-02-29T00:00:00Z"}"#, "is not a moment"),
        ("/set", "{", "EOF while parsing"),
        ("/freeze", r#"{"by":"1d"}"#, "unknown field `by`"),
        ("/resume", "[]", "expected a map"),
    ] {
        let (status, refusal) = program.clock(Method::POST, path, body).await;
        let [(name, Value::String(message))] = &*refusal.as_object().expect("an object").iter().collect::<Vec<_>>()
        else {
            panic!("{path} {body}: {refusal}");
        };
        assert_eq!((status, name.as_str()), (400, "message"), "{path} {body}");
        assert!(message.contains(reason), "{path} {body}: {message}");
    }
    assert_eq!(program.clock(Method::GET, "", "").await, before);
}

#[tokio::test]
async fn each_path_takes_its_method_only() {
    let program = Program::new().await;
    for (method, path, allowed) in [
        (Method::POST, "", "GET, HEAD"),
        (Method::DELETE, "", "GET, HEAD"),
        (Method::GET, "/advance", "POST"),
        (Method::PUT, "/set", "POST"),
        (Method::GET, "/freeze", "POST"),
        (Method::GET, "/resume", "POST"),
    ] {
        let request = Request::builder().method(method).uri(format!("/_trent/clock{path}"));
        let (response, json) = program.send(request, "").await;
        assert_eq!(
            (response.status().as_u16(), response.headers()["allow"].as_bytes()),
            (405, allowed.as_bytes()),
            "{path}"
        );
        assert_eq!(json, json!({ "message": format!("only {allowed} is allowed here") }));
    }
    for path in ["/", "/stop", "/advance/", "work"] {
        assert_eq!(program.clock(Method::POST, path, "").await.0, 404, "{path}");
    }
    assert_eq!(program.clock(Method::HEAD, "", "").await.0, 200);
}

#[tokio::test]
async fn a_turn_is_answered_when_all_that_fell_due_is_done() {
    // More than one sweep takes on.
    const KEYS: usize = 1001;
    let program = Program::new().await;
    let mut keys = Vec::new();
    for _ in 0..KEYS {
        let id = program.kms("CreateKey", json!({})).await["KeyMetadata"]["KeyId"].clone();
        let scheduled = program.kms("ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 })).await;
        assert_eq!(scheduled["KeyState"], "PendingDeletion");
        keys.push(id);
    }
    program.turn("/advance", r#"{"by":"8d"}"#).await;
    assert_eq!(program.kms.sweep().await.expect("the engine works"), 0, "nothing is left to sweep");
    let described = program.kms("DescribeKey", json!({ "KeyId": keys[0] })).await;
    assert_eq!(described["__type"], "NotFoundException");
    assert_eq!(program.kms("ListKeys", json!({})).await["Keys"], json!([]));
}

#[tokio::test]
async fn turns_at_once_are_made_one_after_the_other() {
    let program = Program::new().await;
    let turns: Vec<_> = (0..20)
        .map(|_| {
            let stack = program.gateway.stack();
            let body = Full::new(Bytes::from(r#"{"by":"1h"}"#));
            tokio::spawn(stack.oneshot(Request::post("/_trent/clock/advance").body(body).expect("valid")))
        })
        .collect();
    for turn in turns {
        let Ok(response) = turn.await.expect("no panic");
        assert_eq!(response.status(), 200);
    }
    assert_eq!(program.clock(Method::GET, "", "").await.1["offset_seconds"], 20 * 60 * 60);
}

#[tokio::test]
async fn the_ca_is_only_read_and_absent_without_tls() {
    let program = Program::new().await;
    for (method, path, status, allow) in [
        (Method::GET, "ca", 404, None),
        (Method::GET, "ca/key", 404, None),
        (Method::POST, "ca", 405, Some("GET, HEAD")),
        (Method::DELETE, "ca", 405, Some("GET, HEAD")),
    ] {
        let request = Request::builder().method(&method).uri(format!("/_trent/{path}"));
        let (response, told) = program.send(request, "").await;
        let allowed = response.headers().get(ALLOW).map(|allow| allow.to_str().expect("ASCII"));
        assert_eq!((response.status().as_u16(), allowed), (status, allow), "{method} {path}: {told}");
    }
}

#[tokio::test]
async fn decisions_are_read_back_by_request_id() {
    let program = Program::new().await;
    let key = program.kms("CreateKey", json!({})).await["KeyMetadata"]["KeyId"].clone();
    let stranger = "AWS4-HMAC-SHA256 Credential=111122223333/20260928/us-east-1/kms/aws4_request, SignedHeaders=host, \
                    Signature=0";
    let arn = format!("arn:aws:kms:us-east-1:000000000000:key/{}", key.as_str().expect("an id"));
    let request =
        Request::post("/").header("x-amz-target", "TrentService.DescribeKey").header("authorization", stranger);
    let (response, told) = program.send(request, json!({ "KeyId": arn }).to_string()).await;
    assert_eq!(response.status(), 400);
    assert!(!told.to_string().contains("statement"), "the client is told no more than by AWS: {told}");
    let id = response.headers()["x-amzn-requestid"].to_str().expect("text").to_owned();

    let (response, told) = program.send(Request::get(format!("/_trent/decisions/{id}")), "").await;
    assert_eq!(response.status(), 200);
    let decision = &told["decisions"][0];
    assert_eq!(decision["decision"], "denied");
    assert_eq!(decision["at"], "2026-09-28T12:10:08.399Z");
    assert_eq!(decision["action"], "kms:DescribeKey");
    assert_eq!(decision["principal"], "arn:aws:iam::111122223333:root");
    let statement = &decision["explanation"]["policies"][0]["statements"][0];
    assert_eq!(statement["sid"], "Enable IAM User Permissions");
    assert_eq!(statement["mismatches"][0]["principal"]["expected"][0], "arn:aws:iam::000000000000:root");
    let (_, latest) = program.send(Request::get("/_trent/decisions"), "").await;
    assert_eq!(latest["decisions"], told["decisions"]);

    let sentences = program.text(&format!("/_trent/decisions/{id}/why")).await;
    assert_eq!(program.text("/_trent/decisions/latest/why").await, sentences);
    for part in ["DENIED: kms:DescribeKey", "does not match", "Principal is arn:aws:iam::000000000000:root"] {
        assert!(sentences.contains(part), "{part}: {sentences}");
    }
}

#[tokio::test]
async fn what_was_allowed_is_read_back_too_and_what_is_unknown_says_so() {
    let program = Program::new().await;
    let (response, _) = program.send(Request::post("/").header("x-amz-target", "TrentService.ListKeys"), "{}").await;
    let id = response.headers()["x-amzn-requestid"].to_str().expect("text").to_owned();
    let (_, told) = program.send(Request::get(format!("/_trent/decisions/{id}")), "").await;
    assert_eq!(told["decisions"][0]["decision"], "allowed");
    assert_eq!(told["decisions"][0]["by"], "the account's root user");
    assert!(program.text(&format!("/_trent/decisions/{id}/why")).await.starts_with("ALLOWED: kms:ListKeys"));
    for (path, status) in [
        ("/_trent/decisions/latest", 404),
        ("/_trent/decisions/1234abcd-12ab-34cd-56ef-1234567890ab", 404),
        ("/_trent/decisions/x", 400),
        ("/_trent/decisions/x/y", 400),
        ("/_trent/decisionsx", 404),
    ] {
        let (response, told) = program.send(Request::get(path), "").await;
        assert_eq!(response.status(), status, "{path} {told}");
    }
    let (response, _) = program.send(Request::post("/_trent/decisions"), "").await;
    assert_eq!(response.status(), 405);
}
