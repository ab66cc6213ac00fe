use bytes::Bytes;
use http::Request;
use trent_gateway::{AmbiguousRoute, Failure, Limits, Router};
use trent_protocol::{Operation, Protocol, ServiceModel};

use crate::support::{ATTIC, ORACLE, VAULT, gateway, get, json, query, start};

const UNKNOWN: &str = r#"{"__type":"UnknownOperationException"}"#;

/// The least that an SDK sends to ask for an operation, by the service's protocol alone.
fn minimal_request(model: &ServiceModel, operation: &Operation) -> Request<String> {
    let request = match model.protocol {
        Protocol::AwsJson11 => {
            let target = format!("{}.{}", model.target_prefix.expect("awsJson has one"), operation.name);
            Request::post("/").header("x-amz-target", target).body("{}".to_owned())
        }
        Protocol::AwsQuery => {
            Request::post("/").body(format!("Action={}&Version={}", operation.name, model.api_version))
        }
    };
    request.expect("valid")
}

#[test]
fn every_operation_is_found_by_a_minimal_request() {
    let (gateway, ..) = gateway(Limits::default());
    for model in [&VAULT, &ORACLE, &ATTIC] {
        for operation in model.operations {
            let request = minimal_request(model, operation).map(Bytes::from);
            let found = gateway.router().detect(&request).map_err(|Failure { error, .. }| error).expect("found");
            assert!(std::ptr::eq(found.route.model, model), "{} went to {}", operation.name, found.route.model.id);
            assert!(std::ptr::eq(found.route.operation, operation), "{}", operation.name);
        }
    }
}

#[test]
fn two_services_cannot_claim_the_same_requests() {
    let ambiguous = Router::new([(&VAULT, None), (&ATTIC, None), (&VAULT, None)]).err();
    assert_eq!(ambiguous, Some(AmbiguousRoute { operation: "DescribeCaller", first: "vault", second: "vault" }));
}

