use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::ServiceExt;
use trent_gateway::Limits;

use crate::support::{Client, Reply, Running, gateway, json, soon, start};

/// Sends these bytes and reads until the other side closes.
async fn raw(endpoint: &Running, request: &str) -> String {
    let mut stream = TcpStream::connect(endpoint.address).await.expect("listening");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.expect("answered");
    answer
}

fn small() -> Limits {
    Limits { max_body_bytes: 16, ..Limits::default() }
}

#[tokio::test]
async fn connections_are_kept_alive() {
    let endpoint = start(Limits::default()).await;
    let mut client = endpoint.connect().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let reply = client.send(json("VaultService.DescribeCaller", "{}")).await.expect("answered");
        ids.push(reply.header("x-amzn-requestid").to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3, "every request has its own id");
}

#[tokio::test]
async fn http2_with_prior_knowledge_works_on_the_same_port() {
    let endpoint = start(Limits::default()).await;
    let mut client = endpoint.connect_h2c().await;
    for _ in 0..2 {
        let mut request = json("VaultService.DescribeCaller", "{}");
        *request.uri_mut() = "http://localhost/".parse().expect("valid");
        request.headers_mut().remove("host");
        assert_eq!(client.send(request).await.expect("answered").status, 200);
    }
    assert_eq!(endpoint.send(json("VaultService.DescribeCaller", "{}")).await.status, 200);
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_passes() {
    let endpoint = start(small()).await;
    assert_eq!(endpoint.send(json("VaultService.Put", r#"{"Name":"abcde"}"#)).await.status, 200);
}

#[tokio::test]
async fn a_longer_body_is_refused_in_the_dialect_of_the_request() {
    let endpoint = start(small()).await;
    let reply = endpoint.send(json("VaultService.Put", r#"{"Name":"abcdef"}"#)).await;
    assert_eq!(reply.status, 413);
    assert_eq!(
        reply.body,
        r#"{"__type":"RequestEntityTooLargeException","message":"The request body is longer than the 16 bytes that are allowed."}"#
    );
    let form = "Action=Put&Version=2021-02-02&Name=a";
    let answer = raw(
        &endpoint,
        &format!(
            "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             transfer-encoding: chunked\r\n\r\n{:x}\r\n{form}\r\n0\r\n\r\n",
            form.len()
        ),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("<Code>RequestEntityTooLargeException</Code>"), "{answer}");
}

#[tokio::test]
async fn who_waits_for_continue_is_not_asked_for_a_body_that_is_too_long() {
    let endpoint = start(small()).await;
    let head = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 17\r\n\r\n";
    let answer = raw(&endpoint, head).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

/// A body that never ends.
struct Endless;

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 16384])))))
    }
}

#[tokio::test]
async fn an_endless_body_is_given_up() {
    let (gateway, ..) = gateway(Limits::default());
    let request = Request::post("/").body(Endless).expect("valid");
    let Ok(response) = gateway.stack().oneshot(request).await;
    assert_eq!(response.status(), 413);
}

#[tokio::test]
async fn slow_clients_are_dropped() {
    let brief = Duration::from_millis(50);
    let endpoint = start(Limits { header_timeout: brief, body_timeout: brief, ..Limits::default() }).await;
    // Nothing, part of a head, and what could become HTTP/2.
    for silence in ["", "POST / HTTP/1.1\r\nhost: a\r\n", "P", "PRI * HTTP/2.0\r\n"] {
        assert_eq!(raw(&endpoint, silence).await, "", "{silence:?}");
    }
    let answer = raw(&endpoint, "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("RequestTimeoutException"), "{answer}");
}

#[tokio::test]
async fn a_head_beyond_the_limit_is_refused() {
    let endpoint = start(Limits { max_header_bytes: 0, ..Limits::default() }).await;
    let padding = "a".repeat(Limits::MIN_HEADER_BYTES as usize);
    let answer = raw(&endpoint, &format!("POST / HTTP/1.1\r\nhost: a\r\nx-padding: {padding}")).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

/// Starts a request that stays inside its service until the doors open.
async fn request_in_flight(endpoint: &Running, mut client: Client) -> tokio::task::JoinHandle<hyper::Result<Reply>> {
    let reply = tokio::spawn(async move { client.send(json("VaultService.Wait", "{}")).await });
    soon(endpoint.doors.entered.notified()).await;
    reply
}

#[tokio::test]
async fn a_stop_lets_requests_in_flight_finish() {
    let endpoint = start(Limits::default()).await;
    let client = endpoint.connect().await;
    let _idle = endpoint.connect().await;
    let reply = request_in_flight(&endpoint, client).await;
    let Running { address, doors, stop, server, .. } = endpoint;
    stop.send(()).expect("running");
    soon(async { while TcpStream::connect(address).await.is_ok() {} }).await;
    doors.exit.notify_one();
    let reply = soon(reply).await.expect("not cancelled").expect("answered");
    assert_eq!((reply.status, reply.header("connection")), (200, "close"));
    soon(server).await.expect("no panic");
}

#[tokio::test]
async fn a_stop_waits_no_longer_than_the_grace() {
    let endpoint = start(Limits { shutdown_grace: Duration::from_millis(10), ..Limits::default() }).await;
    let client = endpoint.connect().await;
    let reply = request_in_flight(&endpoint, client).await;
    endpoint.stop.send(()).expect("running");
    soon(endpoint.server).await.expect("no panic");
    assert!(soon(reply).await.expect("not cancelled").is_err());
}
