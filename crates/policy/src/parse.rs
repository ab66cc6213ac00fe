//! From JSON to statements: what may stand where, said in IAM's order of checks.

use std::collections::BTreeSet;

use crate::condition;
use crate::document::{self, Json};
use crate::error::MalformedPolicy;
use crate::pattern::{Pattern, Wildcards};
use crate::policy::{Effect, PolicyKind};
use crate::principal::{NamedPrincipal, PrincipalClause, PrincipalKind};
use crate::resource_format;
use crate::statement::{Clause, Statement};

const CURRENT_VERSION: &str = "2012-10-17";
const FIRST_VERSION: &str = "2008-10-17";

/// The only actions of trust policies.
const ASSUME_ROLE: [&str; 6] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:setcontext",
    "sts:setsourceidentity",
    "sts:tagsession",
];

pub(crate) fn statements(text: &str, kind: PolicyKind) -> Result<Vec<Statement>, MalformedPolicy> {
    let mut version = None;
    let mut statements = None;
    for (element, value) in document::read(text)?.object()? {
        match element.as_str() {
            "Version" => version = Some(value.string()?),
            "Id" => drop(value.string()?),
            "Statement" => statements = Some(value),
            _ => return Err(MalformedPolicy::Syntax),
        }
    }
    let is_current = match version.as_deref() {
        Some(CURRENT_VERSION) => true,
        Some(FIRST_VERSION) | None => false,
        Some(_) => return Err(MalformedPolicy::Syntax),
    };
    let statements = match statements.ok_or(MalformedPolicy::Syntax)? {
        Json::Array(statements) if !statements.is_empty() => statements,
        Json::Array(_) => return Err(MalformedPolicy::Syntax),
        one => vec![one],
    };
    let elements = statements.into_iter().map(Elements::read).collect::<Result<Vec<_>, _>>()?;
    let compiled = elements.into_iter().enumerate().map(|(index, elements)| elements.compile(index, kind, is_current));
    let compiled: Vec<_> = compiled.collect();
    // Syntax comes first wherever it is wrong, then the version, then the rest.
    if compiled.iter().any(|statement| matches!(statement, Err(MalformedPolicy::Syntax))) {
        return Err(MalformedPolicy::Syntax);
    }
    if kind == PolicyKind::Identity && !is_current {
        return Err(MalformedPolicy::Version);
    }
    let compiled = compiled.into_iter().collect::<Result<Vec<_>, _>>()?;
    check(&compiled, kind)?;
    Ok(compiled.into_iter().map(|written| written.statement).collect())
}

/// The elements of a statement, each of its type, and none that exclude each other.
struct Elements {
    sid: Option<String>,
    /// None where it is spelt in other letters, which only "legacy parsing" minds.
    effect: Option<Effect>,
    principal: Option<(bool, Vec<(PrincipalKind, String)>)>,
    actions: Option<(bool, Vec<String>)>,
    resources: Option<(bool, Vec<String>)>,
    condition: Option<Json>,
}

/// A statement, and of its texts those that are checked after it is compiled.
struct Written {
    statement: Statement,
    has_principal: bool,
    has_not_principal: bool,
    actions: Option<Vec<String>>,
    resources: Option<(bool, Vec<String>)>,
}

impl Elements {
    fn read(json: Json) -> Result<Self, MalformedPolicy> {
        let (mut sid, mut effect, mut condition) = (None, None, None);
        let (mut principal, mut actions, mut resources) = (None, None, None);
        for (element, value) in json.object()? {
            let is_second = match element.as_str() {
                "Sid" => sid.replace(value.string()?).is_some(),
                "Effect" => effect.replace(value.string()?).is_some(),
                "Condition" => condition.replace(value).is_some(),
                "Principal" => principal.replace((false, names(value)?)).is_some(),
                "NotPrincipal" => principal.replace((true, names(value)?)).is_some(),
                "Action" => actions.replace((false, value.strings()?)).is_some(),
                "NotAction" => actions.replace((true, value.strings()?)).is_some(),
                "Resource" => resources.replace((false, value.strings()?)).is_some(),
                "NotResource" => resources.replace((true, value.strings()?)).is_some(),
                _ => return Err(MalformedPolicy::Syntax),
            };
            if is_second {
                return Err(MalformedPolicy::Syntax);
            }
        }
        let effect: String = effect.ok_or(MalformedPolicy::Syntax)?;
        let effect = match effect.as_str() {
            "Allow" => Some(Effect::Allow),
            "Deny" => Some(Effect::Deny),
            other if other.eq_ignore_ascii_case("Allow") || other.eq_ignore_ascii_case("Deny") => None,
            _ => return Err(MalformedPolicy::Syntax),
        };
        Ok(Self { sid, effect, principal, actions, resources, condition })
    }

    fn compile(self, index: usize, kind: PolicyKind, is_current: bool) -> Result<Written, MalformedPolicy> {
        let conditions = match self.condition {
            Some(condition) => condition::read(condition, is_current)?,
            None => Vec::new(),
        };
        let effect = self.effect.ok_or(MalformedPolicy::LegacyParsing)?;
        let has_principal = self.principal.is_some();
        let principals = self.principal.map(|(is_negated, names)| PrincipalClause {
            is_negated,
            names: names.into_iter().map(|(kind, name)| NamedPrincipal::new(kind, name)).collect(),
        });
        let clause = |texts: &Option<(bool, Vec<String>)>, pattern: &dyn Fn(&str) -> Pattern| {
            let (is_negated, texts) = texts.as_ref().filter(|(_, texts)| !texts.is_empty())?;
            let patterns = texts.iter().map(|text| pattern(text)).collect();
            Some(Clause { is_negated: *is_negated, patterns, texts: texts.clone() })
        };
        // Actions know no variables.
        let actions =
            clause(&self.actions, &|text| Pattern::compile(&text.to_ascii_lowercase(), Wildcards::Free, false));
        let resources = clause(&self.resources, &|text| Pattern::compile(text, Wildcards::Resource, is_current));
        let is_inert = actions.is_none() || kind != PolicyKind::Trust && resources.is_none();
        Ok(Written {
            has_principal,
            has_not_principal: principals.as_ref().is_some_and(|clause| clause.is_negated),
            actions: self.actions.map(|(_, texts)| texts),
            resources: self.resources,
            statement: Statement { index, sid: self.sid, effect, is_inert, principals, actions, resources, conditions },
        })
    }
}

