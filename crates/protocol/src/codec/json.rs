//! awsJson 1.1 (wire.md §2–4): compact JSON in model member order, blobs in base64, dates as Java prints doubles.

use std::cell::Cell;
use std::fmt;

use aws_smithy_types::DateTime;
use base64_simd::STANDARD as BASE64;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use trent_shared::{ApiError, MessageKey, SecretBytes, SecretString};

use super::Payload;
use crate::{Encode, Encoder, Member, Shape, Structure, Value};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Decodes a body by its shape. An empty body counts as `{}`; unknown members are ignored; null counts as absent.
pub(super) fn decode(body: &[u8], structure: &'static Structure) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(Value::Structure(vec![None; structure.members.len()]));
    }
    let complaint = Complaint::default();
    let mut json = serde_json::Deserializer::from_slice(body);
    let shape = Shape::Structure(structure);
    let decoded = Typed { shape: &shape, complaint: &complaint }.deserialize(&mut json);
    match decoded.and_then(|value| json.end().map(|()| value)) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Ok(Value::Structure(vec![None; structure.members.len()])),
        Err(_) => {
            Err(complaint.0.take().map_or_else(|| ApiError::bare("SerializationException"), ApiError::serialization))
        }
    }
}

pub(super) fn encode(output: &dyn Encode) -> Payload {
    let mut encoder = JsonEncoder { json: Vec::with_capacity(1024) };
    output.encode(&mut encoder);
    Payload { content_type: CONTENT_TYPE, body: encoder.json }
}

pub(super) fn encode_error(error: &ApiError) -> Payload {
    let mut encoder = JsonEncoder { json: Vec::with_capacity(128) };
    encoder.json.extend_from_slice(b"{\"__type\":");
    encoder.string(&error.code);
    if let Some(message) = &error.message {
        encoder.json.extend_from_slice(match error.message_key {
            MessageKey::Lower => b",\"message\":",
            MessageKey::Capital => b",\"Message\":",
        });
        encoder.string(message);
    }
    encoder.json.push(b'}');
    Payload { content_type: CONTENT_TYPE, body: encoder.json }
}

/// What is wrong with the types of a body, told to the client; broken JSON syntax leaves it empty.
#[derive(Default)]
struct Complaint(Cell<Option<&'static str>>);

/// Reads one JSON value of a shape; `None` for null.
#[derive(Clone, Copy)]
struct Typed<'a> {
    shape: &'a Shape,
    complaint: &'a Complaint,
}

impl<'a> Typed<'a> {
    /// Coral's words for a value of the wrong type. Wire.md quotes one of them; the others follow public reports.
    fn refuse<E: serde::de::Error>(self, found: Found) -> E {
        let complaint = match (found, self.shape) {
            (Found::Object, _) => "Start of structure or map found where not expected.",
            (Found::Array, _) => "Start of list found where not expected.",
            (_, Shape::Structure(_) | Shape::Map { .. } | Shape::List { .. }) => "Expected list or null",
            (Found::String, Shape::Integer { .. }) => "STRING_VALUE can not be converted to an Integer",
            (Found::String, Shape::Boolean) => "STRING_VALUE can not be converted to a Boolean",
            (Found::String, Shape::Timestamp) => "STRING_VALUE can not be converted to milliseconds since epoch",
            (Found::Number, Shape::Boolean) => "NUMBER_VALUE can not be converted to a Boolean",
            (Found::Number, Shape::Blob { .. }) => "NUMBER_VALUE can not be converted to a Blob",
            (Found::Number, _) => "NUMBER_VALUE can not be converted to a String",
            (Found::Boolean(true), Shape::Integer { .. }) => "TRUE_VALUE can not be converted to an Integer",
            (Found::Boolean(false), Shape::Integer { .. }) => "FALSE_VALUE can not be converted to an Integer",
            (Found::Boolean(true), _) => "TRUE_VALUE can not be converted to a String",
            (Found::Boolean(false), _) => "FALSE_VALUE can not be converted to a String",
            (Found::NotBase64, _) => "Invalid base64 data in blob",
            (Found::String, _) => "Unexpected field type",
        };
        self.complaint.0.set(Some(complaint));
        E::custom(complaint)
    }

    fn of(self, shape: &'a Shape) -> Self {
        Self { shape, complaint: self.complaint }
    }

    fn number(self, number: f64) -> Option<Value> {
        match self.shape {
            // Coral truncates fractions of integers; so does this cast, which also saturates.
            #[expect(clippy::cast_possible_truncation, reason = "saturating truncation is the rule here")]
            Shape::Integer { .. } => Some(Value::Integer(number as i64)),
            Shape::Timestamp => Some(Value::Timestamp(DateTime::from_secs_f64(number))),
            _ => None,
        }
    }
}

enum Found {
    Object,
    Array,
    String,
    Number,
    Boolean(bool),
    NotBase64,
}

