//! The layout of a KMS ciphertext, as AWS's own ciphertexts have it:
//!
//! | offset | bytes | meaning |
//! |---|---|---|
//! | 0 | 2 | `01 02`: format and version |
//! | 2 | 1 | [`CiphertextKind`] |
//! | 3 | 2 | `00 78` |
//! | 5 | 32 | the key material's id |
//! | 37 | 1 | `01` |
//! | 38 | 16 | a random nonce, from which the message's own key is derived |
//! | 54 | 4 | the length of what follows, big-endian |
//! | 58 | | DER: a CMS `ContentInfo` with `EncryptedData` (RFC 5652 §8) under AES-256-GCM (RFC 5084) |
//!
//! There is exactly one encoding of any content. DER allows a single form of each length, and every element here reaches
//! to the end of the blob, so whatever is not that form is refused before a key is touched.

use crate::MaterialId;

/// What an operation's ciphertext holds, byte 2 of the blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CiphertextKind {
    /// The caller's own bytes: Encrypt and `ReEncrypt`.
    Message,
    /// A key made by KMS: `GenerateDataKey` and `GenerateDataKeyPair`, with or without plaintext.
    DataKey,
}

/// A ciphertext taken apart, without a key and without any claim to be genuine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CiphertextBlob<'a> {
    pub(crate) kind: CiphertextKind,
    pub(crate) material_id: MaterialId,
    /// Bytes 0 to 53, which seal and open authenticate as they are.
    pub(crate) header: &'a [u8; HEADER_LEN],
    pub(crate) nonce: &'a [u8; NONCE_LEN],
    pub(crate) iv: &'a [u8; IV_LEN],
    pub(crate) sealed: &'a [u8],
    pub(crate) tag: &'a [u8; TAG_LEN],
}

/// The bytes are no ciphertext of this key and context. It deliberately does not tell what is wrong with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ciphertext is invalid")]
pub struct InvalidCiphertext;

pub(crate) const HEADER_LEN: usize = 54;
pub(crate) const NONCE_LEN: usize = 16;
pub(crate) const IV_LEN: usize = 12;
pub(crate) const TAG_LEN: usize = 16;

const FORMAT_AND_VERSION: [u8; 2] = [0x01, 0x02];
const BEFORE_MATERIAL_ID: [u8; 2] = [0x00, 0x78];
const BEFORE_NONCE: [u8; 1] = [0x01];

const SEQUENCE: u8 = 0x30;
/// `[0] EXPLICIT`, the content of a `ContentInfo`.
const EXPLICIT_0: u8 = 0xa0;
/// `[0] IMPLICIT OCTET STRING`, the encrypted content.
const IMPLICIT_0: u8 = 0x80;
/// OBJECT IDENTIFIER 1.2.840.113549.1.7.6, id-encryptedData.
const ENCRYPTED_DATA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// OBJECT IDENTIFIER 1.2.840.113549.1.7.1, id-data.
const DATA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// INTEGER 0, the version of an `EncryptedData` without unprotected attributes.
const VERSION: [u8; 3] = [0x02, 0x01, 0x00];
/// `AlgorithmIdentifier` aes256-GCM (2.16.840.1.101.3.4.1.46) up to its 12-byte IV …
const AES_256_GCM: [u8; 17] =
    [0x30, 0x1e, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e, 0x30, 0x11, 0x04, 0x0c];
/// … and after it: INTEGER 16, the tag's length.
const TAG_LENGTH: [u8; 3] = [0x02, 0x01, 0x10];

impl<'a> CiphertextBlob<'a> {
    /// Takes a ciphertext apart. Only the one canonical encoding is accepted.
    pub fn parse(blob: &'a [u8]) -> Result<Self, InvalidCiphertext> {
        Self::read(blob).ok_or(InvalidCiphertext)
    }

    /// Whether it came from Encrypt or from a data key operation.
    pub const fn kind(&self) -> CiphertextKind {
        self.kind
    }

    /// The key material that the ciphertext says it was made with; this is how KMS finds the key.
    pub const fn material_id(&self) -> MaterialId {
        self.material_id
    }

