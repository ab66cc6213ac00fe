//! Services, a running gateway and a client to ask it with.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use trent_gateway::{AdminEndpoint, Gateway, Limits, Response, Tls, json_response};
use trent_protocol::{
    Bounds, BoxFuture, Encode, Encoder, Member, Operation, Output, Protocol, Service, ServiceModel, Shape, Structure,
    StructureEncoder, Value,
};
use trent_shared::{ApiError, Clock, Context, Entropy, Timestamp};
use trent_sigv4::Signatures;

use crate::signatures::TestAuthenticator;

static TEXT: Shape = Shape::String { length: Bounds::NONE, pattern: None, is_sensitive: false };
static SHORT: Shape =
    Shape::String { length: Bounds { min: Some(1), max: Some(8) }, pattern: None, is_sensitive: false };
static EMPTY: Structure = Structure { name: "Empty", members: &[] };
static NAMED: Structure =
    Structure { name: "Named", members: &[Member { name: "Name", shape: &SHORT, is_required: true }] };
static CALLER: Structure = Structure {
    name: "CallerDescription",
    members: &[
        Member { name: "Arn", shape: &TEXT, is_required: false },
        Member { name: "Region", shape: &TEXT, is_required: false },
    ],
};

static CONNECTION: Structure = Structure {
    name: "ConnectionDescription",
    members: &[
        Member { name: "Scheme", shape: &TEXT, is_required: false },
        Member { name: "SourceIp", shape: &TEXT, is_required: false },
    ],
};

const fn operation(index: usize, name: &'static str, output: Option<&'static Structure>) -> Operation {
    Operation { index, name, input: &EMPTY, output, result_wrapper: None, errors: &[], is_implemented: true }
}

/// awsJson.
pub(crate) static VAULT: ServiceModel = ServiceModel {
    id: "vault",
    full_name: "Trent Vault",
    api_version: "2020-01-01",
    protocol: Protocol::AwsJson11,
    target_prefix: Some("VaultService"),
    xml_namespace: None,
    operations: &[
        operation(0, "DescribeCaller", Some(&CALLER)),
        Operation { input: &NAMED, ..operation(1, "Put", None) },
        operation(2, "Crash", None),
        operation(3, "Wait", None),
        Operation { is_implemented: false, ..operation(4, "Later", None) },
        operation(5, "DescribeConnection", Some(&CONNECTION)),
    ],
};

/// awsQuery.
pub(crate) static ORACLE: ServiceModel = ServiceModel {
    id: "oracle",
    full_name: "Trent Oracle",
    api_version: "2021-02-02",
    protocol: Protocol::AwsQuery,
    target_prefix: None,
    xml_namespace: Some("https://oracle.example/doc/2021-02-02/"),
    operations: &[
        Operation { result_wrapper: Some("DescribeCallerResult"), ..operation(0, "DescribeCaller", Some(&CALLER)) },
        Operation { input: &NAMED, ..operation(1, "Put", None) },
        operation(2, "Crash", None),
    ],
};

/// Turned off.
pub(crate) static ATTIC: ServiceModel = ServiceModel {
    id: "attic",
    full_name: "Trent Attic",
    api_version: "2022-03-03",
    protocol: Protocol::AwsJson11,
    target_prefix: Some("AtticService"),
    xml_namespace: None,
    operations: &[operation(0, "Rest", None)],
};

/// Answers every model above.
pub(crate) struct Fake {
    model: &'static ServiceModel,
    doors: Arc<Doors>,
}

/// What a `Wait` request passes through, so that tests know when it is inside and decide when it leaves.
#[derive(Default)]
pub(crate) struct Doors {
    pub(crate) entered: Notify,
    pub(crate) exit: Notify,
}

struct Description {
    arn: String,
    region: String,
}

impl Encode for Description {
    fn encode(&self, to: &mut dyn Encoder) {
        StructureEncoder::begin(to, &CALLER).member(&self.arn).member(&self.region).end();
    }
}

struct ConnectionDescription {
    scheme: String,
    source_ip: String,
}

impl Encode for ConnectionDescription {
    fn encode(&self, to: &mut dyn Encoder) {
        StructureEncoder::begin(to, &CONNECTION).member(&self.scheme).member(&self.source_ip).end();
    }
}

struct Nothing;

impl Encode for Nothing {
    fn encode(&self, to: &mut dyn Encoder) {
        StructureEncoder::begin(to, &EMPTY).end();
    }
}

