//! Replaces the policy of a key, in whichever state the key is.

use std::sync::Arc;

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::PutKeyPolicyRequest;
use crate::conditions::{Fact, key as condition};
use crate::messages;
use crate::policy_document::{POLICY_NAME, WantedPolicy, accept};

pub(crate) async fn put_key_policy(kms: &Kms, cx: &Context, input: PutKeyPolicyRequest) -> Result<(), ApiError> {
    let name = input.policy_name.as_deref().unwrap_or(POLICY_NAME);
    let bypass = input.bypass_policy_lockout_safety_check;
    // Absent unless it was said (documented; policies test it with Null).
    let facts = [Fact::Text(condition::POLICY_NAME, name), Fact::flag(condition::BYPASS_LOCKOUT_CHECK, bypass)];
    let lookup = kms.key(cx, &input.key_id).saying(&facts);
    let key = lookup.for_action(Action::PutKeyPolicy).await?;
    match name {
        POLICY_NAME => {}
        "AWS_RAM" => return Err(messages::ram_policy()),
        _ => return Err(messages::no_such_policy()),
    }
    let (text, given) = accept(&input.policy, kms.options.quotas.key_policy_bytes)?;
    let policy = WantedPolicy { text, given: Some(Arc::new(given)) };
    let principals = kms.check_policy(cx, key.arn(), Some(key.stored()), &policy, bypass, &facts).await?;
    let changed = lookup.change(Action::PutKeyPolicy, |change| {
        change.key.record.policy.clone_from(&policy.text);
        change.key.record.policy_principals.clone_from(&principals);
        Ok(())
    });
    changed.await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{Fit, obeys_states, refuses_aliases, refuses_identifiers};

    const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"new","Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}"#;

    #[tokio::test]
    async fn the_new_policy_replaces_the_old_one() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for name in [json!(null), json!("default")] {
            let answer =
                cloud.kms("PutKeyPolicy", json!({ "KeyId": key.id, "PolicyName": name, "Policy": POLICY })).await;
            answer.succeeds();
            assert_eq!(answer.text(), "");
        }
        let policy = cloud.kms("GetKeyPolicy", json!({ "KeyId": key.id })).await.succeeds()["Policy"].clone();
        let policy = policy.as_str().expect("present");
        assert!(policy.contains(r#""Sid" : "new""#) && !policy.contains("key-default-1"), "{policy}");
        let again = json!({ "KeyId": key.id, "Policy": policy });
        cloud.kms("PutKeyPolicy", again).await.succeeds();
        let read_back = cloud.kms("GetKeyPolicy", json!({ "KeyId": key.id })).await.succeeds()["Policy"].clone();
        assert_eq!(read_back, policy, "what was read can be put back unchanged");
    }

    #[tokio::test]
    async fn what_is_no_policy_of_a_key_is_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let large = format!(r#"{{"Statement":[],"Id":"{}"}}"#, "x".repeat(32_768));
        let syntax = Some("Syntax errors in policy.");
        let legacy = Some("The policy failed legacy parsing");
        for (name, policy, code, message) in [
            ("default", "not JSON", "MalformedPolicyDocumentException", syntax),
            ("default", "{}", "MalformedPolicyDocumentException", syntax),
            ("default", "[]", "MalformedPolicyDocumentException", syntax),
            ("default", r#"["2012-10-17",null,[]]"#, "MalformedPolicyDocumentException", syntax),
            (
                "default",
                r#"{"Statement":[["s","Allow",null,null,null,null,null,null,null]]}"#,
                "MalformedPolicyDocumentException",
                syntax,
            ),
            ("default", r#"{"Statement":[{"Effect":"allow"}]}"#, "MalformedPolicyDocumentException", legacy),
            ("default", &large, "LimitExceededException", Some("The key policy document must not exceed 32768 bytes.")),
            (
                "AWS_RAM",
                POLICY,
                "ValidationException",
                Some("The AWS_RAM policy can only be managed by the RAM service"),
            ),
            ("other", POLICY, "NotFoundException", Some("No such policy exists")),
        ] {
            let input = json!({ "KeyId": key.id, "PolicyName": name, "Policy": policy });
            cloud.refuses("PutKeyPolicy", input, code, message).await;
        }
    }

    #[tokio::test]
    async fn a_policy_that_would_lock_its_author_out_is_refused_unless_that_is_wanted() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let message = "The new key policy will not allow you to update the key policy in the future.";
        let statement = |effect: &str, account: &str, action: &str| {
            json!({
                "Effect": effect, "Principal": { "AWS": account }, "Action": action, "Resource": "*",
            })
        };
        let own = statement("Allow", "000000000000", "kms:*");
        for statements in [
            json!([statement("Allow", "111122223333", "kms:*")]),
            json!([statement("Allow", "000000000000", "kms:Get*")]),
            json!([own, statement("Deny", "000000000000", "kms:PutKeyPolicy")]),
            json!([{ "Effect": "Allow", "Principal": "*" }]),
        ] {
            let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
            let mut input = json!({ "KeyId": key.id, "Policy": policy, "BypassPolicyLockoutSafetyCheck": false });
            cloud.refuses("PutKeyPolicy", input.clone(), "MalformedPolicyDocumentException", Some(message)).await;
            let create = json!({ "Policy": policy });
            cloud.refuses("CreateKey", create, "MalformedPolicyDocumentException", Some(message)).await;
            input["KeyId"] = json!(cloud.make_key().await.id);
            input["BypassPolicyLockoutSafetyCheck"] = json!(true);
            cloud.kms("PutKeyPolicy", input).await.succeeds();
        }
    }

    #[tokio::test]
    async fn principals_must_exist() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let message = "Policy contains a statement with one or more invalid principals.";
        for principal in [
            "arn:aws:iam::000000000000:user/nobody",
            "arn:aws:iam::111122223333:role/nobody",
            "arn:aws:iam::000000000000:group/admins",
            "AIDAEXAMPLEEXAMPLE",
            "nonsense",
        ] {
            let policy = json!({ "Statement": [
                { "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" },
                { "Effect": "Allow", "Principal": { "AWS": [principal] }, "Action": "kms:*", "Resource": "*" },
            ] });
            let input = json!({ "KeyId": key.id, "Policy": policy.to_string() });
            cloud.refuses("PutKeyPolicy", input, "MalformedPolicyDocumentException", Some(message)).await;
        }
    }

    #[tokio::test]
    async fn it_works_in_every_state() {
        obeys_states("PutKeyPolicy", &json!({ "Policy": POLICY }), Fit::Works, Fit::Works).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let (cloud, input) = (Cloud::new(), json!({ "Policy": POLICY }));
        refuses_identifiers(&cloud, "PutKeyPolicy", "KeyId", &input).await;
        refuses_aliases(&cloud, "PutKeyPolicy", &input).await;
    }
}