    fn read(blob: &'a [u8]) -> Option<Self> {
        let (header, body) = blob.split_first_chunk::<HEADER_LEN>()?;
        let rest = header.strip_prefix(&FORMAT_AND_VERSION)?;
        let (kind, rest) = rest.split_first()?;
        let rest = rest.strip_prefix(&BEFORE_MATERIAL_ID)?;
        let (material_id, rest) = rest.split_first_chunk::<32>()?;
        let nonce = rest.strip_prefix(&BEFORE_NONCE)?;

        let (der_len, der) = body.split_first_chunk()?;
        if u32::from_be_bytes(*der_len) != u32::try_from(der.len()).ok()? {
            return None;
        }
        let content_info = enter(der, SEQUENCE)?.strip_prefix(&ENCRYPTED_DATA)?;
        let encrypted_data = enter(enter(content_info, EXPLICIT_0)?, SEQUENCE)?.strip_prefix(&VERSION)?;
        let encrypted_content_info = enter(encrypted_data, SEQUENCE)?.strip_prefix(&DATA)?;
        let (iv, rest) = encrypted_content_info.strip_prefix(&AES_256_GCM)?.split_first_chunk()?;
        let encrypted_content = enter(rest.strip_prefix(&TAG_LENGTH)?, IMPLICIT_0)?;
        let (sealed, tag) = encrypted_content.split_last_chunk()?;

        Some(Self {
            kind: CiphertextKind::from_byte(*kind)?,
            material_id: MaterialId::from(*material_id),
            header,
            nonce: nonce.try_into().ok()?,
            iv,
            sealed,
            tag,
        })
    }
}

impl CiphertextKind {
    const fn to_byte(self) -> u8 {
        match self {
            Self::Message => 2,
            Self::DataKey => 3,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            2 => Some(Self::Message),
            3 => Some(Self::DataKey),
            _ => None,
        }
    }
}

/// Writes bytes 0 to 53.
pub(crate) fn write_header(blob: &mut Vec<u8>, kind: CiphertextKind, material_id: &MaterialId, nonce: &[u8]) {
    blob.extend_from_slice(&FORMAT_AND_VERSION);
    blob.push(kind.to_byte());
    blob.extend_from_slice(&BEFORE_MATERIAL_ID);
    blob.extend_from_slice(material_id.as_bytes());
    blob.extend_from_slice(&BEFORE_NONCE);
    blob.extend_from_slice(nonce);
}

/// Writes everything between the header and the `content_len` bytes of encrypted content and tag.
pub(crate) fn write_der_prefix(blob: &mut Vec<u8>, iv: &[u8], content_len: u16) {
    let lengths = DerLengths::around(content_len);
    blob.extend_from_slice(&u32::from(lengths.whole).to_be_bytes());
    write_tag_and_length(blob, SEQUENCE, lengths.content_info);
    blob.extend_from_slice(&ENCRYPTED_DATA);
    write_tag_and_length(blob, EXPLICIT_0, lengths.explicit);
    write_tag_and_length(blob, SEQUENCE, lengths.encrypted_data);
    blob.extend_from_slice(&VERSION);
    write_tag_and_length(blob, SEQUENCE, lengths.encrypted_content_info);
    blob.extend_from_slice(&DATA);
    blob.extend_from_slice(&AES_256_GCM);
    blob.extend_from_slice(iv);
    blob.extend_from_slice(&TAG_LENGTH);
    write_tag_and_length(blob, IMPLICIT_0, content_len);
}

/// The length of the blob with `content_len` bytes of encrypted content and tag.
pub(crate) const fn blob_len(content_len: u16) -> usize {
    HEADER_LEN + size_of::<u32>() + DerLengths::around(content_len).whole as usize
}

/// The length of each element's content, from the inside out; `whole` is the outermost element with its tag.
struct DerLengths {
    encrypted_content_info: u16,
    encrypted_data: u16,
    explicit: u16,
    content_info: u16,
    whole: u16,
}

impl DerLengths {
    const fn around(content_len: u16) -> Self {
        const OID_LEN: u16 = 11;
        const VERSION_LEN: u16 = 3;
        const ALGORITHM_LEN: u16 = 32;
        let encrypted_content_info = OID_LEN + ALGORITHM_LEN + element_len(content_len);
        let encrypted_data = VERSION_LEN + element_len(encrypted_content_info);
        let explicit = element_len(encrypted_data);
        let content_info = OID_LEN + element_len(explicit);
        Self { encrypted_content_info, encrypted_data, explicit, content_info, whole: element_len(content_info) }
    }
}

/// The length of an element with its tag and length bytes.
const fn element_len(content_len: u16) -> u16 {
    content_len
        + match content_len {
            0..=0x7f => 2,
            0x80..=0xff => 3,
            0x100.. => 4,
        }
}

fn write_tag_and_length(out: &mut Vec<u8>, tag: u8, len: u16) {
    match len.to_be_bytes() {
        [0, short @ 0..=0x7f] => out.extend_from_slice(&[tag, short]),
        [0, one] => out.extend_from_slice(&[tag, 0x81, one]),
        [high, low] => out.extend_from_slice(&[tag, 0x82, high, low]),
    }
}

