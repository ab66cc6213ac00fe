//! Texts of policies with wildcards and policy variables, compiled when a policy is read.

use std::borrow::Cow;

use crate::question::{Facts, Values};

/// What a text of a policy matches. The forms that most patterns have match without a loop.
#[derive(Debug, PartialEq)]
pub(crate) enum Pattern {
    Anything,
    Exactly(Box<str>),
    StartsWith(Box<str>),
    Glob(Box<[Token]>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Text(Box<str>),
    /// `?`
    One(Span),
    /// `*`
    Run(Span),
    Variable(Variable),
}

/// What a wildcard may stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Span {
    Anything,
    /// Anything but a colon.
    WithinPart,
}

/// `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variable {
    /// As the policy spells it.
    pub(crate) key: Box<str>,
    /// In lower case.
    lookup: Box<str>,
    default: Option<Box<str>>,
}

/// What is special in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wildcards {
    None,
    /// `*` and `?` stand for any characters.
    Free,
    /// The pattern of an ARN in `Resource`. In the first five parts wildcards stay within their part, but a `*` that ends a
    /// part runs on over colons (documented). The sixth part has colons of its own (inferred: any character there).
    Resource,
    /// The pattern of an ARN in a condition: the six parts are compared one by one (documented). A `*` that ends the pattern
    /// stands for all parts that it leaves out (inferred).
    ArnParts,
}

/// The colons that set an ARN's resource apart.
const COLONS: usize = 5;

impl Pattern {
    /// `has_variables`: whether the policy's version knows `${…}`.
    pub(crate) fn compile(text: &str, wildcards: Wildcards, has_variables: bool) -> Self {
        let mut tokens = tokens(text, wildcards, has_variables);
        match tokens.as_mut_slice() {
            [] => Self::Exactly("".into()),
            [Token::Run(Span::Anything)] => Self::Anything,
            [Token::Text(text)] => Self::Exactly(std::mem::take(text)),
            [Token::Text(text), Token::Run(Span::Anything)] => Self::StartsWith(std::mem::take(text)),
            _ => Self::Glob(tokens.into()),
        }
    }

    /// Whether all of a text is what the pattern says. A variable that the request lacks matches nothing. Takes at most the
    /// product of both lengths.
    pub(crate) fn matches(&self, text: &str, facts: &dyn Facts) -> bool {
        match self {
            Self::Anything => true,
            Self::Exactly(expected) => **expected == *text,
            Self::StartsWith(prefix) => text.starts_with(&**prefix),
            Self::Glob(tokens) => match resolved(tokens, facts) {
                Some(tokens) => glob(&tokens, text),
                None => false,
            },
        }
    }

    /// As [`matches`](Self::matches), for patterns without wildcards, and whatever the case of letters.
    pub(crate) fn equals_ignoring_case(&self, text: &str, facts: &dyn Facts) -> bool {
        let expected: Cow<'_, str> = match self {
            Self::Exactly(expected) => Cow::Borrowed(expected),
            Self::Glob(tokens) => {
                let Some(tokens) = resolved(tokens, facts) else { return false };
                let text = |token: &Token| if let Token::Text(text) = token { text.to_string() } else { String::new() };
                Cow::Owned(tokens.iter().map(text).collect())
            }
            Self::Anything | Self::StartsWith(_) => return false,
        };
        let lower = |text: &'_ str| text.to_lowercase();
        expected.eq_ignore_ascii_case(text) || lower(&expected) == lower(text)
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        let tokens: &[Token] = if let Self::Glob(tokens) = self { tokens } else { &[] };
        tokens.iter().filter_map(|token| if let Token::Variable(variable) = token { Some(variable) } else { None })
    }
}

impl Variable {
    fn value(&self, facts: &dyn Facts) -> Option<Box<str>> {
        match facts.values(&self.lookup) {
            Values::One(value) => Some(value.into()),
            // Keys with several values cannot be variables (documented).
            Values::Absent | Values::Many(_) => self.default.clone(),
        }
    }
}

