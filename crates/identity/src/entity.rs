use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use trent_shared::AccountId;
use trent_store::{Key, Table};

/// Something that IAM keeps in an account under a name. Names are unique within their kind, whatever the case of their
/// letters.
pub trait Entity: Clone + PartialEq + Send + Sync + Serialize + DeserializeOwned + 'static {
    const KIND: EntityKind;

    /// (account, name in lower case) → the entity.
    fn table() -> &'static Table<Self>;

    /// As whoever made it spelt it.
    fn name(&self) -> &str;

    /// What stays the same when the name does not, and is never used again: `AIDA…`. What cannot be renamed may give its
    /// name.
    fn id(&self) -> &str;

    /// What it depends on or belongs to, so that these know of it.
    fn relations(&self) -> Vec<(Relation, &str)> {
        Vec::new()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntityKind {
    User,
    Group,
    Role,
    Policy,
    AccessKey,
    InstanceProfile,
    OidcProvider,
}

/// What one entity is to another, which can ask for all that are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// To a managed policy, by its ARN: it is attached to this user, group or role.
    Attached,
    /// To a managed policy, by its ARN: it bounds this user or role.
    Bounded,
    /// To a group, by its id: this user belongs to it.
    Member,
    /// To a role, by its id: this instance profile holds it.
    Holds,
    /// To a user, by its id: this access key is the user's.
    KeyOf,
}

impl EntityKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
            Self::Policy => "policy",
            Self::AccessKey => "access-key",
            Self::InstanceProfile => "instance-profile",
            Self::OidcProvider => "oidc-provider",
        }
    }

    /// Whether [`Entity::id`] tells one of the kind from all others of the kind, in whichever account.
    pub(crate) const fn has_unique_ids(self) -> bool {
        !matches!(self, Self::OidcProvider)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Group, Self::Role, Self::Policy, Self::AccessKey, Self::InstanceProfile, Self::OidcProvider]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

impl Relation {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Attached => "attached",
            Self::Bounded => "bounded",
            Self::Member => "member",
            Self::Holds => "holds",
            Self::KeyOf => "key-of",
        }
    }
}

/// The address of an entity in its table.
pub(crate) fn address(account: AccountId, name: &str) -> Key {
    Key::from((account.as_str(), &*name.to_lowercase()))
}
