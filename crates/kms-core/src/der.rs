//! As much of DER (X.690) as key encodings need: writing elements, and reading the one that starts here.

use zeroize::Zeroizing;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const SEQUENCE: u8 = 0x30;

/// The element with this tag and the concatenation of `parts` as content; wiped, since parts may be secret.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let len_bytes = len.to_be_bytes();
    let leading_zeros = len_bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = len_bytes.split_at(leading_zeros).1;

    // Allocated once: a vector that grows leaves copies behind.
    let mut out = Zeroizing::new(Vec::with_capacity(2 + significant.len() + len));
    out.push(tag);
    match significant {
        [] => out.push(0),
        [short @ 0..=0x7f] => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(0));
            out.extend_from_slice(long);
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// Splits the element with this tag off: its content, and what follows it.
pub(crate) fn split(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        short @ 0..=0x7f => (usize::from(*short), rest),
        // Two length bytes reach further than anything here is long.
        0x81 => match rest {
            [len @ 0x80..=0xff, rest @ ..] => (usize::from(*len), rest),
            _ => return None,
        },
        0x82 => match rest {
            [high @ 1..=0xff, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
            _ => return None,
        },
        _ => return None,
    };
    (*found == tag).then(|| rest.split_at_checked(len)).flatten()
}

/// The content of the element with this tag, if nothing follows it.
pub(crate) fn whole(der: &[u8], tag: u8) -> Option<&[u8]> {
    split(der, tag).and_then(|(content, rest)| rest.is_empty().then_some(content))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_have_their_shortest_form() {
        for (len, header) in [
            (0, &[SEQUENCE, 0][..]),
            (0x7f, &[SEQUENCE, 0x7f]),
            (0x80, &[SEQUENCE, 0x81, 0x80]),
            (0xff, &[SEQUENCE, 0x81, 0xff]),
            (0x100, &[SEQUENCE, 0x82, 1, 0]),
            (0xffff, &[SEQUENCE, 0x82, 0xff, 0xff]),
        ] {
            let content = vec![9; len];
            let der = element(SEQUENCE, &[&content]);
            assert_eq!(der[..header.len()], *header);
            assert_eq!(whole(&der, SEQUENCE), Some(&content[..]));
            assert_eq!(whole(&der, INTEGER), None);
            assert_eq!(whole(&[&der[..], &[0]].concat(), SEQUENCE), None, "trailing byte");
            assert_eq!(split(&[&der[..], &[7]].concat(), SEQUENCE), Some((&content[..], &[7][..])));
            assert_eq!(split(&der[..der.len() - 1], SEQUENCE), None, "cut");
        }
        for longer in [&[SEQUENCE, 0x81, 1, 9][..], &[SEQUENCE, 0x82, 0, 1, 9], &[SEQUENCE, 0x80, 9, 0, 0]] {
            assert_eq!(split(longer, SEQUENCE), None, "{longer:02x?}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes in vec(any::<u8>(), 0..300), tag in any::<u8>()) {
            if let Some((content, rest)) = split(&bytes, tag) {
                let again = [&element(tag, &[content])[..], rest].concat();
                prop_assert_eq!(again, bytes);
            }
        }
    }
}
