//! The decoders of the wire protocols, each over the operations of every service: those that speak the other protocol have
//! the kinds of members that its own lack.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use base64_simd::STANDARD as BASE64;
use form_urlencoded::Serializer;
use quick_xml::events::Event;
use serde_json::{Map, Value as Json, json};
use trent_protocol::{Operation, Protocol, Shape, Structure, Value};
use trent_shared::{ApiError, RequestId};
use uuid::Uuid;

use crate::typed_input;

/// Every operation, in the order in which first bytes select it.
pub fn operations() -> impl ExactSizeIterator<Item = &'static Operation> + Clone {
    let kms = trent_kms::api::MODEL.operations;
    let sts = trent_sts::api::MODEL.operations;
    (0..kms.len() + sts.len()).map(move |index| kms.get(index).unwrap_or_else(|| &sts[index - kms.len()]))
}

/// awsJson 1.1. The first byte selects the operation.
pub fn json_decode(data: &[u8]) {
    decode(data, Protocol::AwsJson11, |value, input| to_json(value, &Shape::Structure(input)).to_string());
}

/// awsQuery. The first byte selects the operation.
pub fn query_decode(data: &[u8]) {
    decode(data, Protocol::AwsQuery, |value, input| {
        let mut form = Serializer::new(String::new());
        to_form(&mut form, "", value, &Shape::Structure(input));
        form.finish()
    });
}

/// What is accepted fits the operation's own type, and written down again means the same; what is refused is the sender's
/// fault, and the refusal can be read.
fn decode(data: &[u8], protocol: Protocol, write: impl Fn(&Value, &'static Structure) -> String) {
    let Some((selector, body)) = data.split_first() else { return };
    let operation = operations().cycle().nth(usize::from(*selector)).expect("an endless cycle");
    let value = match protocol.decode(operation, body) {
        Ok(value) => value,
        Err(refusal) => return assert_is_readable(&refusal, protocol),
    };
    let written = write(&value, operation.input);
    let again = protocol.decode(operation, written.as_bytes());
    let again = again.unwrap_or_else(|error| panic!("{}: {error} in what was accepted: {written}", operation.name));
    assert_eq!(write(&again, operation.input), written, "{}", operation.name);
    if let Err(error) = typed_input::decode(operation, value) {
        panic!("{}: {error}: {written}", operation.name);
    }
}

fn assert_is_readable(refusal: &ApiError, protocol: Protocol) {
    let payload = protocol.encode_error(refusal, None, RequestId::new(Uuid::nil()));
    let codes = match protocol {
        Protocol::AwsJson11 => {
            serde_json::from_slice::<Json>(&payload.body).expect("JSON");
            ["SerializationException", "ValidationException"]
        }
        Protocol::AwsQuery => {
            let mut xml = quick_xml::Reader::from_reader(&payload.body[..]);
            while xml.read_event().expect("XML") != Event::Eof {}
            ["MalformedInput", "ValidationError"]
        }
    };
    assert!(refusal.status == 400 && codes.contains(&&*refusal.code), "{refusal}");
}

/// Times are written in whole seconds: their fractions are floating point numbers on the wire.
fn to_json(value: &Value, shape: &Shape) -> Json {
    match (value, shape) {
        (Value::Structure(values), Shape::Structure(structure)) => {
            let members = structure.members.iter().zip(values);
            let present = members.filter_map(|(member, value)| Some((member, value.as_ref()?)));
            present.map(|(member, value)| (member.name.to_owned(), to_json(value, member.shape))).collect()
        }
        (Value::List(items), Shape::List { member, .. }) => items.iter().map(|item| to_json(item, member)).collect(),
        (Value::Map(entries), Shape::Map { value: shape, .. }) => {
            entries.iter().map(|(key, value)| (key.clone(), to_json(value, shape))).collect::<Map<_, _>>().into()
        }
        (Value::Integer(number), Shape::Integer { .. }) => json!(number),
        (Value::Boolean(flag), Shape::Boolean) => json!(flag),
        (Value::Timestamp(at), Shape::Timestamp) => json!(at.secs()),
        (leaf, shape) => json!(text(leaf, shape)),
    }
}

/// Structures and lists are written even where they are empty, which takes a name of their own.
fn to_form(form: &mut Serializer<'_, String>, name: &str, value: &Value, shape: &Shape) {
    let dotted = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match (value, shape) {
        (Value::Structure(values), Shape::Structure(structure)) => {
            form.append_pair(name, "");
            for (member, value) in structure.members.iter().zip(values) {
                if let Some(value) = value {
                    to_form(form, &dotted(member.name), value, member.shape);
                }
            }
        }
        (Value::List(items), Shape::List { member, .. }) => {
            form.append_pair(name, "");
            for (number, item) in (1..).zip(items) {
                to_form(form, &dotted(&format!("member.{number}")), item, member);
            }
        }
        (Value::Map(entries), Shape::Map { key: key_shape, value: value_shape, .. }) => {
            form.append_pair(&dotted("entry.0.key"), "");
            for (number, (key, value)) in (1..).zip(entries) {
                to_form(form, &dotted(&format!("entry.{number}.key")), &Value::String(key.clone()), key_shape);
                to_form(form, &dotted(&format!("entry.{number}.value")), value, value_shape);
            }
        }
        (Value::Integer(number), Shape::Integer { .. }) => drop(form.append_pair(name, &number.to_string())),
        (Value::Boolean(flag), Shape::Boolean) => drop(form.append_pair(name, &flag.to_string())),
        (Value::Timestamp(at), Shape::Timestamp) => {
            let whole = DateTime::from_secs(at.secs()).fmt(Format::DateTime).expect("read from this format");
            form.append_pair(name, &whole);
        }
        (leaf, shape) => drop(form.append_pair(name, &text(leaf, shape))),
    }
}

/// The text of a leaf that is text or bytes.
fn text(value: &Value, shape: &Shape) -> String {
    let (is_sensitive, is_blob) = match shape {
        Shape::String { is_sensitive, .. } => (*is_sensitive, false),
        Shape::Blob { is_sensitive, .. } => (*is_sensitive, true),
        _ => (false, false),
    };
    match value {
        Value::String(text) if !is_sensitive && !is_blob => text.clone(),
        Value::SecretString(text) if is_sensitive && !is_blob => text.expose().to_owned(),
        Value::Blob(bytes) if !is_sensitive && is_blob => BASE64.encode_to_string(bytes),
        Value::SecretBlob(bytes) if is_sensitive && is_blob => BASE64.encode_to_string(bytes.expose()),
        other => panic!("{other:?} does not have the type of {shape:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_selects_any_operation() {
        assert!(operations().len() <= 256);
    }
}
