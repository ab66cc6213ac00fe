//! Generates inputs from shape tables: the least that is valid, and everything around the constraints.

use base64_simd::STANDARD as BASE64;
use serde_json::{Map, Value, json};
use trent_protocol::{Bounds, Pattern, Protocol, Shape, Structure};

/// An input and what becomes of it.
#[derive(Debug)]
pub struct Case {
    pub input: Value,
    pub expected: Expected,
}

#[derive(Debug)]
pub enum Expected {
    Valid,
    /// Each violation as AWS words it, in order.
    Violations(Vec<String>),
    /// One violation with this end, where Java's rendering of the value before it is not known.
    ViolationEnding(String),
    /// The value does not have the type of its member.
    WrongType,
}

/// A value of a scalar shape and the constraints that it breaks, in order.
#[derive(Debug, Clone)]
pub struct Sample {
    pub value: Value,
    pub broken: Vec<String>,
    /// The value as AWS shows it, with quotes and a space after it; empty where it is sensitive.
    shown: String,
}

/// Strings that satisfy the models' patterns: what stands before and after as many fillers as a length needs.
const FORMS: [(&str, &str, &str); 16] = [
    ("", "a", ""),
    ("", "1", ""),
    ("", "A", ""),
    ("cluster-", "a", ""),
    ("https://", "a", ""),
    ("/", "a", "/kms/xks/v1"),
    ("com.amazonaws.vpce.us-east-1.vpce-svc-", "0", ""),
    ("arn:aws:iam::111122223333:", "a", ""),
    ("a.", "a", ".a"),
    ("us-east-", "1", ""),
    ("", "/", ""),
    ("/", "a", "/"),
    ("v", "1", ""),
    ("o-", "a", ""),
    ("o-aaaaaaaaaa/r-", "a", ""),
    ("p-", "a", ""),
];

/// Characters of which at least one breaks every pattern that can be broken at all.
const MISFITS: [&str; 5] = ["\u{e4}", "!", "\u{0}", "\u{2603}", "_"];

impl Sample {
    /// What the framework says of the sample at this path.
    pub fn violations(&self, path: &str) -> Vec<String> {
        let Self { broken, shown, .. } = self;
        let told = |constraint| format!("Value {shown}at '{path}' failed to satisfy constraint: {constraint}");
        broken.iter().map(told).collect()
    }
}

/// The least input that is valid: only what is required, in its simplest form.
///
/// # Panics
/// Panics where a model has a constraint that none of our forms satisfies.
pub fn minimal(structure: &Structure) -> Value {
    let required = structure.members.iter().filter(|member| member.is_required);
    required.map(|member| (member.name.to_owned(), valid(member.shape))).collect::<Map<_, _>>().into()
}

/// Every case that a structure's constraints give rise to.
///
/// # Panics
/// Panics where a model has a constraint that none of our forms satisfies.
pub fn cases(structure: &'static Structure, protocol: Protocol) -> Vec<Case> {
    let mut cases = vec![Case { input: minimal(structure), expected: Expected::Valid }];
    let mut generator = Generator { cases: &mut cases, protocol };
    generator.structure(structure, "", &|input| input);
    cases
}

/// Inputs with `secret` in each sensitive member in turn, in a form that its constraints or its type refuse.
pub fn with_each_secret(structure: &'static Structure, secret: &str) -> Vec<Value> {
    let mut inputs = Vec::new();
    for member in structure.members {
        let nested = match member.shape {
            Shape::Structure(nested) => with_each_secret(nested, secret),
            Shape::String { is_sensitive: true, .. } => vec![json!(secret), json!(secret.repeat(20_000))],
            Shape::Blob { is_sensitive: true, .. } => {
                let long = BASE64.encode_to_string(secret.repeat(1000));
                vec![json!(secret), json!(long), json!({ secret: secret }), json!([secret])]
            }
            _ => continue,
        };
        for value in nested {
            let mut input = minimal(structure);
            input[member.name] = value;
            inputs.push(input);
        }
    }
    inputs
}

/// An input of this structure on the wire.
pub fn body(structure: &'static Structure, input: &Value, protocol: Protocol) -> Vec<u8> {
    match protocol {
        Protocol::AwsJson11 => input.to_string().into_bytes(),
        Protocol::AwsQuery => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            flatten(&mut form, "", input, Some(&Shape::Structure(structure)));
            form.finish().into_bytes()
        }
    }
}

