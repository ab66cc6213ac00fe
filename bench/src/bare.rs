//! The yardstick: hyper as Trent sets it up, and nothing else. `POST /N` is read to its end and answered with N bytes.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

use crate::Failure;

pub(crate) async fn serve() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("ready on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            // A client that is done simply hangs up.
            let _ = server.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    static BODY: [u8; 1 << 20] = [b'x'; 1 << 20];
    let size = request.uri().path().trim_start_matches('/').parse().unwrap_or(0);
    let _ = request.into_body().collect().await;
    Ok(Response::new(Full::new(Bytes::from_static(BODY.get(..size).unwrap_or(&BODY)))))
}
