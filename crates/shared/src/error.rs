use std::borrow::Cow;

/// An error as AWS sends it: a code, an HTTP status and, unless AWS leaves it out, a message.
///
/// Internal causes never travel in here; they go to the log and the client gets a fixed sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {}", message.as_deref().unwrap_or("(no message)"))]
pub struct ApiError {
    /// The exception's name: `NotFoundException`.
    pub code: Cow<'static, str>,
    /// The HTTP status: 400 for what the sender did wrong, 500 for what the service could not do.
    pub status: u16,
    /// `None` leaves the member out of the body, as AWS does for some exceptions (errors.md §1).
    pub message: Option<String>,
    pub message_key: MessageKey,
}

/// How the message member is spelt in a JSON error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageKey {
    /// `"message"`, as the service's own exceptions have it.
    #[default]
    Lower,
    /// `"Message"`, as denials from policy evaluation have it (errors.md §1, raw body).
    Capital,
}

impl ApiError {
    /// The sender's fault, HTTP 400.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..Self::bare(code) }
    }

    /// The sender's fault, HTTP 400, without a message.
    pub fn bare(code: &'static str) -> Self {
        Self { code: Cow::Borrowed(code), status: 400, message: None, message_key: MessageKey::Lower }
    }

    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Constraint and cross-field violations; not modelled, yet every service returns it.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// The caller may not do this. Policy evaluation spells its message with a capital M.
    pub fn access_denied(message: impl Into<String>) -> Self {
        Self { message_key: MessageKey::Capital, ..Self::new("AccessDeniedException", message) }
    }

    /// The body is not what the operation's input is made of.
    pub fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    /// An operation of the model that Trent does not have yet. AWS has no such answer; HTTP 501 says it honestly and
    /// no SDK retries it.
    pub fn not_implemented(service: &str, operation: &str) -> Self {
        Self::new("NotImplemented", format!("Trent does not implement {service} {operation} yet.")).with_status(501)
    }

    /// Something broke inside; the cause belongs in the log, not in the answer.
    pub fn internal_failure() -> Self {
        Self::new(
            "InternalFailure",
            "The request processing has failed because of an unknown error, exception or failure.",
        )
        .with_status(500)
    }

    /// Whether the sender is at fault (`Sender` in XML errors) rather than the service (`Receiver`).
    pub fn is_senders_fault(&self) -> bool {
        self.status < 500
    }
}

/// A kind of error that a service's model names: its code on the wire and its HTTP status. Codegen writes one constant
/// for each into a service's `api/errors.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception {
    pub code: &'static str,
    pub status: u16,
}

impl Exception {
    /// This exception with a message.
    pub fn says(self, message: impl Into<String>) -> ApiError {
        ApiError::new(self.code, message).with_status(self.status)
    }

    /// This exception without a message, where AWS sends none (errors.md §1).
    pub fn bare(self) -> ApiError {
        ApiError::bare(self.code).with_status(self.status)
    }
}
