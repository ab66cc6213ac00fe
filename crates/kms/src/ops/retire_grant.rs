//! Ends a grant, as those may who are done with it: its retiring principal, its grantee where it says so, the account that
//! made it. The grant itself decides; the key's policy can only deny.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::access::unresolvable;
use crate::api::RetireGrantRequest;
use crate::ciphertext::end_dry_run;
use crate::grants::Retirable;
use crate::identifier::{KeyArn, KeyIdentifier};
use crate::messages;

pub(crate) async fn retire_grant(kms: &Kms, cx: &Context, input: RetireGrantRequest) -> Result<(), ApiError> {
    let (key, id) = match (&input.grant_token, &input.key_id, &input.grant_id) {
        (Some(token), None, None) => kms.grant_of_token(cx, token).await?,
        (None, Some(key_id), Some(id)) => (named(cx, key_id)?, id.parse().map_err(|_| messages::invalid_grant_id())?),
        _ => return Err(messages::token_or_grant_id()),
    };
    let stored = kms.stored_key(&key, kms.now()).await?;
    let grant = if stored.is_some() { kms.stored_grant(&key, id).await? } else { None };
    // Whether another account's key exists, or has such a grant, is told to those only who may retire it.
    if grant.is_some() || key.account != cx.account() {
        let counts = input.grant_token.is_some() || grant.as_ref().is_some_and(|grant| kms.is_known(grant));
        let wanted = Retirable { arn: &key, id, key: stored.as_ref(), grant: grant.as_ref(), counts };
        kms.authorize_retirement(cx, &wanted).await?;
    }
    if stored.is_none() {
        return Err(messages::key_not_found(&key));
    }
    if grant.is_none() {
        return Err(messages::grant_not_found(id));
    }
    end_dry_run(input.dry_run)?;
    if kms.remove_grant(&key, id).await? { Ok(()) } else { Err(messages::grant_not_found(id)) }
}

