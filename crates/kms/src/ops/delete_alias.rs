//! Takes a name off a key; the key itself stays as it is, in whichever state.

use trent_shared::{ApiError, Context};
use trent_store::{Batch, Expect};

use crate::action::Action;
use crate::api::DeleteAliasRequest;
use crate::change::MOST_ATTEMPTS;
use crate::records::{ALIASES, ALIASES_OF_KEY, alias_address, alias_of_key_address};
use crate::{Kms, alias, messages};

pub(crate) async fn delete_alias(kms: &Kms, cx: &Context, input: DeleteAliasRequest) -> Result<(), ApiError> {
    let alias = alias::named(&input.alias_name, cx)?;
    for _ in 0..MOST_ATTEMPTS {
        let before = kms.stored_alias(&alias).await?.ok_or_else(|| messages::alias_not_found(&alias))?;
        kms.authorize_alias(cx, Action::DeleteAlias, &alias).await?;
        let target = kms.key(cx, &before.record.target.to_string()).for_action(Action::DeleteAlias).await?;
        let mut batch = Batch::new();
        batch.expect(&ALIASES, alias_address(&alias), Expect::Version(before.version));
        batch.delete(&ALIASES, alias_address(&alias));
        batch.delete(&ALIASES_OF_KEY, alias_of_key_address(target.arn(), &alias.name));
        if kms.try_commit(batch, vec![target.arn().clone()]).await? {
            return Ok(());
        }
    }
    Err(messages::too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{HELLO, alias, ciphertext, schedule, state};

    #[tokio::test]
    async fn the_name_is_gone_and_free_and_the_key_is_untouched() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let blob = ciphertext(&cloud, &key).await;
        alias(&cloud, "alias/a", &key).await;
        let answer = cloud.kms("DeleteAlias", json!({ "AliasName": "alias/a" })).await;
        answer.succeeds();
        assert_eq!(answer.text(), "");
        let gone = cloud.kms("DescribeKey", json!({ "KeyId": "alias/a" })).await;
        gone.fails_with("NotFoundException", Some("Alias arn:aws:kms:us-east-1:000000000000:alias/a is not found."));
        assert_eq!(cloud.kms("ListAliases", json!({ "KeyId": key.id })).await.succeeds()["Aliases"], json!([]));
        assert!(!cloud.kms("ListAliases", json!({})).await.text().contains("alias/a\""));
        assert_eq!(cloud.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds()["Plaintext"], HELLO);
        alias(&cloud, "alias/a", &cloud.make_key().await).await;
    }

    #[tokio::test]
    async fn a_key_in_any_state_can_lose_its_alias() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        alias(&cloud, "alias/a", &key).await;
        alias(&cloud, "alias/b", &key).await;
        cloud.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
        cloud.kms("DeleteAlias", json!({ "AliasName": "alias/a" })).await.succeeds();
        schedule(&cloud, &key, 7).await;
        cloud.kms("DeleteAlias", json!({ "AliasName": "alias/b" })).await.succeeds();
        assert_eq!(state(&cloud, &key).await, "PendingDeletion");
    }

    #[tokio::test]
    async fn what_is_no_alias_of_the_account_and_region_is_refused() {
        let cloud = Cloud::new();
        for client in [cloud.client().in_region("eu-west-1"), cloud.client().in_account("111122223333")] {
            let key = client.make_key().await;
            client.kms("CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": key.id })).await.succeeds();
        }
        let message = "Alias arn:aws:kms:us-east-1:000000000000:alias/a is not found.";
        cloud.refuses("DeleteAlias", json!({ "AliasName": "alias/a" }), "NotFoundException", Some(message)).await;
        cloud.refuses("DeleteAlias", json!({ "AliasName": "alias/aws/s3" }), "NotAuthorizedException", None).await;
        let arn = "arn:aws:kms:us-east-1:000000000000:alias/a";
        let message = "Alias must start with the prefix \"alias/\". Please see \
                       https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
        cloud.refuses("DeleteAlias", json!({ "AliasName": arn }), "ValidationException", Some(message)).await;
    }
}
