use std::borrow::Cow;

/// A tuple of parts as bytes whose order is the order of the tuples.
///
/// Each part begins with the tag of its type. In bytes and text, 00 is written as `01 01` and 01 as `01 02`, and a 00 ends
/// them; numbers are eight big-endian bytes. So no part's encoding is a prefix of another's, one tuple's encoding is a
/// prefix of another's only if the tuple is, and joined encodings are the encoding of the joined tuples.
///
/// `FoundationDB`'s tuple layer, otherwise the model, writes 00 as `00 FF`: there `"a"` is a prefix of `"a\0"`, and a scan of
/// a tuple's prefix would have to know that.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Key(Vec<u8>);

/// One part of a key. Bytes sort before text and text before numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part<'a> {
    Bytes(Cow<'a, [u8]>),
    Text(Cow<'a, str>),
    Number(u64),
}

/// The parts of a key, read one after the other; borrowed from it unless they hold zero bytes.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    rest: &'a [u8],
}

/// The bytes are not a key, or not one with the part that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored key does not have the parts of its table")]
pub struct InvalidKey;

const BYTES: u8 = 0x01;
const TEXT: u8 = 0x02;
const NUMBER: u8 = 0x15;
const END: u8 = 0x00;
const ESCAPE: u8 = 0x01;

impl Key {
    /// The key without parts: the prefix of all.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// This key with one more part.
    #[must_use]
    pub fn with<'a>(mut self, part: impl Into<Part<'a>>) -> Self {
        self.push(part);
        self
    }

    pub fn push<'a>(&mut self, part: impl Into<Part<'a>>) {
        match part.into() {
            Part::Bytes(bytes) => self.push_escaped(BYTES, &bytes),
            Part::Text(text) => self.push_escaped(TEXT, text.as_bytes()),
            Part::Number(number) => {
                self.0.push(NUMBER);
                self.0.extend(number.to_be_bytes());
            }
        }
    }

    pub fn parts(&self) -> Parts<'_> {
        Parts { rest: &self.0 }
    }

    /// The part at `index`, counted from 0, which must be text.
    pub fn text(&self, index: usize) -> Result<Cow<'_, str>, InvalidKey> {
        match self.part(index)? {
            Part::Text(text) => Ok(text),
            Part::Bytes(_) | Part::Number(_) => Err(InvalidKey),
        }
    }

    /// The part at `index`, counted from 0, which must be bytes.
    pub fn bytes(&self, index: usize) -> Result<Cow<'_, [u8]>, InvalidKey> {
        match self.part(index)? {
            Part::Bytes(bytes) => Ok(bytes),
            Part::Text(_) | Part::Number(_) => Err(InvalidKey),
        }
    }

    /// The part at `index`, counted from 0, which must be a number.
    pub fn number(&self, index: usize) -> Result<u64, InvalidKey> {
        match self.part(index)? {
            Part::Number(number) => Ok(number),
            Part::Bytes(_) | Part::Text(_) => Err(InvalidKey),
        }
    }

    fn part(&self, index: usize) -> Result<Part<'_>, InvalidKey> {
        self.parts().nth(index).unwrap_or(Err(InvalidKey))
    }

    pub fn into_encoded(self) -> Vec<u8> {
        self.0
    }

    pub fn as_encoded(&self) -> &[u8] {
        &self.0
    }

    /// A key from its encoding, which is only checked where parts are read from it.
    pub fn from_encoded(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    fn push_escaped(&mut self, tag: u8, bytes: &[u8]) {
        self.0.reserve(bytes.len() + 2);
        self.0.push(tag);
        for &byte in bytes {
            match byte {
                END | ESCAPE => self.0.extend([ESCAPE, byte + 1]),
                _ => self.0.push(byte),
            }
        }
        self.0.push(END);
    }
}

impl<'a> Parts<'a> {
    fn read(&mut self) -> Result<Part<'a>, InvalidKey> {
        let (&tag, rest) = self.rest.split_first().ok_or(InvalidKey)?;
        self.rest = rest;
        match tag {
            BYTES => self.read_escaped().map(Part::Bytes),
            TEXT => match self.read_escaped()? {
                Cow::Borrowed(bytes) => str::from_utf8(bytes).map(|text| Part::Text(text.into())).ok(),
                Cow::Owned(bytes) => String::from_utf8(bytes).map(|text| Part::Text(text.into())).ok(),
            }
            .ok_or(InvalidKey),
            NUMBER => {
                let (number, rest) = self.rest.split_first_chunk().ok_or(InvalidKey)?;
                self.rest = rest;
                Ok(Part::Number(u64::from_be_bytes(*number)))
            }
            _ => Err(InvalidKey),
        }
    }

    fn read_escaped(&mut self) -> Result<Cow<'a, [u8]>, InvalidKey> {
        let end = self.rest.iter().position(|&byte| byte == END).ok_or(InvalidKey)?;
        let (escaped, rest) = self.rest.split_at(end);
        self.rest = rest.strip_prefix(&[END]).unwrap_or_default();
        if !escaped.contains(&ESCAPE) {
            return Ok(Cow::Borrowed(escaped));
        }
        let mut bytes = Vec::with_capacity(escaped.len());
        let mut escaped = escaped.iter();
        while let Some(&byte) = escaped.next() {
            bytes.push(match byte {
                ESCAPE => match escaped.next() {
                    Some(0x01) => END,
                    Some(0x02) => ESCAPE,
                    _ => return Err(InvalidKey),
                },
                _ => byte,
            });
        }
        Ok(Cow::Owned(bytes))
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Result<Part<'a>, InvalidKey>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let part = self.read();
        if part.is_err() {
            self.rest = &[];
        }
        Some(part)
    }
}

