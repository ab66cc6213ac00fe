//! Names the caller. Needs no permission, and cannot be denied (wire.md §7).

use trent_shared::{ApiError, Context};

use crate::Sts;
use crate::api::{GetCallerIdentityRequest, GetCallerIdentityResponse};

#[expect(clippy::unused_async, reason = "the generated dispatch awaits every operation alike")]
pub(crate) async fn get_caller_identity(
    _: &Sts,
    cx: &Context,
    _: GetCallerIdentityRequest,
) -> Result<GetCallerIdentityResponse, ApiError> {
    Ok(GetCallerIdentityResponse {
        user_id: Some(cx.caller.user_id()),
        account: Some(cx.caller.account.to_string()),
        arn: Some(cx.caller.arn().to_string()),
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{ACCOUNT, Lab, nothing, root};

    #[tokio::test]
    async fn everybody_learns_who_they_are() {
        let lab = Lab::new();
        let alice = lab.user("alice", nothing()).await;
        let federated = lab.call(&root(), "GetFederationToken", &[("Name", "bob")]).await.succeeds_in_xml();
        let bob = lab.caller(&federated).await;
        let of_alice = lab.call(&alice, "GetSessionToken", &[]).await.succeeds_in_xml();
        let of_alice = lab.caller(&of_alice).await;
        for (caller, arn, id) in [
            (root(), "arn:aws:iam::111122223333:root", ACCOUNT.to_owned()),
            (alice.clone(), "arn:aws:iam::111122223333:user/alice", alice.user_id()),
            (of_alice, "arn:aws:iam::111122223333:user/alice", alice.user_id()),
            (bob, "arn:aws:sts::111122223333:federated-user/bob", format!("{ACCOUNT}:bob")),
        ] {
            let told = lab.call(&caller, "GetCallerIdentity", &[]).await.succeeds_in_xml();
            assert_eq!((told.text("Arn"), told.text("UserId"), told.text("Account")), (arn, &*id, ACCOUNT));
        }
    }
}
