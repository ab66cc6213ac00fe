//! One module per wire protocol; [`Protocol`] chooses among them.

mod json;
mod query;

use trent_shared::{ApiError, RequestId};

use crate::{Encode, Operation, ServiceModel, Value, validate};

/// How a service speaks on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// awsJson 1.1: `X-Amz-Target` names the operation, bodies are JSON.
    AwsJson11,
    /// awsQuery: form-encoded `Action=…&Version=…` in, XML out.
    AwsQuery,
}

/// The body of an answer and what it is made of.
#[derive(Debug)]
pub struct Payload {
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

impl Protocol {
    /// Decodes a request body by the operation's input shape and checks all its constraints.
    pub fn decode(self, operation: &Operation, body: &[u8]) -> Result<Value, ApiError> {
        let input = self.parse(operation, body)?;
        match self {
            Self::AwsJson11 => validate(&input, operation.input)?,
            Self::AwsQuery => validate(&input, operation.input).map_err(query::validation_error)?,
        }
        Ok(input)
    }

    /// Decodes a request body by the operation's input shape, without checking its constraints.
    pub fn parse(self, operation: &Operation, body: &[u8]) -> Result<Value, ApiError> {
        match self {
            Self::AwsJson11 => json::decode(body, operation.input),
            Self::AwsQuery => query::decode(body, operation.input),
        }
    }

    /// Writes an operation's output; HTTP status 200.
    pub fn encode(self, model: &ServiceModel, operation: &Operation, output: &dyn Encode, id: RequestId) -> Payload {
        match self {
            Self::AwsJson11 => json::encode(output),
            Self::AwsQuery => query::encode(model, operation, output, id),
        }
    }

    /// Writes an error; its HTTP status is [`ApiError::status`]. `xml_namespace` is that of the service, where one is known.
    pub fn encode_error(self, error: &ApiError, xml_namespace: Option<&str>, id: RequestId) -> Payload {
        match self {
            Self::AwsJson11 => json::encode_error(error),
            Self::AwsQuery => query::encode_error(error, xml_namespace, id),
        }
    }
}
