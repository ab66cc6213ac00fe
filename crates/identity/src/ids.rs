//! The unique ids of IAM: four letters that tell the kind, and base-32 characters that begin with the account.
//!
//! After the prefix come one set bit, the account's number in 40 bits, and random bits (found by analysing real ids,
//! labs.withsecure.com "A bitwise analysis of AWS access key identifiers"): that is how GetAccessKeyInfo knows the account
//! of a key that was deleted long ago.

use trent_shared::{AccountId, Entropy};

/// What an id identifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    User,
    Group,
    Role,
    Policy,
    InstanceProfile,
    /// Of a user, for as long as it keeps it.
    AccessKey,
    /// Of a session.
    TemporaryAccessKey,
}

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const PREFIX_LENGTH: usize = 4;
const ACCOUNT_BITS: u32 = 40;
/// The marker bit and the account, with which the base-32 characters begin.
const HEAD_BITS: u32 = ACCOUNT_BITS + 1;

impl IdKind {
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::User => "AIDA",
            Self::Group => "AGPA",
            Self::Role => "AROA",
            Self::Policy => "ANPA",
            Self::InstanceProfile => "AIPA",
            Self::AccessKey => "AKIA",
            Self::TemporaryAccessKey => "ASIA",
        }
    }

    /// How many base-32 characters follow the prefix.
    const fn length(self) -> u32 {
        match self {
            Self::AccessKey | Self::TemporaryAccessKey => 16,
            _ => 17,
        }
    }

    /// A new id of an account.
    pub fn make(self, account: AccountId, entropy: &dyn Entropy) -> String {
        let mut random = [0; 16];
        entropy.fill(&mut random);
        self.with_tail(account, u128::from_be_bytes(random))
    }

    /// The id of something that was never made, always the same for the same name.
    pub fn derive(self, account: AccountId, name: &str) -> String {
        // FNV-1a: it only has to spread.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
        });
        self.with_tail(account, hash.into())
    }

    fn with_tail(self, account: AccountId, tail: u128) -> String {
        let random_bits = 5 * self.length() - HEAD_BITS;
        let random = tail & ((1 << random_bits) - 1);
        let account: u128 = account.as_str().parse().unwrap_or_default();
        let bits = ((1 << ACCOUNT_BITS | account) << random_bits) | random;
        let characters = (0..self.length()).rev().map(|place| {
            let index = usize::try_from(bits >> (5 * place) & 31).unwrap_or_default();
            char::from(ALPHABET.get(index).copied().unwrap_or(b'A'))
        });
        self.prefix().chars().chain(characters).collect()
    }
}

/// The account that an access key id names, be there such a key or not. Ids from before about 2019 name none.
pub fn account_of_access_key(id: &str) -> Option<AccountId> {
    let (prefix, rest) = id.split_at_checked(PREFIX_LENGTH)?;
    if ![IdKind::AccessKey, IdKind::TemporaryAccessKey].iter().any(|kind| kind.prefix() == prefix) {
        return None;
    }
    let head = rest.as_bytes().get(..HEAD_BITS.div_ceil(5) as usize)?;
    let bits = head.iter().try_fold(0_u64, |bits, byte| {
        let digit = ALPHABET.iter().position(|letter| letter == byte)?;
        Some(bits << 5 | u64::try_from(digit).ok()?)
    })? >> (HEAD_BITS.next_multiple_of(5) - HEAD_BITS);
    let account = bits.checked_sub(1 << ACCOUNT_BITS)?;
    format!("{account:012}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestEntropy;

    #[test]
    fn published_ids_name_their_accounts() {
        let account = |id| account_of_access_key(id).map(|account| account.to_string());
        assert_eq!(account("ASIAY34FZKBOKMUTVV7A").as_deref(), Some("609629065308"));
        assert_eq!(account("ASIAQNZGKIQY56JQ7WML").as_deref(), Some("029608264753"));
        for none in ["AKIAIOSFODNN7EXAMPLE", "AIDAQNZGKIQY56JQ7WML", "AKIA", "", "ASIA0000000000000000", "ASIÄQNZGKIQY"]
        {
            assert_eq!(account(none), None, "{none}");
        }
    }

    #[test]
    fn ids_have_the_lengths_of_aws_and_name_their_account() {
        let entropy = TestEntropy::new();
        for account in ["000000000000", "111122223333", "999999999999"] {
            let account = account.parse().expect("valid");
            for (kind, length) in [(IdKind::User, 21), (IdKind::Role, 21), (IdKind::AccessKey, 20)] {
                let (one, other) = (kind.make(account, &entropy), kind.make(account, &entropy));
                assert_ne!(one, other);
                assert_eq!(one.len(), length);
                assert!(one.starts_with(kind.prefix()));
            }
            assert_eq!(account_of_access_key(&IdKind::AccessKey.make(account, &entropy)), Some(account));
            assert_eq!(account_of_access_key(&IdKind::TemporaryAccessKey.make(account, &entropy)), Some(account));
        }
    }
}
