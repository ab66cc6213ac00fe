use std::collections::BTreeMap;

use aws_smithy_types::Blob;

use super::*;
use crate::{Bounds, StructureEncoder};

static TEXT: Shape = Shape::String { length: Bounds::NONE, pattern: None, is_sensitive: false };
static SECRET: Shape = Shape::String { length: Bounds::NONE, pattern: None, is_sensitive: true };
static NUMBER: Shape = Shape::Integer { range: Bounds::NONE };
static BYTES: Shape = Shape::Blob { length: Bounds::NONE, is_sensitive: false };
static TEXTS: Shape = Shape::List { member: &TEXT, length: Bounds::NONE };
static MAP: Shape = Shape::Map { key: &TEXT, value: &TEXT, length: Bounds::NONE };
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
        Member { name: "Map", shape: &MAP, is_required: false },
        Member { name: "Thing", shape: &Shape::Structure(&THING), is_required: false },
    ],
};

fn decoded(json: &str) -> Result<Value, ApiError> {
    decode(json.as_bytes(), &THING)
}

/// The member of this name, where the whole body decodes.
fn member(name: &str, json: &str) -> Option<Value> {
    let Value::Structure(mut members) = decoded(json).unwrap() else { panic!("no structure: {json}") };
    members.swap_remove(THING.position(name).unwrap())
}

