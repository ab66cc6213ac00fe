//! YAML, and where in it something is wrong.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_saphyr::{DuplicateKeyPolicy, MessageFormatter, Spanned, UserMessageFormatter};

/// What is wrong with a seed file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) entry: Option<String>,
    /// From 1.
    pub(super) line: Option<u64>,
    pub(super) reason: String,
}

/// A document read for nothing but the names of its entries, whatever else is in them.
pub(super) trait Outline: DeserializeOwned {
    /// Each entry that has a name, with its line.
    fn entries(self) -> Vec<(u64, String)>;
}

/// Reads a document. When it cannot be read as a `T`, its outline may still tell which entry is to blame.
pub(super) fn read<T: DeserializeOwned, O: Outline>(text: &str) -> Result<T, Wrong> {
    from_yaml(text).map_err(|error| {
        let line = error.location().map(|location| location.line());
        let lenient = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::LastWins };
        let outline = serde_saphyr::from_str_with_options::<O>(text, lenient);
        let entries = outline.map(O::entries).unwrap_or_default().into_iter();
        let above = entries.filter(|(at, _)| line.is_some_and(|line| *at <= line));
        let entry = above.max_by_key(|(at, _)| *at).map(|(_, name)| format!("key {name}"));
        let reason = UserMessageFormatter.format_message(error.without_snippet()).into_owned();
        Wrong { entry, line, reason }
    })
}

/// Reads what needs no explanation when it cannot be read.
pub(super) fn from_yaml<T: DeserializeOwned>(text: &str) -> Result<T, serde_saphyr::Error> {
    // Snippets would put key material into errors. Account ids in policies begin with zeros.
    let options = serde_saphyr::options! { with_snippet: false, leading_zero_numbers_as_strings: true };
    serde_saphyr::from_str_with_options(text, options)
}

/// The value of a member that has one of a few names, where it is given.
pub(super) fn named<T: FromStr<Err: Display>>(member: &str, text: Option<&str>) -> Result<Option<T>, String> {
    text.map(|text| text.parse().map_err(|error| format!("`{member}`: {text:?}: {error}"))).transpose()
}

pub(super) fn line<T>(entry: &Spanned<T>) -> u64 {
    entry.referenced.line()
}