/// The content of the element that starts here, if it has the tag, the shortest form of its length, and nothing behind it.
fn enter(der: &[u8], expected: u8) -> Option<&[u8]> {
    let (tag, len, content) = match der {
        [tag, len @ 0..=0x7f, content @ ..] | [tag, 0x81, len @ 0x80..=0xff, content @ ..] => {
            (tag, u16::from(*len), content)
        }
        [tag, 0x82, high @ 1..=0xff, low, content @ ..] => (tag, u16::from_be_bytes([*high, *low]), content),
        _ => return None,
    };
    (*tag == expected && usize::from(len) == content.len()).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_and_read_in_their_shortest_form_only() {
        for (len, header) in [
            (0_u16, &[0x30, 0][..]),
            (0x7f, &[0x30, 0x7f]),
            (0x80, &[0x30, 0x81, 0x80]),
            (0xff, &[0x30, 0x81, 0xff]),
            (0x100, &[0x30, 0x82, 1, 0]),
            (0xffff - 4, &[0x30, 0x82, 0xff, 0xfb]),
        ] {
            let mut der = Vec::new();
            write_tag_and_length(&mut der, SEQUENCE, len);
            assert_eq!(der, header);
            der.resize(usize::from(element_len(len)), 9);
            assert_eq!(enter(&der, SEQUENCE).map(<[u8]>::len), Some(usize::from(len)));
            assert_eq!(enter(&der, EXPLICIT_0), None);
            assert_eq!(enter(&[&der[..], &[0]].concat(), SEQUENCE), None, "trailing byte");
        }
        for wrong in
            [&[][..], &[0x30], &[0x30, 0x81, 1, 9], &[0x30, 0x82, 0, 1, 9], &[0x30, 0x80, 9, 0, 0], &[0x30, 2, 9]]
        {
            assert_eq!(enter(wrong, SEQUENCE), None, "{wrong:02x?}");
        }
    }

    #[test]
    fn a_long_form_of_a_short_length_is_refused_in_every_element() {
        let mut blob = Vec::new();
        write_header(&mut blob, CiphertextKind::Message, &MaterialId::from([7; 32]), &[1; NONCE_LEN]);
        write_der_prefix(&mut blob, &[2; IV_LEN], 30);
        blob.extend([3; 30]);
        assert_eq!(blob.len(), blob_len(30));
        let parsed = CiphertextBlob::parse(&blob).expect("canonical");
        assert_eq!((parsed.kind(), parsed.material_id()), (CiphertextKind::Message, MaterialId::from([7; 32])));

        // The innermost length stands 31 bytes from the end; spell it `81 1e` and adapt every length around it.
        let mut longer = blob.clone();
        let at = longer.len() - 31;
        longer.insert(at, 0x81);
        for outer in [57, 59, 72, 74, 79] {
            longer[outer] += 1;
        }
        assert_eq!(
            (longer[59], usize::from(longer[57])),
            (u8::try_from(longer.len() - 60).expect("short"), longer.len() - 58)
        );
        assert_eq!(CiphertextBlob::parse(&longer), Err(InvalidCiphertext));
    }

    /// The bytes that surround the random parts in AWS's own ciphertexts of 32-byte data keys, of which public
    /// repositories hold many (`AAAAfjB8BgkqhkiG9w0BBwagbzBtAgEAMGgG…EQQM` and `AgEQgDt` in base64).
    #[test]
    fn the_der_is_awss_own() {
        let mut blob = Vec::new();
        write_header(&mut blob, CiphertextKind::DataKey, &MaterialId::from([7; 32]), &[1; NONCE_LEN]);
        write_der_prefix(&mut blob, &[2; IV_LEN], 32 + 27);
        let expected = concat!(
            "0000007e307c06092a864886f70d010706a06f306d020100306806092a864886f70d010701301e060960864801650304012e3011040c",
            "020202020202020202020202",
            "020110803b",
        );
        assert_eq!(hex::encode(&blob[HEADER_LEN..]), expected);
    }

    #[test]
    fn other_versions_and_kinds_are_refused() {
        let mut blob = Vec::new();
        write_header(&mut blob, CiphertextKind::DataKey, &MaterialId::from([7; 32]), &[1; NONCE_LEN]);
        write_der_prefix(&mut blob, &[2; IV_LEN], 59);
        blob.extend([3; 59]);
        assert_eq!(CiphertextBlob::parse(&blob).map(|b| b.kind()), Ok(CiphertextKind::DataKey));
        for (at, value) in [(0, 2), (1, 1), (2, 1), (2, 4), (3, 1), (4, 0x79), (37, 2)] {
            let mut other = blob.clone();
            other[at] = value;
            assert_eq!(CiphertextBlob::parse(&other), Err(InvalidCiphertext), "{at}");
        }
    }
}
