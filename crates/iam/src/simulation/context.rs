//! The condition keys that a simulation supposes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use base64_simd::STANDARD as BASE64;
use trent_policy::{Facts, Values};
use trent_shared::ApiError;

use crate::api::{ContextEntry, ContextKeyTypeEnum as Type};
use crate::messages::simulation as messages;

/// Key in lower case → its values.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Supposed(BTreeMap<String, Value>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    One(String),
    Many(Vec<String>),
}

impl Supposed {
    pub(super) fn read(entries: &[ContextEntry]) -> Result<Self, ApiError> {
        let mut supposed = BTreeMap::new();
        for entry in entries {
            let name = entry.context_key_name.as_deref().unwrap_or_default();
            let value = read_value(name, entry)?;
            if supposed.insert(name.to_lowercase(), value).is_some() {
                return Err(messages::duplicate_key(name));
            }
        }
        Ok(Self(supposed))
    }

    /// Supposes something of which the request says nothing.
    pub(super) fn add(&mut self, key: &str, value: String) {
        self.0.entry(key.to_owned()).or_insert(Value::One(value));
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(&key.to_lowercase())
    }
}

impl Facts for Supposed {
    fn values(&self, key: &str) -> Values<'_> {
        match self.0.get(key) {
            None => Values::Absent,
            Some(Value::One(value)) => Values::One(Cow::Borrowed(value)),
            Some(Value::Many(values)) => {
                Values::Many(values.iter().map(|value| Cow::Borrowed(value.as_str())).collect())
            }
        }
    }
}

fn read_value(name: &str, entry: &ContextEntry) -> Result<Value, ApiError> {
    let kind = entry.context_key_type.unwrap_or(Type::StringList);
    let values = entry.context_key_values.as_deref().unwrap_or_default();
    for value in values {
        check(kind, value).map_err(|format| messages::invalid_value(name, format))?;
    }
    match (is_list(kind), values) {
        (true, values) => Ok(Value::Many(values.to_vec())),
        (false, [value]) => Ok(Value::One(value.clone())),
        (false, values) => Err(messages::not_one_value(kind.as_str(), values.len())),
    }
}

fn is_list(kind: Type) -> bool {
    matches!(
        kind,
        Type::StringList | Type::NumericList | Type::BooleanList | Type::IpList | Type::BinaryList | Type::DateList
    )
}

/// The format that is expected, if the value is not of it. Anything is let pass as a boolean (recorded).
fn check(kind: Type, value: &str) -> Result<(), &'static str> {
    let (is_valid, format) = match kind {
        Type::String | Type::StringList | Type::Boolean | Type::BooleanList => (true, ""),
        Type::Numeric | Type::NumericList => (is_number(value), "numeric format"),
        Type::Date | Type::DateList => (is_date(value), "DateTime format"),
        Type::Ip | Type::IpList => (is_address(value), "IP address"),
        Type::Binary | Type::BinaryList => (BASE64.decode_to_vec(value).is_ok(), "base-64 encoded binary format"),
    };
    if is_valid { Ok(()) } else { Err(format) }
}

fn is_number(value: &str) -> bool {
    // Rust would also read `NaN` and `inf`.
    value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'))
        && value.parse::<f64>().is_ok()
}

/// A date, with a time or without, or the seconds since 1970.
fn is_date(value: &str) -> bool {
    let is_epoch = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let with_time = |text: &str| DateTime::from_str(text, Format::DateTimeWithOffset).is_ok();
    is_epoch || with_time(value) || with_time(&format!("{value}T00:00:00Z"))
}

/// An address, or a range of them.
fn is_address(value: &str) -> bool {
    let (address, bits) = value.split_once('/').unwrap_or((value, "0"));
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_format() {
        for (kind, value, is_valid) in [
            (Type::Numeric, "-1.5e3", true),
            (Type::Numeric, "abc", false),
            (Type::NumericList, "NaN", false),
            (Type::Date, "2026-09-28T12:00:00Z", true),
            (Type::Date, "2026-09-28", true),
            (Type::Date, "1790597408", true),
            (Type::DateList, "tomorrow", false),
            (Type::Ip, "203.0.113.7", true),
            (Type::Ip, "2001:db8::/32", true),
            (Type::Ip, "203.0.113.0/33", false),
            (Type::IpList, "999.0.0.1", false),
            (Type::Binary, "aGk=", true),
            (Type::BinaryList, "!base64", false),
            (Type::Boolean, "yes", true),
            (Type::String, "", true),
        ] {
            assert_eq!(check(kind, value).is_ok(), is_valid, "{kind}: {value}");
        }
    }
}
