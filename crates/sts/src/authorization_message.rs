//! Authorization messages: what stands for a denial until somebody who may know decodes it.
//!
//! AWS seals the decision itself. Here the message names the request, and the decision is read back from where decisions are
//! remembered: the latest ones only.

use base64_simd::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use trent_identity::{DecisionRecord, RecordedOutcome};
use trent_policy::{Effect, Explanation};
use trent_shared::RequestId;
use uuid::Uuid;

use crate::Sts;

/// The message for the denial of a request. DecodeAuthorizationMessage tells what it was.
pub fn encoded_message(request: RequestId) -> String {
    BASE64.encode_to_string(request.as_uuid().as_bytes())
}

impl Sts {
    /// The decision that a message stands for, as JSON; none for what is no such message, or one of a decision that is
    /// forgotten.
    pub(crate) fn decoded(&self, message: &str) -> Option<String> {
        let request = BASE64.decode_to_vec(message.trim()).ok()?;
        let request = RequestId::new(Uuid::from_slice(&request).ok()?);
        let decisions = self.authorizer.decisions().of(request);
        decisions.iter().find_map(denial).map(|denial| denial.to_string())
    }
}

/// A denial in the form of AWS's decoded messages, with Trent's explanation besides.
fn denial(decision: &DecisionRecord) -> Option<Value> {
    let RecordedOutcome::Denied { explanation, .. } = &decision.outcome else { return None };
    let denies = denying_statements(explanation);
    Some(json!({
        "allowed": false,
        "explicitDeny": !denies.is_empty(),
        "matchedStatements": { "items": denies },
        "failures": { "items": [] },
        "context": {
            "principal": { "arn": decision.principal },
            "action": decision.action,
            "resource": decision.resource,
            "conditions": { "items": [] },
        },
        "explanation": explanation,
    }))
}

fn denying_statements(explanation: &Explanation) -> Vec<Value> {
    let statements = explanation.policies.iter().flat_map(|policy| &policy.statements);
    let denying = statements.filter(|statement| statement.matches && statement.effect == Effect::Deny);
    denying
        .map(|statement| json!({ "statementId": statement.sid.as_deref().unwrap_or(""), "effect": "DENY" }))
        .collect()
}
