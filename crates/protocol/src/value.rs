use aws_smithy_types::DateTime;
use trent_shared::{SecretBytes, SecretString};

/// A request's input after decoding, already of the types that its shape demands, not yet checked for constraints.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// One slot for each member of the structure's shape, in its order; `None` where absent or null.
    Structure(Vec<Option<Value>>),
    List(Vec<Value>),
    /// In the order of the keys; a later duplicate of a key has replaced the earlier one.
    Map(Vec<(String, Value)>),
    String(String),
    SecretString(SecretString),
    Blob(Vec<u8>),
    SecretBlob(SecretBytes),
    Integer(i64),
    Boolean(bool),
    Timestamp(DateTime),
}