/// The samples of a scalar shape: at and beyond each of its bounds. None for other shapes.
pub fn scalar_values(shape: &Shape) -> Vec<Sample> {
    match shape {
        Shape::String { length, pattern, is_sensitive } => strings(*length, pattern.as_ref(), *is_sensitive),
        Shape::Enum { values } => enumerated(values),
        Shape::Blob { length, is_sensitive } => blobs(*length, *is_sensitive),
        Shape::Integer { range } => integers(*range),
        Shape::Boolean => [true, false].map(|flag| fine(json!(flag))).into(),
        Shape::Timestamp => [json!(0), json!(1_790_597_408.399), json!(-1.5)].map(fine).into(),
        Shape::Structure(_) | Shape::List { .. } | Shape::Map { .. } => Vec::new(),
    }
}

/// A member's name as messages have it: `keyId` for `KeyId`.
pub fn camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// What the framework says of a required member that is absent.
pub fn missing(path: &str) -> String {
    format!("Value null at '{path}' failed to satisfy constraint: Member must not be null")
}

struct Generator<'a> {
    cases: &'a mut Vec<Case>,
    protocol: Protocol,
}

impl Generator<'_> {
    /// Cases for each member of a structure; `around` puts the structure into the whole input.
    fn structure(&mut self, structure: &'static Structure, path: &str, around: &dyn Fn(Value) -> Value) {
        for member in structure.members {
            let path = if path.is_empty() { camel(member.name) } else { format!("{path}.{}", camel(member.name)) };
            let put = |value: Value| {
                let mut input = minimal(structure);
                input[member.name] = value;
                around(input)
            };
            let mut without = minimal(structure);
            without.as_object_mut().expect("an object").remove(member.name);
            let absent =
                || if member.is_required { Expected::Violations(vec![missing(&path)]) } else { Expected::Valid };
            let is_told = self.protocol == Protocol::AwsJson11 || path == camel(member.name) || without != json!({});
            if is_told {
                self.add(around(without), absent());
            }
            if self.protocol == Protocol::AwsJson11 {
                self.add(put(Value::Null), absent());
            }
            self.values(member.shape, &path, &put);
        }
    }

    /// Cases for one value; `put` makes the whole input with it.
    fn values(&mut self, shape: &'static Shape, path: &str, put: &dyn Fn(Value) -> Value) {
        for value in of_wrong_type(shape, self.protocol) {
            self.add(put(value), Expected::WrongType);
        }
        match shape {
            Shape::Structure(structure) => self.structure(structure, path, put),
            Shape::List { member, length } => self.list(member, *length, path, put),
            Shape::Map { key, value, .. } => self.map(key, value, path, put),
            scalar => {
                for sample in scalar_values(scalar) {
                    let expected = if sample.broken.is_empty() {
                        Expected::Valid
                    } else {
                        Expected::Violations(sample.violations(path))
                    };
                    self.add(put(sample.value), expected);
                }
            }
        }
    }

    fn list(&mut self, item: &'static Shape, length: Bounds, path: &str, put: &dyn Fn(Value) -> Value) {
        let of_length = |n: i64| put(Value::Array((0..n).map(|_| valid(item)).collect()));
        for (n, constraint) in around(length, "length") {
            let expected = constraint.map_or(Expected::Valid, |constraint| {
                Expected::ViolationEnding(format!("at '{path}' failed to satisfy constraint: {constraint}"))
            });
            self.add(of_length(n), expected);
        }
        // Beside a valid item, so that the second place is named and all items are shown.
        match item {
            Shape::Structure(structure) => {
                let beside = |value| put(json!([valid(item), value]));
                self.structure(structure, &format!("{path}.2.member"), &beside);
            }
            scalar => {
                for value in of_wrong_type(scalar, self.protocol) {
                    self.add(put(json!([value])), Expected::WrongType);
                }
                for sample in scalar_values(scalar) {
                    let items = json!([valid(item), sample.value]);
                    let shown = format!("[{}, {}]", java(&items[0]), java(&items[1]));
                    self.add(put(items), in_container(&sample, scalar, &shown, "Member", path));
                }
            }
        }
    }

    fn map(&mut self, key: &Shape, value: &'static Shape, path: &str, put: &dyn Fn(Value) -> Value) {
        // A form cannot tell an empty map from an absent one.
        if self.protocol == Protocol::AwsJson11 {
            self.add(put(json!({})), Expected::Valid);
        }
        for wrong in of_wrong_type(value, self.protocol) {
            self.add(put(json!({ "a": wrong })), Expected::WrongType);
        }
        for sample in scalar_values(key) {
            let text = sample.value.as_str().expect("keys are text").to_owned();
            let shown = format!("{{{text}={}}}", java(&valid(value)));
            let expected = in_container(&sample, key, &shown, "Map keys", path);
            self.add(put(json!({ text: valid(value) })), expected);
        }
        for sample in scalar_values(value) {
            let shown = format!("{{a={}}}", java(&sample.value));
            let expected = in_container(&sample, value, &shown, "Map value", path);
            self.add(put(json!({ "a": sample.value })), expected);
        }
    }

    fn add(&mut self, input: Value, expected: Expected) {
        self.cases.push(Case { input, expected });
    }
}

