use std::sync::Arc;

use trent_identity::{Asked, Refused};
use trent_kms_core::{Backing, EncryptionContext, GrantOperation, Standing};
use trent_policy::{ConsideredGrant, GrantAllow, ResourceSide, Rule};
use trent_shared::{AccountId, ApiError, Caller, Context};

use super::wanted::{constrained_context, constraint_facts};
use super::{GrantId, GrantRecord};
use crate::Kms;
use crate::action::Action;
use crate::cache::StoredKey;
use crate::conditions::KmsFacts;
use crate::identifier::KeyArn;
use crate::records::GrantParty;

/// A grant that somebody wants to retire, as far as there is one.
pub(crate) struct Retirable<'a> {
    pub(crate) arn: &'a KeyArn,
    pub(crate) id: GrantId,
    pub(crate) key: Option<&'a Arc<StoredKey>>,
    pub(crate) grant: Option<&'a GrantRecord>,
    /// Whether the grant is known everywhere, or presented by its token: before, nobody may do anything by it.
    pub(crate) counts: bool,
}

impl Kms {
    /// Permission to retire a grant, which comes from the grant alone; all policies can deny it (authz.md §5.3). What there
    /// is not, nobody may retire.
    pub(crate) async fn authorize_retirement(&self, cx: &Context, wanted: &Retirable<'_>) -> Result<(), ApiError> {
        let Retirable { arn, key, .. } = *wanted;
        let permissions = self.authorizer.permissions(cx).await?;
        let aliases = if key.is_some() { self.alias_names(arn).await? } else { Vec::new() };
        let context = wanted.grant.map_or_else(EncryptionContext::default, |grant| constrained_context(&grant.grant));
        let said = wanted.grant.map(|grant| constraint_facts(&grant.grant, &context));
        let facts = KmsFacts {
            is_on_key: true,
            cx,
            request: said.as_ref().map_or(&[], |said| said),
            request_alias: None,
            key: key.map(|key| &**key),
            aliases: &aliases,
            days_without_use: None,
        };
        let policy = key.and_then(|key| key.policy());
        let side = ResourceSide { account: arn.account, policy, rule: Rule::GrantOnly };
        let (action, resource) = (Action::RetireGrant.full_name(), arn.to_string());
        let asked = Asked { action, resource: &resource, facts: &facts, side };
        let considered = self.authorizer.consider(cx, &permissions, asked);
        considered.conclude(wanted.considered(&cx.caller).as_slice()).map_err(Refused::in_json)
    }
}

impl Retirable<'_> {
    fn considered(&self, caller: &Caller) -> Option<ConsideredGrant> {
        let grant_id = self.id.to_string();
        Some(match retirement(caller, self.arn.account, self.grant?, self.counts) {
            Some(Backing { needs_identity, is_limited }) => {
                ConsideredGrant::Allows(GrantAllow { grant_id, is_limited, needs_identity })
            }
            None => ConsideredGrant::Declines {
                grant_id,
                reason:
                    "the caller is neither its retiring principal, nor a grantee who may retire it, nor of the account \
                         that made it; or the grant is not known everywhere yet, and its token was not presented"
                        .to_owned(),
            },
        })
    }
}

/// What else must allow `caller` to retire a grant on a key of `key_account`; `None` where nothing can.
pub(super) fn retirement(
    caller: &Caller,
    key_account: AccountId,
    grant: &GrantRecord,
    counts: bool,
) -> Option<Backing> {
    let backing = |standing| Backing {
        // Another account's principals need their own policies as well, also where their account made the grant (recorded).
        needs_identity: caller.account != key_account || standing == Standing::OfAccount,
        is_limited: standing != Standing::Itself,
    };
    let standing = |party: &GrantParty| party.principal()?.standing_of(caller).filter(|_| counts);
    let as_retiring = grant.retiring.as_ref().and_then(standing);
    let as_grantee = grant.grant.operations().contains(&GrantOperation::RetireGrant);
    let as_grantee = as_grantee.then(|| standing(&grant.grantee)).flatten();
    let as_issuer = (caller.account == grant.issuer).then_some(Standing::OfAccount);
    [as_retiring, as_grantee, as_issuer].into_iter().flatten().map(backing).min()
}
