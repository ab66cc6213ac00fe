//! Authorization messages: what stands for a denial until somebody who may know decodes it.
//!
//! AWS seals the decision itself. Here the message names the decision by a random id, and the decision is read back from where decisions are
//! remembered: the latest ones only.

use base64_simd::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use trent_identity::{DecisionRecord, RecordedOutcome};
use trent_policy::{Effect, ExplainedPolicy, Explanation, Layer};
use trent_shared::AccountId;
use uuid::Uuid;

use crate::Sts;

/// The message for a decision, if it is a denial. DecodeAuthorizationMessage tells what it was.
pub fn encoded_message(decision: &DecisionRecord) -> Option<String> {
    match &decision.outcome {
        RecordedOutcome::Denied { id, .. } => Some(BASE64.encode_to_string(id.as_bytes())),
        RecordedOutcome::Allowed(_) => None,
    }
}

impl Sts {
    /// The decision on a caller of this account that a message stands for, as JSON; none for what is no such message, or
    /// one of a decision that is forgotten.
    pub(crate) fn decoded(&self, account: AccountId, message: &str) -> Option<String> {
        let id = BASE64.decode_to_vec(message.trim()).ok()?;
        let decision = self.authorizer.decisions().denial(Uuid::from_slice(&id).ok()?)?;
        denial(&decision).filter(|_| decision.account == account).map(|denial| denial.to_string())
    }
}

/// A denial in the form of AWS's decoded messages, with Trent's explanation besides. Of a resource of another account
/// nothing is told, as in the denial itself.
fn denial(decision: &DecisionRecord) -> Option<Value> {
    let RecordedOutcome::Denied { explanation, is_foreign, .. } = &decision.outcome else { return None };
    let denies = denying_statements(explanation, *is_foreign);
    let told = !is_foreign;
    Some(json!({
        "allowed": false,
        "explicitDeny": !denies.is_empty(),
        "matchedStatements": { "items": denies },
        "failures": { "items": [] },
        "context": {
            "principal": { "arn": decision.principal },
            "action": decision.action,
            "resource": told.then_some(&decision.resource),
            "conditions": { "items": [] },
        },
        "explanation": told.then_some(explanation),
    }))
}

fn denying_statements(explanation: &Explanation, is_foreign: bool) -> Vec<Value> {
    let told = |policy: &&ExplainedPolicy| !(is_foreign && policy.layer == Layer::ResourcePolicy);
    let statements = explanation.policies.iter().filter(told).flat_map(|policy| &policy.statements);
    let denying = statements.filter(|statement| statement.matches && statement.effect == Effect::Deny);
    denying
        .map(|statement| json!({ "statementId": statement.sid.as_deref().unwrap_or(""), "effect": "DENY" }))
        .collect()
}
