//! The condition keys of KMS (authz.md §6): what a policy can ask about a request and about the key that it is for.
//!
//! Defaults of the request's members are told as if they had been sent, as AWS does.

use std::borrow::Cow;

use trent_kms_core::EncryptionContext;
use trent_nitro::{Attestation, Platform};
use trent_policy::{Facts, Values};
use trent_shared::{Context, Timestamp};

use crate::api::Tag;
use crate::cache::StoredKey;

/// The names of the keys that requests set, in lower case, as policies are asked for them.
pub(crate) mod key {
    pub(crate) const BYPASS_LOCKOUT_CHECK: &str = "kms:bypasspolicylockoutsafetycheck";
    pub(crate) const DATA_KEY_PAIR_SPEC: &str = "kms:datakeypairspec";
    pub(crate) const ENCRYPTION_ALGORITHM: &str = "kms:encryptionalgorithm";
    pub(crate) const EXPIRATION_MODEL: &str = "kms:expirationmodel";
    pub(crate) const GRANT_CONSTRAINT_SOURCE_ARN: &str = "kms:grantconstraintsourcearn";
    pub(crate) const GRANT_CONSTRAINT_TYPE: &str = "kms:grantconstrainttype";
    pub(crate) const GRANTEE_PRINCIPAL: &str = "kms:granteeprincipal";
    pub(crate) const GRANTEE_SERVICE_PRINCIPAL: &str = "kms:granteeserviceprincipal";
    pub(crate) const GRANT_IS_FOR_AWS_RESOURCE: &str = "kms:grantisforawsresource";
    pub(crate) const GRANT_OPERATIONS: &str = "kms:grantoperations";
    pub(crate) const KEY_AGREEMENT_ALGORITHM: &str = "kms:keyagreementalgorithm";
    pub(crate) const KEY_ORIGIN: &str = "kms:keyorigin";
    pub(crate) const KEY_SPEC: &str = "kms:keyspec";
    pub(crate) const KEY_USAGE: &str = "kms:keyusage";
    pub(crate) const MAC_ALGORITHM: &str = "kms:macalgorithm";
    pub(crate) const MESSAGE_TYPE: &str = "kms:messagetype";
    pub(crate) const MULTI_REGION: &str = "kms:multiregion";
    pub(crate) const MULTI_REGION_KEY_TYPE: &str = "kms:multiregionkeytype";
    pub(crate) const OLD_KEY_SPEC: &str = "kms:customermasterkeyspec";
    pub(crate) const OLD_KEY_USAGE: &str = "kms:customermasterkeyusage";
    pub(crate) const PENDING_WINDOW: &str = "kms:schedulekeydeletionpendingwindowindays";
    pub(crate) const POLICY_NAME: &str = "kms:policyname";
    pub(crate) const PRIMARY_REGION: &str = "kms:primaryregion";
    pub(crate) const RE_ENCRYPT_ON_SAME_KEY: &str = "kms:reencryptonsamekey";
    pub(crate) const REPLICA_REGION: &str = "kms:replicaregion";
    pub(crate) const RETIRING_PRINCIPAL: &str = "kms:retiringprincipal";
    pub(crate) const RETIRING_SERVICE_PRINCIPAL: &str = "kms:retiringserviceprincipal";
    pub(crate) const ROTATION_PERIOD: &str = "kms:rotationperiodindays";
    pub(crate) const SIGNING_ALGORITHM: &str = "kms:signingalgorithm";
    pub(crate) const VALID_TO: &str = "kms:validto";
    pub(crate) const WRAPPING_ALGORITHM: &str = "kms:wrappingalgorithm";
    pub(crate) const WRAPPING_KEY_SPEC: &str = "kms:wrappingkeyspec";
}

