use trent_shared::{AccountId, Arn, Partition};

use crate::directory::{Directory, DirectoryError};
use crate::entity::Entity;
use crate::records::{RoleRecord, UserRecord};

/// What there is to a principal that a policy or grant names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    Exists {
        /// The unique id of the user, or of the role also where its session is named. Accounts and federated users have none.
        id: Option<String>,
    },
    /// There is no IAM that would know.
    TakenAsExisting,
    Missing,
    /// Nothing that can be a principal has such a name: a group, for one.
    NotAPrincipal,
}

impl Directory {
    /// What there is to a principal by the name that a policy gives it under `AWS`: an account id, an ARN, a unique id
    /// (`AIDA…`, `AROA…`, `AROA…:session`). Every account exists.
    pub async fn principal(&self, name: &str) -> Result<Known, DirectoryError> {
        let Some(form) = Form::of(name) else { return Ok(Known::NotAPrincipal) };
        let id = match form {
            Form::Account | Form::FederatedUser => return Ok(Known::Exists { id: None }),
            _ if !self.options.is_iam_enabled => return Ok(Known::TakenAsExisting),
            Form::User { account, path, name } => self
                .find::<UserRecord>(account, name)
                .await?
                .map(|found| found.record)
                .filter(|user| user.path == path && user.name == name)
                .map(|user| user.id),
            Form::Role { account, path, name } => self
                .find::<RoleRecord>(account, name)
                .await?
                .map(|found| found.record)
                .filter(|role| role.path == path && role.name == name)
                .map(|role| role.id),
            Form::Session { account, role } => self
                .find::<RoleRecord>(account, role)
                .await?
                .map(|found| found.record)
                .filter(|found| found.name == role)
                .map(|role| role.id),
            Form::UserId(id) => self.existing::<UserRecord>(id).await?,
            Form::RoleId(id) => self.existing::<RoleRecord>(id).await?,
        };
        Ok(id.map_or(Known::Missing, |id| Known::Exists { id: Some(id) }))
    }

    async fn existing<E: Entity>(&self, id: &str) -> Result<Option<String>, DirectoryError> {
        Ok(self.find_by_id::<E>(id).await?.map(|_| id.to_owned()))
    }
}

/// All of AWS's. That a principal is of another one than the policy that names it is not noticed.
const PARTITIONS: [Partition; 8] = [
    Partition::Aws,
    Partition::AwsCn,
    Partition::AwsUsGov,
    Partition::AwsIso,
    Partition::AwsIsoB,
    Partition::AwsIsoE,
    Partition::AwsIsoF,
    Partition::AwsEusc,
];

/// The ways to name a principal.
#[derive(Debug, PartialEq, Eq)]
enum Form<'a> {
    Account,
    User { account: AccountId, path: String, name: &'a str },
    Role { account: AccountId, path: String, name: &'a str },
    Session { account: AccountId, role: &'a str },
    FederatedUser,
    UserId(&'a str),
    RoleId(&'a str),
}

impl<'a> Form<'a> {
    fn of(text: &'a str) -> Option<Self> {
        if text.parse::<AccountId>().is_ok() {
            return Some(Self::Account);
        }
        if !text.contains('/') && !text.starts_with("arn:") {
            let id = text.split_once(':').map_or(text, |(id, _)| id);
            let is_id = id.len() >= 16 && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            return match id.get(..4) {
                Some("AIDA") if is_id && id == text => Some(Self::UserId(id)),
                Some("AROA") if is_id => Some(Self::RoleId(id)),
                _ => None,
            };
        }
        let arn: Arn = text.parse().ok()?;
        let account = arn.account.parse().ok()?;
        if !arn.region.is_empty() || !PARTITIONS.iter().any(|partition| partition.as_str() == arn.partition) {
            return None;
        }
        // The ARN's own copy of the resource does not live long enough.
        let resource = text.splitn(6, ':').nth(5)?;
        let (kind, rest) = resource.split_once('/').unwrap_or((resource, ""));
        let (path, name) =
            rest.rsplit_once('/').map_or_else(|| ("/".to_owned(), rest), |(path, name)| (format!("/{path}/"), name));
        match (&*arn.service, kind) {
            ("iam", "root") if rest.is_empty() => Some(Self::Account),
            _ if name.is_empty() => None,
            ("iam", "user") => Some(Self::User { account, path, name }),
            ("iam", "role") => Some(Self::Role { account, path, name }),
            ("sts", "federated-user") => Some(Self::FederatedUser),
            // With the role's path in it, it names no session (authz.md §5.4).
            ("sts", "assumed-role") => {
                let (role, session) = rest.split_once('/')?;
                (!role.is_empty() && !session.contains('/')).then_some(Self::Session { account, role })
            }
            _ => None,
        }
    }
}