impl<'a> From<&'a str> for Part<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<&'a String> for Part<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<&'a [u8]> for Part<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Part<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes.as_slice().into())
    }
}

impl From<u64> for Part<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<()> for Key {
    fn from((): ()) -> Self {
        Self::new()
    }
}

impl From<&Key> for Key {
    fn from(key: &Key) -> Self {
        key.clone()
    }
}

impl<'a> FromIterator<Part<'a>> for Key {
    fn from_iter<I: IntoIterator<Item = Part<'a>>>(parts: I) -> Self {
        parts.into_iter().fold(Self::new(), Key::with)
    }
}

macro_rules! key_from_tuples {
    ($(($($name:ident),+))+) => {$(
        impl<'a, $($name: Into<Part<'a>>),+> From<($($name,)+)> for Key {
            #[expect(non_snake_case, reason = "the type parameters name the members too")]
            fn from(($($name,)+): ($($name,)+)) -> Self {
                Self::new()$(.with($name))+
            }
        }
    )+};
}

key_from_tuples! { (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) }

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_encoding_is_the_documented_one() {
        let key = Key::from(("a\0b", 258, &[0xFF, 0x01]));
        assert_eq!(key.as_encoded(), b"\x02a\x01\x01b\0\x15\0\0\0\0\0\0\x01\x02\x01\xff\x01\x02\0");
        assert_eq!(key.text(0).as_deref(), Ok("a\0b"));
        assert_eq!(key.number(1), Ok(258));
        assert_eq!(key.bytes(2).as_deref(), Ok([0xFF, 0x01].as_slice()));
        assert_eq!(key.text(1), Err(InvalidKey));
        assert_eq!(key.number(3), Err(InvalidKey));
    }

    #[test]
    fn reading_an_id_copies_nothing() {
        let key = Key::from(("111122223333", "us-east-1", "alias/a"));
        assert!(matches!(key.text(2), Ok(Cow::Borrowed("alias/a"))));
    }

    #[test]
    fn foreign_bytes_are_no_key() {
        for wrong in
            [b"\x02abc".as_slice(), b"\x02\xc3\x28\0", b"\x15\0\0", b"\x03", b"\0", b"\x02\x01\0", b"\x01\x01\x03\0"]
        {
            let parts: Result<Vec<_>, _> = Key::from_encoded(wrong.to_vec()).parts().map(|p| p.map(|_| ())).collect();
            assert_eq!(parts, Err(InvalidKey), "{wrong:?}");
        }
    }

    /// Few different parts, so that equal beginnings and the bytes that are written specially meet often.
    fn part() -> impl Strategy<Value = Part<'static>> {
        let byte = prop_oneof![2 => 0..3_u8, 1 => Just(u8::MAX), 1 => any::<u8>()];
        let letter = prop_oneof![2 => proptest::char::range('\0', '\u{2}'), 1 => Just('a'), 1 => any::<char>()];
        prop_oneof![
            vec(byte, 0..3).prop_map(|bytes| Part::Bytes(bytes.into())),
            vec(letter, 0..3).prop_map(|letters| Part::Text(letters.into_iter().collect::<String>().into())),
            prop_oneof![0..3_u64, any::<u64>()].prop_map(Part::Number),
        ]
    }

    /// Two tuples that begin alike.
    fn pair() -> impl Strategy<Value = (Vec<Part<'static>>, Vec<Part<'static>>)> {
        (vec(part(), 0..2), vec(part(), 0..2), vec(part(), 0..2))
            .prop_map(|(common, left, right)| ([common.clone(), left].concat(), [common, right].concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4096) })]

        #[test]
        fn encoded_order_is_tuple_order((left, right) in pair()) {
            let encoded = |parts: &[Part<'static>]| parts.iter().cloned().collect::<Key>();
            prop_assert_eq!(encoded(&left).as_encoded().cmp(encoded(&right).as_encoded()), left.cmp(&right));
            prop_assert_eq!(
                encoded(&right).as_encoded().starts_with(encoded(&left).as_encoded()),
                right.starts_with(&left)
            );
        }

        #[test]
        fn decoding_undoes_encoding(parts in vec(part(), 0..5)) {
            let key: Key = parts.iter().cloned().collect();
            prop_assert_eq!(key.parts().collect::<Result<Vec<_>, _>>(), Ok(parts));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..40)) {
            let key = Key::from_encoded(bytes);
            if let Ok(parts) = key.parts().collect::<Result<Vec<_>, _>>() {
                prop_assert_eq!(parts.into_iter().collect::<Key>(), key);
            }
        }
    }
}
