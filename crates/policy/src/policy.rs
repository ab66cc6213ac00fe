use std::collections::BTreeMap;

use serde::Serialize;

use crate::condition::Condition;
use crate::error::MalformedPolicy;
use crate::parse;
use crate::principal::{NamedPrincipal, Reach};
use crate::question::Question;
use crate::statement::Statement;

/// A policy document, parsed and compiled. Immutable.
#[derive(Debug)]
pub struct Policy {
    kind: PolicyKind,
    statements: Vec<Statement>,
}

/// What a document is for, which decides what it must and must not contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// Attached to users, groups and roles; also permissions boundaries, session policies and guardrails. No principal.
    Identity,
    /// A KMS key policy. Names principals; a statement without actions or resources is accepted and never matches.
    Key,
    /// A role's trust policy. Names principals, and no resources: it is about its role.
    Trust,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Effect {
    Allow,
    Deny,
}

/// One statement of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StatementRef<'p> {
    /// Its place in the document, from 0.
    pub index: usize,
    pub sid: Option<&'p str>,
    pub effect: Effect,
}

/// What one policy says to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict<'p> {
    /// The first statement that denies. It outweighs any allow; none is looked for then.
    pub deny: Option<StatementRef<'p>>,
    /// The statement that allows and reaches furthest, see [`Reach`]'s order; the first of equals.
    pub allow: Option<(StatementRef<'p>, Reach)>,
}

impl Policy {
    /// The longest document that is read, in bytes: the API's limit for all policy documents. Quotas, which are lower, are
    /// the caller's.
    pub const MAX_LEN: usize = 131_072;

    /// Reads a document of its kind.
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, MalformedPolicy> {
        if text.len() > Self::MAX_LEN {
            return Err(MalformedPolicy::Syntax);
        }
        Ok(Self { kind, statements: parse::statements(text, kind)? })
    }

    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// Every principal that the document names, by `Principal` and `NotPrincipal`, in its order: for existence checks.
    pub fn principals(&self) -> impl Iterator<Item = &NamedPrincipal> {
        self.statements.iter().filter_map(|statement| statement.principals.as_ref()).flat_map(|clause| &clause.names)
    }

    /// Every condition key that the document asks for, in conditions and in variables, spelt as the document has it; a key
    /// may come more than once.
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(Statement::condition_keys)
    }

    /// Ties the ARNs of users and roles that the policy names to the unique ids (AIDA…, AROA…) they had when it was written:
    /// a principal made anew under the same ARN does not match, and one that has been renamed still does. An id given for
    /// the ARN of a role's session is its role's.
    #[must_use]
    pub fn bound_to(mut self, ids: &BTreeMap<String, String>) -> Self {
        let clauses = self.statements.iter_mut().filter_map(|statement| statement.principals.as_mut());
        for name in clauses.flat_map(|clause| &mut clause.names) {
            name.bind(ids);
        }
        self
    }

    /// What the policy says to a question, and nothing of why: the fast path.
    pub fn evaluate<'p>(&'p self, question: &Question<'_>) -> Verdict<'p> {
        self.verdict(question, &question.action.to_ascii_lowercase())
    }

    /// All statements that match a question, in the document's order.
    pub fn matching<'p>(&'p self, question: &Question<'_>) -> impl Iterator<Item = StatementRef<'p>> {
        let action = question.action.to_ascii_lowercase();
        let matching = self.statements.iter().filter(move |statement| statement.matches(question, &action).is_some());
        matching.map(Statement::cited)
    }

    /// A `ForAllValues` on a key that has one value only is true of requests without the key, which is rarely meant: KMS
    /// refuses such key policies. `is_multivalued` is asked for keys in lower case.
    pub fn check_set_operators(&self, is_multivalued: impl Fn(&str) -> bool) -> Result<(), MalformedPolicy> {
        let conditions = self.statements.iter().flat_map(|statement| &statement.conditions);
        match conditions.filter_map(Condition::for_all_values).find(|key| !is_multivalued(key)) {
            None => Ok(()),
            Some(key) => Err(MalformedPolicy::OverlyPermissiveCondition {
                subject: match key.split_once('/').map_or(key, |(family, _)| family) {
                    "aws:requesttag" | "aws:resourcetag" | "aws:principaltag" => "tag",
                    _ if key.starts_with("kms:encryptioncontext:") => "encryption context",
                    _ => "condition key",
                },
            }),
        }
    }

    /// `action` is the question's in lower case.
    pub(crate) fn verdict<'p>(&'p self, question: &Question<'_>, action: &str) -> Verdict<'p> {
        let mut allow: Option<(StatementRef<'p>, Reach)> = None;
        for statement in &self.statements {
            let Some(reach) = statement.matches(question, action) else { continue };
            match statement.effect {
                Effect::Deny => return Verdict { deny: Some(statement.cited()), allow: None },
                Effect::Allow if allow.is_none_or(|(_, furthest)| reach > furthest) => {
                    allow = Some((statement.cited(), reach));
                }
                Effect::Allow => {}
            }
        }
        Verdict { deny: None, allow }
    }

    pub(crate) fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

#[cfg(test)]
mod tests;
