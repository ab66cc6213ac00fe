//! What a grant allows, to whom, and under which conditions (authz.md §5). A grant only allows; all that takes looking
//! something up is the service's.

mod constraints;
mod principal;

use serde::{Deserialize, Serialize};
use trent_shared::{AccountId, Caller};

pub use self::constraints::{ContextConstraint, GrantConstraints, InvalidConstraints};
pub use self::principal::{GrantPrincipal, InvalidPrincipal, Standing, names_of};
use crate::EncryptionContext;
use crate::named::named;
use crate::spec::{KeySpec, KeyType, KeyUsage};

named! {
    /// What a grant can allow. All but `ReEncryptFrom` and `ReEncryptTo` are operations of the API, and all are actions.
    pub enum GrantOperation {
        Decrypt = "Decrypt",
        Encrypt = "Encrypt",
        GenerateDataKey = "GenerateDataKey",
        GenerateDataKeyWithoutPlaintext = "GenerateDataKeyWithoutPlaintext",
        ReEncryptFrom = "ReEncryptFrom",
        ReEncryptTo = "ReEncryptTo",
        Sign = "Sign",
        Verify = "Verify",
        GetPublicKey = "GetPublicKey",
        CreateGrant = "CreateGrant",
        RetireGrant = "RetireGrant",
        DescribeKey = "DescribeKey",
        GenerateDataKeyPair = "GenerateDataKeyPair",
        GenerateDataKeyPairWithoutPlaintext = "GenerateDataKeyPairWithoutPlaintext",
        GenerateMac = "GenerateMac",
        VerifyMac = "VerifyMac",
        DeriveSharedSecret = "DeriveSharedSecret",
        Encapsulate = "Encapsulate",
        Decapsulate = "Decapsulate",
    }
}

/// What a grant says, besides whom it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    operations: Vec<GrantOperation>,
    #[serde(default)]
    constraints: GrantConstraints,
}

/// What somebody wants to do with the key of a grant.
#[derive(Debug, Clone, Copy)]
pub struct GrantedRequest<'a> {
    pub operation: GrantOperation,
    /// The encryption context that the request carries: of Decrypt and ReEncryptFrom the one to open with.
    pub context: &'a EncryptionContext,
    /// The resource that a service makes the request for (`aws:SourceArn`).
    pub source_arn: Option<&'a str>,
}

/// What else must allow a request that a grant allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Backing {
    /// The caller's identity policies.
    pub needs_identity: bool,
    /// The caller's boundary and session policies, even where they deny by silence only.
    pub is_limited: bool,
}

impl GrantOperation {
    /// What grants of such a key can allow, in the order in which AWS lists it (recorded of HMAC keys; inferred of others).
    pub fn of_key(spec: KeySpec, usage: KeyUsage) -> impl Iterator<Item = Self> {
        const ANY_KEY: [GrantOperation; 3] =
            [GrantOperation::CreateGrant, GrantOperation::RetireGrant, GrantOperation::DescribeKey];
        let own: &[Self] = match (usage, spec.key_type()) {
            (KeyUsage::EncryptDecrypt, KeyType::Asymmetric) => {
                &[Self::Decrypt, Self::Encrypt, Self::ReEncryptFrom, Self::ReEncryptTo, Self::GetPublicKey]
            }
            (KeyUsage::EncryptDecrypt, _) => &[
                Self::Decrypt,
                Self::Encrypt,
                Self::GenerateDataKey,
                Self::GenerateDataKeyWithoutPlaintext,
                Self::GenerateDataKeyPair,
                Self::GenerateDataKeyPairWithoutPlaintext,
                Self::ReEncryptFrom,
                Self::ReEncryptTo,
            ],
            (KeyUsage::SignVerify, _) => &[Self::Sign, Self::Verify, Self::GetPublicKey],
            (KeyUsage::GenerateVerifyMac, _) => &[Self::GenerateMac, Self::VerifyMac],
            (KeyUsage::KeyAgreement, _) => &[Self::DeriveSharedSecret, Self::GetPublicKey],
            (KeyUsage::EncapsulateDecapsulate, _) => &[Self::Encapsulate, Self::Decapsulate, Self::GetPublicKey],
        };
        ANY_KEY.into_iter().chain(own.iter().copied())
    }

    /// Whether a grant of such a key can allow it.
    pub fn fits(self, spec: KeySpec, usage: KeyUsage) -> bool {
        Self::of_key(spec, usage).any(|operation| operation == self)
    }
}

impl Grant {
    /// `operations` keep their order (recorded), and one that is there twice comes once.
    pub fn new(operations: impl IntoIterator<Item = GrantOperation>, constraints: GrantConstraints) -> Self {
        let mut kept = Vec::new();
        for operation in operations {
            if !kept.contains(&operation) {
                kept.push(operation);
            }
        }
        Self { operations: kept, constraints }
    }

    pub fn operations(&self) -> &[GrantOperation] {
        &self.operations
    }

    pub fn constraints(&self) -> &GrantConstraints {
        &self.constraints
    }

    /// Whether the grant allows the request to its grantee. Of CreateGrant it says no more than that a grant may be made:
    /// which one, [`may_issue`](Self::may_issue) tells.
    pub fn allows(&self, request: &GrantedRequest<'_>) -> bool {
        self.operations.contains(&request.operation) && self.constraints.hold_for(request)
    }

    /// Whether who may make grants by this one alone may make `child`: it allows nothing that this one does not, and is
    /// constrained as much or more.
    pub fn may_issue(&self, child: &Self) -> bool {
        self.operations.contains(&GrantOperation::CreateGrant)
            && child.operations.iter().all(|operation| self.operations.contains(operation))
            && child.constraints.are_as_strict_as(&self.constraints)
    }
}

impl Backing {
    /// What must back the grant of `issuer` on a key of `key_account` when `caller`, who is of `standing` in it, uses it.
    ///
    /// A role's grant leaves its sessions within boundary and session policies; one to the very user or session does not
    /// (recorded of sessions, inferred of users). Another account's principals need their own policies, unless their own
    /// account made the grant (recorded). A grant to an account is taken as AWS takes one in a policy: it leaves it to the
    /// account who of it may (inferred).
    pub fn of(standing: Standing, caller: &Caller, issuer: AccountId, key_account: AccountId) -> Self {
        let is_foreign = caller.account != key_account && issuer != caller.account;
        Self { needs_identity: is_foreign || standing == Standing::OfAccount, is_limited: standing != Standing::Itself }
    }
}

#[cfg(test)]
mod tests;
