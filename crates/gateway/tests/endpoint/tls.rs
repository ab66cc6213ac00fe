use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{self, SslConnector, SslConnectorBuilder, SslMethod, SslVersion};
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509NameBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;
use trent_gateway::{Limits, ServerCertificate, Tls};

use crate::support::{Client, Running, json, soon, start, start_with};

fn p256() -> PKey<Private> {
    PKey::ec_gen("P-256").expect("a key")
}

/// A certificate for localhost that is its own root.
fn self_signed(private_key: &PKey<Private>) -> ServerCertificate {
    let certify = || {
        let mut name = X509NameBuilder::new()?;
        name.append_entry_by_text("CN", "localhost")?;
        let name = name.build();
        let mut builder = X509::builder()?;
        builder.set_version(2)?;
        builder.set_subject_name(&name)?;
        builder.set_issuer_name(&name)?;
        builder.set_pubkey(private_key)?;
        builder.set_not_before(&*Asn1Time::days_from_now(0)?)?;
        builder.set_not_after(&*Asn1Time::days_from_now(1)?)?;
        let names = SubjectAlternativeName::new().dns("localhost").build(&builder.x509v3_context(None, None))?;
        builder.append_extension(names)?;
        builder.sign(private_key, MessageDigest::sha256())?;
        Ok::<_, openssl::error::ErrorStack>(builder.build())
    };
    ServerCertificate {
        certificate: certify().expect("a certificate"),
        chain: Vec::new(),
        private_key: private_key.clone(),
    }
}

/// A running gateway and who trusts it.
struct Secured {
    endpoint: Running,
    certificate: X509,
}

impl Secured {
    async fn start(private_key: &PKey<Private>, limits: Limits) -> Self {
        let identity = self_signed(private_key);
        let certificate = identity.certificate.clone();
        let tls = Tls::new(identity).expect("a usable certificate");
        Self { endpoint: start_with(limits, Some(tls)).await, certificate }
    }

    /// Shakes hands as a client that is set up like this.
    async fn shake(
        &self,
        set_up: impl FnOnce(&mut SslConnectorBuilder) -> Result<(), openssl::error::ErrorStack>,
    ) -> Result<SslStream<TcpStream>, ssl::Error> {
        let mut connector = SslConnector::builder(SslMethod::tls_client())?;
        connector.cert_store_mut().add_cert(self.certificate.clone())?;
        set_up(&mut connector)?;
        let ssl = connector.build().configure()?.into_ssl("localhost")?;
        let stream = TcpStream::connect(self.endpoint.address).await.expect("listening");
        let mut stream = SslStream::new(ssl, stream)?;
        soon(Pin::new(&mut stream).connect()).await?;
        Ok(stream)
    }

    /// What kept a client with these ciphers of TLS 1.2 from shaking hands, if anything did.
    async fn refusal(&self, ciphers: &str) -> Option<String> {
        let shaken = self.shake(|client| {
            client.set_max_proto_version(Some(SslVersion::TLS1_2))?;
            client.set_cipher_list(ciphers)
        });
        shaken.await.err().map(|error| error.to_string())
    }
}

async fn http1(stream: SslStream<TcpStream>) -> Client {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
    tokio::spawn(connection);
    Client::Http1(sender)
}

const SECURE: &str = r#"{"Scheme":"https","SourceIp":"127.0.0.1"}"#;
const PLAIN: &str = r#"{"Scheme":"http","SourceIp":"127.0.0.1"}"#;

