//! `api/errors.rs`: the model's exceptions.

use std::fmt::Write as _;

use super::{Service, names};
use crate::model::Shape;

pub(super) fn write(service: &Service) -> String {
    let mut text = String::from("use trent_shared::Exception;\n\n");
    let mut exceptions: Vec<(&String, &Shape)> =
        service.model.shapes.iter().filter(|(_, shape)| shape.exception).collect();
    exceptions.sort_by_key(|(name, _)| *name);
    for (name, shape) in exceptions {
        let (code, status) = match &shape.error {
            Some(error) => (error.code.as_str(), error.http_status_code),
            None => (name.as_str(), if shape.fault { 500 } else { 400 }),
        };
        let constant = names::constant(name.strip_suffix("Exception").unwrap_or(name));
        let _ = writeln!(text, "pub const {constant}: Exception = Exception {{ code: {code:?}, status: {status} }};");
    }
    text
}
