use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AccountId, Caller, Partition, Region};

/// What a service knows of a request besides its input: who calls, for which account and Region.
#[derive(Debug, Clone)]
pub struct Context {
    pub request_id: RequestId,
    pub region: Region,
    pub caller: Caller,
}

/// The id of one request, sent back as `x-amzn-RequestId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(Uuid);

impl Context {
    /// The account that the request acts in.
    pub fn account(&self) -> AccountId {
        self.caller.account
    }

    pub fn partition(&self) -> Partition {
        self.region.partition()
    }
}

impl RequestId {
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
