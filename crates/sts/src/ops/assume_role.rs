//! Makes the caller a session of a role that trusts it.

use trent_identity::Mode;
use trent_shared::{ApiError, Context, Principal};

use crate::access::{Role, RoleArn};
use crate::api::{AssumeRoleRequest, AssumeRoleResponse, operations::MODEL};
use crate::facts::{Facts, key};
use crate::session::NewSession;
use crate::tags::SessionTags;
use crate::{Sts, messages, mfa};

/// What the trust policy is asked about.
struct Wish<'a> {
    session_name: &'a str,
    external_id: Option<&'a str>,
    source_identity: Option<&'a str>,
    tags: &'a SessionTags,
}

pub(crate) async fn assume_role(
    sts: &Sts,
    cx: &Context,
    input: AssumeRoleRequest,
) -> Result<AssumeRoleResponse, ApiError> {
    let arn = RoleArn::parse(&input.role_arn)?;
    if input.provided_contexts.is_some_and(|contexts| !contexts.is_empty()) {
        return Err(ApiError::not_implemented(MODEL.full_name, "AssumeRole with ProvidedContexts"));
    }
    sts.refuse_root_and_federated(cx, &arn)?;
    mfa::require_no_device(input.serial_number.as_deref(), input.token_code.as_deref())?;
    let permissions = sts.directory().permissions(&cx.caller).await?;
    let session = permissions.session_facts.as_ref();
    let tags = SessionTags::of(input.tags, input.transitive_tag_keys)?.inheriting(session)?;
    let policies = sts.session_policies(input.policy, input.policy_arns).await?;
    let packed_policy_size = policies.packed_size(&tags)?;

    // A source identity stays what it is through all chained sessions.
    let inherited = session.and_then(|session| session.source_identity.clone());
    let keeps_identity = inherited.is_none() || input.source_identity.is_none() || inherited == input.source_identity;
    let source_identity = input.source_identity.or(inherited);

    let role = sts.role(cx, &arn).await?;
    let wish = Wish {
        session_name: &input.role_session_name,
        external_id: input.external_id.as_deref(),
        source_identity: source_identity.as_deref(),
        tags: &tags,
    };
    let role = sts.trusting(cx, &arn, role, &wish).await?;
    if !keeps_identity {
        let action = "sts:SetSourceIdentity";
        return Err(messages::not_authorized_on(&cx.caller, action, &input.role_arn, None));
    }
    let is_chained = matches!(cx.caller.principal, Principal::AssumedRole(_));
    let seconds = role.session_seconds(input.duration_seconds, is_chained)?;
    let principal = role.session(&input.role_session_name);
    let new = NewSession {
        policies,
        tags,
        source_identity: source_identity.clone(),
        is_chained,
        ..NewSession::of(arn.account(), principal, seconds)
    };
    Ok(AssumeRoleResponse {
        credentials: Some(sts.begin(new).await?),
        assumed_role_user: Some(role.user(cx, &input.role_session_name)),
        packed_policy_size,
        source_identity,
        session_token_utilization: None,
        session_token_size: None,
    })
}

impl Sts {
    /// Root users assume no role, unless there is nobody else, or nothing that would be denied; federated users call
    /// nothing of STS but GetCallerIdentity (documented).
    fn refuse_root_and_federated(&self, cx: &Context, arn: &RoleArn) -> Result<(), ApiError> {
        if !self.has_iam() || self.authorizer.mode() != Mode::Enforce {
            return Ok(());
        }
        match cx.caller.principal {
            Principal::Root => Err(messages::root_assumes_no_role()),
            Principal::FederatedUser(_) => {
                Err(messages::not_authorized_on(&cx.caller, "sts:AssumeRole", &arn.arn().to_string(), None))
            }
            Principal::User(_) | Principal::AssumedRole(_) | Principal::WebIdentity(_) => Ok(()),
        }
    }

    /// The role, if it trusts the caller with all that it wishes.
    async fn trusting(
        &self,
        cx: &Context,
        arn: &RoleArn,
        role: Option<Role>,
        wish: &Wish<'_>,
    ) -> Result<Role, ApiError> {
        let refusal = |action, refused: Option<_>| {
            messages::not_authorized_on(&cx.caller, action, &arn.arn().to_string(), refused.as_ref())
        };
        for (action, facts) in wish.actions(role.as_ref()) {
            let asked = self.ask(cx, action, (arn, role.as_ref()), &facts).await?;
            asked.map_err(|refused| refusal(action, Some(refused)))?;
        }
        // Where denials are only observed, there is still nothing to assume.
        role.ok_or_else(|| refusal("sts:AssumeRole", None))
    }
}

impl Wish<'_> {
    /// The actions that all have to be allowed, each with the condition keys that it has (documented; that the session's name
    /// and tags are not told when it is about the source identity is recorded).
    fn actions(&self, role: Option<&Role>) -> Vec<(&'static str, Facts)> {
        let about = role.map_or_else(Facts::default, |role| Facts::about(&role.tags));
        let identity = about.clone().and(key::SOURCE_IDENTITY, self.source_identity);
        let assume = identity.clone().tagging(self.tags).and(key::EXTERNAL_ID, self.external_id);
        let mut actions = vec![("sts:AssumeRole", assume.and(key::ROLE_SESSION_NAME, Some(self.session_name)))];
        if !self.tags.is_empty() {
            actions.push(("sts:TagSession", about.tagging(self.tags)));
        }
        if self.source_identity.is_some() {
            actions.push(("sts:SetSourceIdentity", identity));
        }
        actions
    }
}

#[cfg(test)]
mod tests;
