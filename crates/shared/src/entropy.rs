use uuid::{Builder, Uuid};

/// Where random bytes come from. The server passes the operating system's; tests pass a seeded one.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the whole buffer with random bytes. A source that cannot do so must abort the process rather than
    /// hand out predictable bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// A version 4 UUID, the form of key ids and request ids.
pub fn random_uuid(entropy: &dyn Entropy) -> Uuid {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    Builder::from_random_bytes(bytes).into_uuid()
}
