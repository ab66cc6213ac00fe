//! Lists the keys of an account and Region, by id. The records themselves are not read: ids and ARNs are in the keys of
//! an index.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{KeyListEntry, ListKeysRequest, ListKeysResponse, ResourceOwnerType};
use crate::identifier::KeyArn;
use crate::messages;
use crate::page::PageRequest;
use crate::records::{KEY_IDS, account_address};

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (100, 1000);

pub(crate) async fn list_keys(kms: &Kms, cx: &Context, input: ListKeysRequest) -> Result<ListKeysResponse, ApiError> {
    let owners = input.resource_owners.unwrap_or_else(|| vec![ResourceOwnerType::Self_]);
    let wants_own = owners.contains(&ResourceOwnerType::Self_);
    // A marker is bound to the owners that it was made for.
    let list = match (wants_own, owners.contains(&ResourceOwnerType::OtherAccountsViaRam)) {
        (true, false) => "ListKeys",
        (true, true) => "ListKeys/SELF+RAM",
        (false, _) => "ListKeys/RAM",
    };
    let request = PageRequest::new(list, input.limit, LIMITS, input.marker.as_deref())?;
    kms.authorize_account(cx, Action::ListKeys, &[]).await?;
    // No key is ever shared through RAM, which Trent does not have.
    let keys = if wants_own { keys_of_account(kms, cx, &request).await? } else { Vec::new() };
    let page = request.page(keys, |key| key.key_id.clone().unwrap_or_default());
    Ok(ListKeysResponse { truncated: Some(page.is_truncated()), keys: Some(page.items), next_marker: page.next_marker })
}

