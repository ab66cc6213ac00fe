use std::fmt;
use std::sync::Arc;

use crate::{AccountId, Arn, Partition};

/// Who sent a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub partition: Partition,
    pub account: AccountId,
    pub principal: Principal,
    /// The access key that the request is signed with, where it is a known one. Temporary ones tell the session.
    pub access_key: Option<AccessKeyId>,
}

/// What kind of identity a caller has in its account. Everything but [`Root`](Self::Root) is shared, since callers are
/// copied with every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account's root user: whoever calls without a known identity.
    Root,
    User(Arc<User>),
    AssumedRole(Arc<AssumedRole>),
    FederatedUser(Arc<FederatedUser>),
    /// Somebody whom an identity provider vouches for, before STS has given them a role.
    WebIdentity(Arc<WebIdentity>),
}

/// An IAM user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `AIDA…`; never used again, even if the user is.
    pub id: String,
    /// `/`, or `/division/team/`.
    pub path: String,
    pub name: String,
}

/// One session of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumedRole {
    /// The role's `AROA…`.
    pub role_id: String,
    /// The role's path, which the session's ARN leaves out.
    pub role_path: String,
    pub role_name: String,
    pub session_name: String,
}

/// A session that GetFederationToken made for somebody whom IAM does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederatedUser {
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebIdentity {
    /// The ARN of the OIDC provider, or the host of one that IAM knows by itself (`accounts.google.com`).
    pub provider: String,
    /// The token's `sub`.
    pub subject: String,
}

/// The id of an access key, such as `AKIA…`; no secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKeyId(Arc<str>);

impl Caller {
    pub fn root(partition: Partition, account: AccountId) -> Self {
        Self { partition, account, principal: Principal::Root, access_key: None }
    }

    /// The ARN that AWS names in a denial: a session's own. Made when asked for: most requests never are.
    pub fn arn(&self) -> Arn {
        let (service, resource) = match &self.principal {
            Principal::Root => ("iam", "root".to_owned()),
            Principal::User(user) => ("iam", format!("user{}{}", user.path, user.name)),
            Principal::AssumedRole(session) => {
                ("sts", format!("assumed-role/{}/{}", session.role_name, session.session_name))
            }
            Principal::FederatedUser(user) => ("sts", format!("federated-user/{}", user.name)),
            Principal::WebIdentity(identity) => ("sts", format!("web-identity/{}", identity.subject)),
        };
        self.own(service, resource)
    }

    /// The ARN of whoever holds the permissions (`aws:PrincipalArn`): of a session, the role's.
    pub fn principal_arn(&self) -> Arn {
        match &self.principal {
            Principal::AssumedRole(session) => {
                self.own("iam", format!("role{}{}", session.role_path, session.role_name))
            }
            _ => self.arn(),
        }
    }

    /// STS's `UserId`, also `aws:userid`: the account id for a root user.
    pub fn user_id(&self) -> String {
        match &self.principal {
            Principal::Root => self.account.to_string(),
            Principal::User(user) => user.id.clone(),
            Principal::AssumedRole(session) => format!("{}:{}", session.role_id, session.session_name),
            Principal::FederatedUser(user) => format!("{}:{}", self.account, user.name),
            Principal::WebIdentity(identity) => format!("{}:{}", identity.provider, identity.subject),
        }
    }

    pub fn is_root(&self) -> bool {
        self.principal == Principal::Root
    }

    fn own(&self, service: &str, resource: String) -> Arn {
        Arn {
            partition: self.partition.to_string(),
            service: service.to_owned(),
            region: String::new(),
            account: self.account.to_string(),
            resource,
        }
    }
}

impl AccessKeyId {
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(principal: Principal) -> Caller {
        Caller { principal, ..Caller::root(Partition::Aws, "111122223333".parse().expect("valid")) }
    }

    #[test]
    fn root_is_named_as_iam_names_it() {
        let account = "111122223333".parse().expect("valid");
        assert_eq!(Caller::root(Partition::AwsCn, account).arn().to_string(), "arn:aws-cn:iam::111122223333:root");
    }

    #[test]
    fn a_user_is_named_with_its_path() {
        let user = User { id: "AIDAEXAMPLE".to_owned(), path: "/a/b/".to_owned(), name: "Alice".to_owned() };
        let alice = caller(Principal::User(Arc::new(user)));
        assert_eq!(alice.arn().to_string(), "arn:aws:iam::111122223333:user/a/b/Alice");
        assert_eq!(alice.principal_arn(), alice.arn());
        assert_eq!(alice.user_id(), "AIDAEXAMPLE");
    }

    #[test]
    fn a_session_is_named_without_the_roles_path() {
        let session = AssumedRole {
            role_id: "AROAEXAMPLE".to_owned(),
            role_path: "/team/".to_owned(),
            role_name: "Admin".to_owned(),
            session_name: "s".to_owned(),
        };
        let session = caller(Principal::AssumedRole(Arc::new(session)));
        assert_eq!(session.arn().to_string(), "arn:aws:sts::111122223333:assumed-role/Admin/s");
        assert_eq!(session.principal_arn().to_string(), "arn:aws:iam::111122223333:role/team/Admin");
        assert_eq!(session.user_id(), "AROAEXAMPLE:s");
    }
}
