use uuid::Uuid;

use super::*;
use crate::{Bounds, Protocol, StructureEncoder};

static TEXT: Shape = Shape::String { length: Bounds { min: Some(1), max: None }, pattern: None, is_sensitive: false };
static SECRET: Shape = Shape::String { length: Bounds::NONE, pattern: None, is_sensitive: true };
static NUMBER: Shape = Shape::Integer { range: Bounds::NONE };
static BYTES: Shape = Shape::Blob { length: Bounds::NONE, is_sensitive: false };
static TEXTS: Shape = Shape::List { member: &TEXT, length: Bounds::NONE };
static TAGS: Shape = Shape::List { member: &Shape::Structure(&TAG), length: Bounds::NONE };
static MAP: Shape = Shape::Map { key: &TEXT, value: &TEXT, length: Bounds::NONE };
static TAG: Structure = Structure {
    name: "Tag",
    members: &[
        Member { name: "Key", shape: &TEXT, is_required: false },
        Member { name: "Value", shape: &TEXT, is_required: false },
    ],
};
static THING: Structure = Structure {
    name: "Thing",
    members: &[
        Member { name: "Text", shape: &TEXT, is_required: false },
        Member { name: "Secret", shape: &SECRET, is_required: false },
        Member { name: "Number", shape: &NUMBER, is_required: false },
        Member { name: "Flag", shape: &Shape::Boolean, is_required: false },
        Member { name: "Bytes", shape: &BYTES, is_required: false },
        Member { name: "At", shape: &Shape::Timestamp, is_required: false },
        Member { name: "Texts", shape: &TEXTS, is_required: false },
        Member { name: "Tags", shape: &TAGS, is_required: false },
        Member { name: "Map", shape: &MAP, is_required: false },
        Member { name: "Tag", shape: &Shape::Structure(&TAG), is_required: false },
    ],
};
static OPERATION: Operation = Operation {
    index: 0,
    name: "DoThing",
    input: &THING,
    output: Some(&THING),
    result_wrapper: Some("DoThingResult"),
    errors: &[],
    is_implemented: true,
};
static MODEL: ServiceModel = ServiceModel {
    id: "thing",
    full_name: "Thing",
    api_version: "1",
    protocol: Protocol::AwsQuery,
    target_prefix: None,
    xml_namespace: Some("https://thing/?a&b"),
    operations: &[],
};

/// The member of this name, where the whole form decodes.
fn member(name: &str, form: &str) -> Option<Value> {
    let Value::Structure(mut members) = decode(form.as_bytes(), &THING).unwrap() else { panic!("no structure") };
    members.swap_remove(THING.position(name).unwrap())
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn texts(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| text(item)).collect())
}

#[test]
fn nothing_known_is_nothing() {
    let nothing = Value::Structure(vec![None; THING.members.len()]);
    for form in ["", "&&&", "=", "Action=DoThing&Version=1", "text=a&Text.More=a"] {
        assert_eq!(decode(form.as_bytes(), &THING), Ok(nothing.clone()), "{form}");
    }
}

#[test]
fn scalars_are_read() {
    let form = "Text=a+b%26%C3%A4&Secret=s&Number=-7&Flag=true&Bytes=AA%3D%3D&At=2026-09-28T12:10:08Z";
    assert_eq!(member("Text", form), Some(text("a b&\u{e4}")));
    assert_eq!(member("Secret", form), Some(Value::SecretString(SecretString::new("s".to_owned()))));
    assert_eq!(member("Number", form), Some(Value::Integer(-7)));
    assert_eq!(member("Flag", form), Some(Value::Boolean(true)));
    assert_eq!(member("Bytes", form), Some(Value::Blob(vec![0])));
    assert_eq!(member("At", form), Some(Value::Timestamp(DateTime::from_secs(1_790_597_408))));
    assert_eq!(member("Text", "Text=a&Text=b"), Some(text("b")));
    assert_eq!(member("Text", "Text"), Some(text("")));
    assert_eq!(member("Text", "Text=%ff"), Some(text("\u{fffd}")), "as a form decodes");
}

#[test]
fn lists_come_in_the_order_of_their_numbers_whatever_is_between() {
    for form in [
        "Texts.member.1=a&Texts.member.2=b&Texts.member.10=c",
        "Texts.member.10=c&Texts.member.2=b&Texts.member.1=a",
        "Texts.member.4294967295=c&Texts.member.7=b&Texts.member.0=a",
    ] {
        assert_eq!(member("Texts", form), Some(texts(&["a", "b", "c"])), "{form}");
    }
    assert_eq!(member("Texts", "Texts="), Some(texts(&[])));
    assert_eq!(member("Texts", "Texts.1=a"), None, "not flattened");
}

#[test]
fn structures_in_lists_and_beside_them_are_read() {
    let tag = |key, value: Option<&str>| Value::Structure(vec![Some(text(key)), value.map(text)]);
    let form = "Tags.member.2.Key=b&Tags.member.1.Key=a&Tags.member.1.Value=v&Tag.Key=c";
    assert_eq!(member("Tags", form), Some(Value::List(vec![tag("a", Some("v")), tag("b", None)])));
    assert_eq!(member("Tag", form), Some(tag("c", None)));
}

