//! HTTPS against a running `trent start`: its own CA, also across restarts, and certificates of others.
#![expect(clippy::expect_used, reason = "tests may stop at the first surprise")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslConnector, SslMethod};
use openssl::symm::Cipher;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};

const TRENT: &str = env!("CARGO_BIN_EXE_trent");

/// A running emulator, killed when dropped.
struct Emulator {
    process: Child,
    address: String,
}

impl Emulator {
    fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut process = start(arguments, environment).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut ready = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut ready).expect("the ready line");
        let address = ready.trim_end().strip_prefix("trent ready on http://").expect("the ready line").to_owned();
        Self { process, address }
    }

    /// What `trent ca` prints, or its words where it fails.
    fn ca(&self) -> Result<String, String> {
        let url = format!("http://{}", self.address);
        let done = Command::new(TRENT).args(["ca", "--url", &url]).output().expect("it runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        if done.status.success() { Ok(text(done.stdout)) } else { Err(text(done.stderr).replace(&url, "URL")) }
    }

    /// What a client that trusts these certificates is answered by the server that it calls so.
    fn https(&self, trusted: &str, name: &str) -> Result<String, String> {
        let ask = || {
            let mut connector = SslConnector::builder(SslMethod::tls_client())?;
            for certificate in X509::stack_from_pem(trusted.as_bytes())? {
                connector.cert_store_mut().add_cert(certificate)?;
            }
            let mut stream = connector.build().connect(name, TcpStream::connect(&self.address)?)?;
            let request = format!("GET /_trent/health HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok::<_, Box<dyn std::error::Error>>(answer)
        };
        ask().map_err(|error| error.to_string())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended on its own, which the test has noticed by then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut start = Command::new(TRENT);
    start.args(["start", "--listen", "127.0.0.1:0"]).args(arguments);
    start.env_clear().env("TRENT_LOG", "error").envs(environment.iter().copied());
    start
}

/// The words of a start that fails.
fn refused(environment: &[(&str, &str)]) -> String {
    let done = start(&["--ephemeral"], environment).output().expect("it runs");
    assert_eq!((done.status.code(), done.stdout.len()), (Some(1), 0));
    String::from_utf8(done.stderr).expect("UTF-8")
}

#[test]
fn the_ca_is_trusted_again_after_a_restart() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("state");
    let data = data.to_str().expect("UTF-8");
    let emulator = Emulator::start(&["--data-dir", data], &[]);
    assert!(!Path::new(data).join("tls-ca.pem").exists(), "nobody has asked for it");
    let ca = emulator.ca().expect("printed");
    assert!(ca.starts_with("-----BEGIN CERTIFICATE-----\n") && ca.ends_with("-----END CERTIFICATE-----\n"), "{ca}");
    assert!(!ca.contains("PRIVATE KEY"));
    for name in ["localhost", "127.0.0.1"] {
        assert!(emulator.https(&ca, name).expect("answered").starts_with("HTTP/1.1 200 OK\r\n"), "{name}");
    }
    let unknown = emulator.https(&ca, "kms.internal").expect_err("not its name");
    assert!(unknown.contains("certificate verify failed"), "{unknown}");
    drop(emulator);

    let emulator = Emulator::start(&["--data-dir", data], &[("TRENT_TLS__NAMES", "kms.internal, 10.0.0.7")]);
    for name in ["localhost", "kms.internal", "10.0.0.7"] {
        assert!(emulator.https(&ca, name).expect("answered").starts_with("HTTP/1.1 200 OK\r\n"), "{name}");
    }
    assert_eq!(emulator.ca(), Ok(ca));
}

#[test]
fn an_ephemeral_ca_is_another_one_each_time() {
    let start = || Emulator::start(&["--ephemeral"], &[]);
    let (one, other) = (start(), start());
    let ca = one.ca().expect("printed");
    assert_ne!(other.ca().as_ref(), Ok(&ca));
    one.https(&ca, "localhost").expect("answered");
    let foreign = other.https(&ca, "localhost").expect_err("of another CA");
    assert!(foreign.contains("certificate verify failed"), "{foreign}");
}

#[test]
fn tls_can_be_turned_off() {
    let emulator = Emulator::start(&["--ephemeral"], &[("TRENT_TLS__ENABLED", "false")]);
    emulator.https("", "localhost").expect_err("nothing that shakes hands");
    assert_eq!(emulator.ca(), Err("trent: URL refuses: HTTPS is turned off: tls.enabled is false\n".to_owned()));
}

#[test]
fn a_ca_that_is_broken_is_told_to_whoever_asks_for_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("tls-ca.pem");
    fs::write(&file, "no CA").expect("written");
    let emulator = Emulator::start(&["--data-dir", directory.path().to_str().expect("UTF-8")], &[]);
    let told = format!("trent: URL refuses: {} is no CA: it holds no certificate in PEM\n", file.display());
    assert_eq!(emulator.ca(), Err(told));
    emulator.https("", "localhost").expect_err("no certificate");
    assert_eq!(fs::read(&file).expect("there"), b"no CA");
}