#[tokio::test]
async fn tls_and_plain_http_share_a_port_and_services_know_which_it_is() {
    let secured = Secured::start(&p256(), Limits::default()).await;
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let shaken = secured.shake(|client| client.set_max_proto_version(Some(version))).await.expect("shaken");
        assert_eq!(shaken.ssl().version2(), Some(version));
        let mut client = http1(shaken).await;
        for _ in 0..2 {
            let reply = client.send(json("VaultService.DescribeConnection", "{}")).await.expect("answered");
            assert_eq!((reply.status, &*reply.body), (200, SECURE));
        }
    }
    let reply = secured.endpoint.send(json("VaultService.DescribeConnection", "{}")).await;
    assert_eq!((reply.status, &*reply.body), (200, PLAIN));
    let mut client = secured.endpoint.connect_h2c().await;
    let mut request = json("VaultService.DescribeConnection", "{}");
    *request.uri_mut() = "http://localhost/".parse().expect("valid");
    assert_eq!(client.send(request).await.expect("answered").body, PLAIN);
}

#[tokio::test]
async fn the_client_chooses_http2_by_alpn() {
    let secured = Secured::start(&p256(), Limits::default()).await;
    let shaken = secured.shake(|client| client.set_alpn_protos(b"\x08http/1.1\x02h2")).await.expect("shaken");
    assert_eq!(shaken.ssl().selected_alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(shaken)).await.expect("HTTP/2");
    tokio::spawn(connection);
    let mut request = json("VaultService.DescribeConnection", "{}");
    *request.uri_mut() = "https://localhost/".parse().expect("valid");
    request.headers_mut().remove("host");
    assert_eq!(Client::Http2(sender).send(request).await.expect("answered").body, SECURE);

    let shaken = secured.shake(|client| client.set_alpn_protos(b"\x08http/1.1")).await.expect("shaken");
    assert_eq!(shaken.ssl().selected_alpn_protocol(), Some(&b"http/1.1"[..]));
    let reply = http1(shaken).await.send(json("VaultService.DescribeConnection", "{}")).await.expect("answered");
    assert_eq!(reply.body, SECURE);

    let refused = secured.shake(|client| client.set_alpn_protos(b"\x04ftp!")).await.expect_err("refused");
    assert!(refused.to_string().contains("no application protocol"), "{refused}");
}

#[tokio::test]
async fn nothing_older_than_tls_1_2_is_spoken() {
    let secured = Secured::start(&p256(), Limits::default()).await;
    for version in [SslVersion::TLS1, SslVersion::TLS1_1] {
        let refused = secured.shake(|client| {
            // What the client itself would refuse otherwise.
            client.set_security_level(0);
            client.set_cipher_list("ALL:@SECLEVEL=0")?;
            client.set_min_proto_version(Some(version))?;
            client.set_max_proto_version(Some(version))
        });
        let refused = refused.await.expect_err("refused").to_string();
        assert!(refused.contains("alert protocol version"), "{refused}");
    }
}

