//! Lists the aliases of an account and Region, or those of one key, by name.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::alias::MOST_ALIASES;
use crate::api::{AliasListEntry, ListAliasesRequest, ListAliasesResponse};
use crate::identifier::AliasArn;
use crate::messages;
use crate::page::PageRequest;
use crate::records::{
    ALIASES, ALIASES_OF_KEY, AliasRecord, account_address, alias_address, alias_of_key_address, key_address,
};

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (50, 100);

pub(crate) async fn list_aliases(
    kms: &Kms,
    cx: &Context,
    input: ListAliasesRequest,
) -> Result<ListAliasesResponse, ApiError> {
    let request = PageRequest::new("ListAliases", input.limit, LIMITS, input.marker.as_deref())?;
    kms.authorize_account(cx, Action::ListAliases)?;
    let found = match &input.key_id {
        Some(key_id) => aliases_of_key(kms, cx, key_id, &request).await?,
        None => all_aliases(kms, cx, &request).await?,
    };
    let page = request.page(found, |(alias, _)| alias.name.clone());
    Ok(ListAliasesResponse {
        truncated: Some(page.is_truncated()),
        aliases: Some(page.items.into_iter().map(|(alias, record)| entry(alias, &record)).collect()),
        next_marker: page.next_marker,
    })
}

async fn all_aliases(kms: &Kms, cx: &Context, request: &PageRequest) -> Result<Vec<(AliasArn, AliasRecord)>, ApiError> {
    let after = request.after.as_ref().map(|name| alias_address(&AliasArn::in_context(name, cx)));
    let prefix = account_address(&cx.region, cx.account());
    let found =
        ALIASES.scan(&*kms.engine, prefix, after.as_ref(), request.look_ahead()).await.map_err(messages::store)?;
    let named = found.into_iter().map(|entry| {
        let name = entry.key.text(2).map_err(|error| messages::store(error.into()))?;
        Ok((AliasArn::in_context(&name, cx), entry.record))
    });
    named.collect()
}

/// A key has few aliases, so that reading each of them costs little.
async fn aliases_of_key(
    kms: &Kms,
    cx: &Context,
    key_id: &str,
    request: &PageRequest,
) -> Result<Vec<(AliasArn, AliasRecord)>, ApiError> {
    let key = kms.key(cx, key_id).for_action(Action::ListAliases).await?;
    let after = request.after.as_ref().map(|name| alias_of_key_address(key.arn(), name));
    let found = ALIASES_OF_KEY
        .scan(&*kms.engine, key_address(key.arn()), after.as_ref(), MOST_ALIASES)
        .await
        .map_err(messages::store)?;
    let mut aliases = Vec::with_capacity(found.len());
    for entry in found {
        let name = entry.key.text(3).map_err(|error| messages::store(error.into()))?;
        let alias = AliasArn::in_context(&name, cx);
        // One that was deleted or pointed elsewhere since the scan is simply not listed.
        let stored = kms.stored_alias(&alias).await?;
        if let Some(stored) = stored.filter(|stored| stored.record.target == key.arn().id) {
            aliases.push((alias, stored.record));
        }
        if aliases.len() == request.look_ahead() {
            break;
        }
    }
    Ok(aliases)
}

