use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use trent_shared::{AccountId, Arn, Caller, Partition, Principal};

/// Whom a grant is for, or who may retire it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantPrincipal {
    /// An ARN, or the unique id of a user (`AIDA…`), a role (`AROA…`) or a session (`AROA…:name`).
    name: String,
    /// The unique id that the user, or the role, behind an ARN had when the grant was made. Somebody who comes by the same
    /// ARN later is not meant; who had it then still is, under whichever name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_id: Option<String>,
}

/// How a caller comes under a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the principal.
    Itself,
    /// It is a session of the role.
    OfRole,
    /// It is one of the account.
    OfAccount,
}

/// The text names no principal that a grant can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidPrincipal {
    /// It is not even an ARN, nor a unique id or an account.
    NoArn,
    /// It is an ARN, but not well-formed; so is that of a session with its role's path (recorded).
    MalformedArn,
    /// It is the ARN of something else, or from another partition.
    OtherArn,
}

impl GrantPrincipal {
    /// Reads a principal; an account id stands for the account.
    pub fn parse(text: &str, partition: Partition) -> Result<Self, InvalidPrincipal> {
        let name = match text.parse::<AccountId>() {
            Ok(account) => format!("arn:{partition}:iam::{account}:root"),
            Err(_) if text.starts_with("arn:") => {
                check_arn(text, partition)?;
                text.to_owned()
            }
            Err(_) if is_unique_id(text) => text.to_owned(),
            Err(_) => return Err(InvalidPrincipal::NoArn),
        };
        Ok(Self { name, unique_id: None })
    }

    /// Ties an ARN to the unique id of the user, or the role, that it stands for now.
    #[must_use]
    pub fn bound_to(self, unique_id: Option<String>) -> Self {
        Self { unique_id, ..self }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn unique_id(&self) -> Option<&str> {
        self.unique_id.as_deref()
    }

    /// Whether the name is an ARN, not a unique id.
    pub fn is_arn(&self) -> bool {
        self.name.starts_with("arn:")
    }

    /// How AWS names it once nobody has the ARN any more (recorded of sessions): by its unique id, which stays the same
    /// when the user gets another name. Where no id is known, the name as it is.
    pub fn lasting_name(&self) -> Cow<'_, str> {
        let Some(id) = &self.unique_id else { return Cow::Borrowed(&self.name) };
        let session = self.name.split_once(":assumed-role/").and_then(|(_, session)| session.split_once('/'));
        session.map_or(Cow::Borrowed(id), |(_, session)| Cow::Owned(format!("{id}:{session}")))
    }

    /// Whether both name the same; an ARN that is not tied to a unique id is whoever has it.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let are_both_tied = self.unique_id.is_some() && other.unique_id.is_some();
        self.lasting_name() == other.lasting_name() || (!are_both_tied && self.name == other.name)
    }

    /// The principal's account; a unique id does not tell it.
    pub fn account(&self) -> Option<AccountId> {
        self.name.split(':').nth(4)?.parse().ok()
    }

    /// How the caller comes under this principal, if it does.
    pub fn standing_of(&self, caller: &Caller) -> Option<Standing> {
        let own = self.lasting_name();
        names_of(caller).into_iter().find_map(|(name, standing)| (name == own).then_some(standing))
    }
}

/// Every [lasting name](GrantPrincipal::lasting_name) under which a grant may mean the caller, the closest first.
pub fn names_of(caller: &Caller) -> Vec<(String, Standing)> {
    let arn = caller.arn().to_string();
    let account = || {
        let root = Caller::root(caller.partition, caller.account).arn().to_string();
        (root, Standing::OfAccount)
    };
    match &caller.principal {
        Principal::Root => vec![(arn, Standing::Itself)],
        Principal::User(user) => {
            vec![(arn, Standing::Itself), (user.id.clone(), Standing::Itself), account()]
        }
        Principal::AssumedRole(session) => vec![
            (arn, Standing::Itself),
            (caller.user_id(), Standing::Itself),
            (caller.principal_arn().to_string(), Standing::OfRole),
            (session.role_id.clone(), Standing::OfRole),
            account(),
        ],
        Principal::FederatedUser(_) => vec![(arn, Standing::Itself), account()],
        // Whom only an identity provider knows has no permissions of its own.
        Principal::WebIdentity(_) => Vec::new(),
    }
}

fn check_arn(text: &str, partition: Partition) -> Result<(), InvalidPrincipal> {
    let arn: Arn = text.parse().map_err(|_| InvalidPrincipal::MalformedArn)?;
    if arn.account.parse::<AccountId>().is_err() || !arn.region.is_empty() {
        return Err(InvalidPrincipal::MalformedArn);
    }
    let (kind, rest) = arn.resource.split_once('/').unwrap_or((&arn.resource, ""));
    let parts: Vec<&str> = rest.split('/').collect();
    let is_named = parts.iter().all(|part| !part.is_empty());
    let is_well_formed = match (arn.service.as_str(), kind) {
        ("iam", "root") => rest.is_empty() && arn.resource == kind,
        ("iam", "user" | "role") => is_named,
        ("sts", "assumed-role") => is_named && parts.len() == 2,
        ("sts", "federated-user") => is_named && parts.len() == 1,
        _ => return Err(InvalidPrincipal::OtherArn),
    };
    if !is_well_formed {
        return Err(InvalidPrincipal::MalformedArn);
    }
    if arn.partition == partition.as_str() { Ok(()) } else { Err(InvalidPrincipal::OtherArn) }
}

fn is_unique_id(text: &str) -> bool {
    let (id, session) = text.split_once(':').map_or((text, None), |(id, session)| (id, Some(session)));
    let is_role = id.starts_with("AROA");
    let is_id = id.len() > 4 && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let has_session = session.is_some_and(|session| !session.is_empty() && !session.contains([':', '/']));
    is_id && if is_role { session.is_none() || has_session } else { id.starts_with("AIDA") && session.is_none() }
}