/// AWS reports a scalar in a list or map at its container, with all constraints of its kind.
fn in_container(sample: &Sample, shape: &Shape, shown: &str, what: &str, path: &str) -> Expected {
    if sample.broken.is_empty() {
        return Expected::Valid;
    }
    let constraints = match shape {
        Shape::String { length, pattern, .. } => {
            let mut all: Vec<String> = length.max.map(|max| at_most("length", max)).into_iter().collect();
            all.extend(length.min.map(|min| at_least("length", min)));
            all.extend(pattern.as_ref().map(matching));
            all.join(", ")
        }
        Shape::Enum { values } => one_of(values),
        other => panic!("no model has a list of {other:?}"),
    };
    Expected::Violations(vec![format!(
        "Value '{shown}' at '{path}' failed to satisfy constraint: {what} must satisfy constraint: [{constraints}]"
    )])
}

fn strings(length: Bounds, pattern: Option<&Pattern>, is_sensitive: bool) -> Vec<Sample> {
    let shown = |text: &str| if is_sensitive { String::new() } else { format!("'{text}' ") };
    let misses = |text: &str| pattern.filter(|pattern| !pattern.matches(text)).map(matching);
    let mut samples = Vec::new();
    for (n, constraint) in around(length, "length") {
        // Some patterns allow no string of a length; then the shape's other constraint breaks with it.
        let text = text(n, pattern).unwrap_or_else(|| "a".repeat(chars(n)));
        let broken = constraint.into_iter().chain(misses(&text)).collect();
        samples.push(Sample { shown: shown(&text), value: json!(text), broken });
    }
    let fitting = length.min.unwrap_or(1).max(1);
    let misfit = MISFITS.iter().map(|misfit| misfit.repeat(chars(fitting))).find(|misfit| misses(misfit).is_some());
    samples.extend(misfit.map(|text| Sample {
        shown: shown(&text),
        broken: misses(&text).into_iter().collect(),
        value: json!(text),
    }));
    samples
}

fn enumerated(values: &[&str]) -> Vec<Sample> {
    let mut samples: Vec<Sample> = values.iter().map(|value| fine(json!(value))).collect();
    let swapped =
        values[0].chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
    for wrong in [String::new(), "Wrong".to_owned(), swapped.collect(), format!("{} ", values[0])] {
        samples.push(Sample { shown: format!("'{wrong}' "), value: json!(wrong), broken: vec![one_of(values)] });
    }
    samples
}

fn blobs(length: Bounds, is_sensitive: bool) -> Vec<Sample> {
    let samples = around(length, "length").into_iter().map(|(n, constraint)| Sample {
        value: json!(BASE64.encode_to_string(vec![7; chars(n)])),
        broken: constraint.into_iter().collect(),
        shown: if is_sensitive { String::new() } else { format!("'java.nio.HeapByteBuffer[pos=0 lim={n} cap={n}]' ") },
    });
    samples.collect()
}

fn integers(range: Bounds) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    for (n, constraint) in around(range, "value") {
        samples.push(Sample { value: json!(n), broken: constraint.into_iter().collect(), shown: format!("'{n}' ") });
    }
    samples
}

/// The amounts at and just beyond each bound, with the constraint that breaks there.
fn around(bounds: Bounds, quantity: &str) -> Vec<(i64, Option<String>)> {
    let mut amounts = Vec::new();
    if let Some(min) = bounds.min {
        amounts.push((min, None));
        if min > 0 || quantity == "value" {
            amounts.push((min - 1, Some(at_least(quantity, min))));
        }
    }
    if let Some(max) = bounds.max {
        amounts.push((max, None));
        amounts.push((max + 1, Some(at_most(quantity, max))));
    }
    if bounds == Bounds::NONE {
        amounts.push((1, None));
    }
    amounts
}

