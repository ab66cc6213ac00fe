use std::sync::atomic::{AtomicU64, Ordering};

use trent_shared::{Entropy, RequestId, random_uuid};
use uuid::{Builder, Uuid};

/// Names requests. An id must be unique, not secret, so only the first is random and the others are stepped from it:
/// a draw from OpenSSL for each request would cost more than routing it.
pub(crate) struct RequestIds {
    first: Uuid,
    count: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        Self { first: random_uuid(entropy), count: AtomicU64::new(0) }
    }

    pub(crate) fn next(&self) -> RequestId {
        /// 2¹²⁸ divided by the golden ratio: odd, so that no step repeats, and far from round, so that ids look random.
        const STEP: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
        let count = u128::from(self.count.fetch_add(1, Ordering::Relaxed));
        let id = self.first.as_u128().wrapping_add(count.wrapping_mul(STEP));
        RequestId::new(Builder::from_random_bytes(id.to_be_bytes()).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    #[test]
    fn every_request_has_its_own_id_in_the_form_of_a_random_uuid() {
        let ids = RequestIds::new(&Zeros);
        let texts: HashSet<String> = (0..100_000).map(|_| ids.next().to_string()).collect();
        assert_eq!(texts.len(), 100_000);
        for text in &texts {
            let uuid: Uuid = text.parse().expect("a UUID");
            assert_eq!((uuid.get_version_num(), uuid.get_variant()), (4, uuid::Variant::RFC4122), "{text}");
        }
    }
}
