//! A connection's bytes, in the clear or over TLS: one type for both, so that hyper's code is there once.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use crate::Tls;

/// The first byte of a TLS connection: a record that shakes hands (RFC 8446 §5.1). No HTTP request begins with it.
const HANDSHAKE: u8 = 0x16;

pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(SslStream<TcpStream>),
}

impl Stream {
    /// Waits for the client to begin, and shakes hands if that is what it begins with. Reads nothing of what it says then.
    pub(crate) async fn open(stream: TcpStream, tls: Option<Arc<Tls>>) -> io::Result<Self> {
        let mut first = [0];
        stream.peek(&mut first).await?;
        match tls {
            Some(tls) if first == [HANDSHAKE] => {
                let mut stream = tls.accept(stream).await?;
                let begun = Pin::new(&mut stream).peek(&mut first).await;
                begun.map_err(|error| error.into_io_error().unwrap_or_else(io::Error::other))?;
                Ok(Self::Tls(stream))
            }
            _ => Ok(Self::Plain(stream)),
        }
    }

    pub(crate) fn is_secure(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, pieces),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