impl Service for Fake {
    fn model(&self) -> &'static ServiceModel {
        self.model
    }

    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'static Operation,
        _: Value,
    ) -> BoxFuture<'a, Result<Output, ApiError>> {
        Box::pin(async move {
            match operation.name {
                "DescribeCaller" => {
                    let description = Description { arn: cx.caller.arn().to_string(), region: cx.region.to_string() };
                    return Ok(Box::new(description) as Output);
                }
                "DescribeConnection" => {
                    let scheme = if cx.connection.is_secure { "https" } else { "http" };
                    let source_ip = cx.connection.source_ip.map_or_else(String::new, |ip| ip.to_string());
                    return Ok(Box::new(ConnectionDescription { scheme: scheme.to_owned(), source_ip }) as Output);
                }
                "Put" => {}
                "Wait" => {
                    self.doors.entered.notify_one();
                    self.doors.exit.notified().await;
                }
                crashing => panic!("{crashing} was asked for"),
            }
            Ok(Box::new(Nothing) as Output)
        })
    }
}

#[derive(Default)]
pub(crate) struct TestClock(pub(crate) AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

/// A gateway that listens on a port of its own.
pub(crate) struct Running {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) doors: Arc<Doors>,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) server: JoinHandle<()>,
}

/// What the program answers beside health: under `/_trent/echo`, whatever it was given.
struct Echo;

impl AdminEndpoint for Echo {
    fn answer(&self, request: Request<Bytes>) -> BoxFuture<'_, Option<Response>> {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let told = [head.method.as_str(), head.uri.path(), str::from_utf8(&body).expect("UTF-8")];
            head.uri.path().starts_with("/_trent/echo").then(|| json_response(StatusCode::CREATED, &told))
        })
    }
}

pub(crate) fn gateway(limits: Limits) -> (Gateway, Arc<TestClock>, Arc<Doors>) {
    gateway_that(Signatures::Accept, limits)
}

fn gateway_that(signatures: Signatures, limits: Limits) -> (Gateway, Arc<TestClock>, Arc<Doors>) {
    let (clock, doors) = (Arc::new(TestClock::default()), Arc::new(Doors::default()));
    let fake = |model| Some(Arc::new(Fake { model, doors: doors.clone() }) as Arc<dyn Service>);
    let services = [(&VAULT, fake(&VAULT)), (&ORACLE, fake(&ORACLE)), (&ATTIC, None)];
    let authenticator = Arc::new(TestAuthenticator::new(signatures, clock.clone()));
    let gateway = Gateway::with_admin(services, authenticator, clock.clone(), &Zeros, limits, Arc::new(Echo));
    (gateway.expect("no ambiguity"), clock, doors)
}

pub(crate) async fn start(limits: Limits) -> Running {
    start_with(limits, None).await
}

pub(crate) async fn start_with(limits: Limits, tls: Option<Tls>) -> Running {
    serve(gateway(limits), tls).await
}

/// A gateway that takes nothing but signatures of known credentials.
pub(crate) async fn start_verifying() -> Running {
    serve(gateway_that(Signatures::Verify, Limits::default()), None).await
}

async fn serve((gateway, clock, doors): (Gateway, Arc<TestClock>, Arc<Doors>), tls: Option<Tls>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(gateway.serve(listener, tls, async { stopped.await.unwrap_or_default() }));
    Running { address, clock, doors, stop, server }
}

/// One connection to a gateway.
pub(crate) enum Client {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Running {
    pub(crate) async fn connect(&self) -> Client {
        let (sender, connection) = http1::handshake(self.stream().await).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        Client::Http1(sender)
    }

    pub(crate) async fn connect_h2c(&self) -> Client {
        let handshake = http2::handshake(TokioExecutor::new(), self.stream().await);
        let (sender, connection) = handshake.await.expect("HTTP/2");
        tokio::spawn(connection);
        Client::Http2(sender)
    }

    pub(crate) async fn send(&self, request: Request<&'static str>) -> Reply {
        self.connect().await.send(request).await.expect("answered")
    }

    async fn stream(&self) -> TokioIo<TcpStream> {
        TokioIo::new(TcpStream::connect(self.address).await.expect("listening"))
    }
}

impl Client {
    pub(crate) async fn send(&mut self, request: Request<&'static str>) -> hyper::Result<Reply> {
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let response = match self {
            Self::Http1(sender) => sender.send_request(request).await?,
            Self::Http2(sender) => sender.send_request(request).await?,
        };
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).expect("UTF-8"),
        })
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

/// An awsJson request; `target` as `Service.Operation`.
pub(crate) fn json(target: &str, body: &'static str) -> Request<&'static str> {
    let request = Request::post("/").header("host", "localhost").header("content-type", "application/x-amz-json-1.1");
    request.header("x-amz-target", target).body(body).expect("valid")
}

/// An awsQuery request.
pub(crate) fn query(form: &'static str) -> Request<&'static str> {
    let request = Request::post("/").header("host", "localhost");
    request.header("content-type", "application/x-www-form-urlencoded; charset=utf-8").body(form).expect("valid")
}

pub(crate) fn get(uri: &str) -> Request<&'static str> {
    Request::get(uri).header("host", "localhost").body("").expect("valid")
}

/// Fails a test that would otherwise hang.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("within ten seconds")
}
