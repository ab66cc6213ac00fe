use std::time::Duration;

/// What one client may take: bytes of memory and time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest request body, in bytes; beyond it HTTP 413. A body is never buffered further than this.
    pub max_body_bytes: usize,
    /// The longest request head, in bytes; beyond it HTTP 431. hyper needs at least [`Limits::MIN_HEADER_BYTES`].
    pub max_header_bytes: u32,
    /// How long a connection may take to send a whole request head; an idle kept-alive connection is closed after it.
    pub header_timeout: Duration,
    /// How long a request may take to send its body.
    pub body_timeout: Duration,
    /// How long requests in flight may take to finish once the server stops.
    pub shutdown_grace: Duration,
}

impl Limits {
    /// The smallest read buffer that hyper accepts.
    pub const MIN_HEADER_BYTES: u32 = 8192;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 1024 * 1024,
            max_header_bytes: 64 * 1024,
            header_timeout: Duration::from_mins(1),
            body_timeout: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}
