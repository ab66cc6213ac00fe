//! From a validated [`Value`] to the types of a service's API.

use std::collections::BTreeMap;

use aws_smithy_types::{Blob, DateTime};
use trent_shared::{ApiError, SecretBytes, SecretString};

use crate::Value;

/// Made from a [`Value`] of the matching shape.
pub trait Decode: Sized {
    fn decode(value: Value) -> Result<Self, Mismatch>;
}

/// A value does not have the type that its shape promises: the shape tables and the generated types disagree, which
/// is Trent's fault and never the client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a decoded value does not fit its generated type")]
pub struct Mismatch;

/// The members of a structure, taken in shape order.
#[derive(Debug)]
pub struct Members(std::vec::IntoIter<Option<Value>>);

impl Members {
    pub fn of(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Structure(members) => Ok(Self(members.into_iter())),
            _ => Err(Mismatch),
        }
    }

    /// The next member, which may be absent.
    pub fn optional<T: Decode>(&mut self) -> Result<Option<T>, Mismatch> {
        self.0.next().ok_or(Mismatch)?.map(T::decode).transpose()
    }

    /// The next member, which validation has found present.
    pub fn required<T: Decode>(&mut self) -> Result<T, Mismatch> {
        self.optional()?.ok_or(Mismatch)
    }
}

impl From<Mismatch> for ApiError {
    fn from(_: Mismatch) -> Self {
        Self::internal_failure()
    }
}

macro_rules! decode_leaf {
    ($($variant:ident($inner:ident) => $type:ty: $make:expr;)*) => {$(
        impl Decode for $type {
            fn decode(value: Value) -> Result<Self, Mismatch> {
                match value {
                    Value::$variant($inner) => $make,
                    _ => Err(Mismatch),
                }
            }
        }
    )*};
}

decode_leaf! {
    String(text) => String: Ok(text);
    SecretString(text) => SecretString: Ok(text);
    Blob(bytes) => Blob: Ok(Blob::new(bytes));
    SecretBlob(bytes) => SecretBytes: Ok(bytes);
    Integer(number) => i32: Self::try_from(number).map_err(|_| Mismatch);
    Boolean(flag) => bool: Ok(flag);
    Timestamp(at) => DateTime: Ok(at);
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::List(items) => items.into_iter().map(T::decode).collect(),
            _ => Err(Mismatch),
        }
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Map(entries) => entries.into_iter().map(|(key, value)| Ok((key, T::decode(value)?))).collect(),
            _ => Err(Mismatch),
        }
    }
}
