//! `auth.signatures: verify` in a running `trent start`, asked by AWS's own signer.
#![expect(clippy::expect_used, reason = "tests may stop at the first surprise")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::Request;

const CONFIGURATION: &str = r#"
auth:
  signatures: verify
  credentials:
    - access_key_id: AKIAIOSFODNN7EXAMPLE
      secret_access_key: wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
      principal: arn:aws:iam::111122223333:user/Alice
    - access_key_id: ci
      secret_access_key: secret
      principal: "444455556666"
"#;
const FORM: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// A running emulator, killed when dropped.
struct Emulator {
    process: Child,
    address: String,
}

impl Emulator {
    fn start(configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("trent.yaml");
        fs::write(&path, configuration).expect("written");
        let mut process = Command::new(env!("CARGO_BIN_EXE_trent"))
            .args(["start", "--ephemeral", "--listen", "127.0.0.1:0", "--config"])
            .arg(&path)
            .env_clear()
            .env("TRENT_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut ready = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut ready).expect("the ready line");
        let address = ready.trim_end().strip_prefix("trent ready on http://").expect("the ready line").to_owned();
        Self { process, address }
    }

    /// What GetCallerIdentity answers to a request signed with these, so long ago.
    fn caller_identity(&self, credentials: Option<(&str, &str)>, age: Duration) -> String {
        let request = Request::post(format!("http://{}/", self.address))
            .header("host", &self.address)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("connection", "close")
            .header("content-length", FORM.len());
        let mut request = request.body(FORM).expect("valid");
        if let Some((id, secret)) = credentials {
            let identity = Credentials::new(id, secret, None, None, "test").into();
            #[expect(clippy::disallowed_methods, reason = "the program is asked over a socket, in real time")]
            let time = SystemTime::now() - age;
            let params = v4::SigningParams::builder()
                .identity(&identity)
                .region("eu-west-1")
                .name("sts")
                .time(time)
                .settings(SigningSettings::default())
                .build()
                .expect("complete");
            let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().expect("ASCII")));
            let body = SignableBody::Bytes(FORM.as_bytes());
            let signable = SignableRequest::new("POST", request.uri().to_string(), headers, body).expect("signable");
            let (instructions, _) = sign(signable, &params.into()).expect("signed").into_parts();
            instructions.apply_to_request_http1x(&mut request);
        }
        let mut stream = TcpStream::connect(&self.address).expect("listening");
        let mut head = "POST / HTTP/1.1\r\n".to_owned();
        for (name, value) in request.headers() {
            head += &[name.as_str(), ": ", value.to_str().expect("ASCII"), "\r\n"].concat();
        }
        stream.write_all(format!("{head}\r\n{FORM}").as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        answer
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended on its own, which the test has noticed by then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn only_who_signs_with_known_credentials_gets_in() {
    let emulator = Emulator::start(CONFIGURATION);
    let at_once = Duration::ZERO;
    let alice = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    for (credentials, age, status, said) in [
        (Some(alice), at_once, 200, "<Arn>arn:aws:iam::111122223333:user/Alice</Arn>"),
        (Some(("ci", "secret")), at_once, 200, "<Arn>arn:aws:iam::444455556666:root</Arn>"),
        (Some(alice), Duration::from_mins(14), 200, "<Arn>arn:aws:iam::111122223333:user/Alice</Arn>"),
        (Some(alice), Duration::from_mins(16), 403, "<Message>Signature expired: "),
        (Some((alice.0, "secret")), at_once, 403, "<Code>SignatureDoesNotMatch</Code>"),
        (Some(("111122223333", "secret")), at_once, 403, "<Code>InvalidClientTokenId</Code>"),
        (None, at_once, 403, "<Code>MissingAuthenticationToken</Code>"),
    ] {
        let answer = emulator.caller_identity(credentials, age);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains(said), "{said} in {answer}");
    }
}