fn entry(alias: AliasArn, record: &AliasRecord) -> AliasListEntry {
    AliasListEntry {
        alias_arn: Some(alias.to_string()),
        alias_name: Some(alias.name),
        target_key_id: Some(record.target.to_string()),
        creation_date: Some(record.created.into()),
        last_updated_date: Some(record.updated.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_testkit::Cloud;

    use crate::testing::{alias, refuses_aliases, refuses_identifiers, schedule};

    async fn names(cloud: &Cloud, input: Value) -> Vec<Value> {
        let listed = cloud.kms("ListAliases", input).await.succeeds();
        listed["Aliases"].as_array().expect("a list").iter().map(|alias| alias["AliasName"].clone()).collect()
    }

    #[tokio::test]
    async fn there_are_none_at_first() {
        assert_eq!(Cloud::new().kms("ListAliases", json!({})).await.text(), r#"{"Aliases":[],"Truncated":false}"#);
    }

    #[tokio::test]
    async fn an_entry_has_awss_members_in_awss_order() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        alias(&cloud, "alias/a", &key).await;
        assert_eq!(
            cloud.kms("ListAliases", json!({})).await.text(),
            format!(
                concat!(
                    r#"{{"Aliases":[{{"AliasName":"alias/a","AliasArn":"arn:aws:kms:us-east-1:000000000000:alias/a","#,
                    r#""TargetKeyId":"{}","CreationDate":1.790597408399E9,"LastUpdatedDate":1.790597408399E9}}],"#,
                    r#""Truncated":false}}"#
                ),
                key.id
            )
        );
    }

    #[tokio::test]
    async fn they_come_by_name_and_only_of_the_key_the_account_and_the_region() {
        let cloud = Cloud::new();
        let (first, second) = (cloud.make_key().await, cloud.make_key().await);
        for (name, key) in [("alias/b", &first), ("alias/a", &second), ("alias/B", &second), ("alias/a/x", &first)] {
            alias(&cloud, name, key).await;
        }
        for client in [cloud.client().in_region("eu-west-1"), cloud.client().in_account("111122223333")] {
            let key = client.make_key().await;
            client.kms("CreateAlias", json!({ "AliasName": "alias/c", "TargetKeyId": key.id })).await.succeeds();
        }
        assert_eq!(names(&cloud, json!({})).await, ["alias/B", "alias/a", "alias/a/x", "alias/b"]);
        assert_eq!(names(&cloud, json!({ "KeyId": first.id })).await, ["alias/a/x", "alias/b"]);
        assert_eq!(names(&cloud, json!({ "KeyId": second.arn })).await, ["alias/B", "alias/a"]);
    }

    #[tokio::test]
    async fn pages_of_any_length_make_up_the_whole_list() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for n in 0..7 {
            alias(&cloud, &format!("alias/{n}"), &key).await;
        }
        for filter in [json!(null), json!(key.id)] {
            let whole = names(&cloud, json!({ "KeyId": filter })).await;
            for limit in 1..=8 {
                let (mut seen, mut marker) = (Vec::new(), json!(null));
                loop {
                    let input = json!({ "KeyId": filter, "Limit": limit, "Marker": marker });
                    let page = cloud.kms("ListAliases", input).await.succeeds();
                    let aliases = page["Aliases"].as_array().expect("a list");
                    assert!(!aliases.is_empty() && aliases.len() <= limit);
                    seen.extend(aliases.iter().map(|alias| alias["AliasName"].clone()));
                    assert_eq!(page["Truncated"], json!(page.get("NextMarker").is_some()));
                    match page.get("NextMarker") {
                        Some(next) => marker = next.clone(),
                        None => break,
                    }
                }
                assert_eq!(seen, whole, "limit {limit}");
            }
        }
    }

    #[tokio::test]
    async fn a_page_has_50_aliases_unless_told_and_never_more_than_100() {
        let cloud = Cloud::new();
        for half in 0..3 {
            let key = cloud.make_key().await;
            for n in 0..40 {
                alias(&cloud, &format!("alias/{half}/{n}"), &key).await;
            }
        }
        for (limit, length) in [(json!(null), 50), (json!(100), 100), (json!(1000), 100)] {
            assert_eq!(names(&cloud, json!({ "Limit": limit })).await.len(), length);
        }
    }

    #[tokio::test]
    async fn a_marker_goes_on_after_an_alias_that_is_gone() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for name in ["alias/a", "alias/b", "alias/c"] {
            alias(&cloud, name, &key).await;
        }
        let page = cloud.kms("ListAliases", json!({ "Limit": 2 })).await.succeeds();
        cloud.kms("DeleteAlias", json!({ "AliasName": "alias/b" })).await.succeeds();
        assert_eq!(names(&cloud, json!({ "Marker": page["NextMarker"] })).await, ["alias/c"]);
    }

    #[tokio::test]
    async fn a_marker_that_aws_did_not_give_is_refused_without_a_word() {
        let cloud = Cloud::new();
        for _ in 0..2 {
            cloud.make_key().await;
        }
        let keys = cloud.kms("ListKeys", json!({ "Limit": 1 })).await.succeeds();
        for marker in [json!("nonsense"), json!("AA"), keys["NextMarker"].clone()] {
            cloud.refuses("ListAliases", json!({ "Marker": marker }), "InvalidMarkerException", None).await;
        }
    }

    #[tokio::test]
    async fn the_aliases_of_a_deleted_key_are_gone_after_the_sweep() {
        let cloud = Cloud::new();
        let (key, other) = (cloud.make_key().await, cloud.make_key().await);
        alias(&cloud, "alias/a", &key).await;
        alias(&cloud, "alias/b", &other).await;
        schedule(&cloud, &key, 7).await;
        cloud.clock().advance_days(7);
        cloud.sweep().await;
        assert_eq!(names(&cloud, json!({})).await, ["alias/b"]);
        alias(&cloud, "alias/a", &other).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "ListAliases", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "ListAliases", &json!({})).await;
    }
}
