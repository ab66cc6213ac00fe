//! One HTTP/1.1 request over a plain socket, for the commands that ask a running emulator.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::Value;

const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:4566";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Where an emulator listens.
pub(crate) struct Endpoint {
    url: String,
    /// How long it may take to answer.
    patience: Duration,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum EndpointError {
    #[error("{0:?} is not of the form http://HOST:PORT")]
    Url(String),
    #[error("{url} does not answer")]
    Silent { url: String, source: io::Error },
    #[error("{url} refuses: {message}")]
    Refused { url: String, message: String },
    #[error("{url} answers, but not as Trent does: {status_line}")]
    Strange { url: String, status_line: String },
}

impl Endpoint {
    /// Without a URL it is where `TRENT_ENDPOINT` says, or the default port of this machine.
    pub(crate) fn new(url: Option<String>, patience: Duration) -> Self {
        let url = url.or_else(|| std::env::var("TRENT_ENDPOINT").ok()).unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned());
        Self { url, patience }
    }

    /// What `GET` of a path answers with HTTP 200.
    pub(crate) fn get(&self, path: &str) -> Result<String, EndpointError> {
        self.ask("GET", path, "")
    }

    /// What `POST` of this JSON answers with HTTP 200.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<String, EndpointError> {
        self.ask("POST", path, &body.to_string())
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<String, EndpointError> {
        let url = self.url.clone();
        let Some(authority) = authority(&url) else { return Err(EndpointError::Url(url)) };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = match self.connect(authority).and_then(|stream| exchange(stream, &request)) {
            Ok(answer) => answer,
            Err(source) => return Err(EndpointError::Silent { url, source }),
        };
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status_line = head.lines().next().unwrap_or_default();
        if status_line.starts_with("HTTP/1.1 200 ") {
            return Ok(body.to_owned());
        }
        let told: Option<Value> = serde_json::from_str(body).ok();
        match told.as_ref().and_then(|told| told.get("message")?.as_str()) {
            Some(message) => Err(EndpointError::Refused { url, message: message.to_owned() }),
            None => Err(EndpointError::Strange { url, status_line: status_line.to_owned() }),
        }
    }

    fn connect(&self, authority: &str) -> io::Result<TcpStream> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in authority.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(self.patience))?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// `HOST:PORT` of an endpoint.
fn authority(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://")?;
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    let (host, port) = authority.rsplit_once(':')?;
    (!host.is_empty() && port.parse::<u16>().is_ok()).then_some(authority)
}

fn exchange(mut stream: TcpStream, request: &str) -> io::Result<String> {
    /// More than any answer of the endpoint's own paths has.
    const MAX_ANSWER_BYTES: u64 = 16 * 1024 * 1024;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER_BYTES).read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use serde_json::json;

    use super::*;

    fn endpoint(listener: &TcpListener) -> Endpoint {
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        Endpoint::new(Some(url), Duration::from_secs(30))
    }

    /// Asks a server that gives this answer to one request; gives what was asked, too.
    fn ask_one_that_says(
        answer: &'static str,
        ask: impl FnOnce(&Endpoint) -> Result<String, EndpointError>,
    ) -> (String, Result<String, String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = endpoint(&listener);
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("asked");
            let mut request = [0; 1024];
            let length = stream.read(&mut request).expect("sent");
            stream.write_all(answer.as_bytes()).expect("answered");
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let outcome = ask(&endpoint).map_err(|error| error.to_string().replace(&endpoint.url, "URL"));
        (server.join().expect("no panic"), outcome)
    }

    #[test]
    fn only_plain_endpoints_are_asked() {
        assert_eq!(authority("http://127.0.0.1:4566"), Some("127.0.0.1:4566"));
        assert_eq!(authority("http://[::1]:4566/"), Some("[::1]:4566"));
        for wrong in ["https://a:1", "a:1", "http://a", "http://:1", "http://a:port"] {
            assert_eq!(authority(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_answer_is_good_when_it_says_200() {
        let (asked, outcome) = ask_one_that_says("HTTP/1.1 200 OK\r\n\r\n{}", |endpoint| endpoint.get("/a"));
        assert!(asked.starts_with("GET /a HTTP/1.1\r\n"), "{asked}");
        assert_eq!(outcome.as_deref(), Ok("{}"));

        let (_, outcome) = ask_one_that_says("HTTP/1.1 404 Not Found\r\n\r\n", |endpoint| endpoint.get("/a"));
        assert_eq!(outcome, Err("URL answers, but not as Trent does: HTTP/1.1 404 Not Found".to_owned()));
    }

    #[test]
    fn a_refusal_is_told_in_the_endpoints_words() {
        let refusal = "HTTP/1.1 400 Bad Request\r\n\r\n{\"message\":\"not so\"}";
        let (asked, outcome) = ask_one_that_says(refusal, |endpoint| endpoint.post("/b", &json!({ "by": "31d" })));
        assert!(asked.starts_with("POST /b HTTP/1.1\r\n"), "{asked}");
        assert!(asked.ends_with("Content-Length: 12\r\n\r\n{\"by\":\"31d\"}"), "{asked}");
        assert_eq!(outcome, Err("URL refuses: not so".to_owned()));
    }

    #[test]
    fn a_closed_port_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = endpoint(&listener);
        drop(listener);
        assert!(matches!(endpoint.get("/"), Err(EndpointError::Silent { .. })));
    }
}
