//! Lists the grants of a key, by id: all, the one of an id, or those for a grantee.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{ListGrantsRequest, ListGrantsResponse, errors};
use crate::conditions::{Fact, key as condition};
use crate::grants::{GrantId, PrincipalMember, entry};
use crate::identifier::KeyArn;
use crate::messages;
use crate::page::PageRequest;
use crate::records::{GRANTS, GRANTS_BY_GRANTEE, GrantRecord, grant_address, key_address, named_grant_address};

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (50, 100);

type Found = (GrantId, GrantRecord);

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
    let arn = key.arn();
    let principal = match &input.grantee_principal {
        Some(text) => Some(kms.grant_principal(cx, PrincipalMember::Filter, text).await?.name().to_owned()),
        None => None,
    };
    let grantees: Vec<String> = principal.into_iter().chain(input.grantee_service_principal).collect();
    let found = match (id, grantees.as_slice()) {
        // No grant has two grantees.
        (_, [_, _, ..]) => Vec::new(),
        (Some(id), grantees) => one(kms, arn, id, grantees.first(), after).await?,
        (None, [grantee]) => of_grantee(kms, arn, grantee, after, request.look_ahead()).await?,
        (None, []) => all(kms, arn, after, request.look_ahead()).await?,
    };
    let page = request.page(found, |(id, _)| id.to_string());
    Ok(ListGrantsResponse {
        truncated: Some(page.is_truncated()),
        grants: Some(page.items.iter().map(|(id, grant)| entry(arn, *id, grant)).collect::<Result<_, _>>()?),
        next_marker: page.next_marker,
    })
}

async fn all(kms: &Kms, key: &KeyArn, after: Option<GrantId>, limit: usize) -> Result<Vec<Found>, ApiError> {
    let after = after.map(|after| grant_address(key, after));
    let found = GRANTS.scan(&*kms.engine, key_address(key), after.as_ref(), limit).await.map_err(messages::store)?;
    let grants = found.into_iter().map(|entry| {
        let id = GrantId::in_key(&entry.key, 3).map_err(|error| messages::store(error.into()))?;
        Ok((id, entry.record))
    });
    grants.collect()
}

async fn of_grantee(
    kms: &Kms,
    key: &KeyArn,
    grantee: &str,
    after: Option<GrantId>,
    limit: usize,
) -> Result<Vec<Found>, ApiError> {
    let after = after.map(|after| named_grant_address(key, grantee, after));
    let found = GRANTS_BY_GRANTEE.scan(&*kms.engine, key_address(key).with(grantee), after.as_ref(), limit).await;
    kms.grants_of_index(key, &found.map_err(messages::store)?, 4).await
}

async fn one(
    kms: &Kms,
    key: &KeyArn,
    id: GrantId,
    grantee: Option<&String>,
    after: Option<GrantId>,
) -> Result<Vec<Found>, ApiError> {
    let found = kms.stored_grant(key, id).await?.filter(|_| after.is_none());
    let is_for = |grant: &GrantRecord| grantee.is_none_or(|grantee| grant.grantee.name() == grantee);
    Ok(found.filter(is_for).map(|grant| (id, grant)).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};
    use trent_testkit::{Cloud, MadeKey};

    use crate::testing::{Fit, obeys_states, refuses_aliases, refuses_identifiers};

    const ROOT: &str = "arn:aws:iam::000000000000:root";
    const ROLE: &str = "arn:aws:iam::000000000000:role/app";
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
        let id = grant(&cloud, &key, ROLE).await;
        let expected = format!(
            concat!(
                r#"{{"Grants":[{{"KeyId":"{}","GrantId":"{}","Name":"","CreationDate":1.790597408E9,"#,
                r#""GranteePrincipal":"{}","IssuingAccount":"{}","Operations":["DescribeKey"]}}],"Truncated":false}}"#
            ),
            key.arn, id, ROLE, ROOT
        );
        assert_eq!(cloud.kms("ListGrants", json!({ "KeyId": key.arn })).await.text(), expected);
    }

    #[tokio::test]
    async fn filters_leave_what_they_name() {
        let cloud = Cloud::new();
        let (key, other) = (cloud.make_key().await, cloud.make_key().await);
        assert_eq!(list(&cloud, &key, json!({})).await, Vec::<String>::new());
        let mut of_role = vec![grant(&cloud, &key, ROLE).await, grant(&cloud, &key, ROLE).await];
        of_role.sort();
        let of_root = vec![grant(&cloud, &key, ROOT).await];
        let of_service = vec![grant(&cloud, &key, SERVICE).await];
        let elsewhere = grant(&cloud, &other, ROLE).await;
        let nothing: Vec<String> = Vec::new();
        for (members, expected) in [
            (json!({ "GranteePrincipal": ROLE }), &of_role),
            (json!({ "GranteePrincipal": ROOT }), &of_root),
            (json!({ "GranteePrincipal": "000000000000" }), &of_root),
            (json!({ "GranteePrincipal": "arn:aws:iam::000000000000:role/ap" }), &nothing),
            (json!({ "GranteeServicePrincipal": SERVICE }), &of_service),
            (json!({ "GranteeServicePrincipal": SERVICE, "GranteePrincipal": ROLE }), &nothing),
            (json!({ "GrantId": of_root[0] }), &of_root),
            (json!({ "GrantId": of_root[0], "GranteePrincipal": ROOT }), &of_root),
            (json!({ "GrantId": of_root[0], "GranteePrincipal": ROLE }), &nothing),
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
            throughout.insert(grant(&cloud, &key, ROLE).await);
        }
        for filter in [json!({}), json!({ "GranteePrincipal": ROLE })] {
            for (limit, most) in [(json!(1), 1), (json!(7), 7), (json!(null), 50), (json!(100), 100), (json!(1000), 100)] {
                let (mut seen, mut input) = (Vec::new(), filter.clone());
                (input["KeyId"], input["Limit"]) = (json!(key.id), limit);
                loop {
                    let page = cloud.kms("ListGrants", input.clone()).await.succeeds();
                    let found = ids(&page);
                    assert!(!found.is_empty() && found.len() <= most, "{} of at most {most}", found.len());
                    assert!(found.is_sorted());
                    assert_eq!(page["Truncated"] == json!(true), page.get("NextMarker").is_some());
                    // The grant that ended the page may be gone by the next.
                    let passing = grant(&cloud, &key, ROLE).await;
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
            all.push(grant(&cloud, &key, ROLE).await);
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