fn valid(shape: &Shape) -> Value {
    match shape {
        Shape::Structure(structure) => match minimal(structure) {
            // A form cannot tell an empty structure from an absent one.
            Value::Object(members) if members.is_empty() => {
                let first = structure.members.first();
                first.map_or_else(|| json!({}), |member| json!({ member.name: valid(member.shape) }))
            }
            minimal => minimal,
        },
        Shape::List { member, length } => Value::Array((0..length.min.unwrap_or(0)).map(|_| valid(member)).collect()),
        // Nor an empty map.
        Shape::Map { key, value, .. } => {
            let key = valid(key);
            json!({ key.as_str().expect("keys are strings"): valid(value) })
        }
        Shape::String { length, pattern, .. } => {
            let lengths = length.min.unwrap_or(0).max(1)..=length.max.unwrap_or(100);
            let text = lengths.into_iter().find_map(|n| text(n, pattern.as_ref()));
            json!(text.unwrap_or_else(|| panic!("no form fits {shape:?}")))
        }
        scalar => {
            let samples = scalar_values(scalar);
            let fitting = samples.into_iter().find(|sample| sample.broken.is_empty());
            fitting.unwrap_or_else(|| panic!("nothing fits {scalar:?}")).value
        }
    }
}

/// A string of this length that matches the pattern, if one of our forms gives one.
fn text(length: i64, pattern: Option<&Pattern>) -> Option<String> {
    let texts = FORMS.iter().filter_map(|(before, filler, after)| {
        let fillers = chars(length).checked_sub(before.len() + after.len())?;
        Some([before, &*filler.repeat(fillers), after].concat())
    });
    texts.into_iter().find(|text| pattern.is_none_or(|pattern| pattern.matches(text)))
}

fn of_wrong_type(shape: &Shape, protocol: Protocol) -> Vec<Value> {
    let (object, array, text, number, flag) = (json!({}), json!([]), json!("text!"), json!(1), json!(true));
    match (protocol, shape) {
        (Protocol::AwsJson11, Shape::Structure(_) | Shape::Map { .. }) => vec![array, text, number, flag],
        (Protocol::AwsJson11, Shape::List { .. }) => vec![object, text, number, flag],
        (Protocol::AwsJson11, Shape::String { .. } | Shape::Enum { .. }) => vec![object, array, number, flag],
        (Protocol::AwsJson11, Shape::Integer { .. } | Shape::Timestamp) => vec![object, array, text, flag],
        (Protocol::AwsJson11, Shape::Boolean) => vec![object, array, text, number],
        (Protocol::AwsJson11, Shape::Blob { .. }) => vec![object, array, text, number, flag],
        (Protocol::AwsQuery, Shape::Integer { .. } | Shape::Boolean | Shape::Timestamp | Shape::Blob { .. }) => {
            vec![text]
        }
        (Protocol::AwsQuery, _) => Vec::new(),
    }
}

/// `shape` is none where the value is not of the one that it should be of.
fn flatten(form: &mut form_urlencoded::Serializer<'_, String>, name: &str, value: &Value, shape: Option<&Shape>) {
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match (value, shape) {
        (Value::Object(entries), Some(Shape::Map { value: shape, .. })) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                let entry = below(&format!("entry.{}", index + 1));
                form.append_pair(&format!("{entry}.key"), key);
                flatten(form, &format!("{entry}.value"), value, Some(shape));
            }
        }
        (Value::Object(members), shape) => {
            for (name, value) in members {
                let member = match shape {
                    Some(Shape::Structure(structure)) => structure.member(name).map(|member| member.shape),
                    _ => None,
                };
                flatten(form, &below(name), value, member);
            }
        }
        (Value::Array(items), _) if items.is_empty() => drop(form.append_pair(name, "")),
        (Value::Array(items), shape) => {
            let member = match shape {
                Some(Shape::List { member, .. }) => Some(*member),
                _ => None,
            };
            for (index, item) in items.iter().enumerate() {
                flatten(form, &below(&format!("member.{}", index + 1)), item, member);
            }
        }
        (Value::String(text), _) => drop(form.append_pair(name, text)),
        (other, _) => drop(form.append_pair(name, &other.to_string())),
    }
}

/// A scalar as Java prints it.
fn java(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn fine(value: Value) -> Sample {
    Sample { shown: format!("'{}' ", java(&value)), value, broken: Vec::new() }
}

fn chars(length: i64) -> usize {
    usize::try_from(length).expect("no length is negative")
}

fn at_least(quantity: &str, min: i64) -> String {
    format!("Member must have {quantity} greater than or equal to {min}")
}

fn at_most(quantity: &str, max: i64) -> String {
    format!("Member must have {quantity} less than or equal to {max}")
}

fn matching(pattern: &Pattern) -> String {
    format!("Member must satisfy regular expression pattern: {}", pattern.source())
}

fn one_of(values: &[&str]) -> String {
    format!("Member must satisfy enum value set: [{}]", values.join(", "))
}