/// A certificate for a name, issued by a key of somebody of another name, who may be the same.
fn certificate(subject: &str, key: &PKey<Private>, issuer: &str, issuer_key: &PKey<Private>) -> X509 {
    let certify = || {
        let name = |text: &str| {
            let mut name = X509NameBuilder::new()?;
            name.append_entry_by_text("CN", text)?;
            Ok::<_, openssl::error::ErrorStack>(name.build())
        };
        let mut builder = X509::builder()?;
        builder.set_version(2)?;
        builder.set_subject_name(&*name(subject)?)?;
        builder.set_issuer_name(&*name(issuer)?)?;
        builder.set_pubkey(key)?;
        builder.set_not_before(&*Asn1Time::days_from_now(0)?)?;
        builder.set_not_after(&*Asn1Time::days_from_now(1)?)?;
        let mut constraints = BasicConstraints::new();
        if subject.ends_with(" CA") {
            constraints.ca();
        }
        builder.append_extension(constraints.build()?)?;
        let names = SubjectAlternativeName::new().dns(subject).build(&builder.x509v3_context(None, None))?;
        builder.append_extension(names)?;
        builder.sign(issuer_key, MessageDigest::sha256())?;
        Ok::<_, openssl::error::ErrorStack>(builder.build())
    };
    certify().expect("a certificate")
}

/// Files with a certificate of somebody else's CA.
struct Files {
    directory: tempfile::TempDir,
    /// In PEM.
    root: String,
    key: PKey<Private>,
    chain_file: String,
    key_file: String,
}

impl Files {
    fn make() -> Self {
        let [root_key, middle_key, key] = [(); 3].map(|()| PKey::ec_gen("P-256").expect("a key"));
        let root = certificate("Root CA", &root_key, "Root CA", &root_key);
        let middle = certificate("Middle CA", &middle_key, "Root CA", &root_key);
        let leaf = certificate("kms.internal", &key, "Middle CA", &middle_key);
        let root = String::from_utf8(pem(&root)).expect("PEM");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut files = Self { directory, root, key, chain_file: String::new(), key_file: String::new() };
        files.chain_file = files.write("chain.pem", &[pem(&leaf), pem(&middle)].concat());
        files.key_file = files.write("key.pem", &key_pem(&files.key));
        files
    }

    fn write(&self, name: &str, content: &[u8]) -> String {
        let path = self.directory.path().join(name);
        fs::write(&path, content).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    }
}

fn pem(certificate: &X509) -> Vec<u8> {
    certificate.to_pem().expect("PEM")
}

fn key_pem(key: &PKey<Private>) -> Vec<u8> {
    key.private_key_to_pem_pkcs8().expect("PEM")
}

fn configured<'a>(certificate: &'a str, key: &'a str) -> [(&'static str, &'a str); 2] {
    [("TRENT_TLS__CERTIFICATE", certificate), ("TRENT_TLS__PRIVATE_KEY", key)]
}

#[test]
fn a_certificate_of_ones_own_is_shown_with_its_chain() {
    let files = Files::make();
    let emulator = Emulator::start(&["--ephemeral"], &configured(&files.chain_file, &files.key_file));
    assert!(emulator.https(&files.root, "kms.internal").expect("answered").starts_with("HTTP/1.1 200 OK\r\n"));
    let (told, chain) = (emulator.ca().expect_err("not Trent's"), &files.chain_file);
    let words = format!("HTTPS is answered with the certificate in {chain}, not with one of Trent's");
    assert_eq!(told, format!("trent: URL refuses: {words}\n"));
}

#[test]
fn files_that_cannot_be_used_stop_the_start() {
    let files = Files::make();
    let (chain, key) = (&*files.chain_file, &*files.key_file);
    let encrypted = files.key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_128_cbc(), b"secret").expect("PEM");
    let encrypted = &*files.write("encrypted.pem", &encrypted);
    let foreign = &*files.write("foreign.pem", &key_pem(&PKey::ec_gen("P-256").expect("a key")));
    let nothing = &*files.write("empty.pem", b"");
    let short = PKey::from_rsa(openssl::rsa::Rsa::generate(1024).expect("a key")).expect("a key");
    let weak = &*files.write("weak.pem", &pem(&certificate("kms.internal", &short, "kms.internal", &short)));
    let weak_key = &*files.write("weak-key.pem", &key_pem(&short));
    let pairs = [
        ("/none", key, "tls.certificate: cannot read /none: No such file or directory".to_owned()),
        (chain, "/none", "tls.private_key: cannot read /none: No such file or directory".to_owned()),
        (nothing, key, format!("tls.certificate: {nothing} holds no certificates in PEM\n")),
        (key, key, format!("tls.certificate: {key} holds no certificates in PEM\n")),
        (chain, chain, format!("tls.private_key: {chain} holds no private key in PEM without a passphrase\n")),
        (chain, encrypted, format!("tls.private_key: {encrypted} holds no private key in PEM without a passphrase\n")),
        (chain, foreign, format!("tls.private_key: {foreign} is not the key of the first certificate in {chain}\n")),
        (weak, weak_key, format!("tls.certificate: {weak} cannot be used: ")),
    ];
    for (certificate, private_key, words) in pairs {
        let refused = refused(&configured(certificate, private_key));
        assert!(refused.starts_with(&format!("trent: {words}")), "{refused}");
        assert_eq!(refused.lines().count(), 1, "{refused}");
    }
    for (given, missing) in [("certificate", "private_key"), ("private_key", "certificate")] {
        let alone = refused(&[(&*format!("TRENT_TLS__{}", given.to_uppercase()), chain)]);
        let words = "a certificate and its private key go together";
        assert_eq!(alone, format!("trent: tls.{given} is set, but tls.{missing} is not: {words}\n"));
    }
}
