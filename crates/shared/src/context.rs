use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AccountId, Arn, Caller, Partition, Region};

/// What a service knows of a request besides its input: who calls, for which account and Region, and by which way.
#[derive(Debug, Clone)]
pub struct Context {
    pub request_id: RequestId,
    pub region: Region,
    pub caller: Caller,
    pub connection: Connection,
    /// The service that makes the request on the caller's behalf; none where the caller does so itself.
    pub via: Option<Arc<Via>>,
}

/// How a request reached the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connection {
    /// Where it came from (`aws:SourceIp`); none for requests made in process.
    pub source_ip: Option<IpAddr>,
    /// Whether it came over TLS (`aws:SecureTransport`).
    pub is_secure: bool,
}

/// An AWS service that passes on what its own caller wants of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// The service's endpoint without Region and suffix: `s3`, for `kms:ViaService` `s3.us-east-1.amazonaws.com`.
    pub service: &'static str,
    /// The resource that it does so for (`aws:SourceArn`).
    pub source: Option<Arn>,
}

/// The id of one request, sent back as `x-amzn-RequestId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(Uuid);

impl Context {
    /// A request made in process, by the caller itself.
    pub fn new(request_id: RequestId, region: Region, caller: Caller) -> Self {
        Self { request_id, region, caller, connection: Connection::default(), via: None }
    }

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

impl FromStr for RequestId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