fn complaint(json: &str) -> Option<String> {
    let refused = decoded(json).unwrap_err();
    assert_eq!((&*refused.code, refused.status), ("SerializationException", 400), "{json}");
    refused.message
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

#[test]
fn nothing_and_null_and_an_empty_object_are_the_same() {
    let nothing = Value::Structure(vec![None; THING.members.len()]);
    for json in ["", "{}", " { } ", "null", r#"{"Text":null,"Thing":null,"Texts":null,"Bytes":null}"#] {
        assert_eq!(decoded(json), Ok(nothing.clone()), "{json}");
    }
}

#[test]
fn unknown_members_are_ignored_whatever_they_hold() {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    for unknown in ["1", r#""x""#, "{\"Text\":[1,{}]}", "null", &deep] {
        let json = format!(r#"{{"text":{unknown},"TEXT":{unknown},"Text":"a","Unknown":{unknown}}}"#);
        assert_eq!(member("Text", &json), Some(text("a")));
    }
}

#[test]
fn of_members_and_entries_with_one_name_the_last_counts() {
    assert_eq!(member("Text", r#"{"Text":"a","Text":"b"}"#), Some(text("b")));
    assert_eq!(member("Text", r#"{"Text":"a","Text":null}"#), None);
    let map = |entries: &[(&str, &str)]| {
        Some(Value::Map(entries.iter().map(|(key, value)| ((*key).to_owned(), text(value))).collect()))
    };
    assert_eq!(member("Map", r#"{"Map":{"k":"a","j":"c","k":"b"}}"#), map(&[("j", "c"), ("k", "b")]));
    assert_eq!(member("Map", r#"{"Map":{"k":"a","k":null}}"#), map(&[]));
}

#[test]
fn nulls_in_lists_and_maps_are_left_out() {
    assert_eq!(member("Texts", r#"{"Texts":[null,"a",null]}"#), Some(Value::List(vec![text("a")])));
    assert_eq!(member("Map", r#"{"Map":{"a":null}}"#), Some(Value::Map(Vec::new())));
}

#[test]
fn escapes_are_read() {
    let json = r#"{"Text":"\"\\\/\b\f\n\r\t\u00e4\ud83d\udd11"}"#;
    assert_eq!(member("Text", json), Some(text("\"\\/\u{8}\u{c}\n\r\t\u{e4}\u{1f511}")));
    assert_eq!(member("Text", r#"{"\u0054ext":"a"}"#), Some(text("a")));
}

#[test]
fn integers_lose_their_fractions_and_stop_at_their_limits() {
    for (json, number) in [
        ("0", 0),
        ("-0", 0),
        ("-7", -7),
        ("1.9", 1),
        ("-1.9", -1),
        ("2e3", 2000),
        ("9223372036854775807", i64::MAX),
        ("9223372036854775808", i64::MAX),
        ("18446744073709551616", i64::MAX),
        ("-1e300", i64::MIN),
        ("1e300", i64::MAX),
    ] {
        let found = member("Number", &format!(r#"{{"Number":{json}}}"#));
        assert_eq!(found, Some(Value::Integer(number)), "{json}");
    }
    assert_eq!(complaint(r#"{"Number":1e999}"#), None, "no number at all");
}

#[test]
fn dates_are_seconds_of_any_size() {
    for (json, at) in [
        ("1790597408.399", DateTime::from_secs_f64(1_790_597_408.399)),
        ("1.790597408399E9", DateTime::from_secs_f64(1_790_597_408.399)),
        ("1790597408", DateTime::from_secs(1_790_597_408)),
        ("-1e-20", DateTime::from_secs(0)),
        ("1e300", DateTime::from_secs(i64::MAX)),
    ] {
        assert_eq!(member("At", &format!(r#"{{"At":{json}}}"#)), Some(Value::Timestamp(at)), "{json}");
    }
}

#[test]
fn blobs_are_base64_with_all_its_padding_and_nothing_else() {
    for (json, bytes) in [("", &b""[..]), ("AA==", &[0]), ("+/+/", &[0xfb, 0xff, 0xbf]), ("SGVsbG8=", b"Hello")] {
        let found = member("Bytes", &format!(r#"{{"Bytes":"{json}"}}"#));
        assert_eq!(found, Some(Value::Blob(bytes.to_vec())), "{json}");
    }
    for wrong in ["A", "AA", "AA=", "AA===", "AB==", "-_-_", "AA ==", "AA==\\n", "=", "\u{e4}"] {
        let message = complaint(&format!(r#"{{"Bytes":"{wrong}"}}"#));
        assert_eq!(message.as_deref(), Some("Invalid base64 data in blob"), "{wrong}");
    }
}

#[test]
fn a_wrong_type_is_told_in_corals_words() {
    for (json, message) in [
        (r#"{"Text":{}}"#, "Start of structure or map found where not expected."),
        (r#"{"Texts":{"member":"a"}}"#, "Start of structure or map found where not expected."),
        (r#"{"Texts":[{}]}"#, "Start of structure or map found where not expected."),
        (r#"{"Text":[]}"#, "Start of list found where not expected."),
        (r#"{"Thing":[]}"#, "Start of list found where not expected."),
        ("[]", "Start of list found where not expected."),
        (r#"{"Texts":"a"}"#, "Expected list or null"),
        (r#"{"Text":1}"#, "NUMBER_VALUE can not be converted to a String"),
        (r#"{"Text":1.5}"#, "NUMBER_VALUE can not be converted to a String"),
        (r#"{"Text":true}"#, "TRUE_VALUE can not be converted to a String"),
        (r#"{"Secret":false}"#, "FALSE_VALUE can not be converted to a String"),
        (r#"{"Number":"1"}"#, "STRING_VALUE can not be converted to an Integer"),
        (r#"{"Number":true}"#, "TRUE_VALUE can not be converted to an Integer"),
        (r#"{"Flag":"true"}"#, "STRING_VALUE can not be converted to a Boolean"),
        (r#"{"Flag":1}"#, "NUMBER_VALUE can not be converted to a Boolean"),
        (r#"{"Bytes":1}"#, "NUMBER_VALUE can not be converted to a Blob"),
        (r#"{"At":"2026-09-28T12:10:08Z"}"#, "STRING_VALUE can not be converted to milliseconds since epoch"),
        (r#"{"Thing":{"Thing":{"Number":"1"}}}"#, "STRING_VALUE can not be converted to an Integer"),
    ] {
        assert_eq!(complaint(json).as_deref(), Some(message), "{json}");
    }
}

#[test]
fn what_is_not_json_is_refused_without_a_word() {
    for wrong in
        ["{", "{}{}", "{} x", "nul", r#"{"Text":"a",}"#, r#"{"Text":'a'}"#, "\u{feff}{}", r#"{"Text":"\ud800"}"#]
    {
        assert_eq!(complaint(wrong), None, "{wrong}");
    }
    for wrong in [&b"{\"Text\":\"\xff\"}"[..], b"{\"\xc0\x80\":1}", b"\x00", b"{\"Text\":\"a\nb\"}"] {
        assert_eq!(decode(wrong, &THING).unwrap_err(), ApiError::bare("SerializationException"), "{wrong:?}");
    }
}

#[test]
fn deep_nesting_is_refused_before_it_hurts() {
    let nested = |depth: usize| format!("{}{}", r#"{"Thing":"#.repeat(depth), "null".to_owned() + &"}".repeat(depth));
    assert!(decoded(&nested(100)).is_ok());
    assert_eq!(complaint(&nested(100_000)), None);
    assert_eq!(complaint(&"{\"Thing\":".repeat(100_000)), None);
}

struct Answer {
    text: Option<String>,
    secret: SecretString,
    number: i32,
    flag: bool,
    bytes: Blob,
    at: DateTime,
    texts: Vec<String>,
    map: BTreeMap<String, String>,
}

impl Encode for Answer {
    fn encode(&self, to: &mut dyn Encoder) {
        StructureEncoder::begin(to, &THING)
            .member(&self.text)
            .member(&self.secret)
            .member(&self.number)
            .member(&self.flag)
            .member(&self.bytes)
            .member(&self.at)
            .member(&self.texts)
            .member(&self.map)
            .end();
    }
}

fn encoded(output: &dyn Encode) -> String {
    String::from_utf8(encode(output).body).unwrap()
}

#[test]
fn answers_are_compact_and_leave_out_what_is_absent() {
    let mut answer = Answer {
        text: None,
        secret: SecretString::new(String::new()),
        number: -7,
        flag: true,
        bytes: Blob::new([0xfb, 0xff]),
        at: DateTime::from_millis(1_790_597_408_399),
        texts: Vec::new(),
        map: BTreeMap::new(),
    };
    assert_eq!(
        encoded(&answer),
        r#"{"Secret":"","Number":-7,"Flag":true,"Bytes":"+/8=","At":1.790597408399E9,"Texts":[],"Map":{}}"#
    );
    // Texts that end in brackets do not pass for the beginning of a list or structure.
    answer.text = Some("{[".to_owned());
    answer.texts = vec!["[".to_owned(), "{".to_owned(), String::new()];
    answer.map = [("{", "["), ("b", "")].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    assert_eq!(
        encoded(&answer),
        concat!(
            r#"{"Text":"{[","Secret":"","Number":-7,"Flag":true,"Bytes":"+/8=","At":1.790597408399E9,"#,
            r#""Texts":["[","{",""],"Map":{"b":"","{":"["}}"#
        )
    );
}

#[test]
fn texts_and_map_keys_are_escaped() {
    let hostile = "\"\\/\u{0}\n\u{1f}\u{7f}\u{2028}\u{1f511}".to_owned();
    let json = r#""\"\\/\u0000\n\u001f"#.to_owned() + "\u{7f}\u{2028}\u{1f511}\"";
    assert_eq!(encoded(&hostile), json);
    assert_eq!(encoded(&BTreeMap::from([(hostile, String::new())])), format!(r#"{{{json}:""}}"#));
}

#[test]
fn an_error_has_a_type_and_the_message_it_was_given() {
    for (error, json) in [
        (ApiError::bare("InvalidCiphertextException"), r#"{"__type":"InvalidCiphertextException"}"#),
        (ApiError::validation("\"a\""), r#"{"__type":"ValidationException","message":"\"a\""}"#),
        (ApiError::access_denied("no"), r#"{"__type":"AccessDeniedException","Message":"no"}"#),
    ] {
        assert_eq!(String::from_utf8(encode_error(&error).body).unwrap(), json);
    }
}

#[test]
fn dates_are_printed_as_java_prints_doubles() {
    for (seconds, text) in [
        (1_790_597_408.399, "1.790597408399E9"),
        (1_568_565_290.0, "1.56856529E9"),
        (1_000_000_000.0, "1.0E9"),
        (9_999_999.0, "9999999.0"),
        (0.0, "0.0"),
        (0.0001, "1.0E-4"),
        (-1.5, "-1.5"),
    ] {
        assert_eq!(java_double(seconds), text);
    }
}