fn tokens(text: &str, wildcards: Wildcards, has_variables: bool) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut literal = String::new();
    let mut colons = 0;
    let mut rest = text;
    let mut chars = rest.chars();
    while let Some(char) = chars.next() {
        let after = chars.as_str();
        let is_wildcard = matches!(char, '*' | '?') && wildcards != Wildcards::None;
        let special = if is_wildcard {
            let may_cross = match wildcards {
                Wildcards::None | Wildcards::Free => true,
                Wildcards::Resource => colons >= COLONS || char == '*' && (after.is_empty() || after.starts_with(':')),
                Wildcards::ArnParts => colons >= COLONS || char == '*' && after.is_empty(),
            };
            let span = if may_cross { Span::Anything } else { Span::WithinPart };
            Some((if char == '*' { Token::Run(span) } else { Token::One(span) }, after))
        } else if has_variables && char == '$' {
            variable(rest)
        } else {
            None
        };
        rest = after;
        match special {
            Some((Token::Text(text), after)) => {
                literal.push_str(&text);
                rest = after;
            }
            Some((token, after)) => {
                if !literal.is_empty() {
                    tokens.push(Token::Text(std::mem::take(&mut literal).into()));
                }
                tokens.push(token);
                rest = after;
            }
            None => {
                colons += usize::from(char == ':');
                literal.push(char);
            }
        }
        chars = rest.chars();
    }
    if !literal.is_empty() {
        tokens.push(Token::Text(literal.into()));
    }
    tokens
}

/// The variable that a text begins with, and what follows it. What only looks like one is text (inferred).
fn variable(text: &str) -> Option<(Token, &str)> {
    let inner = text.strip_prefix("${")?;
    let end = inner.find(['}', ',', '{', '$'])?;
    let (name, after) = inner.split_at_checked(end)?;
    // `${*}`, `${?}` and `${$}` are the characters themselves.
    if let Some(after) = inner.strip_prefix("$}") {
        return Some((Token::Text("$".into()), after));
    }
    if let ("*" | "?", Some(after)) = (name, after.strip_prefix('}')) {
        return Some((Token::Text(name.into()), after));
    }
    let key = name.trim();
    if key.is_empty() {
        return None;
    }
    let (default, after) = match after.strip_prefix(',') {
        None => (None, after),
        Some(after) => {
            let (default, after) = after.trim_start().strip_prefix('\'')?.split_once('\'')?;
            (Some(default.into()), after.trim_start())
        }
    };
    let after = after.strip_prefix('}')?;
    Some((Token::Variable(Variable { key: key.into(), lookup: key.to_lowercase().into(), default }), after))
}

/// The tokens with the values of their variables, which are text: wildcards in them mean themselves. None if the request
/// lacks one.
fn resolved<'t>(tokens: &'t [Token], facts: &dyn Facts) -> Option<Cow<'t, [Token]>> {
    if !tokens.iter().any(|token| matches!(token, Token::Variable(_))) {
        return Some(Cow::Borrowed(tokens));
    }
    let resolved = tokens.iter().map(|token| match token {
        Token::Variable(variable) => variable.value(facts).map(Token::Text),
        other => Some(other.clone()),
    });
    resolved.collect::<Option<Vec<_>>>().map(Cow::Owned)
}

