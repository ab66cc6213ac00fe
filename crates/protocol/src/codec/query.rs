//! awsQuery: a form with dotted names in (`Tags.member.1.Key=…`), XML out (wire.md §7).

use std::collections::BTreeMap;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use base64_simd::STANDARD as BASE64;
use quick_xml::escape::escape;
use trent_shared::{ApiError, RequestId, SecretBytes, SecretString};

use super::Payload;
use crate::{Encode, Encoder, Member, Operation, ServiceModel, Shape, Structure, Value};

const CONTENT_TYPE: &str = "text/xml";

pub(super) fn decode(body: &[u8], structure: &'static Structure) -> Result<Value, ApiError> {
    let mut form = Form::default();
    for (name, value) in form_urlencoded::parse(body) {
        // Other names are ignored, and a hostile one, however long, builds nothing.
        if is_known(&name, structure) {
            form.insert(&name, value.into_owned());
        }
    }
    Ok(form.structure(structure)?.unwrap_or_else(|| Value::Structure(vec![None; structure.members.len()])))
}

pub(super) fn encode(model: &ServiceModel, operation: &Operation, output: &dyn Encode, id: RequestId) -> Payload {
    let mut xml = XmlEncoder::default();
    let response = format!("{}Response", operation.name);
    xml.open_root(&response, model.xml_namespace);
    match operation.result_wrapper {
        Some(wrapper) => xml.nest(wrapper, |xml| output.encode(xml)),
        None => output.encode(&mut xml),
    }
    xml.nest("ResponseMetadata", |xml| xml.leaf("RequestId", &id.to_string()));
    xml.close(&response);
    xml.into_payload()
}

pub(super) fn encode_error(error: &ApiError, xml_namespace: Option<&str>, id: RequestId) -> Payload {
    let mut xml = XmlEncoder::default();
    xml.open_root("ErrorResponse", xml_namespace);
    xml.nest("Error", |xml| {
        xml.leaf("Type", if error.is_senders_fault() { "Sender" } else { "Receiver" });
        xml.leaf("Code", &error.code);
        if let Some(message) = &error.message {
            xml.leaf("Message", message);
        }
    });
    xml.leaf("RequestId", &id.to_string());
    xml.close("ErrorResponse");
    xml.into_payload()
}

/// awsQuery services have the same sentences under another name (wire.md §7, recorded for STS).
pub(super) fn validation_error(error: ApiError) -> ApiError {
    ApiError { code: "ValidationError".into(), ..error }
}

/// The form as the tree that its dotted names describe.
#[derive(Default)]
struct Form {
    text: Option<String>,
    children: BTreeMap<String, Form>,
}

impl Form {
    fn insert(&mut self, name: &str, text: String) {
        let node = name.split('.').fold(self, |node, part| node.children.entry(part.to_owned()).or_default());
        node.text = Some(text);
    }

    fn structure(self, structure: &Structure) -> Result<Option<Value>, ApiError> {
        let mut children = self.children;
        let mut members = Vec::with_capacity(structure.members.len());
        for member in structure.members {
            members.push(match children.remove(member.name) {
                Some(form) => form.value(member.shape)?,
                None => None,
            });
        }
        Ok(Some(Value::Structure(members)))
    }

    fn value(self, shape: &Shape) -> Result<Option<Value>, ApiError> {
        match shape {
            Shape::Structure(structure) => self.structure(structure),
            Shape::List { member, .. } => self.list(member),
            Shape::Map { value, .. } => self.map(value),
            leaf => self.text.map(|text| scalar(text, leaf)).transpose(),
        }
    }

    /// `Name.member.1=…&Name.member.2=…`, in the order of the numbers; `Name=` alone is an empty list.
    fn list(mut self, shape: &Shape) -> Result<Option<Value>, ApiError> {
        let Some(items) = self.children.remove("member") else {
            return Ok(self.text.map(|_| Value::List(Vec::new())));
        };
        let values = items.in_order()?.into_iter().map(|form| form.value(shape)).collect::<Result<Vec<_>, _>>()?;
        Ok(Some(Value::List(values.into_iter().flatten().collect())))
    }

    /// `Name.entry.1.key=…&Name.entry.1.value=…`.
    fn map(mut self, shape: &Shape) -> Result<Option<Value>, ApiError> {
        let Some(entries) = self.children.remove("entry") else { return Ok(None) };
        let mut map = BTreeMap::new();
        for mut entry in entries.in_order()? {
            let key = entry.children.remove("key").and_then(|form| form.text);
            let value = entry.children.remove("value").map(|form| form.value(shape)).transpose()?.flatten();
            if let (Some(key), Some(value)) = (key, value) {
                map.insert(key, value);
            }
        }
        Ok(Some(Value::Map(map.into_iter().collect())))
    }

    fn in_order(self) -> Result<Vec<Self>, ApiError> {
        let numbered = self.children.into_iter().map(|(number, form)| {
            let number: u32 = number.parse().map_err(|_| malformed("Key is not an integer"))?;
            Ok((number, form))
        });
        Ok(numbered.collect::<Result<BTreeMap<_, _>, ApiError>>()?.into_values().collect())
    }
}

