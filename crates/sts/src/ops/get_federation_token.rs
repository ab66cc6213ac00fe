//! Temporary credentials for somebody whom IAM does not know: they may do what the calling user may and the policies given
//! here allow, and without such policies only what resources allow them by name.

use trent_identity::SessionPrincipal;
use trent_shared::{ApiError, Context, Principal};

use super::get_session_token::{DEFAULT_SECONDS, MOST_ROOT_SECONDS};
use crate::api::{FederatedUser, GetFederationTokenRequest, GetFederationTokenResponse};
use crate::facts::Facts;
use crate::session::{NewSession, is_session, seconds};
use crate::tags::SessionTags;
use crate::{Sts, messages};

pub(crate) async fn get_federation_token(
    sts: &Sts,
    cx: &Context,
    input: GetFederationTokenRequest,
) -> Result<GetFederationTokenResponse, ApiError> {
    let refusal = || messages::with_session_credentials("GetFederationToken");
    if is_session(&cx.caller) {
        return Err(refusal());
    }
    let seconds = seconds(input.duration_seconds, DEFAULT_SECONDS);
    let (by, seconds) = match &cx.caller.principal {
        Principal::Root => (None, seconds.min(MOST_ROOT_SECONDS)),
        Principal::User(user) => (Some(user.id.clone()), seconds),
        Principal::AssumedRole(_) | Principal::FederatedUser(_) | Principal::WebIdentity(_) => return Err(refusal()),
    };
    let tags = SessionTags::of(input.tags, None)?;
    let policies = sts.session_policies(input.policy, input.policy_arns).await?;
    // Recorded: told here even where there is nothing to pack.
    let packed_policy_size = policies.packed_size(&tags)?.or(Some(0));

    let (partition, account) = (cx.partition(), cx.account());
    let arn = format!("arn:{partition}:sts::{account}:federated-user/{}", input.name);
    let facts = Facts::default().tagging(&tags);
    let tagging = (!tags.is_empty()).then_some("sts:TagSession");
    for action in ["sts:GetFederationToken"].into_iter().chain(tagging) {
        let asked = sts.authorize(cx, action, &arn, &facts).await?;
        asked.map_err(|refused| messages::not_authorized(&refused))?;
    }
    let federated_user_id = format!("{account}:{}", input.name);
    let principal = SessionPrincipal::Federated { name: input.name, by };
    let new = NewSession { policies, tags, ..NewSession::of(account, principal, seconds) };
    Ok(GetFederationTokenResponse {
        credentials: Some(sts.begin(new).await?),
        federated_user: Some(FederatedUser { federated_user_id, arn }),
        packed_policy_size,
        session_token_utilization: None,
        session_token_size: None,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{Lab, allowing, denial, nothing, root};

    const BOB: &str = "arn:aws:sts::111122223333:federated-user/bob";

    #[tokio::test]
    async fn a_federated_user_has_what_its_user_has_as_far_as_the_policies_go() {
        let lab = Lab::new();
        let alice = lab.user("alice", allowing(&["sts:*", "kms:*"])).await;
        let document = allowing(&["kms:Encrypt"]).to_string();
        let parameters = [("Name", "bob"), ("Policy", &*document), ("DurationSeconds", "900")];
        let answer = lab.call(&alice, "GetFederationToken", &parameters).await.succeeds_in_xml();
        assert_eq!(answer.text("FederatedUser/Arn"), BOB);
        assert_eq!(answer.text("FederatedUser/FederatedUserId"), "111122223333:bob");
        assert_eq!(answer.text("PackedPolicySize"), "10");
        assert_eq!(answer.text("Credentials/Expiration"), "2026-09-28T12:25:08Z");
        let permissions = lab.directory.permissions(&lab.caller(&answer).await).await.expect("readable");
        assert_eq!((permissions.identity.len(), permissions.session.as_deref().map(<[_]>::len)), (1, Some(1)));

        let answer = lab.call(&alice, "GetFederationToken", &[("Name", "bob")]).await.succeeds_in_xml();
        assert_eq!(answer.text("PackedPolicySize"), "0");
        let permissions = lab.directory.permissions(&lab.caller(&answer).await).await.expect("readable");
        assert_eq!(permissions.session.as_deref().map(<[_]>::len), Some(0), "nothing was given");
    }

    #[tokio::test]
    async fn users_need_a_permission_and_another_for_tags() {
        let lab = Lab::new();
        let alice = lab.user("alice", nothing()).await;
        let because = |action| {
            format!("{} because no identity-based policy allows the {action} action", denial(&alice, action, BOB))
        };
        let answer = lab.call(&alice, "GetFederationToken", &[("Name", "bob")]).await;
        answer.is_refused(403, "AccessDenied", &because("sts:GetFederationToken"));

        let carol = lab.user("carol", allowing(&["sts:GetFederationToken"])).await;
        let tagged = [("Name", "bob"), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "Red")];
        let refused = lab.call(&carol, "GetFederationToken", &tagged).await.fails();
        assert!(refused.message.expect("words").contains("sts:TagSession"));
        lab.call(&carol, "GetFederationToken", &[("Name", "bob")]).await.succeeds_in_xml();
        let answer = lab.call(&root(), "GetFederationToken", &tagged).await.succeeds_in_xml();
        let permissions = lab.directory.permissions(&lab.caller(&answer).await).await.expect("readable");
        assert_eq!(permissions.principal_tags.get("team").map(String::as_str), Some("Red"));
    }

    #[tokio::test]
    async fn names_that_are_none_are_refused() {
        let lab = Lab::new();
        for wrong in ["b", "bob and alice", "b/b", &"b".repeat(33)] {
            let refused = lab.call(&root(), "GetFederationToken", &[("Name", wrong)]).await.fails();
            assert_eq!((refused.status, &*refused.code), (400, "ValidationError"), "{wrong}");
        }
    }
}
