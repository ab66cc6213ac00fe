//! The conditions of statements.

mod date;
mod network;
mod operator;

use std::cmp::Ordering;

use aws_smithy_types::DateTime;

use crate::document::Json;
use crate::error::MalformedPolicy;
use crate::pattern::{Pattern, Wildcards};
use crate::question::{Facts, Values};
use network::Network;
use operator::{Comparison, Operator, Quantifier, Test};

/// One key under one operator. All of a statement's must hold.
#[derive(Debug)]
pub(crate) struct Condition {
    /// As the policy spells it: `ForAnyValue:StringLikeIfExists`.
    pub(crate) operator_name: String,
    pub(crate) key: String,
    /// As the policy spells them.
    pub(crate) values: Vec<String>,
    /// The key in lower case.
    lookup: Box<str>,
    operator: Operator,
    expected: Expected,
}

/// The values of a condition, ready to be compared. What does not fit the operator is left out: it equals nothing.
#[derive(Debug)]
enum Expected {
    Text(Vec<Pattern>),
    TextIgnoringCase(Vec<Pattern>),
    Numbers(Comparison, Vec<f64>),
    Dates(Comparison, Vec<DateTime>),
    Bools(Vec<bool>),
    Binaries,
    Networks(Vec<Network>),
    Null(Vec<bool>),
}

/// Reads the `Condition` of a statement.
pub(crate) fn read(json: Json, has_variables: bool) -> Result<Vec<Condition>, MalformedPolicy> {
    let mut conditions = Vec::new();
    for (operator_name, keys) in json.object()? {
        let keys = keys.object()?;
        let Some(operator) = Operator::parse(&operator_name) else {
            // Recorded: an unknown operator without keys is let pass.
            if keys.is_empty() {
                continue;
            }
            return Err(MalformedPolicy::Syntax);
        };
        for (key, values) in keys {
            let values = values.scalars()?;
            let expected = Expected::read(operator.test, &values, has_variables)?;
            let lookup = key.to_lowercase().into();
            conditions.push(Condition {
                operator_name: operator_name.clone(),
                key,
                values,
                lookup,
                operator,
                expected,
            });
        }
    }
    Ok(conditions)
}

impl Condition {
    pub(crate) fn holds(&self, facts: &dyn Facts) -> bool {
        let actual = facts.values(&self.lookup);
        if let Expected::Null(expected) = &self.expected {
            return expected.contains(&is_absent(&actual));
        }
        if is_absent(&actual) {
            return self.operator.if_exists
                || match self.operator.quantifier {
                    Some(Quantifier::ForAllValues) => true,
                    Some(Quantifier::ForAnyValue) => false,
                    // What is not there differs from everything (documented).
                    None => self.operator.is_negated,
                };
        }
        let values = match &actual {
            Values::Absent => &[],
            Values::One(value) => std::slice::from_ref(value),
            Values::Many(values) => values.as_slice(),
        };
        let is_negated = self.operator.is_negated;
        let mut equals = values.iter().map(|value| self.expected.equals(&self.values, value, facts));
        match self.operator.quantifier {
            Some(Quantifier::ForAllValues) => equals.all(|equal| equal != is_negated),
            Some(Quantifier::ForAnyValue) => equals.any(|equal| equal != is_negated),
            // AWS leaves open what operators without quantifier are to keys with several values; here, as in its examples, one
            // equal value suffices, and for negated operators there must be none (inferred).
            None => equals.any(|equal| equal) != is_negated,
        }
    }

    /// What the request carries, for explanations.
    pub(crate) fn actual(&self, facts: &dyn Facts) -> Vec<String> {
        match facts.values(&self.lookup) {
            Values::Absent => Vec::new(),
            Values::One(value) => vec![value.into_owned()],
            Values::Many(values) => values.into_iter().map(Into::into).collect(),
        }
    }

