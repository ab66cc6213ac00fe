//! Lists the aliases of an account and Region, or those of one key, by name. The predefined aliases of AWS's services are
//! among them from the start, without a key until there is one (multi-region-and-aliases.md B2).

use std::collections::BTreeMap;

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{AliasListEntry, ListAliasesRequest, ListAliasesResponse};
use crate::identifier::AliasArn;
use crate::managed_keys::predefined_aliases;
use crate::messages;
use crate::page::PageRequest;
use crate::records::{
    ALIASES, ALIASES_OF_KEY, AliasRecord, account_address, alias_address, alias_of_key_address, key_address,
};

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (50, 100);

/// An alias, and what is known of it: nothing of a predefined one without a key.
type Found = (AliasArn, Option<AliasRecord>);

pub(crate) async fn list_aliases(
    kms: &Kms,
    cx: &Context,
    input: ListAliasesRequest,
) -> Result<ListAliasesResponse, ApiError> {
    let request = PageRequest::new("ListAliases", input.limit, LIMITS, input.marker.as_deref())?;
    kms.authorize_account(cx, Action::ListAliases, &[]).await?;
    let found = match &input.key_id {
        Some(key_id) => aliases_of_key(kms, cx, key_id, &request).await?,
        None => all_aliases(kms, cx, &request).await?,
    };
    let page = request.page(found, |(alias, _)| alias.name.clone());
    Ok(ListAliasesResponse {
        truncated: Some(page.is_truncated()),
        aliases: Some(page.items.into_iter().map(|(alias, record)| entry(alias, record.as_ref())).collect()),
        next_marker: page.next_marker,
    })
}

async fn all_aliases(kms: &Kms, cx: &Context, request: &PageRequest) -> Result<Vec<Found>, ApiError> {
    let after = request.after.as_ref().map(|name| alias_address(&AliasArn::in_context(name, cx)));
    let prefix = account_address(&cx.region, cx.account());
    let found =
        ALIASES.scan(&*kms.engine, prefix, after.as_ref(), request.look_ahead()).await.map_err(messages::store)?;
    let is_wanted = |name: &&str| request.after.as_deref().is_none_or(|after| *name > after);
    let mut aliases: BTreeMap<String, Option<AliasRecord>> =
        predefined_aliases().filter(is_wanted).map(|name| (name.to_owned(), None)).collect();
    for entry in found {
        let name = entry.key.text(2).map_err(|error| messages::store(error.into()))?;
        aliases.insert(name.into_owned(), Some(entry.record));
    }
    // A predefined alias that has a key beyond what was found comes after this page, too.
    let page = aliases.into_iter().take(request.look_ahead());
    Ok(page.map(|(name, record)| (AliasArn::in_context(&name, cx), record)).collect())
}

/// A key has few aliases, so that reading each of them costs little.
async fn aliases_of_key(kms: &Kms, cx: &Context, key_id: &str, request: &PageRequest) -> Result<Vec<Found>, ApiError> {
    let key = kms.key(cx, key_id).resolve(Action::ListAliases).await?;
    let after = request.after.as_ref().map(|name| alias_of_key_address(&key, name));
    let found = ALIASES_OF_KEY.scan(&*kms.engine, key_address(&key), after.as_ref(), usize::MAX).await;
    let mut aliases = Vec::with_capacity(request.look_ahead());
    for entry in found.map_err(messages::store)? {
        let name = entry.key.text(3).map_err(|error| messages::store(error.into()))?;
        let alias = AliasArn::in_context(&name, cx);
        // One that was deleted or pointed elsewhere since the scan is simply not listed.
        let stored = kms.stored_alias(&alias).await?;
        if let Some(stored) = stored.filter(|stored| stored.record.target == key.id) {
            aliases.push((alias, Some(stored.record)));
        }
        if aliases.len() == request.look_ahead() {
            break;
        }
    }
    Ok(aliases)
}

