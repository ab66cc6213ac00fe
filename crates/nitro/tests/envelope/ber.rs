//! Reads BER (X.690 §8.1), as far as CMS needs it.

/// A value, its content read if it is constructed.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    tag: u8,
    is_indefinite: bool,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Primitive(Vec<u8>),
    Constructed(Vec<Value>),
}

impl Value {
    /// The one value that these bytes are.
    pub(crate) fn whole(bytes: &[u8]) -> Self {
        let (value, rest) = Self::first(bytes);
        assert_eq!(rest, [], "after the value");
        value
    }

    /// The content of a primitive value.
    pub(crate) fn primitive(&self, tag: u8) -> &[u8] {
        match &self.content {
            Content::Primitive(bytes) if self.tag == tag => bytes,
            _ => panic!("not primitive {tag:02x}: {self:?}"),
        }
    }

    /// The values in a constructed one of definite length.
    pub(crate) fn definite(&self, tag: u8) -> &[Self] {
        self.constructed(tag, false)
    }

    /// The values in a constructed one of indefinite length.
    pub(crate) fn indefinite(&self, tag: u8) -> &[Self] {
        self.constructed(tag, true)
    }

    fn constructed(&self, tag: u8, is_indefinite: bool) -> &[Self] {
        match &self.content {
            Content::Constructed(values) if self.tag == tag && self.is_indefinite == is_indefinite => values,
            _ => panic!("not constructed {tag:02x}: {self:?}"),
        }
    }

    fn first(bytes: &[u8]) -> (Self, &[u8]) {
        let [tag, len, rest @ ..] = bytes else { panic!("cut") };
        let (tag, is_constructed) = (*tag, tag & 0x20 != 0);
        if *len == 0x80 {
            assert!(is_constructed, "only what is constructed has an indefinite length");
            let (mut values, mut rest) = (Vec::new(), rest);
            while !rest.starts_with(&[0, 0]) {
                let (value, after) = Self::first(rest);
                values.push(value);
                rest = after;
            }
            return (Self { tag, is_indefinite: true, content: Content::Constructed(values) }, &rest[2..]);
        }
        let (len, rest) = match *len {
            short @ ..0x80 => (usize::from(short), rest),
            long => {
                let (len, rest) = rest.split_at(usize::from(long & 0x7f));
                (len.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
            }
        };
        let (mut content, rest) = rest.split_at(len);
        if !is_constructed {
            return (Self { tag, is_indefinite: false, content: Content::Primitive(content.to_vec()) }, rest);
        }
        let mut values = Vec::new();
        while !content.is_empty() {
            let (value, after) = Self::first(content);
            values.push(value);
            content = after;
        }
        (Self { tag, is_indefinite: false, content: Content::Constructed(values) }, rest)
    }
}