#[tokio::test]
async fn indicators_decide_and_a_target_takes_json_only() {
    let endpoint = start(Limits::default()).await;
    for (content_type, status) in [
        ("application/x-amz-json-1.1", 200),
        ("application/x-amz-json-1.0", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("text/json", 200),
        ("application/x-www-form-urlencoded", 400),
        ("application/xml", 400),
        ("", 400),
    ] {
        let mut request = json("VaultService.DescribeCaller", "{}");
        request.headers_mut().insert("content-type", content_type.parse().expect("valid"));
        assert_eq!(endpoint.send(request).await.status, status, "{content_type}");
    }
    let mut request = json("VaultService.DescribeCaller", "{}");
    request.headers_mut().remove("content-type");
    assert_eq!(endpoint.send(request).await.status, 200);

    let mut request = query("Action=DescribeCaller&Version=2021-02-02");
    request.headers_mut().insert("content-type", "application/json".parse().expect("valid"));
    assert_eq!(endpoint.send(request).await.header("content-type"), "text/xml");
    let reply = endpoint.send(get("/?Action=DescribeCaller&Version=2021-02-02")).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/xml"));
}

#[tokio::test]
async fn unknown_operations_are_refused_in_the_dialect_of_the_request() {
    let endpoint = start(Limits::default()).await;
    for target in
        ["VaultService.Nothing", "NoService.DescribeCaller", "VaultService", "", "vaultservice.DescribeCaller"]
    {
        let reply = endpoint.send(json(target, "{}")).await;
        assert_eq!((reply.status, &*reply.body), (400, UNKNOWN), "{target}");
        assert_eq!(reply.header("content-type"), "application/x-amz-json-1.1");
    }
    let mut get_with_target = json("VaultService.DescribeCaller", "");
    *get_with_target.method_mut() = http::Method::GET;
    assert_eq!(endpoint.send(get_with_target).await.status, 400);

    for (form, code, message) in [
        (
            "Action=Nothing&Version=2021-02-02",
            "InvalidAction",
            "Could not find operation Nothing for version 2021-02-02",
        ),
        ("Action=Put", "InvalidAction", "Could not find operation Put for version NO_VERSION_SPECIFIED"),
        ("Version=2021-02-02", "MissingAction", "The request must contain the parameter Action."),
    ] {
        let reply = endpoint.send(query(form)).await;
        assert_eq!((reply.status, reply.header("content-type")), (400, "text/xml"), "{form}");
        assert!(reply.body.contains(&format!("<Code>{code}</Code>")), "{}", reply.body);
        assert!(reply.body.contains(&format!("<Message>{message}</Message>")), "{}", reply.body);
    }

    for nothing in [get("/"), get("/bucket/key"), get("/_localstack/init")] {
        let reply = endpoint.send(nothing).await;
        assert_eq!((reply.status, &*reply.body), (404, UNKNOWN));
    }
}

#[tokio::test]
async fn what_is_off_or_not_built_says_so() {
    let endpoint = start(Limits::default()).await;
    let reply = endpoint.send(json("AtticService.Rest", "{}")).await;
    assert_eq!(reply.status, 501);
    assert_eq!(
        reply.body,
        r#"{"__type":"ServiceNotEnabled","message":"Trent Attic (attic) is turned off. Turn it on with services.attic.enabled: true in the configuration, or by naming it in the environment variable SERVICES."}"#
    );
    let reply = endpoint.send(json("VaultService.Later", "not even JSON")).await;
    assert_eq!(reply.status, 501);
    assert_eq!(
        reply.body,
        r#"{"__type":"NotImplemented","message":"Trent does not implement Trent Vault Later yet."}"#
    );
}

#[tokio::test]
async fn health_tells_services_version_and_uptime() {
    let endpoint = start(Limits::default()).await;
    endpoint.clock.0.store(12_999, std::sync::atomic::Ordering::Relaxed);
    for path in ["/_trent/health", "/_localstack/health"] {
        let reply = endpoint.send(get(path)).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
        assert_eq!(
            reply.body,
            concat!(
                r#"{"services":{"attic":"disabled","oracle":"running","vault":"running"},"version":""#,
                env!("CARGO_PKG_VERSION"),
                r#"","uptime_seconds":12}"#
            )
        );
        let mut head = get(path);
        *head.method_mut() = http::Method::HEAD;
        let headers_only = endpoint.send(head).await;
        assert_eq!((headers_only.status, &*headers_only.body), (200, ""));
        assert_eq!(headers_only.header("content-length"), reply.body.len().to_string());
    }
    // No indicator hides the endpoint's own paths.
    let mut targeted = json("VaultService.DescribeCaller", "{}");
    *targeted.uri_mut() = "/_trent/nothing".parse().expect("valid");
    let reply = endpoint.send(targeted).await;
    assert_eq!((reply.status, reply.header("content-type")), (404, "application/json"));
}

#[tokio::test]
async fn an_endpoint_of_the_program_answers_beside_health_and_within_the_limits() {
    let endpoint = start(Limits { max_body_bytes: 16, ..Limits::default() }).await;
    // curl says "form" of whatever it posts.
    let form = |path: &str, body| {
        let request = Request::post(path).header("host", "localhost");
        request.header("content-type", "application/x-www-form-urlencoded").body(body).expect("valid")
    };
    let reply = endpoint.send(form("/_trent/echo/this?x=y", "{16 bytes of it}")).await;
    assert_eq!((reply.status, reply.header("content-type")), (201, "application/json"));
    assert_eq!(reply.body, r#"["POST","/_trent/echo/this","{16 bytes of it}"]"#);
    assert_eq!(reply.header("x-amzn-requestid").len(), 36);

    let reply = endpoint.send(form("/_trent/echo", "17 bytes of input")).await;
    assert_eq!((reply.status, reply.header("content-type")), (413, "application/x-amz-json-1.1"));
    assert!(reply.body.contains(r#""message":"The request body is longer than the 16 bytes"#), "{}", reply.body);

    assert_eq!(endpoint.send(form("/_trent/nothing", "")).await.status, 404);
    assert!(endpoint.send(get("/_trent/health")).await.body.contains(r#""uptime_seconds":0"#));
    assert_eq!(endpoint.send(get("/_trent")).await.body, UNKNOWN);
}
