//! How a request names a key: key id, key ARN, alias name or alias ARN (operations.md §1.1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use trent_shared::{AccountId, Arn, Context, Region};
use uuid::Uuid;

/// The id of a key: a lower-case UUID, or `mrk-` and 32 hexadecimal digits for a multi-Region key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyId {
    SingleRegion(Uuid),
    MultiRegion(Uuid),
}

/// `arn:<partition>:kms:<region>:<account>:key/<key id>`; also the whole address of a key in the store, since the
/// Region tells the partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct KeyArn {
    pub(crate) region: Region,
    pub(crate) account: AccountId,
    pub(crate) id: KeyId,
}

/// `arn:<partition>:kms:<region>:<account>:alias/<name>`; `name` includes the `alias/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AliasArn {
    pub(crate) region: Region,
    pub(crate) account: AccountId,
    pub(crate) name: String,
}

/// What a `KeyId` member of a request means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyIdentifier {
    Key(KeyArn),
    Alias(AliasArn),
}

/// Why a `KeyId` member means nothing here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unresolvable {
    /// Neither UUID, `mrk-`, ARN nor alias.
    Malformed,
    /// An ARN of another Region or partition than the endpoint's; it names the part that differs.
    Elsewhere(String),
}

impl KeyIdentifier {
    /// Reads an identifier; a bare id or alias name belongs to the caller's account and the endpoint's Region.
    pub(crate) fn parse(text: &str, cx: &Context) -> Result<Self, Unresolvable> {
        if text.starts_with("alias/") {
            return Ok(Self::Alias(AliasArn::in_context(text, cx)));
        }
        if text.starts_with("arn:") {
            return Self::parse_arn(text, cx);
        }
        let id = text.parse().map_err(|InvalidKeyId| Unresolvable::Malformed)?;
        Ok(Self::Key(KeyArn { region: cx.region.clone(), account: cx.account(), id }))
    }

    fn parse_arn(text: &str, cx: &Context) -> Result<Self, Unresolvable> {
        let arn: Arn = text.parse().map_err(|_| Unresolvable::Malformed)?;
        let account: AccountId = arn.account.parse().map_err(|_| Unresolvable::Malformed)?;
        if arn.service != "kms" {
            return Err(Unresolvable::Malformed);
        }
        if arn.partition != cx.partition().as_str() {
            return Err(Unresolvable::Elsewhere(arn.partition));
        }
        if arn.region != cx.region.as_str() {
            return Err(Unresolvable::Elsewhere(arn.region));
        }
        let region = cx.region.clone();
        if let Some(id) = arn.resource.strip_prefix("key/") {
            let id = id.parse().map_err(|InvalidKeyId| Unresolvable::Malformed)?;
            return Ok(Self::Key(KeyArn { region, account, id }));
        }
        if arn.resource.starts_with("alias/") {
            return Ok(Self::Alias(AliasArn { region, account, name: arn.resource }));
        }
        Err(Unresolvable::Malformed)
    }
}

impl KeyArn {
    /// Everything before the key id.
    pub(crate) fn prefix(region: &Region, account: AccountId) -> String {
        format!("arn:{}:kms:{region}:{account}:key/", region.partition())
    }
}

impl AliasArn {
    /// The alias of this name in the caller's account and the endpoint's Region.
    pub(crate) fn in_context(name: &str, cx: &Context) -> Self {
        Self { region: cx.region.clone(), account: cx.account(), name: name.to_owned() }
    }
}

/// The text is not the id of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key id is a lower-case UUID or mrk- and 32 hexadecimal digits")]
pub struct InvalidKeyId;

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits, length) = match text.strip_prefix("mrk-") {
            Some(digits) => (digits, 32),
            None => (text, 36),
        };
        // `Uuid` also reads other spellings, which AWS refuses (recorded: a UUID without dashes).
        if digits.len() != length || digits.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(InvalidKeyId);
        }
        let uuid = Uuid::try_parse(digits).map_err(|_| InvalidKeyId)?;
        Ok(if length == 32 { Self::MultiRegion(uuid) } else { Self::SingleRegion(uuid) })
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SingleRegion(uuid) => write!(f, "{}", uuid.hyphenated()),
            Self::MultiRegion(uuid) => write!(f, "mrk-{}", uuid.simple()),
        }
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::prefix(&self.region, self.account), self.id)
    }
}

impl fmt::Display for AliasArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, account, name } = self;
        write!(f, "arn:{}:kms:{region}:{account}:{name}", region.partition())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_awss_spellings_of_a_key_id_are_accepted() {
        for id in ["1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ab"] {
            assert_eq!(id.parse::<KeyId>().map(|id| id.to_string()), Ok(id.to_owned()));
        }
        for wrong in [
            "",
            "1234abcd12ab34cd56ef1234567890ab",
            "1234ABCD-12ab-34cd-56ef-1234567890ab",
            "{1234abcd-12ab-34cd-56ef-1234567890ab}",
            "mrk-1234abcd-12ab-34cd-56ef-1234567890ab",
            "mrk-fake",
            "1234abcd-12ab-34cd-56ef-1234567890aé",
        ] {
            assert_eq!(wrong.parse::<KeyId>(), Err(InvalidKeyId), "{wrong}");
        }
    }
}
