//! Lists the grants of a key, by id: all, the one of an id, or those for a grantee.

use trent_shared::{ApiError, Context};
use trent_store::{Entry, StoreError};

use crate::Kms;
use crate::action::Action;
use crate::api::{ListGrantsRequest, ListGrantsResponse, errors};
use crate::conditions::{Fact, key as condition};
use crate::grants::{GrantId, PrincipalMember, StoredGrant, entries};
use crate::identifier::KeyArn;
use crate::messages;
use crate::page::PageRequest;
use crate::records::{GRANTS, GRANTS_BY_GRANTEE, GrantParty, GrantRecord, grant_address, key_address};

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (50, 100);

pub(crate) async fn list_grants(
    kms: &Kms,
    cx: &Context,
    input: ListGrantsRequest,
) -> Result<ListGrantsResponse, ApiError> {
    let request = PageRequest::new("ListGrants", input.limit, LIMITS, input.marker.as_deref())?;
    let after = request.after.as_deref().map(|after| after.parse().map_err(|_| errors::INVALID_MARKER.bare()));
    let after = after.transpose()?;
    let id = input.grant_id.map(|id| id.parse().map_err(|_| messages::invalid_grant_id())).transpose()?;
    let facts = [Fact::Flag(condition::GRANT_IS_FOR_AWS_RESOURCE, cx.via.is_some())];
    let key = kms.key(cx, &input.key_id).saying(&facts).for_action(Action::ListGrants).await?;
    let mut grantees = Vec::new();
    if let Some(text) = &input.grantee_principal {
        let principal = kms.grant_principal(cx, PrincipalMember::Filter, text).await?;
        grantees.push(GrantParty::Principal(principal));
    }
    grantees.extend(input.grantee_service_principal.map(GrantParty::Service));
    let is_wanted = |grant: &GrantRecord| grantees.iter().all(|grantee| grant.grantee.is_same_as(grantee));
    let (key, most) = (key.arn(), request.look_ahead());
    let found = match (id, grantees.first()) {
        (Some(id), _) => one(kms, key, id).await.map(|found| found.filter(|_| after.is_none()).into_iter().collect()),
        (None, Some(grantee)) => {
            kms.named_grants(&GRANTS_BY_GRANTEE, key, &grantee.name(), after, most, is_wanted).await
        }
        (None, None) => all(kms, key, after, most).await,
    };
    let mut found = found.map_err(messages::store)?;
    found.retain(|found| is_wanted(&found.record));
    let page = request.page(found, |grant| grant.id.to_string());
    Ok(ListGrantsResponse {
        truncated: Some(page.is_truncated()),
        grants: Some(entries(kms, &page.items).await?),
        next_marker: page.next_marker,
    })
}

async fn all(kms: &Kms, key: &KeyArn, after: Option<GrantId>, most: usize) -> Result<Vec<StoredGrant>, StoreError> {
    let after = after.map(|after| grant_address(key, after));
    let found = GRANTS.scan(&*kms.engine, key_address(key), after.as_ref(), most).await?;
    let grants = found.into_iter().map(|Entry { key: entry, record, .. }| {
        let id = GrantId::in_key(&entry, 3)?;
        Ok(StoredGrant { key: key.clone(), id, record })
    });
    grants.collect()
}

