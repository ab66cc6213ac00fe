//! `trent health`: one HTTP/1.1 request over a plain socket, for container health checks.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(3);
const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:4566";

#[derive(Debug, thiserror::Error)]
pub(crate) enum HealthError {
    #[error("{0:?} is not of the form http://HOST:PORT")]
    Url(String),
    #[error("{url} does not answer")]
    Silent { url: String, source: io::Error },
    #[error("{url} answers, but not as Trent does: {status_line}")]
    Unhealthy { url: String, status_line: String },
}

/// Prints what the endpoint says of itself. Without a URL asks where `TRENT_ENDPOINT` says, or the default port.
pub(crate) fn ask(url: Option<String>) -> Result<(), HealthError> {
    let url = url.or_else(|| std::env::var("TRENT_ENDPOINT").ok()).unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned());
    let authority = authority(&url).ok_or_else(|| HealthError::Url(url.clone()))?;
    let answer = match get(authority) {
        Ok(answer) => answer,
        Err(source) => return Err(HealthError::Silent { url, source }),
    };
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status_line = head.lines().next().unwrap_or_default();
    if status_line.starts_with("HTTP/1.1 200 ") {
        println!("{body}");
        Ok(())
    } else {
        Err(HealthError::Unhealthy { url, status_line: status_line.to_owned() })
    }
}

/// `HOST:PORT` of an endpoint.
fn authority(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://")?;
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    let (host, port) = authority.rsplit_once(':')?;
    (!host.is_empty() && port.parse::<u16>().is_ok()).then_some(authority)
}

fn get(authority: &str) -> io::Result<String> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in authority.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => return exchange(stream, authority),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn exchange(mut stream: TcpStream, authority: &str) -> io::Result<String> {
    /// More than any health answer has.
    const MAX_ANSWER_BYTES: u64 = 64 * 1024;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let request = format!("GET /_trent/health HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER_BYTES).read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn only_plain_endpoints_are_asked() {
        assert_eq!(authority("http://127.0.0.1:4566"), Some("127.0.0.1:4566"));
        assert_eq!(authority("http://[::1]:4566/"), Some("[::1]:4566"));
        for wrong in ["https://a:1", "a:1", "http://a", "http://:1", "http://a:port"] {
            assert_eq!(authority(wrong), None, "{wrong}");
        }
    }

    /// Asks a server that gives this answer to one request.
    fn ask_one_that_says(answer: &'static str) -> Result<(), HealthError> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("asked");
            let mut request = [0; 1024];
            let length = stream.read(&mut request).expect("sent");
            stream.write_all(answer.as_bytes()).expect("answered");
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let outcome = ask(Some(url));
        assert!(server.join().expect("no panic").starts_with("GET /_trent/health HTTP/1.1\r\n"));
        outcome
    }

    #[test]
    fn an_endpoint_is_healthy_when_it_says_200() {
        ask_one_that_says("HTTP/1.1 200 OK\r\n\r\n{}").expect("healthy");
        let error = ask_one_that_says("HTTP/1.1 404 Not Found\r\n\r\n").expect_err("unhealthy");
        assert!(error.to_string().ends_with("answers, but not as Trent does: HTTP/1.1 404 Not Found"), "{error}");
    }

    #[test]
    fn a_closed_port_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        drop(listener);
        assert!(matches!(ask(Some(url)), Err(HealthError::Silent { .. })));
    }
}
