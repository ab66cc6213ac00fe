//! JSON, read strictly: an object that has a key twice is an error, since readers differ in which one they take.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::error::MalformedPolicy;

/// A JSON value whose objects keep their order. Numbers and booleans, which only conditions have, are kept as text.
#[derive(Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Scalar(String),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Nesting is bounded by serde_json (128), length by the caller.
pub(crate) fn read(text: &str) -> Result<Json, MalformedPolicy> {
    serde_json::from_str(text).map_err(|_| MalformedPolicy::Syntax)
}

impl Json {
    pub(crate) fn string(self) -> Result<String, MalformedPolicy> {
        match self {
            Self::String(text) => Ok(text),
            _ => Err(MalformedPolicy::Syntax),
        }
    }

    pub(crate) fn object(self) -> Result<Vec<(String, Json)>, MalformedPolicy> {
        match self {
            Self::Object(entries) => Ok(entries),
            _ => Err(MalformedPolicy::Syntax),
        }
    }

    /// One string, or a list of them.
    pub(crate) fn strings(self) -> Result<Vec<String>, MalformedPolicy> {
        match self {
            Self::Array(items) => items.into_iter().map(Self::string).collect(),
            one => Ok(vec![one.string()?]),
        }
    }

    /// One string, number or boolean, or a list of them.
    pub(crate) fn scalars(self) -> Result<Vec<String>, MalformedPolicy> {
        let scalar = |item| match item {
            Self::String(text) | Self::Scalar(text) => Ok(text),
            _ => Err(MalformedPolicy::Syntax),
        };
        match self {
            Self::Array(items) => items.into_iter().map(scalar).collect(),
            one => Ok(vec![scalar(one)?]),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry::<String, Json>()? {
            object.push(entry);
        }
        let mut keys = BTreeSet::new();
        if !object.iter().all(|(key, _)| keys.insert(key)) {
            return Err(A::Error::custom("a key comes twice"));
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_leaves_open_is_closed() {
        for wrong in [r#"{"a": 1, "a": 1}"#, r#"{"a": 1, "\u0061": 1}"#, r#"{"a": {"b": 1, "b": 1}}"#, "{} {}", "", "{"]
        {
            assert_eq!(read(wrong), Err(MalformedPolicy::Syntax), "{wrong}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(read(&deep), Err(MalformedPolicy::Syntax));
        assert_eq!(read(r#"{"a": [true, 1]}"#).expect("JSON").object().expect("object").len(), 1);
    }
}
