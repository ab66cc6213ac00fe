use std::collections::BTreeMap;

/// The additional authenticated data of a caller: names and values that must be the same, in any order and to the
/// letter, when the ciphertext is opened. It is stored nowhere. No context and an empty one are the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EncryptionContext(BTreeMap<String, String>);

impl EncryptionContext {
    /// Whether there is no context.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pairs, sorted by the bytes of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The one byte string of this context: the number of pairs, then each pair sorted by key, key and value each
    /// preceded by their length. Numbers are 8 bytes big-endian, so that no length needs a conversion that can fail.
    ///
    /// INVARIANT: two contexts have the same bytes only if they are equal; seal and open rely on it.
    pub(crate) fn canonical_bytes(&self) -> Vec<u8> {
        const NUMBER_LEN: usize = size_of::<u64>();
        let pairs_len: usize = self.iter().map(|(key, value)| 2 * NUMBER_LEN + key.len() + value.len()).sum();
        let mut bytes = Vec::with_capacity(NUMBER_LEN + pairs_len);
        bytes.extend((self.0.len() as u64).to_be_bytes());
        for text in self.iter().flat_map(|(key, value)| [key, value]) {
            bytes.extend((text.len() as u64).to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for EncryptionContext {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl From<BTreeMap<String, String>> for EncryptionContext {
    fn from(pairs: BTreeMap<String, String>) -> Self {
        Self(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(pairs: [(&str, &str); N]) -> Vec<u8> {
        EncryptionContext::from_iter(pairs).canonical_bytes()
    }

    #[test]
    fn the_layout_is_count_then_length_prefixed_pairs() {
        assert_eq!(bytes([]), [0; 8]);
        assert_eq!(
            bytes([("b", "xy"), ("a", "")]),
            [
                &[0, 0, 0, 0, 0, 0, 0, 2][..],
                &[0, 0, 0, 0, 0, 0, 0, 1, b'a', 0, 0, 0, 0, 0, 0, 0, 0],
                &[0, 0, 0, 0, 0, 0, 0, 1, b'b', 0, 0, 0, 0, 0, 0, 0, 2, b'x', b'y'],
            ]
            .concat()
        );
    }

    #[test]
    fn order_does_not_matter() {
        assert_eq!(bytes([("a", "1"), ("b", "2")]), bytes([("b", "2"), ("a", "1")]));
    }

    #[test]
    fn contexts_that_look_alike_when_joined_stay_apart() {
        let alike = [
            bytes([("ab", "c")]),
            bytes([("a", "bc")]),
            bytes([("abc", "")]),
            bytes([("", "abc")]),
            bytes([("a", "b"), ("c", "")]),
            bytes([("a", ""), ("b", "c")]),
            bytes([("a=b", "c")]),
            bytes([("a", "b=c")]),
            bytes([("A", "bc")]),
            bytes([("a", "bc\0")]),
            bytes([]),
            bytes([("", "")]),
        ];
        for (i, one) in alike.iter().enumerate() {
            for other in alike.iter().skip(i + 1) {
                assert_ne!(one, other);
            }
        }
    }
}
