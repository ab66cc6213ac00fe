//! A lean HTTP/1.1 client: each connection sends one prepared request after the other and counts the bytes of the
//! answers. What it spends is not spent by the server, so it looks at nothing else.

use std::time::{Duration, Instant};

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Failure;
use crate::server::Server;

/// One connection, kept alive.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What one round of load showed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    pub(crate) requests_per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// The server's CPU time for each request.
    pub(crate) cpu: Duration,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 256 * 1024] })
    }

    /// Sends a request and reads the whole answer, which must be a success. Returns its body.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<&[u8], Failure> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let (head, length) = loop {
            filled += self.read(filled).await?;
            if let Some(found) = head_and_length(&self.buffer[..filled])? {
                break found;
            }
        };
        while filled < head + length {
            filled += self.read(filled).await?;
        }
        let answer = &self.buffer[..head + length];
        if !answer.starts_with(b"HTTP/1.1 200") {
            return Err(String::from_utf8_lossy(answer).into());
        }
        Ok(&answer[head..])
    }

    async fn read(&mut self, filled: usize) -> Result<usize, Failure> {
        match self.stream.read(&mut self.buffer[filled..]).await? {
            0 => Err("the server hung up".into()),
            read => Ok(read),
        }
    }
}

/// The length of the head and of the body behind it, once the head is there.
fn head_and_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, Failure> {
    // Both servers are hyper, which writes header names in lower case.
    const LENGTH: &[u8] = b"\r\ncontent-length: ";
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = &bytes[..end];
    let value = memmem::find(head, LENGTH).ok_or("an answer without content-length")? + LENGTH.len();
    let digits = head[value..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    Ok(Some((end + 4, length)))
}

/// A KMS request as an SDK sends it.
pub(crate) fn kms_request(path: &str, operation: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: TrentService.{operation}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=000000000000/20261122/us-east-1/kms/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-target, \
         Signature=0000000000000000000000000000000000000000000000000000000000000000\r\n\
         x-amz-date: 20261122T000000Z\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends the requests over so many connections at once for so long, each connection going round among them.
pub(crate) async fn run(
    server: &Server,
    requests: &[Vec<u8>],
    connections: usize,
    length: Duration,
) -> Result<Round, Failure> {
    let mut tasks = JoinSet::new();
    let (cpu_before, started) = (server.cpu()?, Instant::now());
    for number in 0..connections {
        let mut connection = Connection::open(&server.address).await?;
        let requests = requests.to_vec();
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            let mut requests = requests.iter().cycle().skip(number);
            while started.elapsed() < length {
                let sent = Instant::now();
                connection.call(requests.next().ok_or("no requests")?).await?;
                latencies.push(sent.elapsed());
            }
            Ok::<_, Failure>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(finished) = tasks.join_next().await {
        latencies.extend(finished??);
    }
    let (elapsed, cpu) = (started.elapsed(), server.cpu()?.saturating_sub(cpu_before));
    latencies.sort_unstable();
    let count = latencies.len();
    let at = |share: usize| latencies.get(count * share / 100).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "far fewer requests than f64 can count")]
    let requests_per_second = count as f64 / elapsed.as_secs_f64();
    let cpu = cpu / u32::try_from(count.max(1))?;
    Ok(Round { requests_per_second, p50: at(50), p99: at(99), cpu })
}
