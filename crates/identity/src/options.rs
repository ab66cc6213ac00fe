use std::sync::Arc;

use trent_policy::Policy;
use trent_shared::{AccountId, Arn, AssumedRole, FederatedUser, Principal, SecretString, User};

use crate::ids::IdKind;

/// What can be set about who there is.
#[derive(Debug, Clone)]
pub struct DirectoryOptions {
    /// Whether there is an IAM to make principals with. Where there is none, every principal that a policy names is taken
    /// as existing, and identity policies, which nobody could write, allow everything.
    pub is_iam_enabled: bool,
    /// Credentials that exist without IAM.
    pub credentials: Vec<StaticCredentials>,
    pub organization: Organization,
}

/// Credentials from the configuration.
#[derive(Debug, Clone)]
pub struct StaticCredentials {
    pub access_key_id: String,
    pub secret: SecretString,
    pub account: AccountId,
    /// Who calls with them. The ids in it count where IAM knows no principal of that name.
    pub principal: Principal,
}

/// The organization that all accounts belong to.
#[derive(Debug, Clone, Default)]
pub struct Organization {
    /// `o-…` (`aws:PrincipalOrgID`); without one, there is no organization.
    pub id: Option<String>,
    pub guardrails: Vec<Guardrail>,
}

/// What the organization leaves to its accounts, as a service control policy.
#[derive(Debug, Clone)]
pub struct Guardrail {
    pub name: String,
    /// The accounts that it limits; none stand for all.
    pub accounts: Vec<AccountId>,
    /// An identity policy.
    pub policy: Arc<Policy>,
}

/// Nobody can have credentials under this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an account id nor the ARN of a root user, a user, a role's session or a federated user")]
pub struct InvalidPrincipal(pub String);

impl Default for DirectoryOptions {
    fn default() -> Self {
        Self { is_iam_enabled: true, credentials: Vec::new(), organization: Organization::default() }
    }
}

impl StaticCredentials {
    /// `principal` is an account id, which stands for its root user, or an ARN.
    pub fn new(access_key_id: String, secret: SecretString, principal: &str) -> Result<Self, InvalidPrincipal> {
        let (account, principal) = parse(principal).ok_or_else(|| InvalidPrincipal(principal.to_owned()))?;
        Ok(Self { access_key_id, secret, account, principal })
    }
}

impl Organization {
    /// The guardrails of an account.
    pub(crate) fn guardrails(&self, account: AccountId) -> impl Iterator<Item = &Guardrail> {
        self.guardrails
            .iter()
            .filter(move |guardrail| guardrail.accounts.is_empty() || guardrail.accounts.contains(&account))
    }
}

fn parse(name: &str) -> Option<(AccountId, Principal)> {
    if let Ok(account) = name.parse() {
        return Some((account, Principal::Root));
    }
    let arn: Arn = name.parse().ok()?;
    let account = arn.account.parse().ok()?;
    let (kind, rest) = arn.resource.split_once('/').unwrap_or((&arn.resource, ""));
    let principal = match (&*arn.service, kind) {
        ("iam", "root") if rest.is_empty() => Principal::Root,
        ("iam", "user") if !rest.is_empty() => {
            let (path, name) =
                rest.rsplit_once('/').map_or(("/".to_owned(), rest), |(path, name)| (format!("/{path}/"), name));
            let id = IdKind::User.derive(account, name);
            Principal::User(Arc::new(User { id, path, name: name.to_owned() }))
        }
        ("sts", "assumed-role") => {
            let (role, session) = rest.split_once('/')?;
            Principal::AssumedRole(Arc::new(AssumedRole {
                role_id: IdKind::Role.derive(account, role),
                role_path: "/".to_owned(),
                role_name: role.to_owned(),
                session_name: session.to_owned(),
            }))
        }
        ("sts", "federated-user") if !rest.is_empty() => {
            Principal::FederatedUser(Arc::new(FederatedUser { name: rest.to_owned() }))
        }
        _ => return None,
    };
    Some((account, principal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(principal: &str) -> Result<StaticCredentials, InvalidPrincipal> {
        StaticCredentials::new("AKIATEST".to_owned(), SecretString::new("s".to_owned()), principal)
    }

    #[test]
    fn a_principal_is_an_account_or_an_arn() {
        let root = new("111122223333").expect("an account");
        assert_eq!((root.account.as_str(), root.principal), ("111122223333", Principal::Root));
        let alice = new("arn:aws:iam::111122223333:user/a/b/alice").expect("a user");
        let Principal::User(alice) = alice.principal else { panic!("not a user") };
        assert_eq!((&*alice.path, &*alice.name, alice.id.len()), ("/a/b/", "alice", 21));
        let session = new("arn:aws:sts::111122223333:assumed-role/R/s").expect("a session");
        let Principal::AssumedRole(session) = session.principal else { panic!("not a session") };
        assert_eq!((&*session.role_name, &*session.session_name), ("R", "s"));
    }

    #[test]
    fn what_nobody_can_have_credentials_for_is_refused() {
        for wrong in [
            "",
            "alice",
            "arn:aws:iam::111122223333:role/R",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam::1:root",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:sts::111122223333:assumed-role/R",
        ] {
            assert_eq!(new(wrong).map(drop), Err(InvalidPrincipal(wrong.to_owned())));
        }
    }
}