    /// The key itself, and those of the variables in its values.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let patterns = match &self.expected {
            Expected::Text(patterns) | Expected::TextIgnoringCase(patterns) => patterns.as_slice(),
            _ => &[],
        };
        let variables = patterns.iter().flat_map(Pattern::variables).map(|variable| &*variable.key);
        std::iter::once(&*self.key).chain(variables)
    }

    /// The key, in lower case, if it is asked for by `ForAllValues`.
    pub(crate) fn for_all_values(&self) -> Option<&str> {
        (self.operator.quantifier == Some(Quantifier::ForAllValues)).then_some(&*self.lookup)
    }
}

impl Expected {
    fn read(test: Test, values: &[String], has_variables: bool) -> Result<Self, MalformedPolicy> {
        let patterns = |wildcards| values.iter().map(move |value| Pattern::compile(value, wildcards, has_variables));
        Ok(match test {
            Test::StringEquals => Self::Text(patterns(Wildcards::None).collect()),
            Test::StringEqualsIgnoreCase => Self::TextIgnoringCase(patterns(Wildcards::None).collect()),
            Test::StringLike => Self::Text(patterns(Wildcards::Free).collect()),
            Test::Arn => Self::Text(patterns(Wildcards::ArnParts).collect()),
            Test::Numeric(comparison) => {
                Self::Numbers(comparison, values.iter().filter_map(|value| number(value)).collect())
            }
            Test::Date(comparison) => {
                let dates = values.iter().map(|value| date::parse(value).ok_or(MalformedPolicy::LegacyParsing));
                Self::Dates(comparison, dates.collect::<Result<_, _>>()?)
            }
            Test::Bool => Self::Bools(values.iter().filter_map(|value| boolean(value)).collect()),
            Test::Binary => Self::Binaries,
            Test::Ip => Self::Networks(values.iter().filter_map(|value| Network::parse(value)).collect()),
            Test::Null => Self::Null(values.iter().filter_map(|value| boolean(value)).collect()),
        })
    }

    /// Whether one value of the request compares to any of the expected ones as the operator, unnegated, says. `written` are
    /// these as the policy spells them.
    fn equals(&self, written: &[String], actual: &str, facts: &dyn Facts) -> bool {
        match self {
            Self::Text(patterns) => patterns.iter().any(|pattern| pattern.matches(actual, facts)),
            Self::TextIgnoringCase(patterns) => {
                patterns.iter().any(|pattern| pattern.equals_ignoring_case(actual, facts))
            }
            Self::Numbers(comparison, expected) => number(actual).is_some_and(|actual| {
                expected
                    .iter()
                    .any(|expected| actual.partial_cmp(expected).is_some_and(|order| comparison.holds(order)))
            }),
            Self::Dates(comparison, expected) => date::parse(actual)
                .is_some_and(|actual| expected.iter().any(|expected| comparison.holds(actual.cmp(expected)))),
            Self::Bools(expected) => boolean(actual).is_some_and(|actual| expected.contains(&actual)),
            // Both are the bytes' Base64.
            Self::Binaries => written.iter().any(|expected| expected == actual),
            Self::Networks(expected) => {
                network::address(actual).is_some_and(|actual| expected.iter().any(|expected| expected.contains(actual)))
            }
            Self::Null(_) => false,
        }
    }
}

impl Comparison {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equals => order.is_eq(),
            Self::LessThan => order.is_lt(),
            Self::LessThanEquals => order.is_le(),
            Self::GreaterThan => order.is_gt(),
            Self::GreaterThanEquals => order.is_ge(),
        }
    }
}

fn is_absent(values: &Values<'_>) -> bool {
    match values {
        Values::Absent => true,
        Values::One(_) => false,
        Values::Many(values) => values.is_empty(),
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A decimal number; Rust alone would also read `inf` and `NaN`.
fn number(text: &str) -> Option<f64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    if is_number { text.parse().ok() } else { None }
}