/// `"*"`, or names under the kinds of principals.
fn names(json: Json) -> Result<Vec<(PrincipalKind, String)>, MalformedPolicy> {
    if let Json::String(text) = json {
        return if text == "*" { Ok(vec![(PrincipalKind::Aws, text)]) } else { Err(MalformedPolicy::Syntax) };
    }
    let mut names = Vec::new();
    for (kind, value) in json.object()? {
        let kind = match kind.as_str() {
            "AWS" => PrincipalKind::Aws,
            "Service" => PrincipalKind::Service,
            "Federated" => PrincipalKind::Federated,
            "CanonicalUser" => PrincipalKind::CanonicalUser,
            _ => return Err(MalformedPolicy::Syntax),
        };
        names.extend(value.strings()?.into_iter().map(|name| (kind, name)));
    }
    Ok(names)
}

/// What is asked of statements that are well-formed, in the order in which IAM asks it (recorded).
fn check(statements: &[Written], kind: PolicyKind) -> Result<(), MalformedPolicy> {
    let texts = |written: &Written| written.resources.as_ref().map(|(_, texts)| texts.clone()).unwrap_or_default();
    let resource_error = match kind {
        PolicyKind::Identity => resource_format::check(&statements.iter().flat_map(texts).collect::<Vec<_>>())?,
        PolicyKind::Key | PolicyKind::Trust => None,
    };
    check_sids(statements, kind)?;
    for written in statements {
        match kind {
            PolicyKind::Identity => check_identity(written)?,
            PolicyKind::Key => check_principal(written)?,
            PolicyKind::Trust => check_trust(written)?,
        }
    }
    if let Some(error) = resource_error {
        return Err(error);
    }
    for action in statements.iter().filter_map(|written| written.actions.as_ref()).flatten() {
        check_action(action)?;
    }
    if kind == PolicyKind::Trust && !statements.iter().all(|written| only_assumes_roles(&written.statement)) {
        return Err(MalformedPolicy::NotAssumeRole);
    }
    Ok(())
}

fn check_sids(statements: &[Written], kind: PolicyKind) -> Result<(), MalformedPolicy> {
    let mut seen = BTreeSet::new();
    let sids = statements.iter().filter_map(|written| written.statement.sid.as_deref()).filter(|sid| !sid.is_empty());
    for sid in sids {
        if !seen.insert(sid) {
            return Err(MalformedPolicy::SidNotUnique);
        }
        if kind != PolicyKind::Key && !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(MalformedPolicy::SidCharacters);
        }
    }
    Ok(())
}

fn check_identity(written: &Written) -> Result<(), MalformedPolicy> {
    if written.has_principal {
        return Err(MalformedPolicy::PrincipalGiven);
    }
    if written.statement.actions.is_none() {
        return Err(MalformedPolicy::NoActions);
    }
    if written.statement.resources.is_none() {
        return Err(MalformedPolicy::NoResources);
    }
    Ok(())
}

fn check_principal(written: &Written) -> Result<(), MalformedPolicy> {
    match &written.statement.principals {
        None => Err(MalformedPolicy::NoPrincipal),
        Some(clause) if clause.names.is_empty() => Err(MalformedPolicy::EmptyPrincipal),
        Some(_) => Ok(()),
    }
}

fn check_trust(written: &Written) -> Result<(), MalformedPolicy> {
    check_principal(written)?;
    if written.has_not_principal && written.statement.effect == Effect::Allow {
        return Err(MalformedPolicy::AllowNotPrincipal);
    }
    if written.statement.actions.is_none() {
        return Err(MalformedPolicy::NoTrustActions);
    }
    match &written.resources {
        Some((true, _)) => Err(MalformedPolicy::NotResourceGiven),
        Some((false, _)) => Err(MalformedPolicy::ResourceGiven),
        None => Ok(()),
    }
}

fn check_action(action: &str) -> Result<(), MalformedPolicy> {
    let mut parts = action.split(':');
    let vendor = parts.next().unwrap_or_default();
    match (parts.next(), parts.next()) {
        _ if action == "*" => Ok(()),
        (None, _) => Err(MalformedPolicy::NoVendor),
        (_, Some(_)) => Err(MalformedPolicy::Colons),
        _ if vendor == "*" => Ok(()),
        _ if vendor.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')) => Ok(()),
        _ => Err(MalformedPolicy::Vendor(vendor.to_owned())),
    }
}

/// Inferred for wildcards and `NotAction`: an action is one that AssumeRole's family has if a pattern covers it.
fn only_assumes_roles(statement: &Statement) -> bool {
    let patterns = statement.actions.iter().flat_map(|clause| clause.patterns.iter().zip(&clause.texts));
    patterns.into_iter().all(|(pattern, text)| {
        text.len() > 4
            && text.get(..4).is_some_and(|vendor| vendor.eq_ignore_ascii_case("sts:"))
            && ASSUME_ROLE.iter().any(|action| pattern.matches(action, &()))
    })
}

#[cfg(test)]
mod tests;
