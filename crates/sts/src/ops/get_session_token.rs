//! Temporary credentials of the caller itself. Needs no permission: policies cannot be about it (documented).

use trent_identity::SessionPrincipal;
use trent_shared::{ApiError, Context, Principal};

use crate::api::{GetSessionTokenRequest, GetSessionTokenResponse};
use crate::session::{NewSession, is_session, seconds};
use crate::{Sts, messages, mfa};

/// Of sessions that are not asked to last longer or shorter.
pub(crate) const DEFAULT_SECONDS: u32 = 43_200;

/// The longest session of a root user; longer ones are cut short (documented).
pub(crate) const MOST_ROOT_SECONDS: u32 = 3600;

pub(crate) async fn get_session_token(
    sts: &Sts,
    cx: &Context,
    input: GetSessionTokenRequest,
) -> Result<GetSessionTokenResponse, ApiError> {
    let refusal = || messages::with_session_credentials("GetSessionToken");
    if is_session(&cx.caller) {
        return Err(refusal());
    }
    let seconds = seconds(input.duration_seconds, DEFAULT_SECONDS);
    let (principal, seconds) = match &cx.caller.principal {
        Principal::Root => (SessionPrincipal::Root, seconds.min(MOST_ROOT_SECONDS)),
        Principal::User(user) => {
            let (id, path, name) = (user.id.clone(), user.path.clone(), user.name.clone());
            (SessionPrincipal::User { id, path, name }, seconds)
        }
        Principal::AssumedRole(_) | Principal::FederatedUser(_) | Principal::WebIdentity(_) => return Err(refusal()),
    };
    mfa::require_no_device(input.serial_number.as_deref(), input.token_code.as_deref())?;
    let credentials = sts.begin(NewSession::of(cx.account(), principal, seconds)).await?;
    Ok(GetSessionTokenResponse {
        credentials: Some(credentials),
        session_token_utilization: None,
        session_token_size: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::testing::{ACCOUNT, Lab, allowing, nothing, root, trusting};

    #[tokio::test]
    async fn users_and_roots_get_credentials_of_themselves() {
        let lab = Lab::new();
        let alice = lab.user("alice", nothing()).await;
        for (caller, duration, expires) in [
            (&alice, None, "2026-09-29T00:10:08Z"),
            (&alice, Some("129600"), "2026-09-30T00:10:08Z"),
            (&root(), None, "2026-09-28T13:10:08Z"),
            (&root(), Some("129600"), "2026-09-28T13:10:08Z"),
            (&root(), Some("900"), "2026-09-28T12:25:08Z"),
        ] {
            let parameters: Vec<_> = duration.map(|duration| ("DurationSeconds", duration)).into_iter().collect();
            let answer = lab.call(caller, "GetSessionToken", &parameters).await.succeeds_in_xml();
            assert_eq!(answer.text("Credentials/Expiration"), expires);
            let session = lab.caller(&answer).await;
            assert_eq!(session.arn(), caller.arn());
            let permissions = lab.directory.permissions(&session).await.expect("readable");
            assert!(permissions.session.is_none(), "no limits");
        }
        for wrong in ["899", "129601"] {
            let refused = lab.call(&alice, "GetSessionToken", &[("DurationSeconds", wrong)]).await.fails();
            assert_eq!((refused.status, &*refused.code), (400, "ValidationError"));
        }
    }

    #[tokio::test]
    async fn sessions_get_none() {
        let lab = Lab::new();
        let alice = lab.user("alice", allowing(&["sts:*"])).await;
        let role = lab.role("Reader", trusting(ACCOUNT, &["sts:AssumeRole"], &Value::Null)).await;
        let of_role = lab.assume(&alice, &role, &[]).await.succeeds_in_xml();
        let of_alice = lab.call(&alice, "GetSessionToken", &[]).await.succeeds_in_xml();
        let federated = lab.call(&alice, "GetFederationToken", &[("Name", "bob")]).await.succeeds_in_xml();
        for session in [of_role, of_alice, federated] {
            let session = lab.caller(&session).await;
            let words = "Cannot call GetSessionToken with session credentials";
            lab.call(&session, "GetSessionToken", &[]).await.is_refused(403, "AccessDenied", words);
            let words = "Cannot call GetFederationToken with session credentials";
            let answer = lab.call(&session, "GetFederationToken", &[("Name", "bob")]).await;
            answer.is_refused(403, "AccessDenied", words);
        }
    }

    #[tokio::test]
    async fn nobody_has_a_device() {
        let lab = Lab::new();
        let device = [("SerialNumber", "arn:aws:iam::111122223333:mfa/alice"), ("TokenCode", "123456")];
        let words = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number \
                     is valid and associated with this user.";
        lab.call(&root(), "GetSessionToken", &device).await.is_refused(403, "AccessDenied", words);
    }
}