#[tokio::test]
async fn keys_are_agreed_on_with_forward_secrecy_only() {
    let rsa = PKey::from_rsa(Rsa::generate(2048).expect("a key")).expect("a key");
    for (private_key, good) in [
        (rsa, ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"]),
        (p256(), ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"]),
    ] {
        let secured = Secured::start(&private_key, Limits::default()).await;
        for ciphers in good {
            assert_eq!(secured.refusal(ciphers).await, None, "{ciphers}");
        }
        for ciphers in [
            "kRSA",
            "AES128-GCM-SHA256",
            "DHE-RSA-AES128-GCM-SHA256",
            "ECDHE-RSA-AES128-SHA",
            "ECDHE-ECDSA-AES128-SHA256",
        ] {
            let refused = secured.refusal(ciphers).await.expect(ciphers);
            assert!(refused.contains("alert handshake failure"), "{ciphers}: {refused}");
        }
    }
}

#[tokio::test]
async fn key_agreement_stands_up_to_quantum_computers() {
    let secured = Secured::start(&p256(), Limits::default()).await;
    for group in ["X25519MLKEM768", "X25519", "P-256"] {
        secured.shake(|client| client.set_groups_list(group)).await.expect(group);
    }
}

#[tokio::test]
async fn who_says_nothing_is_dropped_and_holds_up_nobody() {
    let limits = Limits { header_timeout: Duration::from_millis(200), ..Limits::default() };
    let secured = Secured::start(&p256(), limits).await;
    let connect = async || TcpStream::connect(secured.endpoint.address).await.expect("listening");
    let silent = connect().await;
    let mut begun = connect().await;
    begun.write_all(&[0x16]).await.expect("sent");
    let shaken = secured.shake(|_| Ok(())).await.expect("shaken");
    assert_eq!(secured.endpoint.send(json("VaultService.DescribeConnection", "{}")).await.status, 200);

    for mut stream in [silent, begun] {
        assert_eq!(soon(stream.read(&mut [0])).await.expect("closed"), 0);
    }
    // Below TLS, where it says goodbye or nothing.
    let mut stream = shaken;
    let mut rest = Vec::new();
    let ended = soon(stream.read_to_end(&mut rest)).await;
    assert!(rest.is_empty() && ended.map_or(true, |length| length == 0));
}

#[tokio::test]
async fn garbage_instead_of_a_handshake_ends_the_connection_alone() {
    let secured = Secured::start(&p256(), Limits::default()).await;
    let hello = [&[0x16, 3, 1, 0, 8, 1, 0, 0, 4][..], &[0xff; 4]].concat();
    for garbage in [&[0x16; 600][..], &[0x16, 3, 1, 0xff, 0xff, 0], b"\x16GET / HTTP/1.1\r\n\r\n", &hello] {
        let mut stream = TcpStream::connect(secured.endpoint.address).await.expect("listening");
        stream.write_all(garbage).await.expect("sent");
        stream.shutdown().await.expect("sent");
        let mut answer = Vec::new();
        // An alert at most (record type 0x15); a reset where not all was read.
        let ended = soon(stream.read_to_end(&mut answer)).await;
        assert!(ended.is_err() || answer.is_empty() || answer[0] == 0x15, "{answer:?}");
    }
    secured.shake(|_| Ok(())).await.expect("shaken");
}

#[tokio::test]
async fn a_certificate_is_asked_for_once_it_is_needed_and_again_if_there_was_none() {
    let identity = self_signed(&p256());
    let certificate = identity.certificate.clone();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let tls = Tls::on_first_use(move || match count.fetch_add(1, Ordering::Relaxed) {
        0 => Err("none yet".into()),
        _ => Ok(identity.clone()),
    });
    let secured = Secured { endpoint: start_with(Limits::default(), Some(tls)).await, certificate };
    assert_eq!(secured.endpoint.send(json("VaultService.DescribeConnection", "{}")).await.status, 200);
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    secured.shake(|_| Ok(())).await.expect_err("no certificate");
    for _ in 0..3 {
        secured.shake(|_| Ok(())).await.expect("shaken");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[test]
fn a_key_belongs_to_its_certificate() {
    let foreign = ServerCertificate { private_key: p256(), ..self_signed(&p256()) };
    assert!(Tls::new(foreign).is_err());
}

#[tokio::test]
async fn without_tls_a_handshake_is_no_request() {
    let endpoint = start(Limits::default()).await;
    let secured = Secured { certificate: self_signed(&p256()).certificate, endpoint };
    secured.shake(|_| Ok(())).await.expect_err("refused");
    assert_eq!(secured.endpoint.send(json("VaultService.DescribeConnection", "{}")).await.body, PLAIN);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_who_has_asked_nothing() {
    let limits = Limits { shutdown_grace: Duration::from_hours(1), ..Limits::default() };
    let secured = Secured::start(&p256(), limits).await;
    let connect = async || TcpStream::connect(secured.endpoint.address).await.expect("listening");
    let _silent = connect().await;
    let mut begun = connect().await;
    begun.write_all(&[0x16, 3, 1]).await.expect("sent");
    let _shaken = secured.shake(|_| Ok(())).await.expect("shaken");
    let Running { stop, server, .. } = secured.endpoint;
    stop.send(()).expect("running");
    soon(server).await.expect("no panic");
}
