//! Lists the grants of all keys in a Region, of whichever account, that a principal of the caller's account may retire as
//! their retiring principal. No access to the keys is asked for (documented).

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{GrantListEntry, ListGrantsResponse, ListRetirableGrantsRequest, errors};
use crate::grants::{GrantId, PrincipalMember, entry};
use crate::identifier::KeyArn;
use crate::messages;
use crate::page::PageRequest;
use crate::records::{RETIRABLE_GRANTS, retirable_grant_address};

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (50, 100);

pub(crate) async fn list_retirable_grants(
    kms: &Kms,
    cx: &Context,
    input: ListRetirableGrantsRequest,
) -> Result<ListGrantsResponse, ApiError> {
    let request = PageRequest::new("ListRetirableGrants", input.limit, LIMITS, input.marker.as_deref())?;
    let after = request.after.as_deref().map(|after| read_place(cx, after)).transpose()?;
    let retiring = match (input.retiring_principal, input.retiring_service_principal) {
        (Some(principal), None) => kms.grant_principal(cx, PrincipalMember::Retirable, &principal).await?,
        // Only services may ask for themselves, and none does so here.
        (None, Some(service)) => return Err(messages::denied_retiring_principal(cx, &service)),
        (None, None) | (Some(_), Some(_)) => return Err(messages::one_retiring_principal()),
    };
    kms.authorize_by_identity(cx, Action::ListRetirableGrants, retiring.name(), &[]).await?;
    if retiring.account().is_some_and(|account| account != cx.account()) {
        return Err(messages::denied_retiring_principal(cx, retiring.name()));
    }

    let prefix = (cx.region.as_str(), retiring.name());
    let after = after.map(|(key, id)| retirable_grant_address(retiring.name(), &key, id));
    let found = RETIRABLE_GRANTS.scan(&*kms.engine, prefix, after.as_ref(), request.look_ahead()).await;
    let places = found.map_err(messages::store)?.into_iter().map(|entry| {
        let id = GrantId::in_key(&entry.key, 4).map_err(|error| messages::store(error.into()))?;
        let part = |index| entry.key.text(index).map_err(|error| messages::store(error.into()));
        let place = format!("{} {} {id}", part(2)?, part(3)?);
        read_place(cx, &place)
    });
    let page = request.page(places.collect::<Result<Vec<_>, _>>()?, |(key, id)| place(key, *id));
    Ok(ListGrantsResponse {
        truncated: Some(page.is_truncated()),
        grants: Some(entries(kms, &page.items).await?),
        next_marker: page.next_marker,
    })
}

async fn entries(kms: &Kms, places: &[(KeyArn, GrantId)]) -> Result<Vec<GrantListEntry>, ApiError> {
    let mut entries = Vec::with_capacity(places.len());
    for (key, id) in places {
        if let Some(grant) = kms.stored_grant(key, *id).await? {
            entries.push(entry(key, *id, &grant)?);
        }
    }
    Ok(entries)
}

/// Which grant of which key, as markers have it.
fn place(key: &KeyArn, id: GrantId) -> String {
    format!("{} {} {id}", key.account, key.id)
}