fn entry(alias: AliasArn, record: Option<&AliasRecord>) -> AliasListEntry {
    AliasListEntry {
        alias_arn: Some(alias.to_string()),
        alias_name: Some(alias.name),
        target_key_id: record.map(|record| record.target.to_string()),
        creation_date: record.map(|record| record.created.into()),
        last_updated_date: record.map(|record| record.updated.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_testkit::Cloud;

    use crate::managed_keys::predefined_aliases;
    use crate::testing::{alias, refuses_aliases, refuses_identifiers, schedule};

    fn names_in(page: &Value) -> Vec<String> {
        let name = |alias: &Value| alias["AliasName"].as_str().expect("present").to_owned();
        page["Aliases"].as_array().expect("a list").iter().map(name).collect()
    }

    /// All names on the first page.
    async fn all_names(cloud: &Cloud, input: Value) -> Vec<String> {
        names_in(&cloud.kms("ListAliases", input).await.succeeds())
    }

    /// Those of them that a customer gave.
    async fn names(cloud: &Cloud, input: Value) -> Vec<String> {
        let mut names = all_names(cloud, input).await;
        names.retain(|name| !name.starts_with("alias/aws/"));
        names
    }

    /// Follows the markers to the end, doing something after each page.
    async fn walk(cloud: &Cloud, input: &Value, mut after_page: impl AsyncFnMut(usize)) -> Vec<String> {
        let (mut seen, mut input) = (Vec::new(), input.clone());
        for number in 0.. {
            let page = cloud.kms("ListAliases", input.clone()).await.succeeds();
            let names = names_in(&page);
            assert!(!names.is_empty() && names.len() <= input["Limit"].as_u64().unwrap_or(50).min(100) as usize);
            seen.extend(names);
            assert_eq!(page["Truncated"], json!(page.get("NextMarker").is_some()));
            let Some(next) = page.get("NextMarker") else { break };
            input["Marker"] = next.clone();
            after_page(number).await;
        }
        seen
    }

    #[tokio::test]
    async fn at_first_there_are_the_predefined_ones_by_name_and_without_keys() {
        let answer = Cloud::new().kms("ListAliases", json!({})).await;
        let listed = answer.succeeds();
        assert_eq!(names_in(&listed), predefined_aliases().collect::<Vec<_>>());
        assert!(names_in(&listed).is_sorted());
        let first = r#"{"Aliases":[{"AliasName":"alias/aws/acm","AliasArn":"arn:aws:kms:us-east-1:000000000000:alias/aws/acm"},{"#;
        assert!(answer.text().starts_with(first), "{}", answer.text());
        assert!(answer.text().ends_with(r#"}],"Truncated":false}"#));
    }

    #[tokio::test]
    async fn pages_of_predefined_and_other_aliases_lose_and_repeat_nothing_while_some_come_and_go() {
        for limit in [json!(1), json!(2), json!(7), json!(null), json!(100), json!(1000)] {
            let cloud = Cloud::new();
            let (key, other) = (cloud.make_key().await, cloud.make_key().await);
            // Before, between and behind the predefined ones.
            let mut expected: Vec<String> = predefined_aliases().map(str::to_owned).collect();
            for name in ["alias/0", "alias/Z", "alias/aws", "alias/aws-", "alias/aws_", "alias/awsa", "alias/b/c"] {
                alias(&cloud, name, &key).await;
                expected.push(name.to_owned());
            }
            for n in 0..45 {
                let name = format!("alias/z/{n:02}");
                alias(&cloud, &name, &other).await;
                expected.push(name);
            }
            cloud.kms("DescribeKey", json!({ "KeyId": "alias/aws/ebs" })).await.succeeds();
            expected.sort();
            assert_eq!(walk(&cloud, &json!({ "Limit": limit }), async |_| {}).await, expected, "limit {limit}");

            // Meanwhile keys of services come into being, and aliases that the walk has passed or not come and go.
            let input = json!({ "Limit": limit });
            let mut seen = walk(&cloud, &input, async |page| {
                let predefined = expected[(page * 3 + 4) % expected.len()].clone();
                if predefined.starts_with("alias/aws/") {
                    cloud.kms("DescribeKey", json!({ "KeyId": predefined })).await.succeeds();
                }
                let name = json!(format!("alias/{}passing", ["", "a", "z/2"][page % 3]));
                if page % 6 < 3 {
                    cloud
                        .kms("CreateAlias", json!({ "AliasName": name, "TargetKeyId": cloud.make_key().await.id }))
                        .await;
                } else {
                    cloud.kms("DeleteAlias", json!({ "AliasName": name })).await;
                }
            })
            .await;
            seen.retain(|name| !name.ends_with("passing"));
            assert_eq!(seen, expected, "limit {limit}");
        }
    }

    #[tokio::test]
    async fn an_entry_has_awss_members_in_awss_order() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        alias(&cloud, "alias/a", &key).await;
        assert_eq!(
            cloud.kms("ListAliases", json!({ "KeyId": key.id })).await.text(),
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
            let whole = all_names(&cloud, json!({ "KeyId": filter })).await;
            for limit in 1..=8 {
                let input = json!({ "KeyId": filter, "Limit": limit });
                assert_eq!(walk(&cloud, &input, async |_| {}).await, whole, "limit {limit}");
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
            assert_eq!(all_names(&cloud, json!({ "Limit": limit })).await.len(), length);
        }
    }

    #[tokio::test]
    async fn a_marker_goes_on_after_an_alias_that_is_gone() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for name in ["alias/A", "alias/B", "alias/z"] {
            alias(&cloud, name, &key).await;
        }
        let page = cloud.kms("ListAliases", json!({ "Limit": 2 })).await.succeeds();
        cloud.kms("DeleteAlias", json!({ "AliasName": "alias/B" })).await.succeeds();
        let names = all_names(&cloud, json!({ "Marker": page["NextMarker"] })).await;
        assert_eq!((names[0].as_str(), names[names.len() - 1].as_str()), ("alias/aws/acm", "alias/z"));
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
