//! Key material as people write it into files.

use base64_simd::STANDARD as BASE64;
use serde::Deserialize;
use trent_shared::{SecretBytes, SecretString};
use zeroize::Zeroizing;

/// Hexadecimal, base64 or PEM.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct MaterialText(SecretString);

/// The text is neither hexadecimal nor base64 nor PEM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key material is written in hexadecimal or base64, or a private key in PEM")]
pub(super) struct InvalidMaterialText;

impl MaterialText {
    /// What is written: PEM stays as it is, for it names its own encoding. What consists of hexadecimal digits is never
    /// taken for base64, however long it is.
    pub(super) fn decode(&self) -> Result<SecretBytes, InvalidMaterialText> {
        let text = self.0.expose();
        if text.trim_start().starts_with("-----BEGIN ") {
            return Ok(SecretBytes::new(text.as_bytes().to_vec()));
        }
        // Long values are folded over lines.
        let text: Zeroizing<String> = Zeroizing::new(text.split_ascii_whitespace().collect());
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bytes = if is_hex { hex::decode(&*text).ok() } else { BASE64.decode_to_vec(text.as_bytes()).ok() };
        bytes.filter(|bytes| !bytes.is_empty()).map(SecretBytes::new).ok_or(InvalidMaterialText)
    }
}

impl From<String> for MaterialText {
    fn from(text: String) -> Self {
        Self(SecretString::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<Vec<u8>, InvalidMaterialText> {
        MaterialText::from(text.to_owned()).decode().map(|bytes| bytes.expose().to_vec())
    }

    #[test]
    fn hexadecimal_base64_and_pem_are_told_apart() {
        assert_eq!(decode("00fF"), Ok(vec![0, 255]));
        assert_eq!(decode("AP8="), Ok(vec![0, 255]));
        assert_eq!(decode(" AP\n 8=\n"), Ok(vec![0, 255]));
        assert_eq!(decode("\n-----BEGIN X-----\n"), Ok(b"\n-----BEGIN X-----\n".to_vec()));
        for wrong in ["", " ", "0", "abc", "AP8", "AP8=AP8=", "key material", "aé"] {
            assert_eq!(decode(wrong), Err(InvalidMaterialText), "{wrong}");
        }
    }

    #[test]
    fn material_is_never_printed() {
        assert_eq!(format!("{:?}", MaterialText::from("00ff".to_owned())), "MaterialText([secret])");
    }
}