/// The key that a member names, which need not be the caller's.
fn named(cx: &Context, identifier: &str) -> Result<KeyArn, ApiError> {
    match KeyIdentifier::parse(identifier, cx).map_err(|error| unresolvable(identifier, error))? {
        KeyIdentifier::Key(arn) => Ok(arn),
        KeyIdentifier::Alias(_) => Err(messages::aliases_unsupported()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_testkit::{Client, Cloud, MadeKey};

    use crate::testing::{ABSENT, DRY_RUN};

    const OTHER: &str = "111122223333";

    /// A grant with these members besides the usual ones.
    async fn grant(client: &Client, key: &MadeKey, members: &Value) -> Value {
        let mut input = json!({
            "KeyId": key.arn, "GranteePrincipal": "444455556666", "Operations": ["Decrypt", "RetireGrant"],
        });
        for (name, value) in members.as_object().expect("members") {
            input[name] = value.clone();
        }
        client.kms("CreateGrant", input).await.succeeds()
    }

    async fn count(cloud: &Cloud, key: &MadeKey) -> usize {
        let listed = cloud.kms("ListGrants", json!({ "KeyId": key.id })).await.succeeds();
        listed["Grants"].as_array().expect("a list").len()
    }

    fn by_id(key: &MadeKey, grant: &Value) -> Value {
        json!({ "KeyId": key.arn, "GrantId": grant["GrantId"] })
    }

    #[tokio::test]
    async fn the_token_names_the_grant_and_so_do_key_and_id() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for by_token in [true, false] {
            let made = grant(&cloud.client(), &key, &json!({})).await;
            let kept = grant(&cloud.client(), &key, &json!({})).await;
            let input = if by_token { json!({ "GrantToken": made["GrantToken"] }) } else { by_id(&key, &made) };
            let cloud = cloud.restarted();
            let answer = cloud.kms("RetireGrant", input.clone()).await;
            answer.succeeds();
            assert_eq!(answer.text(), "");
            let message = format!("Grant ID {} not found", made["GrantId"].as_str().expect("text"));
            for gone in [input, json!({ "GrantToken": made["GrantToken"] }), by_id(&key, &made)] {
                cloud.refuses("RetireGrant", gone, "NotFoundException", Some(&message)).await;
            }
            assert_eq!(count(&cloud, &key).await, 1);
            cloud.kms("RetireGrant", by_id(&key, &kept)).await.succeeds();
        }
    }

    #[tokio::test]
    async fn a_token_is_good_as_it_was_given_only() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let made = grant(&cloud.client(), &key, &json!({})).await;
        let token = made["GrantToken"].as_str().expect("text");
        let elsewhere = Cloud::new();
        let theirs = elsewhere.make_key().await;
        grant(&elsewhere.client(), &theirs, &json!({})).await;
        let mut wrong =
            vec!["AA".to_owned(), "é".to_owned(), format!("{token}A"), token[1..].to_owned(), token.to_lowercase()];
        wrong.extend((0..token.len()).step_by(7).map(|at| {
            let other = if &token[at..=at] == "A" { "B" } else { "A" };
            [&token[..at], other, &token[at + 1..]].concat()
        }));
        for token in wrong {
            let input = json!({ "GrantToken": token });
            cloud.kms("RetireGrant", input).await.fails_with("InvalidGrantTokenException", None);
        }
        let there = cloud.client().in_region("eu-west-1");
        let input = json!({ "GrantToken": token });
        there.kms("RetireGrant", input.clone()).await.fails_with("InvalidGrantTokenException", None);
        assert_eq!(count(&cloud, &key).await, 1);
        cloud.kms("RetireGrant", input).await.succeeds();
    }

    #[tokio::test]
    async fn the_retiring_principal_the_grantee_and_the_issuer_may() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let (home, away) = (cloud.client(), cloud.client().in_account(OTHER));
        let retires = json!(["Decrypt", "RetireGrant"]);
        // Whether the other account may retire what the key's account granted.
        let cases = [
            (json!({ "RetiringPrincipal": OTHER }), true),
            (json!({ "GranteePrincipal": OTHER, "Operations": retires }), true),
            (json!({ "GranteePrincipal": OTHER, "Operations": ["Decrypt"] }), false),
            (json!({ "RetiringPrincipal": "arn:aws:sts::111122223333:federated-user/app" }), false),
            (json!({}), false),
        ];
        let denied = "User: arn:aws:iam::111122223333:root is not authorized to perform: kms:RetireGrant on this resource \
                      because the resource does not exist in this Region, no resource-based policies allow access, or a \
                      resource-based policy explicitly denies access";
        for (members, may) in cases {
            let made = grant(&home, &key, &members).await;
            for input in [by_id(&key, &made), json!({ "GrantToken": made["GrantToken"] })] {
                let mut dry_run = input.clone();
                dry_run["DryRun"] = json!(true);
                let answer = away.kms("RetireGrant", dry_run).await;
                if may {
                    answer.fails_with("DryRunOperationException", Some(DRY_RUN));
                } else {
                    answer.fails_with("AccessDeniedException", Some(denied));
                    away.kms("RetireGrant", input).await.fails_with("AccessDeniedException", Some(denied));
                }
            }
            let by = if may { &away } else { &home };
            by.kms("RetireGrant", by_id(&key, &made)).await.succeeds();
        }
        // Of another account's keys not even is told whether they exist.
        let absent = key.arn.replace(&key.id, ABSENT);
        for arn in [&key.arn, &absent] {
            let input = json!({ "KeyId": arn, "GrantId": "0".repeat(64) });
            away.kms("RetireGrant", input).await.fails_with("AccessDeniedException", Some(denied));
        }
        assert_eq!(count(&cloud, &key).await, 0);
    }

    #[tokio::test]
    async fn it_takes_the_token_or_key_and_id() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let made = grant(&cloud.client(), &key, &json!({})).await;
        let (token, id) = (&made["GrantToken"], &made["GrantId"]);
        let message = "Specify either a GrantToken or both KeyId and GrantId.";
        for input in [
            json!({}),
            json!({ "KeyId": key.arn }),
            json!({ "GrantId": id }),
            json!({ "GrantToken": token, "KeyId": key.arn, "GrantId": id }),
            json!({ "GrantToken": token, "GrantId": id }),
        ] {
            cloud.refuses("RetireGrant", input, "ValidationException", Some(message)).await;
        }
        let input = |key: &str, id: &str| json!({ "KeyId": key, "GrantId": id });
        let zeros = "0".repeat(64);
        let absent = format!("Key 'arn:aws:kms:us-east-1:000000000000:key/{ABSENT}' does not exist");
        let (elsewhere, aliases) = ("Invalid arn eu-west-1", "Key Aliases are not supported for this operation.");
        for (input, code, message) in [
            (input(&key.arn, "x"), "InvalidGrantIdException", None),
            (input("x", &zeros), "NotFoundException", Some("Invalid keyId 'x'")),
            (input(ABSENT, &zeros), "NotFoundException", Some(absent.as_str())),
            (input(&key.arn.replace("us-east-1", "eu-west-1"), &zeros), "NotFoundException", Some(elsewhere)),
            (input("alias/a", &zeros), "InvalidArnException", Some(aliases)),
            (input(&key.arn, &zeros), "NotFoundException", Some(&*format!("Grant ID {zeros} not found"))),
        ] {
            cloud.refuses("RetireGrant", input, code, message).await;
        }
        assert_eq!(count(&cloud, &key).await, 1);
    }

    #[tokio::test]
    async fn a_key_in_whichever_state_can_lose_its_grants() {
        for state in ["DisableKey", "ScheduleKeyDeletion"] {
            let cloud = Cloud::new();
            let key = cloud.make_key().await;
            let made = grant(&cloud.client(), &key, &json!({})).await;
            cloud.kms(state, json!({ "KeyId": key.id })).await.succeeds();
            cloud.kms("RetireGrant", by_id(&key, &made)).await.succeeds();
            assert_eq!(count(&cloud, &key).await, 0);
        }
    }
}
