//! The framework's constraint check: every violation of the input at once, in AWS's words (errors.md §4).
//!
//! Violations come in the order of the model's members, depth first; within a member length before pattern.

use std::fmt::{self, Write as _};

use trent_shared::ApiError;

use crate::{Bounds, Shape, Structure, Value};

/// Checks an input against its shape, or tells all that is wrong with it in one `ValidationException`.
pub fn validate(input: &Value, structure: &'static Structure) -> Result<(), ApiError> {
    let mut found = Violations::default();
    found.structure(&mut String::new(), input, structure);
    found.into_result()
}

/// How many violations are told in full. Far more than an honest request has: without a bound, a request of a megabyte
/// could ask for an answer of seventy.
const MOST_TOLD: usize = 1000;

#[derive(Default)]
struct Violations {
    number: usize,
    told: Vec<String>,
}

impl Violations {
    fn into_result(self) -> Result<(), ApiError> {
        let told = self.told.join("; ");
        match self.number {
            0 => Ok(()),
            1 => Err(ApiError::validation(format!("1 validation error detected: {told}"))),
            n => Err(ApiError::validation(format!("{n} validation errors detected: {told}"))),
        }
    }

    fn add(&mut self, violation: impl FnOnce() -> String) {
        self.number += 1;
        if self.told.len() < MOST_TOLD {
            self.told.push(violation());
        }
    }

    fn structure(&mut self, path: &mut String, value: &Value, structure: &Structure) {
        let Value::Structure(values) = value else { return };
        for (member, value) in structure.members.iter().zip(values) {
            let parent = path.len();
            push_member(path, member.name);
            match value {
                Some(value) => self.value(path, value, member.shape),
                None if member.is_required => {
                    self.add(|| {
                        format!("Value null at '{path}' failed to satisfy constraint: Member must not be null")
                    });
                }
                None => {}
            }
            path.truncate(parent);
        }
    }

    fn value(&mut self, path: &mut String, value: &Value, shape: &Shape) {
        if let Shape::Structure(structure) = shape {
            return self.structure(path, value, structure);
        }
        for constraint in broken(value, shape) {
            self.add(|| format!("Value {}at '{path}' failed to satisfy constraint: {constraint}", Shown(value)));
        }
        match (value, shape) {
            (Value::List(items), Shape::List { member: Shape::Structure(structure), .. }) => {
                for (index, item) in items.iter().enumerate() {
                    let parent = path.len();
                    // Recorded: `tags.1.member.tagKey`.
                    let _ = write!(path, ".{}.member", index + 1);
                    self.structure(path, item, structure);
                    path.truncate(parent);
                }
            }
            // Coral reports scalar items at the list or map that holds them, naming all constraints of an item.
            (Value::List(items), Shape::List { member, .. })
                if items.iter().any(|item| !broken(item, member).is_empty()) =>
            {
                self.container(path, value, "Member", member);
            }
            (Value::Map(entries), Shape::Map { key: key_shape, value: value_shape, .. }) => {
                if entries.iter().any(|(key, _)| !broken_text(key, key_shape).is_empty()) {
                    self.container(path, value, "Map keys", key_shape);
                }
                if entries.iter().any(|(_, value)| !broken(value, value_shape).is_empty()) {
                    self.container(path, value, "Map value", value_shape);
                }
            }
            _ => {}
        }
    }

    fn container(&mut self, path: &str, value: &Value, what: &str, shape: &Shape) {
        let constraints = all(shape).join(", ");
        self.add(|| {
            format!(
                "Value {}at '{path}' failed to satisfy constraint: {what} must satisfy constraint: [{constraints}]",
                Shown(value)
            )
        });
    }
}

/// Appends `.keyId` for the model's `KeyId`.
fn push_member(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    let mut letters = name.chars();
    path.extend(letters.next().map(|first| first.to_ascii_lowercase()));
    path.push_str(letters.as_str());
}

/// The constraints of a shape that a value breaks, each as AWS words it.
fn broken(value: &Value, shape: &Shape) -> Vec<String> {
    match (value, shape) {
        (Value::String(text), _) => broken_text(text, shape),
        (Value::SecretString(text), _) => broken_text(text.expose(), shape),
        (Value::Blob(bytes), Shape::Blob { length, .. }) => outside(bytes.len(), *length),
        (Value::SecretBlob(bytes), Shape::Blob { length, .. }) => outside(bytes.expose().len(), *length),
        (Value::List(items), Shape::List { length, .. }) => outside(items.len(), *length),
        (Value::Map(entries), Shape::Map { length, .. }) => outside(entries.len(), *length),
        (Value::Integer(number), Shape::Integer { range }) => outside_of("value", *number, *range),
        _ => Vec::new(),
    }
}

fn broken_text(text: &str, shape: &Shape) -> Vec<String> {
    match shape {
        Shape::String { length, pattern, .. } => {
            let mut broken = outside(text.chars().count(), *length);
            broken.extend(pattern.iter().filter(|p| !p.matches(text)).map(|p| must_match(p.source())));
            broken
        }
        Shape::Enum { values } if !values.contains(&text) => vec![must_be_one_of(values)],
        _ => Vec::new(),
    }
}

