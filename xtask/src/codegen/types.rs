//! `api/types.rs`: a struct for each structure, an enum for each enumeration, with what they need for the wire.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Service, names};
use crate::Failure;
use crate::model::{Kind, Shape};

pub(super) fn write(service: &Service) -> Result<String, Failure> {
    let operations = service.model.operations.values();
    let inputs = reachable(service, operations.clone().map(|operation| operation.input.shape.as_str()))?;
    let outputs = reachable(service, operations.filter_map(|o| o.output.as_ref()).map(|output| output.shape.as_str()))?;
    let all: BTreeSet<&str> = inputs.union(&outputs).copied().collect();

    let mut body = String::new();
    for name in all {
        let shape = service.model.shape(name)?;
        if !shape.values.is_empty() {
            enumeration(&mut body, name, shape)?;
        } else if shape.kind == Kind::Structure {
            structure(&mut body, service, name, shape)?;
            if inputs.contains(name) {
                decode(&mut body, name, shape)?;
            }
            if outputs.contains(name) {
                encode(&mut body, name, shape)?;
            }
        }
    }
    Ok(imports(&body) + &body)
}

/// The shapes that can be reached from some roots, the roots included.
fn reachable<'a>(service: &'a Service, roots: impl Iterator<Item = &'a str>) -> Result<BTreeSet<&'a str>, Failure> {
    let mut open: Vec<&str> = roots.collect();
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if found.insert(name) {
            let shape = service.model.shape(name)?;
            let targets = shape.members.values().chain(&shape.member).chain(&shape.key).chain(&shape.value);
            open.extend(targets.map(|reference| reference.shape.as_str()));
        }
    }
    Ok(found)
}

fn imports(body: &str) -> String {
    let pick = |names: &[&'static str]| {
        let used = |name: &&&str| body.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == **name);
        names.iter().filter(used).copied().collect::<Vec<_>>().join(", ")
    };
    let mut text = String::new();
    for (path, names) in [
        ("std::collections", pick(&["BTreeMap"])),
        ("aws_smithy_types", pick(&["Blob", "DateTime"])),
        (
            "trent_protocol",
            pick(&["Decode", "Encode", "Encoder", "Members", "Mismatch", "StructureEncoder", "Value", "string_enum"]),
        ),
        ("trent_shared", pick(&["SecretBytes", "SecretString"])),
    ] {
        if !names.is_empty() {
            let _ = writeln!(text, "use {path}::{{{names}}};");
        }
    }
    text + "\nuse super::shapes;\n\n"
}

fn enumeration(text: &mut String, name: &str, shape: &Shape) -> Result<(), Failure> {
    writeln!(text, "string_enum! {{\n    pub enum {} {{", names::camel(name))?;
    for value in &shape.values {
        writeln!(text, "        {} = {value:?},", names::variant(value))?;
    }
    writeln!(text, "    }}\n}}\n")?;
    Ok(())
}

fn structure(text: &mut String, service: &Service, name: &str, shape: &Shape) -> Result<(), Failure> {
    let default = if has_default(service, shape)? { ", Default" } else { "" };
    writeln!(text, "#[derive(Debug, Clone, PartialEq{default})]\npub struct {} {{", names::camel(name))?;
    for (member, reference) in &shape.members {
        let rust = rust_type(service, &reference.shape)?;
        let rust = if shape.required.contains(member) { rust } else { format!("Option<{rust}>") };
        writeln!(text, "    pub {}: {rust},", names::field(member))?;
    }
    writeln!(text, "}}\n")?;
    Ok(())
}

/// A structure has a default unless it must hold something that has none.
fn has_default(service: &Service, shape: &Shape) -> Result<bool, Failure> {
    for member in &shape.required {
        let reference = shape.members.get(member).ok_or("a required member is missing")?;
        let target = service.model.shape(&reference.shape)?;
        let is_secret = target.sensitive;
        let is_plain =
            target.values.is_empty() && !matches!(target.kind, Kind::Structure | Kind::Timestamp | Kind::Blob);
        if is_secret || !is_plain {
            return Ok(false);
        }
    }
    Ok(true)
}

fn decode(text: &mut String, name: &str, shape: &Shape) -> Result<(), Failure> {
    let rust = names::camel(name);
    writeln!(
        text,
        "impl Decode for {rust} {{\nfn decode(value: Value) -> Result<Self, Mismatch> {{\n\
         let {}members = Members::of(value)?;\nOk(Self {{",
        if shape.members.is_empty() { "_" } else { "mut " }
    )?;
    for member in shape.members.keys() {
        let take = if shape.required.contains(member) { "required" } else { "optional" };
        writeln!(text, "{}: members.{take}()?,", names::field(member))?;
    }
    writeln!(text, "}})\n}}\n}}\n")?;
    Ok(())
}

fn encode(text: &mut String, name: &str, shape: &Shape) -> Result<(), Failure> {
    writeln!(
        text,
        "impl Encode for {} {{\nfn encode(&self, to: &mut dyn Encoder) {{\nStructureEncoder::begin(to, &shapes::{})",
        names::camel(name),
        names::constant(name)
    )?;
    for member in shape.members.keys() {
        writeln!(text, ".member(&self.{})", names::field(member))?;
    }
    writeln!(text, ".end();\n}}\n}}\n")?;
    Ok(())
}

fn rust_type(service: &Service, name: &str) -> Result<String, Failure> {
    let shape = service.model.shape(name)?;
    Ok(match shape.kind {
        Kind::Structure => names::camel(name),
        Kind::String if !shape.values.is_empty() => names::camel(name),
        Kind::String if shape.sensitive => "SecretString".to_owned(),
        Kind::String => "String".to_owned(),
        Kind::Blob if shape.sensitive => "SecretBytes".to_owned(),
        Kind::Blob => "Blob".to_owned(),
        Kind::Integer => "i32".to_owned(),
        Kind::Boolean => "bool".to_owned(),
        Kind::Timestamp => "DateTime".to_owned(),
        Kind::List => {
            let member = shape.member.as_ref().ok_or("a list without member")?;
            format!("Vec<{}>", rust_type(service, &member.shape)?)
        }
        Kind::Map => {
            let value = shape.value.as_ref().ok_or("a map without value")?;
            format!("BTreeMap<String, {}>", rust_type(service, &value.shape)?)
        }
    })
}
