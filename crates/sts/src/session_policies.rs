//! Session policies: what a session is limited to beyond what its role or user may do.

use std::collections::BTreeMap;

use trent_policy::{Policy, PolicyKind};
use trent_shared::ApiError;

use crate::api::PolicyDescriptorType;
use crate::tags::SessionTags;
use crate::{Sts, messages};

/// Those of one session.
#[derive(Debug, Clone, Default)]
pub(crate) struct SessionPolicies {
    /// As [`trent_identity::SessionRecord::policies`].
    pub(crate) documents: Option<BTreeMap<String, String>>,
    /// Their length in characters, without the spaces that mean nothing.
    length: usize,
}

/// What the policy in the request itself is called in explanations.
const INLINE: &str = "session policy";

/// The longest policy in a request, in characters.
const MOST_CHARACTERS: usize = 2048;

/// How many managed policies a request may name.
const MOST_ARNS: usize = 10;

/// Inferred: how many characters of policies and tags fill the space that they are packed into. Users were told 157 % of some
/// 1,690 characters, and 118 % of three quarters of these.
const ROOM: usize = 1_076;

impl Sts {
    /// Reads the policies of a request, and finds those that it names.
    pub(crate) async fn session_policies(
        &self,
        inline: Option<String>,
        arns: Option<Vec<PolicyDescriptorType>>,
    ) -> Result<SessionPolicies, ApiError> {
        let mut policies = SessionPolicies::default();
        if let Some(document) = inline {
            policies.length += length(&document)?;
            policies.documents.get_or_insert_default().insert(INLINE.to_owned(), document);
        }
        let arns: Vec<String> = arns.unwrap_or_default().into_iter().filter_map(|policy| policy.arn).collect();
        if arns.len() > MOST_ARNS {
            return Err(messages::too_long(&format!("[{}]", arns.join(", ")), "policyArns", MOST_ARNS));
        }
        for arn in arns {
            if self.directory().managed_document(&arn).await?.is_none() {
                return Err(messages::no_such_policy(&arn));
            }
            policies.length += arn.len();
            // Its text is looked up whenever it is asked: a new default version counts at once (recorded).
            policies.documents.get_or_insert_default().insert(arn, String::new());
        }
        Ok(policies)
    }
}

impl SessionPolicies {
    /// How much of the space for them policies and tags take, in percent; none where there are neither. More than all of it
    /// is refused.
    pub(crate) fn packed_size(&self, tags: &SessionTags) -> Result<Option<i32>, ApiError> {
        if self.documents.is_none() && tags.requested().is_empty() {
            return Ok(None);
        }
        let tags: usize = tags.requested().iter().map(|(key, value)| key.len() + value.len()).sum();
        let percent = ((self.length + tags) * 100).div_ceil(ROOM);
        match i32::try_from(percent) {
            Ok(size) if size <= 100 => Ok(Some(size)),
            _ => Err(messages::packed_policy_too_large(percent)),
        }
    }
}

/// The characters of a policy that can be read, without the spaces that mean nothing.
fn length(document: &str) -> Result<usize, ApiError> {
    if document.chars().count() > MOST_CHARACTERS {
        return Err(messages::too_long(document, "policy", MOST_CHARACTERS));
    }
    let json: serde_json::Value = serde_json::from_str(document).map_err(|_| messages::policy_is_no_json())?;
    Policy::parse(document, PolicyKind::Identity).map_err(|error| messages::malformed_policy(&error))?;
    Ok(json.to_string().chars().count())
}