/// Whether a key has several values, so that ForAllValues and ForAnyValue are about it. Of other services' keys nothing
/// is known here.
pub(crate) fn is_multivalued(key: &str) -> bool {
    let is_known = ["kms:", "aws:"].iter().any(|service| key.starts_with(service));
    let is_list = matches!(
        key,
        "kms:encryptioncontextkeys"
            | "kms:grantoperations"
            | "kms:resourcealiases"
            | "aws:calledvia"
            | "aws:principalorgpaths"
            | "aws:principalservicenameslist"
            | "aws:resourceorgpaths"
            | "aws:sourceorgpaths"
            | "aws:tagkeys"
    );
    !is_known || is_list
}

/// Something that a request says, which policies can ask about.
pub(crate) enum Fact<'a> {
    /// A member that was left out and has no default.
    Nothing,
    Text(&'static str, &'a str),
    Number(&'static str, i64),
    Flag(&'static str, bool),
    /// Dates are compared as epoch seconds or in ISO 8601.
    Date(&'static str, Timestamp),
    Texts(&'static str, Vec<&'a str>),
    /// `kms:EncryptionContext:…` and `kms:EncryptionContextKeys`.
    EncryptionContext(&'a EncryptionContext),
    /// `kms:RecipientAttestation:…`.
    Attestation(&'a Attestation),
    /// `aws:RequestTag/…` and `aws:TagKeys`.
    Tags(&'a [Tag]),
    /// `aws:TagKeys` alone.
    TagKeys(&'a [String]),
}

/// All that KMS knows of a request: what it says, and what the key is like.
pub(crate) struct KmsFacts<'a> {
    pub(crate) cx: &'a Context,
    pub(crate) request: &'a [Fact<'a>],
    /// The alias that named the key.
    pub(crate) request_alias: Option<&'a str>,
    pub(crate) key: Option<&'a StoredKey>,
    /// Whether the action is one on a key, if only on one that is to be.
    pub(crate) is_on_key: bool,
    /// The names of the key's aliases, where somebody may ask.
    pub(crate) aliases: &'a [String],
    /// Where somebody may ask.
    pub(crate) days_without_use: Option<i64>,
}

impl Facts for KmsFacts<'_> {
    fn values(&self, key: &str) -> Values<'_> {
        let said = self.request.iter().find_map(|fact| fact.values(key));
        said.or_else(|| self.of_call(key)).or_else(|| self.of_key(key)).unwrap_or(Values::Absent)
    }
}

impl<'a> KmsFacts<'a> {
    /// Of a request that is not about a key that exists.
    pub(crate) fn of_request(cx: &'a Context, request: &'a [Fact<'a>]) -> Self {
        Self { cx, request, request_alias: None, key: None, is_on_key: false, aliases: &[], days_without_use: None }
    }
}

impl KmsFacts<'_> {
    fn of_call(&self, key: &str) -> Option<Values<'_>> {
        match key {
            _ if !self.is_on_key => None,
            "kms:calleraccount" => Some(one(self.cx.caller.account.as_str())),
            "kms:viaservice" => self.cx.via.as_ref().map(|via| {
                let suffix = self.cx.partition().dns_suffix();
                owned(format!("{}.{}.{suffix}", via.service, self.cx.region))
            }),
            "kms:requestalias" => self.request_alias.map(one),
            _ => None,
        }
    }

    fn of_key(&self, key: &str) -> Option<Values<'_>> {
        let stored = self.key?;
        let (arn, record) = (&stored.arn, &stored.record);
        match key {
            key::KEY_ORIGIN => Some(one(record.lifecycle.origin().as_str())),
            key::KEY_SPEC | key::OLD_KEY_SPEC => Some(one(record.spec.as_str())),
            key::KEY_USAGE | key::OLD_KEY_USAGE => Some(one(record.usage.as_str())),
            key::MULTI_REGION => Some(flag(record.lifecycle.regions().is_some())),
            key::MULTI_REGION_KEY_TYPE => {
                let is_primary = record.lifecycle.regions()?.primary == arn.region;
                Some(one(if is_primary { "PRIMARY" } else { "REPLICA" }))
            }
            "kms:trailingdayswithoutkeyusage" => self.days_without_use.map(|days| owned(days.to_string())),
            "kms:resourcealiases" => Some(many(self.aliases.iter().map(String::as_str))),
            "aws:resourceaccount" => Some(one(arn.account.as_str())),
            _ => {
                let name = key.strip_prefix("aws:resourcetag/")?;
                some_of(record.tags.iter().filter(|(tag, _)| same_letters(tag, name)).map(|(_, value)| &**value))
            }
        }
    }
}

