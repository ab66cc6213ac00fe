//! `/_trent/decisions`: why requests were allowed or denied. What a denied client is not told is told here.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde::Serialize;
use trent_gateway::{json_response, response};
use trent_identity::{DecisionRecord, RecordedAllow, RecordedOutcome};
use trent_policy::{ExplainedCondition, ExplainedStatement, Explanation, Mismatch};

use super::{AdminApi, Outcome, Refusal};
use crate::clock::rfc3339;

/// Denials listed at once.
const LATEST: usize = 50;

#[derive(Serialize)]
struct Told {
    decisions: Vec<ToldDecision>,
}

#[derive(Serialize)]
struct ToldDecision {
    at: String,
    /// Of a denial: what DecodeAuthorizationMessage opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    encoded_message: Option<String>,
    #[serde(flatten)]
    record: DecisionRecord,
}

impl AdminApi {
    /// Answers for a path that begins with `decisions`: the latest denials, all on one request (`latest`: the one that was
    /// denied last), and these in sentences.
    pub(super) fn decisions(&self, path: &str, request: &Request<Bytes>) -> Outcome {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(Refusal::Method("GET, HEAD"));
        }
        let Some(rest) = path.strip_prefix("decisions").map(|rest| rest.strip_prefix('/').unwrap_or(rest)) else {
            return Err(Refusal::Nowhere);
        };
        if rest.is_empty() {
            return Ok(told(self.authorizer.decisions().latest_denials(LATEST)));
        }
        let (id, wants_sentences) = match rest.strip_suffix("/why") {
            Some(id) => (id, true),
            None => (rest, false),
        };
        let found = self.decisions_on(id)?;
        if wants_sentences {
            let text = found.iter().map(sentences).collect::<Vec<_>>().join("\n");
            return Ok(response(StatusCode::OK, "text/plain; charset=utf-8", text));
        }
        Ok(told(found))
    }
}

impl AdminApi {
    /// All that was decided on a request, or on the one that was denied last.
    fn decisions_on(&self, request: &str) -> Result<Vec<DecisionRecord>, Refusal> {
        let log = self.authorizer.decisions();
        let request_id = if request == "latest" {
            let latest = log.latest_denials(1).into_iter().next();
            latest.ok_or_else(|| Refusal::Absent("nothing was denied so far".to_owned()))?.request_id
        } else {
            request.parse().map_err(|_| Refusal::Request(format!("{request:?} is not a request id")))?
        };
        let found = log.of(request_id);
        if found.is_empty() {
            return Err(Refusal::Absent(format!(
                "nothing is known of request {request_id}: it asked for no permission, or was too long ago, or \
                 authorization.mode is off"
            )));
        }
        Ok(found)
    }
}

fn told(found: Vec<DecisionRecord>) -> trent_gateway::Response {
    let decisions = found.into_iter().map(|record| ToldDecision {
        at: rfc3339(record.at),
        encoded_message: trent_sts::encoded_message(&record),
        record,
    });
    json_response(StatusCode::OK, &Told { decisions: decisions.collect() })
}

/// One decision for people to read.
fn sentences(record: &DecisionRecord) -> String {
    let DecisionRecord { at, principal, action, resource, outcome, .. } = record;
    let mut text = String::new();
    let verdict = match outcome {
        RecordedOutcome::Allowed(_) => "ALLOWED",
        RecordedOutcome::Denied { only_observed: true, .. } => "ALLOWED, since denials are only observed",
        RecordedOutcome::Denied { only_observed: false, .. } => "DENIED",
    };
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{verdict}: {action}");
    let _ = writeln!(text, "  on {resource}\n  by {principal}\n  at {}", rfc3339(*at));
    match outcome {
        RecordedOutcome::Allowed(allow) => allowed(&mut text, allow),
        RecordedOutcome::Denied { message, explanation, .. } => {
            let _ = writeln!(text, "  {}\n  the client is told: {message}", explanation.summary);
            explained(&mut text, explanation);
        }
    }
    text
}

fn allowed(text: &mut String, allow: &RecordedAllow) {
    let _ = writeln!(text, "  Allowed by {}.", allow.by);
    if !allow.grant_id.is_empty() {
        let _ = writeln!(text, "    grant {}", allow.grant_id);
    }
    for statement in &allow.statements {
        let sid = if statement.sid.is_empty() { String::new() } else { format!(" ({:?})", statement.sid) };
        let _ = writeln!(text, "    statement {}{sid} of {}", statement.index + 1, statement.policy);
    }
}

fn explained(text: &mut String, explanation: &Explanation) {
    for policy in &explanation.policies {
        let _ = writeln!(text, "\n  {} ({}):", policy.name, policy.layer);
        if policy.statements.is_empty() {
            let _ = writeln!(text, "    has no statements");
        }
        for statement in &policy.statements {
            explained_statement(text, statement);
        }
    }
    if !explanation.grants.is_empty() {
        let _ = writeln!(text, "\n  grants:");
    }
    for grant in &explanation.grants {
        let says = grant.reason.as_deref().unwrap_or("allows it, but not alone");
        let _ = writeln!(text, "    {}: {says}", grant.grant_id);
    }
}

fn explained_statement(text: &mut String, statement: &ExplainedStatement) {
    let sid = statement.sid.as_ref().map(|sid| format!(" ({sid:?})")).unwrap_or_default();
    let matches = if statement.matches { "matches" } else { "does not match" };
    let _ = writeln!(text, "    statement {}{sid}, {:?}: {matches}", statement.index + 1, statement.effect);
    for mismatch in &statement.mismatches {
        let _ = match mismatch {
            Mismatch::Principal { element, expected } => {
                writeln!(text, "      {element} is {}: not the caller", list(expected))
            }
            Mismatch::Action { element, expected } => {
                writeln!(text, "      {element} is {}: not this action", list(expected))
            }
            Mismatch::Resource { element, expected } => {
                writeln!(text, "      {element} is {}: not this resource", list(expected))
            }
            Mismatch::Condition(ExplainedCondition { operator, key, expected, actual }) => {
                let actual = if actual.is_empty() { "is absent".to_owned() } else { format!("is {}", list(actual)) };
                writeln!(text, "      {operator} of {key} with {}: {key} {actual}", list(expected))
            }
        };
    }
}

fn list(values: &[String]) -> String {
    match values {
        [] => "nothing".to_owned(),
        values => values.join(", "),
    }
}
