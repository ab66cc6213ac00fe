//! The server's side of TLS. As AWS KMS's: 1.2 and 1.3 only, with forward secrecy only, and key agreement that stands up to
//! quantum computers (X25519MLKEM768) for whoever offers it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    AlpnError, Ssl, SslAcceptor, SslContext, SslMethod, SslOptions, SslSessionCacheMode, SslVersion, select_next_proto,
};
use openssl::x509::X509;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio_openssl::SslStream;
use tower::BoxError;
use tracing::error;

/// The suites of TLS 1.2. Those of 1.3 all have forward secrecy.
const FORWARD_SECRET: &str = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// What a client may go on with, in the order of preference, each behind its length (RFC 7301 §3.1).
const PROTOCOLS: &[u8] = b"\x02h2\x08http/1.1";

/// Answers TLS connections.
pub struct Tls {
    context: OnceCell<SslContext>,
    certificate: Arc<dyn Fn() -> Result<ServerCertificate, BoxError> + Send + Sync>,
}

/// What the server proves its name with.
#[derive(Clone)]
pub struct ServerCertificate {
    pub certificate: X509,
    /// The certificates that lead from this one to its root, in this order; the root may be left out.
    pub chain: Vec<X509>,
    pub private_key: PKey<Private>,
}

impl Tls {
    /// Answers with this certificate. Fails when OpenSSL takes it or its key for too weak, or for no pair.
    pub fn new(certificate: ServerCertificate) -> Result<Self, ErrorStack> {
        let context = OnceCell::from(context(&certificate)?);
        Ok(Self { context, certificate: Arc::new(move || Ok(certificate.clone())) })
    }

    /// Answers with a certificate that is asked for when the first client comes; again with the next one if that fails.
    /// It may block.
    pub fn on_first_use(certificate: impl Fn() -> Result<ServerCertificate, BoxError> + Send + Sync + 'static) -> Self {
        Self { context: OnceCell::new(), certificate: Arc::new(certificate) }
    }

    /// Shakes hands on a connection whose client has begun to.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<SslStream<TcpStream>> {
        let context = self.context.get_or_try_init(|| self.prepare()).await?;
        let mut stream = SslStream::new(Ssl::new(context)?, stream)?;
        let shaken = Pin::new(&mut stream).accept().await;
        shaken.map_err(|error| error.into_io_error().unwrap_or_else(io::Error::other))?;
        Ok(stream)
    }

    /// The client is not to blame for what goes wrong here, and cannot be told.
    async fn prepare(&self) -> io::Result<SslContext> {
        let certificate = self.certificate.clone();
        let made = spawn_blocking(move || Ok::<_, BoxError>(context(&certificate()?)?)).await;
        made.map_err(BoxError::from).flatten().map_err(|error| {
            error!(%error, "no certificate to answer TLS connections with");
            io::Error::other(error)
        })
    }
}

/// Key agreement is left to OpenSSL, which since 3.5 prefers X25519MLKEM768.
fn context(certificate: &ServerCertificate) -> Result<SslContext, ErrorStack> {
    let mut acceptor = SslAcceptor::mozilla_modern_v5(SslMethod::tls_server())?;
    acceptor.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    acceptor.set_cipher_list(FORWARD_SECRET)?;
    acceptor.set_options(SslOptions::NO_RENEGOTIATION);
    // Clients keep their sessions themselves, in tickets; here they would only pile up.
    acceptor.set_session_cache_mode(SslSessionCacheMode::OFF);
    // One read of the socket for the head and the body of a record.
    acceptor.set_read_ahead(true);
    acceptor.set_alpn_select_callback(|_, offered| select_next_proto(PROTOCOLS, offered).ok_or(AlpnError::ALERT_FATAL));
    acceptor.set_private_key(&certificate.private_key)?;
    acceptor.set_certificate(&certificate.certificate)?;
    for issuer in &certificate.chain {
        acceptor.add_extra_chain_cert(issuer.clone())?;
    }
    acceptor.check_private_key()?;
    Ok(acceptor.build().into_context())
}