#[test]
fn map_entries_need_key_and_value() {
    let form = "Map.entry.2.key=b&Map.entry.2.value=2&Map.entry.1.key=a&Map.entry.1.value=1&Map.entry.3.key=c\
                &Map.entry.4.value=4";
    let entries = [("a", "1"), ("b", "2")].map(|(key, value)| (key.to_owned(), text(value)));
    assert_eq!(member("Map", form), Some(Value::Map(entries.into())));
}

#[test]
fn names_that_lead_nowhere_are_ignored_however_deep_they_are() {
    let dots = ".".repeat(100_000);
    for name in [
        &*dots,
        &format!("Text{dots}"),
        &format!("Text{}", ".member.1".repeat(10_000)),
        &format!("Tags{}", ".member.1".repeat(10_000)),
        "Texts.member",
        "Texts.member.1.member.1",
        "Tags.member.1.key",
        "Map.entry",
        "Map.entry.1",
        "Map.entry.1.other",
        "Tag.Key.",
    ] {
        let nothing = Value::Structure(vec![None; THING.members.len()]);
        assert_eq!(decode(format!("{name}=a").as_bytes(), &THING), Ok(nothing), "{name:.99}");
    }
}

#[test]
fn what_cannot_be_read_is_malformed_input() {
    for (form, message) in [
        ("Number=x", "Invalid integer value"),
        ("Number=", "Invalid integer value"),
        ("Number=9223372036854775808", "Invalid integer value"),
        ("Number=1.0", "Invalid integer value"),
        ("Flag=True", "Invalid boolean value"),
        ("Bytes=AA", "Invalid base64 value"),
        ("At=1790597408", "Invalid timestamp value"),
        ("Texts.member.x=a", "Key is not an integer"),
        ("Texts.member.-1=a", "Key is not an integer"),
        ("Texts.member.4294967296=a", "Key is not an integer"),
        ("Texts.member.=a", "Key is not an integer"),
    ] {
        let refused = decode(form.as_bytes(), &THING).unwrap_err();
        assert_eq!(refused, ApiError::new("MalformedInput", message), "{form:.99}");
    }
}

#[test]
fn what_breaks_a_constraint_is_a_validation_error() {
    let refused = Protocol::AwsQuery.decode(&OPERATION, b"Text=").unwrap_err();
    let message = "1 validation error detected: Value '' at 'text' failed to satisfy constraint: Member must have \
                   length greater than or equal to 1";
    assert_eq!(refused, ApiError::new("ValidationError", message));
}

/// Some members of [`THING`].
struct Answer {
    text: Option<String>,
    number: Option<i32>,
    texts: Option<Vec<String>>,
}

impl Encode for Answer {
    fn encode(&self, to: &mut dyn Encoder) {
        const ABSENT: Option<String> = None;
        let members = StructureEncoder::begin(to, &THING).member(&self.text).member(&ABSENT).member(&self.number);
        members.member(&ABSENT).member(&ABSENT).member(&ABSENT).member(&self.texts).end();
    }
}

fn encoded(answer: &Answer) -> String {
    String::from_utf8(encode(&MODEL, &OPERATION, answer, RequestId::new(Uuid::nil())).body).unwrap()
}

#[test]
fn answers_are_indented_and_escaped() {
    let answer = Answer {
        text: Some("<a href=\"x\">&'\r</a>".to_owned()),
        number: Some(-7),
        texts: Some(vec![String::new(), "b".to_owned()]),
    };
    assert_eq!(
        encoded(&answer),
        r#"<DoThingResponse xmlns="https://thing/?a&amp;b">
  <DoThingResult>
    <Text>&lt;a href=&quot;x&quot;&gt;&amp;&apos;&#13;&lt;/a&gt;</Text>
    <Number>-7</Number>
    <Texts>
      <member></member>
      <member>b</member>
    </Texts>
  </DoThingResult>
  <ResponseMetadata>
    <RequestId>00000000-0000-0000-0000-000000000000</RequestId>
  </ResponseMetadata>
</DoThingResponse>
"#
    );
}

#[test]
fn empty_texts_and_lists_are_empty_elements() {
    let xml = encoded(&Answer { text: Some(String::new()), number: None, texts: Some(Vec::new()) });
    assert!(xml.contains("    <Text></Text>\n    <Texts></Texts>\n"), "{xml}");
}

#[test]
fn what_xml_cannot_hold_is_replaced() {
    let text = Some("a\u{0}b\u{8}\u{fffe}\t\n\u{1f511}".to_owned());
    let xml = encoded(&Answer { text, number: None, texts: None });
    assert!(xml.contains("<Text>a\u{fffd}b\u{fffd}\u{fffd}\t\n\u{1f511}</Text>"), "{xml}");
}

#[test]
fn errors_name_who_is_at_fault() {
    let id = RequestId::new(Uuid::nil());
    for (error, fault, message) in [
        (ApiError::new("A", "<m>"), "Sender", "\n    <Message>&lt;m&gt;</Message>"),
        (ApiError::bare("A").with_status(500), "Receiver", ""),
    ] {
        let xml = String::from_utf8(encode_error(&error, None, id).body).unwrap();
        assert_eq!(
            xml,
            format!(
                "<ErrorResponse>\n  <Error>\n    <Type>{fault}</Type>\n    <Code>A</Code>{message}\n  </Error>\n  \
                 <RequestId>{id}</RequestId>\n</ErrorResponse>\n"
            )
        );
    }
}
