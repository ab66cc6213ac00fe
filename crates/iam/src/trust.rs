//! Trust policies: who may assume a role. Whoever they name must exist.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use trent_identity::Known;
use trent_policy::{MalformedPolicy, NamedPrincipal, Policy, PolicyKind, PrincipalKind};
use trent_shared::{ApiError, Arn};

use crate::{Iam, messages, policy_document};

/// How long a trust policy may be without its white space (IAM quotas, the default value).
const LONGEST: usize = 2048;

/// The domains of AWS's service principals.
const SERVICE_DOMAINS: [&str; 4] = [".amazonaws.com", ".amazonaws.com.cn", ".aws.internal", ".amazon.com"];

/// A trust policy in order.
pub(crate) struct TrustPolicy {
    /// As it was given.
    pub(crate) document: String,
    /// The unique ids of the users and roles that it names, by the names there.
    pub(crate) ids: BTreeMap<String, String>,
}

impl Iam {
    /// Checks a trust policy.
    pub(crate) async fn trust_policy(&self, document: String) -> Result<TrustPolicy, ApiError> {
        let policy = read(&document)?;
        if policy_document::size(&document) > LONGEST {
            return Err(messages::quota("ACLSizePerRole", LONGEST));
        }
        let mut ids = BTreeMap::new();
        for principal in policy.principals() {
            if let Some(id) = self.trusted(principal).await? {
                ids.insert(principal.name().to_owned(), id);
            }
        }
        Ok(TrustPolicy { document, ids })
    }

    /// The unique id of a principal, if it is one that has an id.
    async fn trusted(&self, principal: &NamedPrincipal) -> Result<Option<String>, ApiError> {
        let name = principal.name();
        match principal.kind() {
            PrincipalKind::Aws if principal.is_everyone() => Ok(None),
            PrincipalKind::Aws => match self.directory().principal(name).await? {
                Known::Exists { id } => Ok(id),
                Known::TakenAsExisting => Ok(None),
                Known::Missing | Known::NotAPrincipal => Err(messages::invalid_principal("AWS", name)),
            },
            PrincipalKind::Service if is_service(name) => Ok(None),
            PrincipalKind::Service => Err(messages::invalid_principal("SERVICE", name)),
            PrincipalKind::Federated if is_provider(name) => Ok(None),
            PrincipalKind::Federated => Err(messages::invalid_federated_principal()),
            PrincipalKind::CanonicalUser => Err(messages::invalid_principal("CANONICALUSER", name)),
        }
    }
}

fn read(document: &str) -> Result<Policy, ApiError> {
    Policy::parse(document, PolicyKind::Trust).map_err(|error| match error {
        // Of trust policies IAM tells what is no JSON from what is no policy (recorded).
        MalformedPolicy::Syntax if serde_json::from_str::<IgnoredAny>(document).is_err() => messages::invalid_json(),
        error => messages::malformed_policy(&error),
    })
}

/// Whether it could be a service's principal: which there are, AWS alone knows.
fn is_service(name: &str) -> bool {
    let service = SERVICE_DOMAINS.iter().find_map(|domain| name.strip_suffix(domain));
    service.is_some_and(is_domain)
}

/// Whether it could be an identity provider: its ARN, or the domain of one that needs none, like Amazon Cognito.
/// Inferred: AWS does not ask whether there is such a provider.
fn is_provider(name: &str) -> bool {
    let Ok(arn) = name.parse::<Arn>() else { return is_domain(name) };
    let is_ours = arn.service == "iam" && arn.region.is_empty();
    let mut kinds = ["oidc-provider/", "saml-provider/"].into_iter();
    is_ours && kinds.any(|kind| arn.resource.strip_prefix(kind).is_some_and(|provider| !provider.is_empty()))
}

fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_providers_are_told_by_their_forms() {
        for service in
            ["ec2.amazonaws.com", "mrk.kms.amazonaws.com", "ec2.amazonaws.com.cn", "s-2.us-east-1.amazonaws.com"]
        {
            assert!(is_service(service), "{service}");
        }
        for other in
            ["ec2", ".amazonaws.com", "amazonaws.com", "*", "*.amazonaws.com", "ec2.example.com", "a..amazonaws.com"]
        {
            assert!(!is_service(other), "{other}");
        }
        for provider in [
            "cognito-identity.amazonaws.com",
            "accounts.google.com",
            "arn:aws:iam::111122223333:oidc-provider/example.com/a",
            "arn:aws:iam::111122223333:saml-provider/corp",
        ] {
            assert!(is_provider(provider), "{provider}");
        }
        for other in
            ["", "*", "arn:aws:iam::111122223333:role/r", "arn:aws:iam::111122223333:oidc-provider/", "a b.com"]
        {
            assert!(!is_provider(other), "{other}");
        }
    }
}
