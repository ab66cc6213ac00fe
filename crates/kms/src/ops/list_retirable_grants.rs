//! Lists the grants of all keys in a Region, of whichever account, that a principal of the caller's account may retire as
//! their retiring principal. No access to the keys is asked for (documented).

use trent_identity::{Asked, Refused};
use trent_kms_core::GrantPrincipal;
use trent_policy::{ResourceSide, Rule};
use trent_shared::{ApiError, Context};
use trent_store::{InvalidKey, Key};

use crate::Kms;
use crate::action::Action;
use crate::api::{ListGrantsResponse, ListRetirableGrantsRequest, errors};
use crate::conditions::KmsFacts;
use crate::grants::{GrantId, PrincipalMember, StoredGrant, entries};
use crate::identifier::KeyArn;
use crate::messages;
use crate::page::PageRequest;
use crate::records::{GrantParty, GrantRecord, RETIRABLE_GRANTS, retirable_grant_address};

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (50, 100);

pub(crate) async fn list_retirable_grants(
    kms: &Kms,
    cx: &Context,
    input: ListRetirableGrantsRequest,
) -> Result<ListGrantsResponse, ApiError> {
    let request = PageRequest::new("ListRetirableGrants", input.limit, LIMITS, input.marker.as_deref())?;
    let invalid_marker = || errors::INVALID_MARKER.bare();
    let after = request.after.as_deref().map(|after| read_place(cx, after).ok_or_else(invalid_marker)).transpose()?;
    let retiring = match (input.retiring_principal, input.retiring_service_principal) {
        (Some(principal), None) => own_principal(kms, cx, &principal).await?,
        // Only services may ask for themselves, and none does so here.
        (None, Some(service)) => {
            deny(kms, cx, &service).await?;
            GrantParty::Service(service)
        }
        (None, None) | (Some(_), Some(_)) => return Err(messages::one_retiring_principal()),
    };
    let name = retiring.name();
    let prefix = Key::from((cx.region.as_str(), &*name));
    let after = after.map(|(key, id)| retirable_grant_address(&name, &key, id));
    let is_wanted = |grant: &GrantRecord| grant.retiring.as_ref().is_some_and(|party| party.is_same_as(&retiring));
    let read = |entry: &Key| {
        let id = GrantId::in_key(entry, 4)?;
        read_place(cx, &format!("{} {} {id}", entry.text(2)?, entry.text(3)?)).ok_or(InvalidKey)
    };
    let found = kms.indexed_grants(&RETIRABLE_GRANTS, prefix, after, request.look_ahead(), read, is_wanted).await;
    let page = request.page(found.map_err(messages::store)?, place);
    Ok(ListGrantsResponse {
        truncated: Some(page.is_truncated()),
        grants: Some(entries(kms, &page.items).await?),
        next_marker: page.next_marker,
    })
}

/// The principal that a request names, if the caller may ask for it.
async fn own_principal(kms: &Kms, cx: &Context, named: &str) -> Result<GrantParty, ApiError> {
    let account = GrantPrincipal::parse(named, cx.partition()).ok().and_then(|principal| principal.account());
    // Who there is in another account is nobody's business.
    if account.is_some_and(|account| account != cx.account()) {
        deny(kms, cx, named).await?;
    }
    let principal = kms.grant_principal(cx, PrincipalMember::Retirable, named).await?;
    kms.authorize_by_identity(cx, Action::ListRetirableGrants, principal.name(), &[]).await?;
    Ok(GrantParty::Principal(principal))
}

/// Denies a principal for whom no policy can allow to ask. It is what permission is asked for, and a denial like others:
/// remembered, and of no effect where denials are only observed.
async fn deny(kms: &Kms, cx: &Context, principal: &str) -> Result<(), ApiError> {
    let facts = KmsFacts::of_request(cx, &[]);
    let side = ResourceSide { account: cx.account(), policy: None, rule: Rule::GrantOnly };
    let asked = Asked { action: Action::ListRetirableGrants.full_name(), resource: principal, facts: &facts, side };
    kms.authorizer.authorize(cx, asked).await?.map_err(Refused::in_json)
}

/// Which grant of which key, as markers have it.
fn place(StoredGrant { key, id, .. }: &StoredGrant) -> String {
    format!("{} {} {id}", key.account, key.id)
}

fn read_place(cx: &Context, place: &str) -> Option<(KeyArn, GrantId)> {
    let mut parts = place.split(' ');
    let mut next = || parts.next();
    let (account, id) = (next()?.parse().ok()?, next()?.parse().ok()?);
    Some((KeyArn { region: cx.region.clone(), account, id }, next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};
    use trent_testkit::{Client, Cloud, MadeKey};

    const APP: &str = "arn:aws:sts::000000000000:federated-user/app";

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
        let expected = BTreeSet::from([grant(&home, &own, APP).await, grant(&away, &foreign, APP).await]);
        grant(&home, &own, "000000000000").await;
        grant(&elsewhere, &there, APP).await;

        let listed = home.kms("ListRetirableGrants", json!({ "RetiringPrincipal": APP })).await.succeeds();
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
                expected.insert(grant(&client, &key, APP).await);
            }
        }
        for (limit, most) in [(json!(1), 1), (json!(9), 9), (json!(null), 50), (json!(100), 100)] {
            let (mut seen, mut input) = (Vec::new(), json!({ "RetiringPrincipal": APP, "Limit": limit }));
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
            let input = json!({ "RetiringPrincipal": APP, "Marker": marker });
            cloud.refuses("ListRetirableGrants", input, "InvalidMarkerException", None).await;
        }
    }

    #[tokio::test]
    async fn it_must_be_one_principal_of_the_own_account() {
        let cloud = Cloud::new();
        let one = "Exactly one of RetiringPrincipal and RetiringServicePrincipal must be specified.";
        for input in
            [json!({}), json!({ "RetiringPrincipal": APP, "RetiringServicePrincipal": "service.amazonaws.com" })]
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
