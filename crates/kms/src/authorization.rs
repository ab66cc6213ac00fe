//! Who may do what to which key (authz.md): the key's policy is the root of trust, and what it delegates to an account is
//! for that account's identity policies to decide; a grant stands in for both where it fits.

use std::collections::BTreeMap;
use std::sync::Arc;

use trent_identity::{Asked as Question, Known, RoleRecord, ServiceLinkedRole};
use trent_kms_core::{Backing, EncryptionContext, Grant, GrantOperation, GrantedRequest};
use trent_policy::{ConsideredGrant, GrantAllow, NamedPolicy, Policy, PolicyKind, PrincipalKind, ResourceSide, Rule};
use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::access::{Asked, Found};
use crate::action::Action;
use crate::cache::StoredKey;
use crate::conditions::{Fact, KmsFacts};
use crate::grants::{GrantTokens, HeldGrant};
use crate::identifier::{AliasArn, KeyArn};
use crate::messages;
use crate::policy_document::{WantedPolicy, with_principals_replaced};
use crate::records::KeyRecord;

/// What a key policy is called in explanations.
const KEY_POLICY: &str = "key policy";

impl Kms {
    /// Permission for an action on a key.
    pub(crate) async fn authorize_key(
        &self,
        cx: &Context,
        action: Action,
        found: &Found,
        asked: Asked<'_>,
        tokens: &GrantTokens,
    ) -> Result<(), ApiError> {
        let key = &found.key;
        let permissions = self.authorizer.permissions(cx).await?;
        // Policies that the caller brings may ask for them; a root user brings guardrails at most.
        let brings_none = cx.caller.is_root() && permissions.guardrails.is_empty();
        let aliases = if brings_none { &[] } else { Box::pin(self.aliases_of(key)).await? };
        let facts = KmsFacts {
            cx,
            request: asked.facts,
            request_alias: found.alias.as_deref(),
            key: Some(key),
            is_on_key: true,
            aliases,
            days_without_use: self.days_without_use(action, key).await?,
        };
        let side = ResourceSide { account: key.arn.account, policy: key.policy(), rule: Rule::RootOfTrust };
        let question = Question { action: action.full_name(), resource: &key.arn_text, facts: &facts, side };
        let considered = self.authorizer.consider(cx, &permissions, question);
        let grants = if considered.may_be_granted() {
            Box::pin(self.considered_grants(cx, action, key, tokens, asked)).await?
        } else {
            Vec::new()
        };
        considered.conclude(&grants).map_err(trent_identity::Refused::in_json)
    }

