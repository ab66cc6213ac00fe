use trent_gateway::Limits;

use crate::support::{json, query, start};

const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=111122223333/20260101/cn-north-1/vault/aws4_request, SignedHeaders=host, Signature=0";

#[tokio::test]
async fn a_json_answer_has_the_headers_of_aws() {
    let endpoint = start(Limits::default()).await;
    let reply = endpoint.send(json("VaultService.DescribeCaller", "{}")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, r#"{"Arn":"arn:aws:iam::000000000000:root","Region":"us-east-1"}"#);
    for (name, value) in [
        ("content-type", "application/x-amz-json-1.1"),
        ("cache-control", "no-cache, no-store, must-revalidate, private"),
        ("expires", "0"),
        ("pragma", "no-cache"),
        ("content-length", "61"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    assert!(reply.header("date").ends_with(" GMT"));
    assert_eq!(reply.header("x-amzn-requestid").len(), 36);
}

#[tokio::test]
async fn account_and_region_come_from_the_credential_scope() {
    let endpoint = start(Limits::default()).await;
    let mut request = json("VaultService.DescribeCaller", "{}");
    request.headers_mut().insert("authorization", SIGNED.parse().expect("valid"));
    let reply = endpoint.send(request).await;
    assert_eq!(reply.body, r#"{"Arn":"arn:aws-cn:iam::111122223333:root","Region":"cn-north-1"}"#);

    let mut request = query("Action=DescribeCaller&Version=2021-02-02");
    let lost = SIGNED.replace("cn-north-1", "mars");
    request.headers_mut().insert("authorization", lost.parse().expect("valid"));
    let reply = endpoint.send(request).await;
    assert_eq!(reply.status, 403);
    assert!(reply.body.contains("<Code>SignatureDoesNotMatch</Code>"), "{}", reply.body);
}

#[tokio::test]
async fn a_query_answer_is_xml() {
    let endpoint = start(Limits::default()).await;
    let reply = endpoint.send(query("Action=DescribeCaller&Version=2021-02-02")).await;
    let id = reply.header("x-amzn-requestid");
    assert_eq!((reply.status, reply.header("content-type"), reply.header("cache-control")), (200, "text/xml", ""));
    assert!(reply.body.contains(r#"<DescribeCallerResponse xmlns="https://oracle.example/doc/2021-02-02/">"#));
    assert!(reply.body.contains("<Arn>arn:aws:iam::000000000000:root</Arn>"), "{}", reply.body);
    assert!(reply.body.contains(&format!("<RequestId>{id}</RequestId>")), "{}", reply.body);
}

#[tokio::test]
async fn an_operation_without_output_answers_nothing() {
    let endpoint = start(Limits::default()).await;
    let reply = endpoint.send(json("VaultService.Put", r#"{"Name":"a"}"#)).await;
    assert_eq!((reply.status, &*reply.body, reply.header("content-length")), (200, "", "0"));
}

#[tokio::test]
async fn input_that_the_model_forbids_never_reaches_the_service() {
    let endpoint = start(Limits::default()).await;
    let reply = endpoint.send(json("VaultService.Put", "{}")).await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.starts_with(r#"{"__type":"ValidationException","message":"1 validation error detected:"#));
    assert_eq!(reply.header("cache-control"), "");

    let reply = endpoint.send(json("VaultService.Put", r#"{"Name":"#)).await;
    assert_eq!((reply.status, &*reply.body), (400, r#"{"__type":"SerializationException"}"#));

    let reply = endpoint.send(query("Action=Put&Version=2021-02-02&Name=muchtoolong")).await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains(r#"<ErrorResponse xmlns="https://oracle.example/doc/2021-02-02/">"#), "{}", reply.body);
    assert!(reply.body.contains("<Type>Sender</Type>"));
}

#[tokio::test]
async fn a_panic_is_answered_and_the_connection_lives_on() {
    let endpoint = start(Limits::default()).await;
    let mut client = endpoint.connect().await;
    let reply = client.send(json("VaultService.Crash", "{}")).await.expect("answered");
    assert_eq!(reply.status, 500);
    assert!(reply.body.starts_with(r#"{"__type":"InternalFailure","message":"#), "{}", reply.body);
    assert_eq!(reply.header("x-amzn-requestid").len(), 36);

    let reply = client.send(query("Action=Crash&Version=2021-02-02")).await.expect("answered");
    assert_eq!(reply.status, 500);
    assert!(reply.body.contains("<Type>Receiver</Type>") && reply.body.contains("<Code>InternalFailure</Code>"));

    assert_eq!(client.send(json("VaultService.DescribeCaller", "")).await.expect("answered").status, 200);
}