impl Fact<'_> {
    /// A flag that is absent unless it was sent.
    pub(crate) fn flag(key: &'static str, sent: Option<bool>) -> Self {
        sent.map_or(Self::Nothing, |is_set| Self::Flag(key, is_set))
    }

    fn values(&self, key: &str) -> Option<Values<'_>> {
        match self {
            Self::Nothing => None,
            Self::Text(name, text) => (*name == key).then(|| one(text)),
            Self::Number(name, number) => (*name == key).then(|| owned(number.to_string())),
            Self::Flag(name, is_set) => (*name == key).then(|| flag(*is_set)),
            Self::Date(name, at) => (*name == key).then(|| owned((at.as_millis() / 1000).to_string())),
            Self::Texts(name, texts) => (*name == key).then(|| many(texts.iter().copied())),
            Self::EncryptionContext(context) => of_encryption_context(context, key),
            Self::Attestation(attestation) => of_attestation(attestation, key),
            Self::Tags(tags) => of_tags(tags, key),
            Self::TagKeys(keys) => (key == "aws:tagkeys").then(|| many(keys.iter().map(String::as_str))),
        }
    }
}

/// The name within `kms:EncryptionContext:` counts in any letter case, the value as the operator says.
fn of_encryption_context<'a>(context: &'a EncryptionContext, key: &str) -> Option<Values<'a>> {
    match key.strip_prefix("kms:encryptioncontext")? {
        "keys" => (!context.is_empty()).then(|| many(context.iter().map(|(name, _)| name))),
        rest => {
            let name = rest.strip_prefix(':')?;
            some_of(context.iter().filter(|(pair, _)| same_letters(pair, name)).map(|(_, value)| value))
        }
    }
}

fn of_attestation<'a>(attestation: &'a Attestation, key: &str) -> Option<Values<'a>> {
    let rest = key.strip_prefix("kms:recipientattestation:")?;
    let register = match (attestation.platform, rest) {
        (Platform::Enclave, "imagesha384") => "0",
        (Platform::Enclave, register) => register.strip_prefix("pcr")?,
        (Platform::NitroTpm, register) => register.strip_prefix("nitrotpmpcr")?,
    };
    let register = attestation.pcrs.get(&register.parse().ok()?)?;
    Some(owned(register.to_string()))
}

fn of_tags<'a>(tags: &'a [Tag], key: &str) -> Option<Values<'a>> {
    if key == "aws:tagkeys" {
        return Some(many(tags.iter().map(|tag| &*tag.tag_key)));
    }
    let name = key.strip_prefix("aws:requesttag/")?;
    some_of(tags.iter().filter(|tag| same_letters(&tag.tag_key, name)).map(|tag| &*tag.tag_value))
}

/// `lower` is in lower case, as all names of condition keys are when a policy asks for them.
fn same_letters(text: &str, lower: &str) -> bool {
    text.chars().flat_map(char::to_lowercase).eq(lower.chars())
}

fn one(text: &str) -> Values<'_> {
    Values::One(Cow::Borrowed(text))
}

fn owned<'a>(text: String) -> Values<'a> {
    Values::One(Cow::Owned(text))
}

fn flag<'a>(is_set: bool) -> Values<'a> {
    one(if is_set { "true" } else { "false" })
}

fn many<'a>(texts: impl Iterator<Item = &'a str>) -> Values<'a> {
    Values::Many(texts.map(Cow::Borrowed).collect())
}

/// One value where there is one; several can only come of names that differ in letter case.
fn some_of<'a>(mut texts: impl Iterator<Item = &'a str>) -> Option<Values<'a>> {
    let first = texts.next()?;
    Some(match texts.next() {
        None => one(first),
        Some(second) => many([first, second].into_iter().chain(texts)),
    })
}