/// Goes through pattern and text side by side, and where they part, back to the last `*` only: it can stand for whatever an
/// earlier one could. A `*` that stays within its part cannot, so the last one of either kind is remembered.
fn glob(tokens: &[Token], text: &str) -> bool {
    let mut rest = text;
    let mut at = 0;
    // The tokens after the last `*`, and the text where they are tried next.
    let mut free: Option<(usize, &str)> = None;
    let mut within_part: Option<(usize, &str)> = None;
    loop {
        match tokens.get(at) {
            None if rest.is_empty() => return true,
            None | Some(Token::Variable(_)) => {}
            Some(Token::Text(expected)) => {
                if let Some(after) = rest.strip_prefix(&**expected) {
                    (rest, at) = (after, at + 1);
                    continue;
                }
            }
            Some(Token::One(span)) => {
                if let Some(after) = without_first(rest, *span) {
                    (rest, at) = (after, at + 1);
                    continue;
                }
            }
            Some(Token::Run(Span::Anything)) => {
                at += 1;
                let Some(from) = next_try(tokens, at, rest) else { return false };
                if at == tokens.len() {
                    return true;
                }
                (free, within_part, rest) = (Some((at, from)), None, from);
                continue;
            }
            Some(Token::Run(Span::WithinPart)) => {
                at += 1;
                within_part = Some((at, rest));
                continue;
            }
        }
        if let Some((after_run, from)) = within_part {
            if let Some(from) = without_first(from, Span::WithinPart) {
                (within_part, rest, at) = (Some((after_run, from)), from, after_run);
                continue;
            }
            within_part = None;
        }
        let Some((after_run, from)) = free else { return false };
        let Some(from) = without_first(from, Span::Anything).and_then(|from| next_try(tokens, after_run, from)) else {
            return false;
        };
        (free, rest, at) = (Some((after_run, from)), from, after_run);
    }
}

fn without_first(text: &str, span: Span) -> Option<&str> {
    let mut chars = text.chars();
    let first = chars.next()?;
    (span == Span::Anything || first != ':').then_some(chars.as_str())
}

/// Where what follows a `*` can next begin.
fn next_try<'t>(tokens: &[Token], after_run: usize, from: &'t str) -> Option<&'t str> {
    match tokens.get(after_run) {
        Some(Token::Text(text)) => from.get(from.find(&**text)?..),
        _ => Some(from),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn wildcards_match_what_a_regular_expression_matches(pattern in "[abü:*?]{0,12}", text in "[abü:]{0,12}") {
            let free = regex::escape(&pattern).replace(r"\*", ".*").replace(r"\?", ".");
            prop_assert_eq!(matches(&pattern, Wildcards::Free, &text), is_full_match(&free, &text));
        }

        #[test]
        fn wildcards_of_arns_keep_to_their_parts(pattern in "([ab*?]{0,4}:){0,6}[ab*?]{0,4}", text in "([ab]{0,3}:){0,7}[ab]{0,3}") {
            for (wildcards, end_of_part) in [(Wildcards::Resource, ".*"), (Wildcards::ArnParts, "[^:]*")] {
                let parts: Vec<&str> = pattern.splitn(6, ':').collect();
                let written = parts.iter().enumerate().map(|(index, part)| {
                    let within = |part: &str| part.replace('*', "[^:]*").replace('?', "[^:]");
                    match part.strip_suffix('*') {
                        _ if index == COLONS => part.replace('?', ".").replace('*', ".*"),
                        Some(start) if index + 1 == parts.len() => within(start) + ".*",
                        Some(start) => within(start) + end_of_part,
                        None => within(part),
                    }
                });
                let expected = written.collect::<Vec<_>>().join(":");
                prop_assert_eq!(matches(&pattern, wildcards, &text), is_full_match(&expected, &text), "{}", expected);
            }
        }
    }

    fn matches(pattern: &str, wildcards: Wildcards, text: &str) -> bool {
        Pattern::compile(pattern, wildcards, true).matches(text, &())
    }

    fn is_full_match(regex: &str, text: &str) -> bool {
        Regex::new(&format!("^(?s:{regex})$")).expect("a regular expression").is_match(text)
    }

    #[test]
    fn what_only_looks_like_a_variable_is_text() {
        for text in ["$", "${", "${}", "${a", "${a, b}", "${a, 'b}", "${ }", "$a}", "${a{b}", "${a'"] {
            assert!(matches(text, Wildcards::None, text), "{text}");
        }
        assert!(matches("${$}${*}", Wildcards::Free, "$*"));
        assert!(!matches("${a}", Wildcards::None, "${a}"));
    }
}
