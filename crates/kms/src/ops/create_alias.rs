//! Gives a key another name, unique in its account and Region. Asks the key, and the alias, for permission.

use trent_shared::{ApiError, Context};
use trent_store::Batch;

use crate::action::Action;
use crate::api::CreateAliasRequest;
use crate::change::MOST_ATTEMPTS;
use crate::{Kms, alias, messages};

pub(crate) async fn create_alias(kms: &Kms, cx: &Context, input: CreateAliasRequest) -> Result<(), ApiError> {
    let alias = alias::named(&input.alias_name, cx)?;
    alias::check_target(&input.target_key_id)?;
    kms.authorize_alias(cx, Action::CreateAlias, &alias).await?;
    for _ in 0..MOST_ATTEMPTS {
        let target = kms.key(cx, &input.target_key_id).for_action(Action::CreateAlias).await?;
        if kms.stored_alias(&alias).await?.is_some() {
            return Err(messages::alias_exists(&alias));
        }
        let mut batch = Batch::new();
        kms.point_alias(&mut batch, &alias, None, &target).await?;
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

    use crate::testing::{alias, primary_key, refuses_identifiers, replicate, schedule};

    #[tokio::test]
    async fn an_alias_stands_for_its_key_and_shows_when_it_was_made() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let answer = cloud.kms("CreateAlias", json!({ "AliasName": "alias/a/b_C-9", "TargetKeyId": key.arn })).await;
        answer.succeeds();
        assert_eq!(answer.text(), "");
        let described = cloud.kms("DescribeKey", json!({ "KeyId": "alias/a/b_C-9" })).await.succeeds();
        assert_eq!(described["KeyMetadata"]["Arn"], json!(key.arn));
        let listed = cloud.kms("ListAliases", json!({ "KeyId": key.id })).await.succeeds();
        let made = 1_790_597_408.399;
        assert_eq!(
            listed["Aliases"],
            json!([{
                "AliasName": "alias/a/b_C-9",
                "AliasArn": "arn:aws:kms:us-east-1:000000000000:alias/a/b_C-9",
                "TargetKeyId": key.id,
                "CreationDate": made,
                "LastUpdatedDate": made,
            }])
        );
    }

    #[tokio::test]
    async fn the_same_name_may_exist_once_in_each_account_and_region() {
        let cloud = Cloud::new();
        let base = cloud.client();
        for client in [base.clone(), base.in_region("eu-west-1"), base.in_account("111122223333")] {
            let key = client.make_key().await;
            let input = json!({ "AliasName": "alias/a", "TargetKeyId": key.id });
            client.kms("CreateAlias", input).await.succeeds();
            let described = client.kms("DescribeKey", json!({ "KeyId": "alias/a" })).await.succeeds();
            assert_eq!(described["KeyMetadata"]["Arn"], json!(key.arn));
        }
    }

    /// Nobody has looked at the key since its last replica was still there.
    #[tokio::test]
    async fn a_name_is_free_once_its_primary_key_has_followed_its_last_replica() {
        let cloud = Cloud::new();
        let (primary, other) = (primary_key(&cloud).await, cloud.make_key().await);
        let replica = replicate(&cloud, &primary, "eu-west-1").await;
        alias(&cloud, "alias/a", &primary).await;
        schedule(&cloud, &primary, 7).await;
        let there = cloud.client().in_region("eu-west-1");
        there.kms("ScheduleKeyDeletion", json!({ "KeyId": replica.id, "PendingWindowInDays": 8 })).await.succeeds();
        let input = json!({ "AliasName": "alias/a", "TargetKeyId": other.id });
        cloud.clock().advance_days(8 + 7);
        cloud.kms("CreateAlias", input).await.succeeds();
    }

    #[tokio::test]
    async fn an_existing_name_is_refused_even_for_the_same_key_but_not_in_another_case() {
        let cloud = Cloud::new();
        let (first, second) = (cloud.make_key().await, cloud.make_key().await);
        alias(&cloud, "alias/a", &first).await;
        alias(&cloud, "alias/A", &first).await;
        let message = "An alias with the name arn:aws:kms:us-east-1:000000000000:alias/a already exists";
        for key in [first, second] {
            let input = json!({ "AliasName": "alias/a", "TargetKeyId": key.id });
            cloud.refuses("CreateAlias", input, "AlreadyExistsException", Some(message)).await;
        }
    }

    #[tokio::test]
    async fn names_that_aws_does_not_take_are_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let no_prefix = "Alias must start with the prefix \"alias/\". Please see \
                         https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
        for (name, code, message) in [
            ("a", "ValidationException", Some(no_prefix)),
            ("Alias/a", "ValidationException", Some(no_prefix)),
            ("alias/my:alias", "ValidationException", Some("alias/my:alias contains invalid characters for an alias")),
            ("alias/", "ValidationException", Some("alias/ contains invalid characters for an alias")),
            ("alias/aws/s3", "NotAuthorizedException", None),
            ("alias/aws/", "NotAuthorizedException", None),
        ] {
            let input = json!({ "AliasName": name, "TargetKeyId": key.id });
            cloud.refuses("CreateAlias", input, code, message).await;
        }
        let longest = format!("alias/{}", "a".repeat(250));
        alias(&cloud, &longest, &key).await;
        alias(&cloud, "alias/AWS/s3", &key).await;
        let longer = format!("{longest}a");
        let message = format!(
            "1 validation error detected: Value '{longer}' at 'aliasName' failed to satisfy constraint: Member must have \
             length less than or equal to 256"
        );
        let input = json!({ "AliasName": longer, "TargetKeyId": key.id });
        cloud.refuses("CreateAlias", input, "ValidationException", Some(&message)).await;
    }

    #[tokio::test]
    async fn an_alias_is_no_target() {
        let cloud = Cloud::new();
        alias(&cloud, "alias/a", &cloud.make_key().await).await;
        for target in ["alias/a", "arn:aws:kms:us-east-1:000000000000:alias/a", "alias/absent"] {
            let input = json!({ "AliasName": "alias/b", "TargetKeyId": target });
            let message = Some("Aliases must refer to keys. Not aliases");
            cloud.refuses("CreateAlias", input, "ValidationException", message).await;
        }
    }

    #[tokio::test]
    async fn a_key_has_at_most_fifty_aliases() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for n in 0..50 {
            alias(&cloud, &format!("alias/{n}"), &key).await;
        }
        let input = json!({ "AliasName": "alias/50", "TargetKeyId": key.id });
        let message = "Aliases per key quota for this account in this region is 50, current usage is 50.";
        cloud.refuses("CreateAlias", input.clone(), "LimitExceededException", Some(message)).await;
        cloud.kms("DeleteAlias", json!({ "AliasName": "alias/7" })).await.succeeds();
        cloud.kms("CreateAlias", input).await.succeeds();
    }

    #[tokio::test]
    async fn a_disabled_key_may_be_named_and_one_that_is_pending_deletion_may_not() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        cloud.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
        alias(&cloud, "alias/disabled", &key).await;
        schedule(&cloud, &key, 7).await;
        let input = json!({ "AliasName": "alias/pending", "TargetKeyId": key.id });
        let message = format!("{} is pending deletion.", key.arn);
        cloud.refuses("CreateAlias", input, "KMSInvalidStateException", Some(&message)).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let input = json!({ "AliasName": "alias/a" });
        refuses_identifiers(&Cloud::new(), "CreateAlias", "TargetKeyId", &input).await;
    }
}
