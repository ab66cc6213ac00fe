//! Points an alias at another key of the same type and usage. Asks the alias, the present key and the new one.

use trent_kms_core::KeyUsage;
use trent_shared::{ApiError, Context};
use trent_store::Batch;

use crate::action::Action;
use crate::api::UpdateAliasRequest;
use crate::change::MOST_ATTEMPTS;
use crate::identifier::KeyArn;
use crate::records::{ALIASES_OF_KEY, KeyRecord, alias_of_key_address};
use crate::{Kms, alias, messages};

pub(crate) async fn update_alias(kms: &Kms, cx: &Context, input: UpdateAliasRequest) -> Result<(), ApiError> {
    let alias = alias::named(&input.alias_name, cx)?;
    alias::check_target(&input.target_key_id)?;
    for _ in 0..MOST_ATTEMPTS {
        let before = kms.stored_alias(&alias).await?.ok_or_else(|| messages::alias_not_found(&alias))?;
        let current = KeyArn { region: alias.region.clone(), account: alias.account, id: before.record.target };
        kms.authorize_alias(cx, Action::UpdateAlias, &alias).await?;
        let target = kms.key(cx, &input.target_key_id).for_action(Action::UpdateAlias).await?;
        let current_key = kms.key(cx, &current.id.to_string()).for_action_in_any_state(Action::UpdateAlias).await?;
        if kind(current_key.record()) != kind(target.record()) {
            return Err(messages::alias_target_differs());
        }
        let mut batch = Batch::new();
        batch.delete(&ALIASES_OF_KEY, alias_of_key_address(&current, &alias.name));
        kms.point_alias(&mut batch, &alias, Some(&before), &target).await?;
        if kms.try_commit(batch, vec![target.arn().clone(), current]).await? {
            return Ok(());
        }
    }
    Err(messages::too_many_conflicts())
}

fn kind(key: &KeyRecord) -> (trent_kms_core::KeyType, KeyUsage) {
    (key.spec.key_type(), key.usage)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_testkit::Cloud;
    use trent_testkit::MadeKey;

    use crate::testing::{alias, refuses_identifiers, schedule};

    async fn target(cloud: &Cloud, name: &str) -> Value {
        cloud.kms("DescribeKey", json!({ "KeyId": name })).await.succeeds()["KeyMetadata"]["KeyId"].clone()
    }

    fn to(key: &MadeKey) -> Value {
        json!({ "AliasName": "alias/a", "TargetKeyId": key.id })
    }

    #[tokio::test]
    async fn the_alias_points_elsewhere_and_keeps_its_creation_date() {
        let cloud = Cloud::new();
        let (old, new) = (cloud.make_key().await, cloud.make_key().await);
        alias(&cloud, "alias/a", &old).await;
        cloud.clock().advance_millis(1000);
        let answer = cloud.kms("UpdateAlias", to(&new)).await;
        answer.succeeds();
        assert_eq!(answer.text(), "");
        assert_eq!(target(&cloud, "alias/a").await, json!(new.id));
        let of = async |key: &MadeKey| {
            cloud.kms("ListAliases", json!({ "KeyId": key.id })).await.succeeds()["Aliases"].clone()
        };
        assert_eq!(of(&old).await, json!([]));
        let listed = of(&new).await;
        assert_eq!(listed[0]["CreationDate"], json!(1_790_597_408.399));
        assert_eq!(listed[0]["LastUpdatedDate"], json!(1_790_597_409.399));
    }

    #[tokio::test]
    async fn it_may_point_where_it_points_even_among_fifty() {
        let cloud = Cloud::new();
        let (full, other) = (cloud.make_key().await, cloud.make_key().await);
        alias(&cloud, "alias/a", &full).await;
        for n in 1..50 {
            alias(&cloud, &format!("alias/{n}"), &full).await;
        }
        cloud.kms("UpdateAlias", to(&full)).await.succeeds();
        assert_eq!(target(&cloud, "alias/a").await, json!(full.id));
        alias(&cloud, "alias/b", &other).await;
        let input = json!({ "AliasName": "alias/b", "TargetKeyId": full.id });
        let message = "Aliases per key quota for this account in this region is 50, current usage is 50.";
        cloud.refuses("UpdateAlias", input, "LimitExceededException", Some(message)).await;
    }

    #[tokio::test]
    async fn an_alias_can_leave_a_key_that_is_pending_deletion_but_not_join_it() {
        let cloud = Cloud::new();
        let (pending, other) = (cloud.make_key().await, cloud.make_key().await);
        alias(&cloud, "alias/a", &pending).await;
        schedule(&cloud, &pending, 7).await;
        cloud.kms("UpdateAlias", to(&other)).await.succeeds();
        assert_eq!(target(&cloud, "alias/a").await, json!(other.id));
        let message = format!("{} is pending deletion.", pending.arn);
        cloud.refuses("UpdateAlias", to(&pending), "KMSInvalidStateException", Some(&message)).await;
        cloud.clock().advance_days(7);
        cloud.sweep().await;
        assert_eq!(target(&cloud, "alias/a").await, json!(other.id), "it went before the key did");
    }

    #[tokio::test]
    async fn an_absent_alias_and_an_alias_as_target_are_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let message = "Alias arn:aws:kms:us-east-1:000000000000:alias/a is not found.";
        cloud.refuses("UpdateAlias", to(&key), "NotFoundException", Some(message)).await;
        alias(&cloud, "alias/a", &key).await;
        for target in ["alias/a", "arn:aws:kms:us-east-1:000000000000:alias/a"] {
            let input = json!({ "AliasName": "alias/a", "TargetKeyId": target });
            let message = Some("Aliases must refer to keys. Not aliases");
            cloud.refuses("UpdateAlias", input, "ValidationException", message).await;
        }
        let input = json!({ "AliasName": "alias/aws/s3", "TargetKeyId": key.id });
        cloud.refuses("UpdateAlias", input, "NotAuthorizedException", None).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        alias(&cloud, "alias/a", &cloud.make_key().await).await;
        refuses_identifiers(&cloud, "UpdateAlias", "TargetKeyId", &json!({ "AliasName": "alias/a" })).await;
    }
}
