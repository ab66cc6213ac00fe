//! The shape tables: what a service's model says, as statics that codegen writes into each service's `api/shapes.rs`.

use std::sync::OnceLock;

use regex::Regex;

use crate::Protocol;

/// A service as its model describes it.
#[derive(Debug)]
pub struct ServiceModel {
    /// The name in configuration, credential scopes and ARNs: `kms`.
    pub id: &'static str,
    /// As AWS titles it: `AWS Key Management Service`.
    pub full_name: &'static str,
    pub api_version: &'static str,
    pub protocol: Protocol,
    /// What stands before the dot in `X-Amz-Target`; awsJson services have one.
    pub target_prefix: Option<&'static str>,
    /// The `xmlns` of answers; XML services have one.
    pub xml_namespace: Option<&'static str>,
    pub operations: &'static [Operation],
}

/// One operation of a service.
#[derive(Debug)]
pub struct Operation {
    /// Its place in [`ServiceModel::operations`], by which the generated dispatch selects.
    pub index: usize,
    pub name: &'static str,
    pub input: &'static Structure,
    /// `None` where the model has no output: HTTP 200 with an empty body.
    pub output: Option<&'static Structure>,
    /// awsQuery wraps the output in this element.
    pub result_wrapper: Option<&'static str>,
    /// The exceptions that the model lists for it.
    pub errors: &'static [&'static str],
    /// Whether this build answers it, or says HTTP 501 `NotImplemented`.
    pub is_implemented: bool,
}

/// What a value may be.
#[derive(Debug)]
pub enum Shape {
    Structure(&'static Structure),
    List { member: &'static Shape, length: Bounds },
    Map { key: &'static Shape, value: &'static Shape, length: Bounds },
    String { length: Bounds, pattern: Option<Pattern>, is_sensitive: bool },
    Enum { values: &'static [&'static str] },
    Blob { length: Bounds, is_sensitive: bool },
    Integer { range: Bounds },
    Boolean,
    Timestamp,
}

/// A structure: its members in model order, which is also the order on the wire.
#[derive(Debug)]
pub struct Structure {
    pub name: &'static str,
    pub members: &'static [Member],
}

#[derive(Debug)]
pub struct Member {
    pub name: &'static str,
    pub shape: &'static Shape,
    pub is_required: bool,
}

/// Inclusive bounds of a length (characters, bytes or items) or of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub min: Option<i64>,
    pub max: Option<i64>,
}

/// A model's `pattern`, which must match the whole value; compiled when first asked.
#[derive(Debug)]
pub struct Pattern {
    source: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Bounds {
    pub const NONE: Self = Self { min: None, max: None };
}

impl Structure {
    /// A member, by its exact wire name.
    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// The index of a member, by its exact wire name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|member| member.name == name)
    }
}

impl Pattern {
    pub const fn new(source: &'static str) -> Self {
        Self { source, compiled: OnceLock::new() }
    }

    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Whether the whole text matches. Codegen refuses a pattern that does not compile, so none fails here; if one
    /// did, it would let the value pass rather than refuse what AWS accepts.
    pub fn matches(&self, text: &str) -> bool {
        let regex = self.compiled.get_or_init(|| {
            // AWS's patterns are Java's, where these classes hold ASCII only.
            let source = self.source.replace(r"\w", "[A-Za-z0-9_]").replace(r"\d", "[0-9]").replace(r"\s", r"[ \t-\r]");
            Regex::new(&format!("^(?:{source})$")).ok()
        });
        regex.as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_must_match_the_whole_text() {
        let pattern = Pattern::new("[a-c]+|x");
        for (text, matches) in [("abc", true), ("x", true), ("", false), ("abcd", false), ("ax", false), ("a\n", false)]
        {
            assert_eq!(pattern.matches(text), matches, "{text:?}");
        }
        assert!(!Pattern::new("^[a-c]+$").matches("a\n"));
    }

    #[test]
    fn shorthand_classes_hold_ascii_only_as_in_java() {
        for (source, text, matches) in [
            (r"[\w+=,.@-]*", "aZ0_+=,.@-", true),
            (r"[\w+=,.@-]*", "\u{e4}", false),
            (r"\d{2}", "42", true),
            (r"\d{2}", "\u{664}\u{662}", false),
            (r"^[a-z\s]+$", "a \t\n\u{b}\u{c}\r", true),
            (r"^[a-z\s]+$", "a\u{a0}", false),
            (r"[\p{L}]+", "\u{e4}", true),
            (r"[\u0020-\u00FF]*", " \u{ff}", true),
            (r"[\u0020-\u00FF]*", "\u{100}", false),
        ] {
            assert_eq!(Pattern::new(source).matches(text), matches, "{source} {text:?}");
        }
    }
}