/// Whether a dotted name leads to something in the structure. The numbers in it are not looked at.
fn is_known(name: &str, structure: &'static Structure) -> bool {
    let root = Shape::Structure(structure);
    let mut shape = &root;
    let mut parts = name.split('.');
    while let Some(part) = parts.next() {
        let next = match shape {
            Shape::Structure(structure) => structure.member(part).map(|member| member.shape),
            Shape::List { member, .. } if part == "member" => parts.next().map(|_| *member),
            Shape::Map { key, value, .. } if part == "entry" => match (parts.next(), parts.next()) {
                (Some(_), Some("key")) => Some(*key),
                (Some(_), Some("value")) => Some(*value),
                _ => None,
            },
            _ => None,
        };
        let Some(next) = next else { return false };
        shape = next;
    }
    true
}

fn scalar(text: String, shape: &Shape) -> Result<Value, ApiError> {
    Ok(match shape {
        Shape::String { is_sensitive: true, .. } => Value::SecretString(SecretString::new(text)),
        // Recorded for STS: a malformed integer is MalformedInput (wire.md §7).
        Shape::Integer { .. } => Value::Integer(text.parse().map_err(|_| malformed("Invalid integer value"))?),
        Shape::Boolean => match text.as_str() {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ => return Err(malformed("Invalid boolean value")),
        },
        Shape::Timestamp => {
            let at = DateTime::from_str(&text, Format::DateTime).map_err(|_| malformed("Invalid timestamp value"))?;
            Value::Timestamp(at)
        }
        Shape::Blob { is_sensitive, .. } => {
            let bytes = BASE64.decode_to_vec(&text).map_err(|_| malformed("Invalid base64 value"))?;
            if *is_sensitive { Value::SecretBlob(SecretBytes::new(bytes)) } else { Value::Blob(bytes) }
        }
        _ => Value::String(text),
    })
}

fn malformed(message: &str) -> ApiError {
    ApiError::new("MalformedInput", message)
}

/// Writes elements indented by two spaces and ends with a newline, as STS does (wire.md §7, recorded).
#[derive(Default)]
struct XmlEncoder {
    xml: String,
    depth: usize,
    /// The start tag is open and awaits its content.
    is_fresh: bool,
}

impl XmlEncoder {
    fn open_root(&mut self, name: &str, namespace: Option<&str>) {
        match namespace {
            Some(namespace) => self.open(&format!("{name} xmlns=\"{}\"", escape(namespace))),
            None => self.open(name),
        }
    }

    fn open(&mut self, tag: &str) {
        self.new_line();
        self.xml.extend(["<", tag, ">"]);
        self.depth += 1;
        self.is_fresh = true;
    }

    fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        if !self.is_fresh {
            self.new_line();
        }
        self.xml.extend(["</", name, ">"]);
        self.is_fresh = false;
    }

    fn nest(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.open(name);
        content(self);
        self.close(name);
    }

    fn leaf(&mut self, name: &str, text: &str) {
        self.nest(name, |xml| xml.string(text));
    }

    fn new_line(&mut self) {
        if !self.xml.is_empty() {
            self.xml.push('\n');
            self.xml.extend(std::iter::repeat_n("  ", self.depth));
        }
    }

    fn into_payload(mut self) -> Payload {
        self.xml.push('\n');
        Payload { content_type: CONTENT_TYPE, body: self.xml.into_bytes() }
    }
}

/// Whether XML 1.0 has the character (§2.2).
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}

impl Encoder for XmlEncoder {
    fn begin_structure(&mut self) {}

    fn member(&mut self, member: &'static Member) {
        self.open(member.name);
    }

    fn end_member(&mut self, member: &'static Member) {
        self.close(member.name);
    }

    fn end_structure(&mut self) {
        self.is_fresh = false;
    }

    fn begin_list(&mut self) {}

    fn item(&mut self) {
        self.open("member");
    }

    fn end_item(&mut self) {
        self.close("member");
    }

    fn end_list(&mut self) {}

    fn begin_map(&mut self) {}

    fn entry(&mut self, key: &str) {
        self.open("entry");
        self.leaf("key", key);
        self.open("value");
    }

    fn end_entry(&mut self) {
        self.close("value");
        self.close("entry");
    }

    fn end_map(&mut self) {}

    fn string(&mut self, text: &str) {
        // What XML 1.0 cannot hold, not even escaped, would make the whole answer unreadable.
        self.xml.push_str(&escape(text.replace(|c| !is_xml(c), "\u{FFFD}")));
        self.is_fresh = true;
    }

    fn blob(&mut self, bytes: &[u8]) {
        BASE64.encode_append(bytes, &mut self.xml);
        self.is_fresh = true;
    }

    fn integer(&mut self, number: i64) {
        self.string(&number.to_string());
    }

    fn boolean(&mut self, flag: bool) {
        self.string(if flag { "true" } else { "false" });
    }

    fn timestamp(&mut self, at: &DateTime) {
        self.string(&at.fmt(Format::DateTime).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
