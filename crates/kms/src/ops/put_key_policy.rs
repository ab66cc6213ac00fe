//! Replaces the policy of a key, in whichever state the key is.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::PutKeyPolicyRequest;
use crate::messages;
use crate::policy_document::{POLICY_NAME, normalise};

pub(crate) async fn put_key_policy(kms: &Kms, cx: &Context, input: PutKeyPolicyRequest) -> Result<(), ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::PutKeyPolicy, |change| {
        match input.policy_name.as_deref() {
            None | Some(POLICY_NAME) => {}
            Some("AWS_RAM") => return Err(messages::ram_policy()),
            Some(_) => return Err(messages::no_such_policy()),
        }
        change.key.record.policy = normalise(&input.policy, kms.options.quotas.key_policy_bytes)?;
        Ok(())
    });
    changed.await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{Fit, obeys_states, refuses_aliases, refuses_identifiers};

    const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"new","Effect":"Allow","Principal":"*"}]}"#;

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
            ("default", r#"{"Statement":[{"Effect":"allow"}]}"#, "MalformedPolicyDocumentException", syntax),
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
