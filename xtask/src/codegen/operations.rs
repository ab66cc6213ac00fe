//! `api/operations.rs`: the operation table and the dispatch from it to the functions in `ops/`.

use std::fmt::Write as _;

use super::{Service, names, shapes};
use crate::Failure;

pub(super) fn write(service: &Service) -> Result<String, Failure> {
    let mut text = format!(
        "use std::future::ready;\n\n\
         use trent_protocol::{{BoxFuture, Decode, Operation, Output, Protocol, ServiceModel, Value}};\n\
         use trent_shared::{{ApiError, Context}};\n\n\
         use super::shapes;\nuse crate::{{{}, ops}};\n\n",
        service.type_name
    );
    model(&mut text, service)?;
    table(&mut text, service)?;
    dispatch(&mut text, service)?;
    Ok(text)
}

fn model(text: &mut String, service: &Service) -> Result<(), Failure> {
    let metadata = &service.model.metadata;
    let protocol = metadata
        .protocols
        .iter()
        .find_map(|protocol| match protocol.as_str() {
            "json" => Some("AwsJson11"),
            "query" => Some("AwsQuery"),
            _ => None,
        })
        .ok_or_else(|| format!("{}: Trent speaks none of {:?}", service.id, metadata.protocols))?;
    writeln!(
        text,
        "pub static MODEL: ServiceModel = ServiceModel {{ id: {:?}, full_name: {:?}, api_version: {:?}, \
         protocol: Protocol::{protocol}, target_prefix: {:?}, xml_namespace: {:?}, operations: &OPERATIONS }};\n",
        service.id, metadata.service_full_name, metadata.api_version, metadata.target_prefix, metadata.xml_namespace,
    )?;
    Ok(())
}

fn table(text: &mut String, service: &Service) -> Result<(), Failure> {
    let operations = &service.model.operations;
    writeln!(text, "static OPERATIONS: [Operation; {}] = [", operations.len())?;
    for (index, operation) in operations.values().enumerate() {
        let output = match &operation.output {
            Some(output) => format!("Some({})", shapes::path(&output.shape)),
            None => "None".to_owned(),
        };
        let wrapper = operation.output.as_ref().and_then(|output| output.result_wrapper.as_ref());
        let errors: Vec<&str> = operation.errors.iter().map(|error| error.shape.as_str()).collect();
        writeln!(
            text,
            "Operation {{ index: {index}, name: {:?}, input: {}, output: {output}, result_wrapper: {wrapper:?}, \
             errors: &{errors:?}, is_implemented: {} }},",
            operation.name,
            shapes::path(&operation.input.shape),
            service.is_built(&operation.name),
        )?;
    }
    writeln!(text, "];\n")?;
    Ok(())
}

fn dispatch(text: &mut String, service: &Service) -> Result<(), Failure> {
    // Formatted, an arm takes three or more of the hundred lines that clippy grants a function.
    let is_long = service.built.len() > 28;
    let expect = "#[expect(clippy::too_many_lines, reason = \"one arm for each operation\")]\n";
    writeln!(
        text,
        "/// Decodes the input of an operation into its own type and runs it. Each operation is a future of its own, so that
         /// none takes more room than it needs.\n{}\
         pub(crate) fn dispatch<'a>(service: &'a {}, cx: &'a Context, operation: &'static Operation, input: Value) \
         -> BoxFuture<'a, Result<Output, ApiError>> {{\nmatch operation.index {{",
        if is_long { expect } else { "" },
        service.type_name
    )?;
    for (index, operation) in service.model.operations.values().enumerate() {
        if service.is_built(&operation.name) {
            let name = names::snake(&operation.name);
            writeln!(
                text,
                "{index} => Box::pin(async move {{ \
                 Ok(Box::new(ops::{name}::{name}(service, cx, Decode::decode(input)?).await?) as Output) }}),"
            )?;
        }
    }
    writeln!(text, "_ => Box::pin(ready(Err(ApiError::not_implemented(MODEL.full_name, operation.name)))),\n}}\n}}")?;
    Ok(())
}
