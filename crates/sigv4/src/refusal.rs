//! What is wrong with a request's signature, as AWS says it (wire.md §6, errors.md §13).

use trent_shared::ApiError;

/// Why a request is not accepted as anybody's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the request is not signed")]
    Unsigned,
    /// The signature lacks something, or cannot be read.
    #[error("{0}")]
    Incomplete(String),
    /// The signature is whole, and not valid here or now.
    #[error("{0}")]
    Invalid(String),
    /// Nobody has this access key id, it is inactive, or the session token is not the one that belongs to it.
    #[error("the credentials are not known")]
    UnknownCredentials,
    #[error("the session is over")]
    ExpiredToken,
}

pub(crate) const INVALID_REGION: &str = "Credential should be scoped to a valid region.";

/// The two families of codes and statuses; a service has that of its protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// awsJson: `InvalidSignatureException`, HTTP 400.
    Json,
    /// awsQuery: `SignatureDoesNotMatch`, mostly HTTP 403.
    Query,
}

impl Refusal {
    pub(crate) fn mismatch() -> Self {
        const WORDS: &str = "The request signature we calculated does not match the signature you provided. Check your \
                             AWS Secret Access Key and signing method. Consult the service documentation for details.";
        Self::Invalid(WORDS.to_owned())
    }

    pub(crate) fn invalid_region() -> Self {
        Self::Invalid(INVALID_REGION.to_owned())
    }

    /// The answer that the client gets.
    pub fn into_error(self, dialect: Dialect) -> ApiError {
        const UNKNOWN: &str = "The security token included in the request is invalid.";
        const EXPIRED: &str = "The security token included in the request is expired";
        let forbidden = |code, message: &str| ApiError::new(code, message).with_status(403);
        match (self, dialect) {
            (Self::Unsigned, Dialect::Json) => {
                ApiError::new("MissingAuthenticationTokenException", "Missing Authentication Token")
            }
            (Self::Unsigned, Dialect::Query) => {
                forbidden("MissingAuthenticationToken", "Request is missing Authentication Token")
            }
            (Self::Incomplete(message), Dialect::Json) => ApiError::new("IncompleteSignatureException", message),
            (Self::Incomplete(message), Dialect::Query) => ApiError::new("IncompleteSignature", message),
            (Self::Invalid(message), Dialect::Json) => ApiError::new("InvalidSignatureException", message),
            (Self::Invalid(message), Dialect::Query) => forbidden("SignatureDoesNotMatch", &message),
            (Self::UnknownCredentials, Dialect::Json) => ApiError::new("UnrecognizedClientException", UNKNOWN),
            (Self::UnknownCredentials, Dialect::Query) => forbidden("InvalidClientTokenId", UNKNOWN),
            (Self::ExpiredToken, Dialect::Json) => ApiError::new("ExpiredTokenException", EXPIRED),
            (Self::ExpiredToken, Dialect::Query) => forbidden("ExpiredToken", EXPIRED),
        }
    }
}