impl<'de> DeserializeSeed<'de> for Typed<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Typed<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shape)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<Self::Value, E> {
        match self.shape {
            Shape::Boolean => Ok(Some(Value::Boolean(flag))),
            _ => Err(self.refuse(Found::Boolean(flag))),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
        match self.shape {
            Shape::Integer { .. } => Ok(Some(Value::Integer(number))),
            Shape::Timestamp => Ok(Some(Value::Timestamp(DateTime::from_secs(number)))),
            _ => Err(self.refuse(Found::Number)),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Self::Value, E> {
        self.number(number).map(Some).ok_or_else(|| self.refuse(Found::Number))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(match self.shape {
            Shape::String { is_sensitive: false, .. } | Shape::Enum { .. } => Value::String(text.to_owned()),
            Shape::String { is_sensitive: true, .. } => Value::SecretString(SecretString::new(text.to_owned())),
            Shape::Blob { is_sensitive, .. } => {
                let bytes = BASE64.decode_to_vec(text).map_err(|_| self.refuse::<E>(Found::NotBase64))?;
                if *is_sensitive { Value::SecretBlob(SecretBytes::new(bytes)) } else { Value::Blob(bytes) }
            }
            _ => return Err(self.refuse(Found::String)),
        }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let Shape::List { member, .. } = self.shape else { return Err(self.refuse(Found::Array)) };
        let mut items = Vec::new();
        while let Some(item) = array.next_element_seed(self.of(member))? {
            items.extend(item);
        }
        Ok(Some(Value::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        match self.shape {
            Shape::Structure(structure) => {
                let mut members = vec![None; structure.members.len()];
                while let Some(index) = object.next_key_seed(MemberName(structure))? {
                    let slot = index.and_then(|index| Some((structure.members.get(index)?, members.get_mut(index)?)));
                    match slot {
                        Some((member, slot)) => *slot = object.next_value_seed(self.of(member.shape))?,
                        None => drop(object.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(Some(Value::Structure(members)))
            }
            Shape::Map { value, .. } => {
                let mut entries = std::collections::BTreeMap::new();
                while let Some(key) = object.next_key::<String>()? {
                    match object.next_value_seed(self.of(value))? {
                        Some(value) => entries.insert(key, value),
                        None => entries.remove(&key),
                    };
                }
                Ok(Some(Value::Map(entries.into_iter().collect())))
            }
            _ => Err(self.refuse(Found::Object)),
        }
    }
}

/// Finds a member by its name without keeping the name.
struct MemberName(&'static Structure);

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for MemberName {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a member of {}", self.0.name)
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.position(name))
    }
}

struct JsonEncoder {
    json: Vec<u8>,
}

impl JsonEncoder {
    /// Separates from an earlier sibling. No value ends in an opening bracket, so the last byte tells.
    fn separate(&mut self) {
        if !matches!(self.json.last(), Some(b'{' | b'[')) {
            self.json.push(b',');
        }
    }
}

impl Encoder for JsonEncoder {
    fn begin_structure(&mut self) {
        self.json.push(b'{');
    }

    fn member(&mut self, member: &'static Member) {
        self.separate();
        // Member names are identifiers: nothing in them needs escaping.
        self.json.push(b'"');
        self.json.extend_from_slice(member.name.as_bytes());
        self.json.extend_from_slice(b"\":");
    }

    fn end_member(&mut self, _: &'static Member) {}

    fn end_structure(&mut self) {
        self.json.push(b'}');
    }

    fn begin_list(&mut self) {
        self.json.push(b'[');
    }

    fn item(&mut self) {
        self.separate();
    }

    fn end_item(&mut self) {}

    fn end_list(&mut self) {
        self.json.push(b']');
    }

    fn begin_map(&mut self) {
        self.json.push(b'{');
    }

    fn entry(&mut self, key: &str) {
        self.separate();
        self.string(key);
        self.json.push(b':');
    }

    fn end_entry(&mut self) {}

    fn end_map(&mut self) {
        self.json.push(b'}');
    }

    fn string(&mut self, text: &str) {
        // Writing a string into memory cannot fail.
        let _ = serde_json::to_writer(&mut self.json, text);
    }

    fn blob(&mut self, bytes: &[u8]) {
        self.json.push(b'"');
        BASE64.encode_append(bytes, &mut self.json);
        self.json.push(b'"');
    }

    fn integer(&mut self, number: i64) {
        let _ = serde_json::to_writer(&mut self.json, &number);
    }

    fn boolean(&mut self, flag: bool) {
        self.json.extend_from_slice(if flag { b"true" } else { b"false" });
    }

    fn timestamp(&mut self, at: &DateTime) {
        self.json.extend_from_slice(java_double(at.as_secs_f64()).as_bytes());
    }
}

/// A number as Java's `Double.toString` prints it, which is how KMS sends dates (wire.md §3.1, recorded:
/// `1.790597408399E9`): plain below 10⁷, else a mantissa with at least one decimal and an exponent.
fn java_double(number: f64) -> String {
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return format!("{number:?}");
    }
    let scientific = format!("{number:e}");
    match scientific.split_once('e') {
        Some((mantissa, exponent)) if mantissa.contains('.') => format!("{mantissa}E{exponent}"),
        Some((mantissa, exponent)) => format!("{mantissa}.0E{exponent}"),
        None => scientific,
    }
}

#[cfg(test)]
mod tests;