fn read_place(cx: &Context, place: &str) -> Result<(KeyArn, GrantId), ApiError> {
    let read = || {
        let mut parts = place.split(' ');
        let mut next = || parts.next();
        let (account, id) = (next()?.parse().ok()?, next()?.parse().ok()?);
        Some((KeyArn { region: cx.region.clone(), account, id }, next()?.parse().ok()?))
    };
    read().ok_or_else(|| errors::INVALID_MARKER.bare())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};
    use trent_testkit::{Client, Cloud, MadeKey};

    const ROLE: &str = "arn:aws:iam::000000000000:role/app";

    async fn grant(client: &Client, key: &MadeKey, retiring: &str) -> String {
        let input = json!({
            "KeyId": key.id, "GranteePrincipal": "111122223333", "Operations": ["DescribeKey"],
            "RetiringPrincipal": retiring,
        });
        let made = client.kms("CreateGrant", input).await.succeeds();
        made["GrantId"].as_str().expect("text").to_owned()
    }

    fn ids(page: &Value) -> Vec<String> {
        let id = |grant: &Value| grant["GrantId"].as_str().expect("present").to_owned();
        page["Grants"].as_array().expect("a list").iter().map(id).collect()
    }

    #[tokio::test]
    async fn keys_of_all_accounts_are_seen_and_of_one_region() {
        let cloud = Cloud::new();
        let (home, away) = (cloud.client(), cloud.client().in_account("111122223333"));
        let (own, foreign) = (home.make_key().await, away.make_key().await);
        let elsewhere = cloud.client().in_region("eu-west-1");
        let there = elsewhere.make_key().await;
        let expected = BTreeSet::from([grant(&home, &own, ROLE).await, grant(&away, &foreign, ROLE).await]);
        grant(&home, &own, "000000000000").await;
        grant(&elsewhere, &there, ROLE).await;

        let listed = home.kms("ListRetirableGrants", json!({ "RetiringPrincipal": ROLE })).await.succeeds();
        assert_eq!(ids(&listed).into_iter().collect::<BTreeSet<_>>(), expected);
        let of_foreign = listed["Grants"].as_array().expect("a list").iter().find(|it| it["KeyId"] == foreign.arn);
        let of_foreign = of_foreign.expect("the foreign key's grant is listed");
        assert_eq!(of_foreign["IssuingAccount"], "arn:aws:iam::111122223333:root");
        assert_eq!(listed["Truncated"], false);
    }

    #[tokio::test]
    async fn pages_go_over_keys_and_lose_nothing() {
        let cloud = Cloud::new();
        let client = cloud.client();
        let mut expected = BTreeSet::new();
        for _ in 0..3 {
            let key = cloud.make_key().await;
            for _ in 0..20 {
                expected.insert(grant(&client, &key, ROLE).await);
            }
        }
        for (limit, most) in [(json!(1), 1), (json!(9), 9), (json!(null), 50), (json!(100), 100)] {
            let (mut seen, mut input) = (Vec::new(), json!({ "RetiringPrincipal": ROLE, "Limit": limit }));
            loop {
                let page = client.kms("ListRetirableGrants", input.clone()).await.succeeds();
                assert!(ids(&page).len() <= most);
                seen.extend(ids(&page));
                let Some(marker) = page.get("NextMarker") else { break };
                input["Marker"] = marker.clone();
            }
            assert_eq!((seen.len(), &seen.into_iter().collect::<BTreeSet<_>>()), (60, &expected));
        }
        for marker in ["nonsense", "TGlzdFJldGlyYWJsZUdyYW50cwp4"] {
            let input = json!({ "RetiringPrincipal": ROLE, "Marker": marker });
            cloud.refuses("ListRetirableGrants", input, "InvalidMarkerException", None).await;
        }
    }

    #[tokio::test]
    async fn it_must_be_one_principal_of_the_own_account() {
        let cloud = Cloud::new();
        let one = "Exactly one of RetiringPrincipal and RetiringServicePrincipal must be specified.";
        for input in
            [json!({}), json!({ "RetiringPrincipal": ROLE, "RetiringServicePrincipal": "service.amazonaws.com" })]
        {
            cloud.refuses("ListRetirableGrants", input, "ValidationException", Some(one)).await;
        }
        for (member, principal) in [
            ("RetiringPrincipal", "arn:aws:iam::111122223333:role/app"),
            ("RetiringServicePrincipal", "service.amazonaws.com"),
        ] {
            let message = format!(
                "User: arn:aws:iam::000000000000:root is not authorized to perform: kms:ListRetirableGrants on resource: \
                 {principal} because no identity-based policy allows the kms:ListRetirableGrants action"
            );
            let input = json!({ member: principal });
            cloud.refuses("ListRetirableGrants", input, "AccessDeniedException", Some(&message)).await;
        }
        for (principal, code, message) in [
            ("AROAx:s", "NotFoundException", "Retiring principal AROAx:s could not be found"),
            ("arn:aws:iam::x", "InvalidArnException", "ARN is not valid: arn:aws:iam::x"),
        ] {
            let input = json!({ "RetiringPrincipal": principal });
            cloud.refuses("ListRetirableGrants", input, code, Some(message)).await;
        }
    }
}