async fn keys_of_account(kms: &Kms, cx: &Context, request: &PageRequest) -> Result<Vec<KeyListEntry>, ApiError> {
    let prefix = account_address(&cx.region, cx.account());
    let after = request.after.as_ref().map(|id| prefix.clone().with(id));
    let found =
        KEY_IDS.scan(&*kms.engine, prefix, after.as_ref(), request.look_ahead()).await.map_err(messages::store)?;
    let arn_prefix = KeyArn::prefix(&cx.region, cx.account());
    let entries = found.into_iter().map(|entry| {
        let id = entry.key.text(2).map_err(|error| messages::store(error.into()))?;
        Ok(KeyListEntry { key_arn: Some([&arn_prefix, &*id].concat()), key_id: Some(id.into_owned()) })
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::schedule;

    #[tokio::test]
    async fn there_are_none_at_first() {
        assert_eq!(Cloud::new().kms("ListKeys", json!({})).await.text(), r#"{"Keys":[],"Truncated":false}"#);
    }

    #[tokio::test]
    async fn the_keys_of_the_account_and_region_come_by_id() {
        let cloud = Cloud::new();
        let mut keys = Vec::new();
        for _ in 0..5 {
            keys.push(cloud.make_key().await);
        }
        for client in [cloud.client().in_region("eu-west-1"), cloud.client().in_account("111122223333")] {
            client.make_key().await;
        }
        keys.sort_by(|one, other| one.id.cmp(&other.id));
        let entries: Vec<_> =
            keys.iter().map(|key| format!(r#"{{"KeyId":"{}","KeyArn":"{}"}}"#, key.id, key.arn)).collect();
        let expected = format!(r#"{{"Keys":[{}],"Truncated":false}}"#, entries.join(","));
        assert_eq!(cloud.kms("ListKeys", json!({})).await.text(), expected);
    }

    #[tokio::test]
    async fn pages_of_any_length_make_up_the_whole_list() {
        let cloud = Cloud::new();
        for _ in 0..7 {
            cloud.make_key().await;
        }
        let whole = cloud.kms("ListKeys", json!({})).await.succeeds()["Keys"].clone();
        for limit in 1..=8 {
            let (mut seen, mut marker) = (Vec::new(), json!(null));
            loop {
                let page = cloud.kms("ListKeys", json!({ "Limit": limit, "Marker": marker })).await.succeeds();
                let keys = page["Keys"].as_array().expect("a list");
                assert!(!keys.is_empty() && keys.len() <= limit);
                seen.extend(keys.iter().cloned());
                assert_eq!(page["Truncated"], json!(page.get("NextMarker").is_some()));
                match page.get("NextMarker") {
                    Some(next) => marker = next.clone(),
                    None => break,
                }
            }
            assert_eq!(json!(seen), whole, "limit {limit}");
        }
    }

    #[tokio::test]
    async fn a_page_has_100_keys_unless_told() {
        let cloud = Cloud::new();
        for _ in 0..101 {
            cloud.make_key().await;
        }
        for (limit, length) in [(json!(null), 100), (json!(1000), 101)] {
            let page = cloud.kms("ListKeys", json!({ "Limit": limit })).await.succeeds();
            assert_eq!(page["Keys"].as_array().map(Vec::len), Some(length));
        }
    }

    #[tokio::test]
    async fn nothing_is_shared_through_ram_and_markers_are_bound_to_their_owners() {
        let cloud = Cloud::new();
        let (first, second) = (cloud.make_key().await, cloud.make_key().await);
        let shared = cloud.kms("ListKeys", json!({ "ResourceOwners": ["OTHER_ACCOUNTS_VIA_RAM"] })).await;
        assert_eq!(shared.text(), r#"{"Keys":[],"Truncated":false}"#);
        let own = json!({ "ResourceOwners": ["OTHER_ACCOUNTS_VIA_RAM", "SELF"], "Limit": 1 });
        let page = cloud.kms("ListKeys", own).await.succeeds();
        assert_eq!(page["Keys"][0]["KeyId"], json!(first.id.min(second.id)));
        for owners in [json!(["OTHER_ACCOUNTS_VIA_RAM"]), json!(["SELF"]), json!(null)] {
            let input = json!({ "ResourceOwners": owners, "Marker": page["NextMarker"] });
            cloud.refuses("ListKeys", input, "InvalidMarkerException", None).await;
        }
        // The order of the owners does not matter, and to name none is to name oneself.
        let same = json!({ "ResourceOwners": ["SELF", "OTHER_ACCOUNTS_VIA_RAM"], "Marker": page["NextMarker"] });
        assert_eq!(cloud.kms("ListKeys", same).await.succeeds()["Keys"].as_array().map(Vec::len), Some(1));
        let page = cloud.kms("ListKeys", json!({ "Limit": 1 })).await.succeeds();
        let same = json!({ "ResourceOwners": ["SELF"], "Marker": page["NextMarker"] });
        assert_eq!(cloud.kms("ListKeys", same).await.succeeds()["Keys"].as_array().map(Vec::len), Some(1));
    }

    #[tokio::test]
    async fn a_marker_that_aws_did_not_give_is_refused_without_a_word() {
        let cloud = Cloud::new();
        for marker in ["nonsense", "AA==", "\u{ff}"] {
            cloud.refuses("ListKeys", json!({ "Marker": marker }), "InvalidMarkerException", None).await;
        }
    }

    #[tokio::test]
    async fn a_key_stays_listed_while_it_waits_and_is_unlisted_after_the_sweep() {
        let cloud = Cloud::new();
        let (gone, left) = (cloud.make_key().await, cloud.make_key().await);
        schedule(&cloud, &gone, 7).await;
        cloud.sweep().await;
        assert_eq!(cloud.kms("ListKeys", json!({})).await.succeeds()["Keys"].as_array().map(Vec::len), Some(2));
        cloud.clock().advance_days(7);
        cloud.sweep().await;
        let keys = cloud.kms("ListKeys", json!({})).await.succeeds()["Keys"].clone();
        assert_eq!(keys, json!([{ "KeyId": left.id, "KeyArn": left.arn }]));
    }
}
