//! Connections: HTTP/1.1 keep-alive and HTTP/2, in the clear (with prior knowledge) and over TLS, on one port; and a stop
//! that loses no answer.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::{Service, service_fn};
use tracing::{debug, warn};
use trent_shared::Connection;

use crate::stream::Stream;
use crate::vigil::Vigil;
use crate::{Gateway, Limits, Tls};

impl Gateway {
    /// Answers connections until `shutdown` is done, with `tls` also those over TLS. Then accepts no more, lets requests in
    /// flight finish within the grace, and drops what is left.
    pub async fn serve(self, listener: TcpListener, tls: Option<Tls>, shutdown: impl Future<Output = ()>) {
        let server = connection_builder(self.limits());
        let tls = tls.map(Arc::new);
        let graceful = GracefulShutdown::new();
        // Dropped at the stop, which ends the connections that do not talk HTTP yet: nothing is in flight there.
        let (accepting, until_the_stop) = watch::channel(());
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);

        loop {
            let incoming = tokio::select! {
                incoming = listener.accept() => incoming,
                // Only to forget the connections that are done.
                Some(_) = connections.join_next() => continue,
                () = &mut shutdown => break,
            };
            let (stream, peer) = match incoming {
                Ok(incoming) => incoming,
                Err(error) => {
                    // Most likely out of file descriptors: accepting at once again would only spin.
                    warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            // Answers are written whole; waiting for more to send along only delays them.
            if let Err(error) = stream.set_nodelay(true) {
                debug!(%error, "cannot set TCP_NODELAY");
            }
            let (gateway, server, watcher) = (self.clone(), server.clone(), graceful.watcher());
            let opening = timeout(self.limits().header_timeout, Stream::open(stream, tls.clone()));
            let mut until_the_stop = until_the_stop.clone();
            // Who says nothing, or shakes hands slowly, keeps nobody else waiting.
            connections.spawn(async move {
                let opened = tokio::select! {
                    biased;
                    opened = opening => opened,
                    _ = until_the_stop.changed() => return,
                };
                let stream = match opened.map_err(io::Error::from).flatten() {
                    Ok(stream) => stream,
                    Err(error) => return debug!(%error, "a connection ended before its first request"),
                };
                // Where IPv6 listens for IPv4 as well, IPv4 addresses look like IPv6 ones.
                let source_ip = Some(peer.ip().to_canonical());
                let origin = Connection { source_ip, is_secure: stream.is_secure() };
                let vigil = Vigil::default();
                let service = TowerToHyperService::new(watched(gateway.stack_for(origin), vigil.clone()));
                let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
                tokio::select! {
                    biased;
                    ended = watcher.watch(connection) => {
                        if let Err(error) = ended {
                            debug!(%error, "a connection ended early");
                        }
                    }
                    () = vigil.until_idle_for(gateway.limits().header_timeout) => debug!("closed an idle connection"),
                }
            });
        }

        drop((listener, accepting));
        if timeout(self.limits().shutdown_grace, graceful.shutdown()).await.is_err() {
            warn!(connections = connections.len(), "dropped connections that did not finish in time");
        }
        connections.shutdown().await;
    }
}

/// The same service, its requests noted.
fn watched<S, R>(
    service: S,
    vigil: Vigil,
) -> impl Service<R, Response = S::Response, Error = S::Error, Future: Send> + Clone + Send + 'static
where
    R: Send + 'static,
    S: Service<R, Future: Send> + Clone + Send + 'static,
{
    service_fn(move |request| {
        let (mut service, in_flight) = (service.clone(), vigil.begin());
        async move {
            let answer = service.call(request).await;
            drop(in_flight);
            answer
        }
    })
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

fn connection_builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        // The vigil's, for less.
        .header_read_timeout(None)
        // Answers are small: copying a body behind its head is cheaper than handing the kernel two pieces.
        .writev(false)
        .max_buf_size(limits.max_header_bytes.max(Limits::MIN_HEADER_BYTES) as usize);
    server.http2().timer(TokioTimer::new()).max_header_list_size(limits.max_header_bytes);
    server
}
