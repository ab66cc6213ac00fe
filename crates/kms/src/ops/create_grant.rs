//! Lets somebody use a key without its policies naming them. The token of the new grant lets it count at once.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::access::Asked;
use crate::action::Action;
use crate::api::{CreateGrantRequest, CreateGrantResponse};
use crate::change::MOST_ATTEMPTS;
use crate::ciphertext::end_dry_run;
use crate::grants::{WantedGrant, constrained_context};
use crate::identifier::KeyIdentifier;
use crate::messages;

pub(crate) async fn create_grant(
    kms: &Kms,
    cx: &Context,
    mut input: CreateGrantRequest,
) -> Result<CreateGrantResponse, ApiError> {
    let (key_id, dry_run) = (std::mem::take(&mut input.key_id), input.dry_run);
    let grant_tokens = input.grant_tokens.take().unwrap_or_default();
    let wanted = WantedGrant::of(input)?;
    let context = constrained_context(&wanted.grant);
    let facts = wanted.facts(cx, &context);
    let asked = Asked { facts: &facts, grant_tokens: &grant_tokens, child: Some(&wanted.grant) };
    for _ in 0..MOST_ATTEMPTS {
        // Before permission is asked for: a grant that gives it and is revoked meanwhile must not leave a new one behind.
        let count = match KeyIdentifier::parse(&key_id, cx) {
            Ok(KeyIdentifier::Key(arn)) => kms.grant_count(&arn).await?,
            // That is refused below.
            Ok(KeyIdentifier::Alias(_)) | Err(_) => None,
        };
        let key = kms.key(cx, &key_id).asking(asked).for_action(Action::CreateGrant).await?;
        wanted.fit(key.record().spec, key.record().usage)?;
        let grant = wanted.record(kms, cx, key.now()).await?;
        let same = kms.same_grant(key.arn(), &grant).await?;
        if same.is_none() {
            kms.check_grant_quota(count.as_ref())?;
        }
        end_dry_run(dry_run)?;
        let made = match same {
            Some(id) => Some(id),
            None => kms.add_grant_since(count.as_ref(), key.stored(), &grant).await?,
        };
        if let Some(id) = made {
            let token = kms.new_grant_token(key.arn(), id).await?;
            return Ok(CreateGrantResponse { grant_token: Some(token), grant_id: Some(id.to_string()) });
        }
    }
    Err(messages::too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::task::JoinSet;
    use trent_kms_core::{GrantOperation, KeySpec, KeyType, KeyUsage};
    use trent_testkit::{Cloud, KmsOptions, MadeKey};

    use crate::grants::tests::{ROLE_ID, make_role};
    use crate::testing::{
        DRY_RUN, Fit, create_key, every_key, obeys_states, primary_key, refuses_aliases, refuses_identifiers, replicate,
    };

    const APP: &str = "arn:aws:sts::000000000000:federated-user/app";

    /// An input with these members besides the usual ones.
    fn input(key: &MadeKey, members: &Value) -> Value {
        let mut input = json!({ "KeyId": key.id, "GranteePrincipal": APP, "Operations": ["Decrypt", "Encrypt"] });
        for (name, value) in members.as_object().expect("members") {
            input[name] = value.clone();
        }
        input
    }

    async fn grant(cloud: &Cloud, key: &MadeKey, members: &Value) -> Value {
        cloud.kms("CreateGrant", input(key, members)).await.succeeds()
    }

    async fn list(cloud: &Cloud, key: &MadeKey) -> Vec<Value> {
        let listed = cloud.kms("ListGrants", json!({ "KeyId": key.id })).await.succeeds();
        listed["Grants"].as_array().expect("a list").clone()
    }

    /// Checks a refusal, and that no grant was made.
    async fn refuses(cloud: &Cloud, input: Value, code: &str, message: Option<&str>) {
        let key = json!({ "KeyId": input["KeyId"] });
        let before = cloud.kms("ListGrants", key.clone()).await.text();
        cloud.refuses("CreateGrant", input, code, message).await;
        assert_eq!(cloud.kms("ListGrants", key).await.text(), before);
    }

    #[tokio::test]
    async fn the_answer_has_a_token_and_an_id_of_awss_form() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let answer = cloud.kms("CreateGrant", input(&key, &json!({}))).await;
        let made = answer.succeeds();
        assert!(answer.text().starts_with(r#"{"GrantToken":""#), "{}", answer.text());
        let (token, id) = (made["GrantToken"].as_str().expect("text"), made["GrantId"].as_str().expect("text"));
        assert!(id.len() == 64 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{id}");
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) && token.len() <= 8192);
        assert!(!token.contains(id) && !token.contains(&key.id), "a token tells nothing");
    }

    #[tokio::test]
    async fn everything_that_is_asked_for_is_kept() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let constraints = json!({
            "EncryptionContextSubset": { "a": "1", "b": "" }, "SourceArn": "arn:aws:s3:us-east-1:000000000000:bucket",
        });
        let members = json!({
            "Operations": ["RetireGrant", "Encrypt", "DescribeKey", "Encrypt"], "Name": "n/a:m_e-1",
            "RetiringPrincipal": "arn:aws:iam::111122223333:root", "Constraints": constraints,
        });
        let made = grant(&cloud, &key, &members).await;
        let expected = json!([{
            "KeyId": key.arn, "GrantId": made["GrantId"], "Name": "n/a:m_e-1", "CreationDate": 1_790_597_408.0,
            "GranteePrincipal": APP, "RetiringPrincipal": "arn:aws:iam::111122223333:root",
            "IssuingAccount": "arn:aws:iam::000000000000:root",
            "Operations": ["RetireGrant", "Encrypt", "DescribeKey"], "Constraints": constraints,
        }]);
        assert_eq!(json!(list(&cloud, &key).await), expected);
        let restarted = cloud.restarted();
        assert_eq!(json!(list(&restarted, &key).await), expected);
    }

    #[tokio::test]
    async fn every_kind_of_principal_can_be_named() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        make_role(&cloud, "/team/", "App", ROLE_ID).await;
        for principal in [
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::000000000000:role/team/App",
            "arn:aws:sts::000000000000:assumed-role/App/never-issued",
            "arn:aws:sts::000000000000:federated-user/bob",
            "AROAEXAMPLEEXAMPLE123:never-issued",
        ] {
            let members = json!({ "GranteePrincipal": principal, "RetiringPrincipal": principal });
            grant(&cloud, &key, &members).await;
            let listed = list(&cloud, &key).await;
            let is_there = |grant: &Value| {
                (&grant["GranteePrincipal"], &grant["RetiringPrincipal"]) == (&json!(principal), &json!(principal))
            };
            assert_eq!(listed.iter().filter(|grant| is_there(grant)).count(), 1, "{principal}");
        }
        grant(&cloud, &key, &json!({ "GranteePrincipal": "111122223333" })).await;
        let roots = list(&cloud, &key).await;
        let roots = roots.iter().filter(|grant| grant["GranteePrincipal"] == "arn:aws:iam::111122223333:root");
        assert_eq!(roots.count(), 2, "an account id is the account");
    }

    #[tokio::test]
    async fn who_is_no_principal_is_refused_in_the_words_of_the_member() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for (principal, message) in [
            ("arn:aws:iam::000000000000:role/missing", Some("ARN does not refer to a valid principal: ")),
            ("arn:aws:sts::000000000000:assumed-role/missing/s", Some("ARN does not refer to a valid principal: ")),
            ("arn:aws:iam::000000000000:group/g", Some("ARN does not refer to a valid principal: ")),
            ("arn:aws-cn:iam::000000000000:root", Some("ARN does not refer to a valid principal: ")),
            ("arn:aws:sts::000000000000:assumed-role/path/app/session", Some("ARN is not valid: ")),
            ("arn:aws:iam::root", Some("ARN is not valid: ")),
            ("Alice", None),
            ("AROAEXAMPLEEXAMPLE123:", None),
            ("AROAMISSINGMISSING123:s", None),
        ] {
            for member in ["GranteePrincipal", "RetiringPrincipal"] {
                let message = match message {
                    Some(words) => format!("{words}{principal}"),
                    None => format!("{member} does not refer to a valid principal."),
                };
                let input = input(&key, &json!({ member: principal }));
                refuses(&cloud, input, "InvalidArnException", Some(&message)).await;
            }
        }
    }

    #[tokio::test]
    async fn one_grantee_and_at_most_one_who_retires() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let service = "service.amazonaws.com";
        let source = json!({ "SourceArn": "arn:aws:s3:us-east-1:000000000000:bucket" });
        let cases = [
            (
                json!({ "GranteePrincipal": null }),
                "1 validation error detected: Value null at 'granteePrincipal' failed to satisfy constraint: Member must \
                 not be null",
            ),
            (
                json!({ "GranteeServicePrincipal": service, "RetiringPrincipal": APP, "Constraints": source }),
                "GranteePrincipal and GranteeServicePrincipal cannot be specified in the same request.",
            ),
            (
                json!({ "RetiringPrincipal": APP, "RetiringServicePrincipal": service }),
                "RetiringPrincipal and RetiringServicePrincipal cannot be specified in the same request.",
            ),
            (
                json!({
                    "GranteePrincipal": null, "GranteeServicePrincipal": service, "RetiringServicePrincipal": service,
                }),
                "A grant for a GranteeServicePrincipal must have a SourceArn constraint.",
            ),
            (
                json!({ "GranteePrincipal": null, "GranteeServicePrincipal": service, "Constraints": source }),
                "A grant for a GranteeServicePrincipal must have a retiring principal.",
            ),
            (json!({ "Operations": [] }), "Operations must not be empty."),
        ];
        for (members, message) in cases {
            refuses(&cloud, input(&key, &members), "ValidationException", Some(message)).await;
        }
        for retiring in ["RetiringPrincipal", "RetiringServicePrincipal"] {
            let retirer = if retiring == "RetiringPrincipal" { APP } else { service };
            let members = json!({
                "GranteePrincipal": null, "GranteeServicePrincipal": service, retiring: retirer, "Constraints": source,
            });
            let made = grant(&cloud, &key, &members).await;
            let listed = list(&cloud, &key).await;
            let listed = listed.iter().find(|grant| grant["GrantId"] == made["GrantId"]).expect("it is there");
            assert_eq!((&listed["GranteeServicePrincipal"], &listed[retiring]), (&json!(service), &json!(retirer)));
            assert_eq!(listed.get("GranteePrincipal"), None);
        }
    }

    #[tokio::test]
    async fn a_grant_allows_what_its_key_can_do_and_nothing_else() {
        let every_key = every_key().await;
        // A dry run, since the keys are everybody's.
        let dry_run = async |id: &str, operations: &[&str]| {
            let input = json!({ "KeyId": id, "GranteePrincipal": APP, "Operations": operations, "DryRun": true });
            every_key.call("CreateGrant", input).await.fails()
        };
        for key in every_key.iter() {
            let fit: Vec<&str> = GrantOperation::of_key(key.spec, key.usage).map(GrantOperation::as_str).collect();
            assert_eq!(dry_run(&key.id, &fit).await.code, "DryRunOperationException", "{} {}", key.spec, key.usage);
            let kind = if key.spec.key_type() == KeyType::Asymmetric { "an asymmetric" } else { "a symmetric" };
            for operation in GrantOperation::ALL.iter().map(|operation| operation.as_str()) {
                let refused = dry_run(&key.id, &["DescribeKey", operation]).await;
                if fit.contains(&operation) {
                    assert_eq!(refused.code, "DryRunOperationException", "{operation} {}", key.spec);
                    continue;
                }
                let message = format!(
                    "Operations [{operation}] are not supported when creating a grant for {kind} KMS key with key usage \
                     {}. Valid operations are [{}]",
                    key.usage,
                    fit.join(", ")
                );
                assert_eq!((refused.code.as_str(), refused.message), ("ValidationException", Some(message)));
            }
        }
        // Recorded, to the letter.
        let hmac = every_key.of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac);
        let message = "Operations [Encrypt] are not supported when creating a grant for a symmetric KMS key with key usage \
                       GENERATE_VERIFY_MAC. Valid operations are [CreateGrant, RetireGrant, DescribeKey, GenerateMac, \
                       VerifyMac]";
        assert_eq!(dry_run(&hmac.id, &["Encrypt"]).await.message.as_deref(), Some(message));
    }

    #[tokio::test]
    async fn only_grants_of_symmetric_encryption_keys_ask_for_a_context() {
        let every_key = every_key().await;
        let message = "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.";
        for key in every_key.iter().filter(|key| key.spec != KeySpec::SymmetricDefault) {
            for constraint in ["EncryptionContextEquals", "EncryptionContextSubset"] {
                let input = json!({
                    "KeyId": key.id, "GranteePrincipal": APP, "Operations": ["DescribeKey"],
                    "Constraints": { constraint: { "a": "b" } },
                });
                every_key.refuses("CreateGrant", input, "ValidationException", Some(message)).await;
            }
        }
    }

    #[tokio::test]
    async fn constraints_are_one_of_context_and_bounded() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let pairs = |count: usize| (0..count).map(|n| (n.to_string(), json!("v"))).collect::<serde_json::Map<_, _>>();
        let cases = [
            (
                json!({ "EncryptionContextEquals": { "a": "b" }, "EncryptionContextSubset": { "a": "b" } }),
                Some("More than one constraint supplied"),
            ),
            (
                json!({ "EncryptionContextEquals": pairs(9) }),
                Some("An encryption context constraint can have at most 8 pairs."),
            ),
            (
                json!({ "EncryptionContextSubset": { "a": "v".repeat(385) } }),
                Some("A value of an encryption context constraint can have at most 384 characters."),
            ),
            (json!({ "EncryptionContextSubset": pairs(8) }), None),
            (json!({ "EncryptionContextEquals": { "a": "v".repeat(384) } }), None),
        ];
        for (constraints, message) in cases {
            let input = input(&key, &json!({ "Constraints": constraints }));
            match message {
                Some(message) => refuses(&cloud, input, "ValidationException", Some(message)).await,
                None => drop(cloud.kms("CreateGrant", input).await.succeeds()),
            }
        }
    }

    #[tokio::test]
    async fn the_same_name_and_words_are_the_same_grant() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let members = json!({ "Name": "n", "Constraints": { "EncryptionContextEquals": { "a": "b" } } });
        let first = grant(&cloud, &key, &members).await;
        cloud.clock().advance_days(1);
        let cloud = cloud.restarted();
        let again = grant(&cloud, &key, &members).await;
        assert_eq!(again["GrantId"], first["GrantId"]);
        assert_ne!(again["GrantToken"], first["GrantToken"]);
        let listed = list(&cloud, &key).await;
        assert_eq!((listed.len(), &listed[0]["CreationDate"]), (1, &json!(1_790_597_408.0)));

        let mut ids = vec![first["GrantId"].clone()];
        for (member, other) in [
            ("GranteePrincipal", json!("arn:aws:sts::000000000000:federated-user/other")),
            ("RetiringPrincipal", json!(APP)),
            ("Operations", json!(["Decrypt"])),
            ("Constraints", json!({ "EncryptionContextSubset": { "a": "b" } })),
            ("Constraints", json!(null)),
            ("Name", json!("N")),
        ] {
            let mut members = members.clone();
            members[member] = other;
            ids.push(grant(&cloud, &key, &members).await["GrantId"].clone());
        }
        assert!(ids.iter().enumerate().all(|(n, id)| !ids[..n].contains(id)), "{ids:?}");

        let input = json!({ "KeyId": key.id, "GrantId": first["GrantId"] });
        cloud.kms("RevokeGrant", input).await.succeeds();
        assert_ne!(grant(&cloud, &key, &members).await["GrantId"], first["GrantId"], "a revoked grant stays so");
    }

    #[tokio::test]
    async fn without_a_name_each_grant_is_a_new_one() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let (first, second) = (grant(&cloud, &key, &json!({})).await, grant(&cloud, &key, &json!({})).await);
        assert_ne!(first["GrantId"], second["GrantId"]);
        assert_eq!(list(&cloud, &key).await.len(), 2);
    }

    #[tokio::test]
    async fn the_quota_is_kept_however_many_are_made_at_once() {
        let mut options = KmsOptions::default();
        options.quotas.grants_per_key = 5;
        let cloud = Cloud::with_options(options);
        let (key, other) = (cloud.make_key().await, cloud.make_key().await);
        let named = json!({ "Name": "n" });
        let first = grant(&cloud, &key, &named).await;
        let calls = (0..12).map(|_| {
            let (client, input) = (cloud.client(), input(&key, &json!({})));
            async move { client.kms("CreateGrant", input).await.status }
        });
        let made = calls.collect::<JoinSet<_>>().join_all().await;
        assert_eq!(made.iter().filter(|status| **status == 200).count(), 4);
        let message = Some("Grants per key quota for this account in this region is 5, current usage is 5.");
        for members in [json!({}), json!({ "DryRun": true })] {
            refuses(&cloud, input(&key, &members), "LimitExceededException", message).await;
        }
        assert_eq!(grant(&cloud, &key, &named).await["GrantId"], first["GrantId"], "it is no new one");
        grant(&cloud, &other, &json!({})).await;

        let revoke = json!({ "KeyId": key.id, "GrantId": first["GrantId"] });
        cloud.kms("RevokeGrant", revoke).await.succeeds();
        grant(&cloud, &key, &json!({})).await;
        refuses(&cloud, input(&key, &json!({})), "LimitExceededException", message).await;
    }

    #[tokio::test]
    async fn each_region_has_its_own_grants() {
        let cloud = Cloud::new();
        let primary = primary_key(&cloud).await;
        grant(&cloud, &primary, &json!({})).await;
        let replica = replicate(&cloud, &primary, "eu-west-1").await;
        let there = cloud.client().in_region("eu-west-1");
        let listed = there.kms("ListGrants", json!({ "KeyId": replica.id })).await.succeeds();
        assert_eq!(listed["Grants"], json!([]));
        there.kms("CreateGrant", input(&replica, &json!({}))).await.succeeds();
        assert_eq!(list(&cloud, &primary).await.len(), 1);
    }

    #[tokio::test]
    async fn the_grants_of_a_deleted_key_are_gone_with_it() {
        let cloud = Cloud::new();
        let (key, other) = (create_key(&cloud, json!({ "Tags": [] })).await, cloud.make_key().await);
        let retiring = json!({ "RetiringPrincipal": "000000000000" });
        let mut token = Value::Null;
        // More than are deleted together.
        for _ in 0..600 {
            token = grant(&cloud, &key, &retiring).await["GrantToken"].clone();
        }
        let left = grant(&cloud, &other, &retiring).await;
        crate::testing::schedule(&cloud, &key, 7).await;
        assert_eq!(list(&cloud, &key).await.len(), 50, "until then they can be seen");
        cloud.clock().advance_days(7);
        cloud.sweep().await;
        let retirable = cloud.kms("ListRetirableGrants", json!({ "RetiringPrincipal": "000000000000" })).await;
        let retirable = retirable.succeeds();
        assert_eq!(retirable["Grants"].as_array().map(Vec::len), Some(1));
        assert_eq!(retirable["Grants"][0]["GrantId"], left["GrantId"]);
        let message = format!("Key '{}' does not exist", key.arn);
        let input = json!({ "GrantToken": token });
        cloud.kms("RetireGrant", input).await.fails_with("NotFoundException", Some(&message));
    }

    #[tokio::test]
    async fn a_dry_run_makes_none() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let members = json!({ "DryRun": true, "Name": "n" });
        refuses(&cloud, input(&key, &members), "DryRunOperationException", Some(DRY_RUN)).await;
        grant(&cloud, &key, &json!({ "Name": "n" })).await;
        refuses(&cloud, input(&key, &members), "DryRunOperationException", Some(DRY_RUN)).await;
    }

    #[tokio::test]
    async fn the_key_must_be_there_and_enabled() {
        let cloud = Cloud::new();
        let input = json!({ "GranteePrincipal": APP, "Operations": ["DescribeKey"] });
        refuses_identifiers(&cloud, "CreateGrant", "KeyId", &input).await;
        refuses_aliases(&cloud, "CreateGrant", &input).await;
        obeys_states("CreateGrant", &input, Fit::Refused, Fit::Refused).await;
    }
}
