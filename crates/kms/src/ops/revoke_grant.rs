//! Ends a grant at once, as the key's policies allow. A grant's token does not help here.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::RevokeGrantRequest;
use crate::ciphertext::end_dry_run;
use crate::conditions::{Fact, key as condition};
use crate::messages;

pub(crate) async fn revoke_grant(kms: &Kms, cx: &Context, input: RevokeGrantRequest) -> Result<(), ApiError> {
    let id = input.grant_id.parse().map_err(|_| messages::invalid_grant_id())?;
    let facts = [Fact::Flag(condition::GRANT_IS_FOR_AWS_RESOURCE, cx.via.is_some())];
    let key = kms.key(cx, &input.key_id).saying(&facts).for_action(Action::RevokeGrant).await?;
    if kms.stored_grant(key.arn(), id).await?.is_none() {
        return Err(messages::grant_not_found(id));
    }
    end_dry_run(input.dry_run)?;
    if kms.remove_grant(key.arn(), id).await? { Ok(()) } else { Err(messages::grant_not_found(id)) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_testkit::{Cloud, MadeKey};

    use crate::testing::{DRY_RUN, refuses_aliases, refuses_identifiers};

    async fn grant(cloud: &Cloud, key: &MadeKey) -> Value {
        let input = json!({ "KeyId": key.id, "GranteePrincipal": "111122223333", "Operations": ["Decrypt"] });
        cloud.kms("CreateGrant", input).await.succeeds()
    }

    async fn count(cloud: &Cloud, key: &MadeKey) -> usize {
        let listed = cloud.kms("ListGrants", json!({ "KeyId": key.id })).await.succeeds();
        listed["Grants"].as_array().expect("a list").len()
    }

    #[tokio::test]
    async fn a_revoked_grant_is_gone_and_the_others_stay() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let (first, _second) = (grant(&cloud, &key).await, grant(&cloud, &key).await);
        let input = json!({ "KeyId": key.arn, "GrantId": first["GrantId"] });
        let mut dry_run = input.clone();
        dry_run["DryRun"] = json!(true);
        cloud.refuses("RevokeGrant", dry_run, "DryRunOperationException", Some(DRY_RUN)).await;
        assert_eq!(count(&cloud, &key).await, 2);
        let answer = cloud.kms("RevokeGrant", input.clone()).await;
        answer.succeeds();
        assert_eq!((answer.text().as_str(), count(&cloud, &key).await), ("", 1));
        let message = format!("Grant ID {} not found", first["GrantId"].as_str().expect("text"));
        cloud.refuses("RevokeGrant", input, "NotFoundException", Some(&message)).await;
    }

    #[tokio::test]
    async fn the_grant_must_be_the_keys() {
        let cloud = Cloud::new();
        let (key, other) = (cloud.make_key().await, cloud.make_key().await);
        let made = grant(&cloud, &key).await;
        let id = made["GrantId"].as_str().expect("text");
        let message = format!("Grant ID {id} not found");
        let input = |id: &str| json!({ "KeyId": other.id, "GrantId": id });
        cloud.refuses("RevokeGrant", input(id), "NotFoundException", Some(&message)).await;
        // A token is no id.
        for wrong in ["x", &id.to_uppercase().replace('0', "A"), &made["GrantToken"].as_str().expect("text")[..128]] {
            cloud.refuses("RevokeGrant", input(wrong), "InvalidGrantIdException", None).await;
        }
        assert_eq!(count(&cloud, &key).await, 1);
    }

    #[tokio::test]
    async fn a_key_in_whichever_state_can_lose_its_grants() {
        for state in ["DisableKey", "ScheduleKeyDeletion"] {
            let cloud = Cloud::new();
            let key = cloud.make_key().await;
            let made = grant(&cloud, &key).await;
            cloud.kms(state, json!({ "KeyId": key.id })).await.succeeds();
            cloud.kms("RevokeGrant", json!({ "KeyId": key.id, "GrantId": made["GrantId"] })).await.succeeds();
            assert_eq!(count(&cloud, &key).await, 0);
        }
    }

    #[tokio::test]
    async fn the_key_must_be_there() {
        let cloud = Cloud::new();
        let input = json!({ "GrantId": "0".repeat(64) });
        refuses_identifiers(&cloud, "RevokeGrant", "KeyId", &input).await;
        refuses_aliases(&cloud, "RevokeGrant", &input).await;
    }
}