/// All constraints of an item's shape, as AWS lists them for the items of a container: the larger bound first.
fn all(shape: &Shape) -> Vec<String> {
    match shape {
        Shape::String { length, pattern, .. } => {
            let mut constraints = Vec::new();
            constraints.extend(length.max.map(|max| at_most("length", max)));
            constraints.extend(length.min.map(|min| at_least("length", min)));
            constraints.extend(pattern.iter().map(|p| must_match(p.source())));
            constraints
        }
        Shape::Enum { values } => vec![must_be_one_of(values)],
        _ => Vec::new(),
    }
}

fn outside(length: usize, bounds: Bounds) -> Vec<String> {
    outside_of("length", i64::try_from(length).unwrap_or(i64::MAX), bounds)
}

fn outside_of(quantity: &str, amount: i64, bounds: Bounds) -> Vec<String> {
    let too_little = bounds.min.filter(|min| amount < *min).map(|min| at_least(quantity, min));
    let too_much = bounds.max.filter(|max| amount > *max).map(|max| at_most(quantity, max));
    too_little.into_iter().chain(too_much).collect()
}

fn at_least(quantity: &str, min: i64) -> String {
    format!("Member must have {quantity} greater than or equal to {min}")
}

fn at_most(quantity: &str, max: i64) -> String {
    format!("Member must have {quantity} less than or equal to {max}")
}

fn must_match(pattern: &str) -> String {
    format!("Member must satisfy regular expression pattern: {pattern}")
}

fn must_be_one_of(values: &[&str]) -> String {
    format!("Member must satisfy enum value set: [{}]", values.join(", "))
}

/// A value as Java prints it, quoted and followed by a space; nothing at all where it is sensitive, so that
/// `Value at 'plaintext' failed…` comes out.
struct Shown<'a>(&'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if has_secret(self.0) {
            return Ok(());
        }
        f.write_str("'")?;
        write_java(f, self.0)?;
        f.write_str("' ")
    }
}

fn has_secret(value: &Value) -> bool {
    match value {
        Value::SecretString(_) | Value::SecretBlob(_) => true,
        Value::List(items) => items.iter().any(has_secret),
        Value::Map(entries) => entries.iter().any(|(_, value)| has_secret(value)),
        Value::Structure(members) => members.iter().flatten().any(has_secret),
        _ => false,
    }
}

fn write_java(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::String(text) => f.write_str(text),
        Value::Integer(number) => write!(f, "{number}"),
        Value::Boolean(flag) => write!(f, "{flag}"),
        Value::Timestamp(at) => write!(f, "{at}"),
        Value::Blob(bytes) => write!(f, "java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", bytes.len()),
        Value::List(items) => {
            f.write_str("[")?;
            for (index, item) in items.iter().enumerate() {
                f.write_str(if index == 0 { "" } else { ", " })?;
                write_java(f, item)?;
            }
            f.write_str("]")
        }
        Value::Map(entries) => {
            f.write_str("{")?;
            for (index, (key, value)) in entries.iter().enumerate() {
                write!(f, "{}{key}=", if index == 0 { "" } else { ", " })?;
                write_java(f, value)?;
            }
            f.write_str("}")
        }
        Value::Structure(members) => {
            f.write_str("{")?;
            for value in members.iter().flatten() {
                write_java(f, value)?;
            }
            f.write_str("}")
        }
        Value::SecretString(_) | Value::SecretBlob(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Member;

    static WORD: Shape =
        Shape::String { length: Bounds { min: Some(1), max: Some(3) }, pattern: None, is_sensitive: false };
    static ITEM: Structure =
        Structure { name: "Item", members: &[Member { name: "Word", shape: &WORD, is_required: true }] };
    static ITEMS: Shape = Shape::List { member: &Shape::Structure(&ITEM), length: Bounds::NONE };
    static INPUT: Structure =
        Structure { name: "Input", members: &[Member { name: "Items", shape: &ITEMS, is_required: true }] };

    fn message(items: usize) -> String {
        let input = Value::Structure(vec![Some(Value::List(vec![Value::Structure(vec![None]); items]))]);
        validate(&input, &INPUT).unwrap_err().message.unwrap()
    }

    #[test]
    fn all_violations_are_counted_and_a_thousand_told() {
        let told = |message: &str| message.matches("Member must not be null").count();
        for (items, expected) in [(1, 1), (2, 2), (1000, 1000), (1001, 1000), (100_000, 1000)] {
            let message = message(items);
            let start = if items == 1 {
                "1 validation error detected: ".to_owned()
            } else {
                format!("{items} validation errors detected: ")
            };
            assert!(message.starts_with(&start), "{message:.99}");
            assert_eq!(told(&message), expected);
            assert!(message.len() < 120_000);
        }
    }
}
