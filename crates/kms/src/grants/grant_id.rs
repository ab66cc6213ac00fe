use std::fmt;
use std::str::FromStr;

use trent_shared::Entropy;
use trent_store::{InvalidKey, Key};

/// The id of a grant among those of its key: 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct GrantId([u8; GrantId::LEN]);

/// The text is not the id of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvalidGrantId;

impl GrantId {
    /// In bytes.
    pub(crate) const LEN: usize = 32;

    pub(crate) fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; Self::LEN];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The id that is the part of a record's key at `index`.
    pub(crate) fn in_key(key: &Key, index: usize) -> Result<Self, InvalidKey> {
        Self::try_from(&*key.bytes(index)?).map_err(|InvalidGrantId| InvalidKey)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl TryFrom<&[u8]> for GrantId {
    type Error = InvalidGrantId;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self).map_err(|_| InvalidGrantId)
    }
}

impl FromStr for GrantId {
    type Err = InvalidGrantId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; Self::LEN];
        if text.bytes().any(|b| b.is_ascii_uppercase()) || hex::decode_to_slice(text, &mut bytes).is_err() {
            return Err(InvalidGrantId);
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_64_lower_case_digits_are_an_id() {
        let text = "0c237476b39f8bc44e45212e08498fbe3151305030726c0590dd8d3e9f3d6a60";
        assert_eq!(text.parse::<GrantId>().map(|id| id.to_string()), Ok(text.to_owned()));
        for wrong in ["", "0", &text[..62], &text.to_uppercase(), &format!("{text}00"), &text.replace('0', "g")] {
            assert_eq!(wrong.parse::<GrantId>(), Err(InvalidGrantId), "{wrong}");
        }
    }
}
