use trent_shared::Caller;

use crate::condition::Condition;
use crate::pattern::Pattern;
use crate::policy::{Effect, StatementRef};
use crate::principal::{PrincipalClause, Reach};
use crate::question::{Facts, Question};

#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) index: usize,
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    /// Whether it lacks what it would need to match anything.
    pub(crate) is_inert: bool,
    /// None in the policies that callers bring: those are about their callers.
    pub(crate) principals: Option<PrincipalClause>,
    /// In lower case.
    pub(crate) actions: Option<Clause>,
    /// None in trust policies: those are about their roles.
    pub(crate) resources: Option<Clause>,
    pub(crate) conditions: Vec<Condition>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Debug)]
pub(crate) struct Clause {
    pub(crate) is_negated: bool,
    pub(crate) patterns: Vec<Pattern>,
    /// As the policy spells them.
    pub(crate) texts: Vec<String>,
}

impl Statement {
    /// In which way the statement is about the question, if it is. `action` is in lower case. The cheapest and the most
    /// telling comes first; conditions, for which facts have to be found, come last.
    pub(crate) fn matches(&self, question: &Question<'_>, action: &str) -> Option<Reach> {
        let facts = question.facts;
        if self.is_inert || !self.has_action(action) {
            return None;
        }
        let reach = self.reach(question.caller)?;
        let matches = self.has_resource(question.resource, facts)
            && self.conditions.iter().all(|condition| condition.holds(facts));
        matches.then_some(reach)
    }

    pub(crate) fn reach(&self, caller: &Caller) -> Option<Reach> {
        match &self.principals {
            Some(clause) => clause.reach(caller, self.effect),
            None => Some(Reach::Identity),
        }
    }

    pub(crate) fn has_action(&self, action: &str) -> bool {
        self.actions.as_ref().is_some_and(|clause| clause.matches(action, &()))
    }

    pub(crate) fn has_resource(&self, resource: &str, facts: &dyn Facts) -> bool {
        self.resources.as_ref().is_none_or(|clause| clause.matches(resource, facts))
    }

    /// See [`Policy::condition_keys`](crate::Policy::condition_keys).
    pub(crate) fn condition_keys(&self) -> impl Iterator<Item = &str> {
        let patterns = self.resources.iter().flat_map(|clause| &clause.patterns);
        let variables = patterns.flat_map(Pattern::variables).map(|variable| &*variable.key);
        self.conditions.iter().flat_map(Condition::keys).chain(variables)
    }

    pub(crate) fn cited(&self) -> StatementRef<'_> {
        StatementRef { index: self.index, sid: self.sid.as_deref(), effect: self.effect }
    }
}

impl Clause {
    fn matches(&self, text: &str, facts: &dyn Facts) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(text, facts)) != self.is_negated
    }
}