    /// Permission for an action that needs no key: identity policies alone decide.
    pub(crate) async fn authorize_account(
        &self,
        cx: &Context,
        action: Action,
        said: &[Fact<'_>],
    ) -> Result<(), ApiError> {
        self.authorize_by_identity(cx, action, "*", said).await
    }

    /// Permission to do something with an alias, which has no policy of its own; its key is asked besides.
    pub(crate) async fn authorize_alias(&self, cx: &Context, action: Action, alias: &AliasArn) -> Result<(), ApiError> {
        self.authorize_by_identity(cx, action, &alias.to_string(), &[]).await
    }

    /// Permission by identity policies alone, for something that is done to `resource`: an ARN, or `*`.
    pub(crate) async fn authorize_by_identity(
        &self,
        cx: &Context,
        action: Action,
        resource: &str,
        said: &[Fact<'_>],
    ) -> Result<(), ApiError> {
        let facts = KmsFacts::of_request(cx, said);
        let side = ResourceSide { account: cx.account(), policy: None, rule: Rule::IdentityOnly };
        let question = Question { action: action.full_name(), resource, facts: &facts, side };
        self.authorizer.authorize(cx, question).await?.map_err(trent_identity::Refused::in_json)
    }

    /// Permission for an action on the key that is to be made behind an alias, by the policy that it will have.
    pub(crate) async fn authorize_by_policy(
        &self,
        cx: &Context,
        action: Action,
        alias: &AliasArn,
        policy: &str,
    ) -> Result<(), ApiError> {
        let policy = Policy::parse(policy, PolicyKind::Key).map_err(|error| messages::malformed_policy(&error))?;
        let policy = NamedPolicy { name: KEY_POLICY.to_owned(), policy: Arc::new(policy) };
        let facts = KmsFacts { request_alias: Some(&alias.name), is_on_key: true, ..KmsFacts::of_request(cx, &[]) };
        let side = ResourceSide { account: alias.account, policy: Some(&policy), rule: Rule::RootOfTrust };
        let resource = alias.to_string();
        let question = Question { action: action.full_name(), resource: &resource, facts: &facts, side };
        self.authorizer.authorize(cx, question).await?.map_err(trent_identity::Refused::in_json)
    }

    /// Permission to have the role made that multi-Region keys come with, unless it is there.
    pub(crate) async fn authorize_multi_region_role(&self, cx: &Context) -> Result<(), ApiError> {
        let Some(role) = ServiceLinkedRole::of(ServiceLinkedRole::MULTI_REGION_KEYS) else { return Ok(()) };
        let (directory, name) = (self.authorizer.directory(), role.name(None));
        let is_there = directory.find::<RoleRecord>(cx.account(), &name).await?.is_some();
        if is_there || !directory.options().is_iam_enabled {
            return Ok(());
        }
        let resource = format!("arn:{}:iam::{}:role{}{name}", cx.partition(), cx.account(), role.path());
        let side = ResourceSide { account: cx.account(), policy: None, rule: Rule::IdentityOnly };
        let action = "iam:CreateServiceLinkedRole";
        let question = Question { action, resource: &resource, facts: &(), side };
        self.authorizer.authorize(cx, question).await?.map_err(trent_identity::Refused::in_json)
    }

    /// A denial to another account's caller that is none of a policy: AWS tells the same in all such cases, and `trent why` the
    /// reason.
    pub(crate) fn refuse_foreign(&self, cx: &Context, action: Action, resource: &str, why: &str) -> ApiError {
        self.authorizer.refuse_foreign(cx, action.full_name(), resource, why).in_json()
    }

    /// Checks a policy that a key shall get: its principals exist, and whoever gives it to the key can still change it
    /// afterwards, unless `bypass` says that this is of no matter. Returns the unique ids of the principals that have one.
    pub(crate) async fn check_policy(
        &self,
        cx: &Context,
        key: &KeyArn,
        stored: Option<&StoredKey>,
        policy: &WantedPolicy,
        bypass: Option<bool>,
        said: &[Fact<'_>],
    ) -> Result<BTreeMap<String, String>, ApiError> {
        let Some(given) = &policy.given else { return Ok(BTreeMap::new()) };
        let mut ids = BTreeMap::new();
        let named = given.principals().filter(|principal| principal.kind() == PrincipalKind::Aws);
        for principal in named.filter(|principal| principal.name() != "*") {
            match self.authorizer.directory().principal(principal.name()).await? {
                Known::Exists { id: Some(id), .. } => {
                    ids.insert(principal.name().to_owned(), id);
                }
                Known::Exists { id: None, .. } | Known::TakenAsExisting => {}
                Known::Missing | Known::NotAPrincipal => return Err(messages::invalid_principals()),
            }
        }
        if bypass != Some(true) {
            self.check_lockout(cx, key, stored, Arc::clone(given), said).await?;
        }
        Ok(ids)
    }

    /// A key's policy as it is given back: principals that are no more, by the unique ids that they had (authz.md §2.1).
    pub(crate) async fn shown_policy(&self, key: &KeyRecord) -> Result<String, ApiError> {
        let mut shown = BTreeMap::new();
        for (name, id) in &key.policy_principals {
            let present = self.present_arn(name, id).await?;
            if present.as_ref() != Some(name) {
                let session = name.contains(":assumed-role/").then(|| name.rsplit('/').next()).flatten();
                let gone = || session.map_or_else(|| id.clone(), |session| format!("{id}:{session}"));
                shown.insert(name, present.unwrap_or_else(gone));
            }
        }
        if shown.is_empty() {
            return Ok(key.policy.clone());
        }
        with_principals_replaced(&key.policy, |name| shown.get(&name.to_owned()).cloned())
    }

    async fn check_lockout(
        &self,
        cx: &Context,
        key: &KeyArn,
        stored: Option<&StoredKey>,
        policy: Arc<Policy>,
        said: &[Fact<'_>],
    ) -> Result<(), ApiError> {
        let permissions = self.authorizer.permissions(cx).await?;
        let policy = NamedPolicy { name: KEY_POLICY.to_owned(), policy };
        let facts = KmsFacts { key: stored, is_on_key: true, ..KmsFacts::of_request(cx, said) };
        let side = ResourceSide { account: key.account, policy: Some(&policy), rule: Rule::RootOfTrust };
        let (action, resource) = (Action::PutKeyPolicy.full_name(), key.to_string());
        let question = Question { action, resource: &resource, facts: &facts, side };
        let is_allowed = self.authorizer.consider(cx, &permissions, question).is_allowed();
        if is_allowed { Ok(()) } else { Err(messages::policy_locks_out()) }
    }

    /// The grants that the caller may mean, and what each says to the action.
    async fn considered_grants(
        &self,
        cx: &Context,
        action: Action,
        key: &Arc<StoredKey>,
        tokens: &GrantTokens,
        asked: Asked<'_>,
    ) -> Result<Vec<ConsideredGrant>, ApiError> {
        let Ok(operation) = action.name().parse::<GrantOperation>() else { return Ok(Vec::new()) };
        let nothing = EncryptionContext::default();
        let source = cx.via.as_ref().and_then(|via| via.source.as_ref()).map(ToString::to_string);
        let context = asked.encryption_context().unwrap_or(&nothing);
        let request = GrantedRequest { operation, context, source_arn: source.as_deref() };
        let held = self.grants_for(&cx.caller, key, tokens).await?;
        let allowing = match asked.child {
            Some(child) => held.issuing(&request, child),
            None => held.allowing(&request),
        };
        if let Some(HeldGrant { id, backing, .. }) = allowing {
            let Backing { needs_identity, is_limited } = *backing;
            return Ok(vec![ConsideredGrant::Allows(GrantAllow {
                grant_id: id.to_string(),
                needs_identity,
                is_limited,
            })]);
        }
        let declining = held.iter().take(MOST_EXPLAINED).map(|(held, counts)| ConsideredGrant::Declines {
            grant_id: held.id.to_string(),
            reason: why_not(&held.record.grant, counts, &request).to_owned(),
        });
        Ok(declining.collect())
    }

    /// The names of a key's aliases, read once while the key is cached.
    async fn aliases_of<'k>(&self, key: &'k StoredKey) -> Result<&'k [String], ApiError> {
        if let Some(aliases) = key.aliases.get() {
            return Ok(aliases);
        }
        let read = self.alias_names(&key.arn).await?;
        Ok(key.aliases.get_or_init(|| read))
    }

    /// For how many days a key has not been used, since AWS takes notes of it; told where somebody is about to do away with it.
    async fn days_without_use(&self, action: Action, key: &StoredKey) -> Result<Option<i64>, ApiError> {
        if !matches!(action, Action::DisableKey | Action::ScheduleKeyDeletion) {
            return Ok(None);
        }
        let since = Box::pin(self.last_used_at(&key.arn)).await?.unwrap_or(key.record.created);
        Ok(Some((self.now().as_millis() - since.as_millis()) / MILLIS_PER_DAY))
    }
}

/// Grants told of at most in an explanation.
const MOST_EXPLAINED: usize = 50;

fn why_not(grant: &Grant, counts: bool, request: &GrantedRequest<'_>) -> &'static str {
    if !grant.operations().contains(&request.operation) {
        "the operation is not among the grant's"
    } else if !counts {
        "the grant is not known everywhere yet, and its token was not presented"
    } else if !grant.allows(request) {
        "the grant's constraints do not hold for the request"
    } else {
        "the new grant would allow more than this one, or under weaker constraints"
    }
}

const MILLIS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

impl StoredKey {
    /// The key's policy, ready to be asked.
    pub(crate) fn policy(&self) -> Option<&NamedPolicy> {
        let parsed = self.policy.get_or_init(|| {
            let parsed = Policy::parse(&self.record.policy, PolicyKind::Key).inspect_err(|error| {
                tracing::error!(key = self.arn_text, %error, "the policy of a key cannot be read, and so allows nothing");
            });
            let policy = Arc::new(parsed.ok()?.bound_to(&self.record.policy_principals));
            Some(NamedPolicy { name: KEY_POLICY.to_owned(), policy })
        });
        parsed.as_ref()
    }
}