async fn one(kms: &Kms, key: &KeyArn, id: GrantId) -> Result<Option<StoredGrant>, StoreError> {
    let found = GRANTS.get(&*kms.engine, grant_address(key, id)).await?;
    Ok(found.map(|found| StoredGrant { key: key.clone(), id, record: found.record }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};
    use trent_testkit::{Cloud, MadeKey};

    use crate::testing::{Fit, obeys_states, refuses_aliases, refuses_identifiers};

    const ROOT: &str = "arn:aws:iam::000000000000:root";
    const APP: &str = "arn:aws:sts::000000000000:federated-user/app";
    const SERVICE: &str = "service.amazonaws.com";

    async fn grant(cloud: &Cloud, key: &MadeKey, grantee: &str) -> String {
        let mut input = json!({ "KeyId": key.id, "Operations": ["DescribeKey"] });
        if grantee == SERVICE {
            input["GranteeServicePrincipal"] = json!(SERVICE);
            input["RetiringServicePrincipal"] = json!(SERVICE);
            input["Constraints"] = json!({ "SourceArn": "arn:aws:s3:us-east-1:000000000000:bucket" });
        } else {
            input["GranteePrincipal"] = json!(grantee);
        }
        let made = cloud.kms("CreateGrant", input).await.succeeds();
        made["GrantId"].as_str().expect("text").to_owned()
    }

    fn ids(page: &Value) -> Vec<String> {
        let id = |grant: &Value| grant["GrantId"].as_str().expect("present").to_owned();
        page["Grants"].as_array().expect("a list").iter().map(id).collect()
    }

    async fn list(cloud: &Cloud, key: &MadeKey, members: Value) -> Vec<String> {
        let mut input = members;
        input["KeyId"] = json!(key.id);
        ids(&cloud.kms("ListGrants", input).await.succeeds())
    }

    #[tokio::test]
    async fn an_entry_has_awss_members_in_awss_order() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let id = grant(&cloud, &key, APP).await;
        let expected = format!(
            concat!(
                r#"{{"Grants":[{{"KeyId":"{}","GrantId":"{}","Name":"","CreationDate":1.790597408E9,"#,
                r#""GranteePrincipal":"{}","IssuingAccount":"{}","Operations":["DescribeKey"]}}],"Truncated":false}}"#
            ),
            key.arn, id, APP, ROOT
        );
        assert_eq!(cloud.kms("ListGrants", json!({ "KeyId": key.arn })).await.text(), expected);
    }

    #[tokio::test]
    async fn filters_leave_what_they_name() {
        let cloud = Cloud::new();
        let (key, other) = (cloud.make_key().await, cloud.make_key().await);
        assert_eq!(list(&cloud, &key, json!({})).await, Vec::<String>::new());
        let mut of_app = vec![grant(&cloud, &key, APP).await, grant(&cloud, &key, APP).await];
        of_app.sort();
        let of_root = vec![grant(&cloud, &key, ROOT).await];
        let of_service = vec![grant(&cloud, &key, SERVICE).await];
        let elsewhere = grant(&cloud, &other, APP).await;
        let nothing: Vec<String> = Vec::new();
        for (members, expected) in [
            (json!({ "GranteePrincipal": APP }), &of_app),
            (json!({ "GranteePrincipal": ROOT }), &of_root),
            (json!({ "GranteePrincipal": "000000000000" }), &of_root),
            (json!({ "GranteePrincipal": "arn:aws:sts::000000000000:federated-user/ap" }), &nothing),
            (json!({ "GranteeServicePrincipal": SERVICE }), &of_service),
            (json!({ "GranteeServicePrincipal": SERVICE, "GranteePrincipal": APP }), &nothing),
            (json!({ "GrantId": of_root[0] }), &of_root),
            (json!({ "GrantId": of_root[0], "GranteePrincipal": ROOT }), &of_root),
            (json!({ "GrantId": of_root[0], "GranteePrincipal": APP }), &nothing),
            (json!({ "GrantId": elsewhere }), &nothing),
        ] {
            assert_eq!(list(&cloud, &key, members.clone()).await, *expected, "{members}");
        }
    }

    #[tokio::test]
    async fn a_filter_that_names_nobody_is_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let list = |grantee: &str| json!({ "KeyId": key.id, "GranteePrincipal": grantee });
        for (grantee, message) in [
            ("AROAx:s", "Input does not refer to a valid principal"),
            (
                "arn:aws:iam::000000000000:group/g",
                "ARN does not refer to a valid principal: arn:aws:iam::000000000000:group/g",
            ),
            ("arn:aws:iam::x", "ARN is not valid: arn:aws:iam::x"),
        ] {
            cloud.refuses("ListGrants", list(grantee), "InvalidArnException", Some(message)).await;
        }
        for id in ["x".to_owned(), "A".repeat(64), "0".repeat(63)] {
            let input = json!({ "KeyId": key.id, "GrantId": id });
            cloud.refuses("ListGrants", input, "InvalidGrantIdException", None).await;
        }
    }

    #[tokio::test]
    async fn pages_lose_and_repeat_nothing_while_grants_come_and_go() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let mut throughout = BTreeSet::new();
        for _ in 0..130 {
            throughout.insert(grant(&cloud, &key, APP).await);
        }
        for filter in [json!({}), json!({ "GranteePrincipal": APP })] {
            for (limit, most) in
                [(json!(1), 1), (json!(7), 7), (json!(null), 50), (json!(100), 100), (json!(1000), 100)]
            {
                let (mut seen, mut input) = (Vec::new(), filter.clone());
                (input["KeyId"], input["Limit"]) = (json!(key.id), limit);
                loop {
                    let page = cloud.kms("ListGrants", input.clone()).await.succeeds();
                    let found = ids(&page);
                    assert!(!found.is_empty() && found.len() <= most, "{} of at most {most}", found.len());
                    assert!(found.is_sorted());
                    assert_eq!(page["Truncated"] == json!(true), page.get("NextMarker").is_some());
                    // The grant that ended the page may be gone by the next.
                    let passing = grant(&cloud, &key, APP).await;
                    seen.extend(found);
                    let input_of = |id: &str| json!({ "KeyId": key.id, "GrantId": id });
                    cloud.kms("RevokeGrant", input_of(&passing)).await.succeeds();
                    let Some(marker) = page.get("NextMarker") else { break };
                    input["Marker"] = marker.clone();
                }
                assert_eq!(seen.iter().cloned().collect::<BTreeSet<_>>(), throughout);
                assert_eq!(seen.len(), throughout.len());
            }
        }
    }

    #[tokio::test]
    async fn a_marker_goes_on_after_a_grant_that_is_gone() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(grant(&cloud, &key, APP).await);
        }
        all.sort();
        let page = cloud.kms("ListGrants", json!({ "KeyId": key.id, "Limit": 2 })).await.succeeds();
        cloud.kms("RevokeGrant", json!({ "KeyId": key.id, "GrantId": all[1] })).await.succeeds();
        assert_eq!(list(&cloud, &key, json!({ "Marker": page["NextMarker"] })).await, all[2..]);
        for marker in [json!("nonsense"), json!("TGlzdEdyYW50cwp4")] {
            let input = json!({ "KeyId": key.id, "Marker": marker });
            cloud.refuses("ListGrants", input, "InvalidMarkerException", None).await;
        }
    }

    #[tokio::test]
    async fn the_key_must_be_there_in_whichever_state() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "ListGrants", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "ListGrants", &json!({})).await;
        obeys_states("ListGrants", &json!({}), Fit::Works, Fit::Works).await;
    }
}
