//! Connections: HTTP/1.1 keep-alive and HTTP/2 with prior knowledge on one port, and a stop that loses no answer.

use std::pin::pin;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::{Gateway, Limits};

impl Gateway {
    /// Answers connections until `shutdown` is done. Then accepts no more, lets requests in flight finish within the
    /// grace, and drops what is left.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let server = connection_builder(self.limits());
        let service = TowerToHyperService::new(self.stack());
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);

        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                // Only to forget the connections that are done.
                Some(_) = connections.join_next() => continue,
                () = &mut shutdown => break,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
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
            let connection = server.serve_connection(TokioIo::new(stream), service.clone()).into_owned();
            let connection = graceful.watch(connection);
            connections.spawn(async move {
                if let Err(error) = connection.await {
                    debug!(%error, "a connection ended early");
                }
            });
        }

        drop(listener);
        if timeout(self.limits().shutdown_grace, graceful.shutdown()).await.is_err() {
            warn!(connections = connections.len(), "dropped connections that did not finish in time");
        }
        connections.shutdown().await;
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

fn connection_builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        // Answers are small: copying a body behind its head is cheaper than handing the kernel two pieces.
        .writev(false)
        .max_buf_size(limits.max_header_bytes.max(Limits::MIN_HEADER_BYTES) as usize);
    server.http2().timer(TokioTimer::new()).max_header_list_size(limits.max_header_bytes);
    server
}
