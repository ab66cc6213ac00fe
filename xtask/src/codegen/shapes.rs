//! `api/shapes.rs`: the constraint tables.

use std::fmt::Write as _;

use super::{Service, names};
use crate::Failure;
use crate::model::{Kind, Reference, Shape};

pub(super) fn write(service: &Service) -> Result<String, Failure> {
    let mut text = String::from("use trent_protocol::{Bounds, Member, Pattern, Shape, Structure};\n\n");
    let mut shapes: Vec<(&String, &Shape)> =
        service.model.shapes.iter().filter(|(_, shape)| !shape.exception).collect();
    shapes.sort_by_key(|(name, _)| *name);
    for (name, shape) in shapes {
        let constant = names::constant(name);
        if shape.kind == Kind::Structure {
            structure(&mut text, service, name, shape)?;
        } else {
            writeln!(text, "pub static {constant}: Shape = {};\n", expression(service, shape)?)?;
        }
    }
    Ok(text)
}

/// A reference to the shape's table, for an operation's input or output.
pub(super) fn path(name: &str) -> String {
    format!("&shapes::{}", names::constant(name))
}

fn structure(text: &mut String, service: &Service, name: &str, shape: &Shape) -> Result<(), Failure> {
    let constant = names::constant(name);
    writeln!(text, "pub static {constant}: Structure = Structure {{ name: {name:?}, members: &[")?;
    for (member, reference) in &shape.members {
        let is_required = shape.required.contains(member);
        let shape = target(service, reference)?;
        writeln!(text, "Member {{ name: {member:?}, shape: {shape}, is_required: {is_required} }},")?;
    }
    writeln!(text, "] }};\n")?;
    Ok(())
}

/// A reference to the table of a member, item, key or value.
fn target(service: &Service, reference: &Reference) -> Result<String, Failure> {
    let constant = names::constant(&reference.shape);
    let is_structure = service.model.shape(&reference.shape)?.kind == Kind::Structure;
    Ok(if is_structure { format!("&Shape::Structure(&{constant})") } else { format!("&{constant}") })
}

fn expression(service: &Service, shape: &Shape) -> Result<String, Failure> {
    let bounds = bounds(shape);
    let target = |reference: &Option<Reference>| {
        target(service, reference.as_ref().ok_or("a container does not say what it holds")?)
    };
    Ok(match shape.kind {
        Kind::Structure => return Err("structures have tables of their own".into()),
        Kind::List => format!("Shape::List {{ member: {}, length: {bounds} }}", target(&shape.member)?),
        Kind::Map => {
            format!("Shape::Map {{ key: {}, value: {}, length: {bounds} }}", target(&shape.key)?, target(&shape.value)?)
        }
        Kind::String if !shape.values.is_empty() => format!("Shape::Enum {{ values: &{:?} }}", shape.values),
        Kind::String => format!(
            "Shape::String {{ length: {bounds}, pattern: {}, is_sensitive: {} }}",
            pattern(shape)?,
            shape.sensitive
        ),
        Kind::Blob => format!("Shape::Blob {{ length: {bounds}, is_sensitive: {} }}", shape.sensitive),
        Kind::Integer => format!("Shape::Integer {{ range: {bounds} }}"),
        Kind::Boolean => "Shape::Boolean".to_owned(),
        Kind::Timestamp => "Shape::Timestamp".to_owned(),
    })
}

fn bounds(shape: &Shape) -> String {
    match (shape.min, shape.max) {
        (None, None) => "Bounds::NONE".to_owned(),
        (min, max) => format!("Bounds {{ min: {}, max: {} }}", bound(min), bound(max)),
    }
}

fn bound(bound: Option<i64>) -> String {
    bound.map_or("None".to_owned(), |number| format!("Some({})", grouped(number)))
}

/// A number with its thousands apart, as clippy wants it: `131_072`.
fn grouped(number: i64) -> String {
    let digits = number.abs().to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    let sign = if number < 0 { "-" } else { "" };
    // Four digits read well enough as they are.
    sign.to_owned() + &groups.join(if digits.len() > 4 { "_" } else { "" })
}

fn pattern(shape: &Shape) -> Result<String, Failure> {
    let Some(pattern) = &shape.pattern else { return Ok("None".to_owned()) };
    regex::Regex::new(&format!("^(?:{pattern})$"))?;
    Ok(format!("Some(Pattern::new({pattern:?}))"))
}
