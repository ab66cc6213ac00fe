use trent_shared::{Entropy, SecretBytes};

use crate::named::named;

named! {
    /// The two sizes of data key that have a name.
    pub enum DataKeySpec {
        Aes256 = "AES_256",
        Aes128 = "AES_128",
    }
}

impl DataKeySpec {
    /// The length of such a data key in bytes.
    pub const fn len_in_bytes(self) -> usize {
        match self {
            Self::Aes256 => 32,
            Self::Aes128 => 16,
        }
    }
}

/// A fresh data key of `len` bytes.
pub fn generate_data_key(len: usize, entropy: &dyn Entropy) -> SecretBytes {
    let mut bytes = vec![0; len];
    entropy.fill(&mut bytes);
    SecretBytes::new(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;

    impl Entropy for Sevens {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    #[test]
    fn a_data_key_is_as_long_as_asked_and_all_random() {
        for (spec, len) in [(DataKeySpec::Aes256, 32), (DataKeySpec::Aes128, 16)] {
            assert_eq!(generate_data_key(spec.len_in_bytes(), &Sevens).expose(), vec![7; len]);
        }
    }
}
