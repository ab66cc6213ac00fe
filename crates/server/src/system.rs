//! Real time and real randomness, which everything else takes as arguments.

use std::cell::RefCell;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use trent_shared::{Clock, Entropy, Timestamp};
use zeroize::{Zeroize, Zeroizing};

pub(crate) struct SystemClock;

/// Writes a new file that nobody else may read.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// OpenSSL's generator, asked for a page at a time: each call has a price of its own, however little is wanted,
/// and every ciphertext wants 28 bytes. Bytes are wiped as they are handed out, and a page is never shared by threads.
pub(crate) struct SystemEntropy;

const PAGE: usize = 1024;

thread_local! {
    static STOCK: RefCell<Stock> = RefCell::new(Stock { page: Zeroizing::new([0; PAGE]), used: PAGE });
}

struct Stock {
    page: Zeroizing<[u8; PAGE]>,
    used: usize,
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
    fn now(&self) -> Timestamp {
        // A clock before 1970 is broken; the epoch is as good as any other answer.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if buffer.len() > PAGE / 4 {
            return draw(buffer);
        }
        STOCK.with_borrow_mut(|stock| stock.fill(buffer));
    }
}

impl Stock {
    fn fill(&mut self, buffer: &mut [u8]) {
        if PAGE - self.used < buffer.len() {
            draw(self.page.as_mut_slice());
            self.used = 0;
        }
        let Some(fresh) = self.page.get_mut(self.used..self.used + buffer.len()) else { return draw(buffer) };
        buffer.copy_from_slice(fresh);
        fresh.zeroize();
        self.used += buffer.len();
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where randomness comes in")]
fn draw(buffer: &mut [u8]) {
    if let Err(error) = openssl::rand::rand_bytes(buffer) {
        eprintln!("trent: no random bytes can be had: {error}");
        process::abort();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_byte_is_handed_out_twice() {
        let mut seen = HashSet::new();
        for length in [16, 28, 32, 255, 256, 257, 2000] {
            for _ in 0..50 {
                let mut bytes = vec![0; length];
                SystemEntropy.fill(&mut bytes);
                for window in bytes.chunks_exact(16) {
                    assert!(seen.insert(window.to_vec()), "16 random bytes came again");
                }
            }
        }
    }
}
