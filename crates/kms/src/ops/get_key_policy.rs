//! Gives a key policy back, in AWS's own formatting. A key has one policy, named `default`.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{GetKeyPolicyRequest, GetKeyPolicyResponse};
use crate::conditions::{Fact, key as condition};
use crate::messages;
use crate::policy_document::POLICY_NAME;

pub(crate) async fn get_key_policy(
    kms: &Kms,
    cx: &Context,
    input: GetKeyPolicyRequest,
) -> Result<GetKeyPolicyResponse, ApiError> {
    let facts = [Fact::Text(condition::POLICY_NAME, input.policy_name.as_deref().unwrap_or(POLICY_NAME))];
    let key = kms.key(cx, &input.key_id).saying(&facts).for_action(Action::GetKeyPolicy).await?;
    if input.policy_name.is_some_and(|name| name != POLICY_NAME) {
        return Err(messages::no_such_policy());
    }
    let policy = kms.shown_policy(key.record()).await?;
    Ok(GetKeyPolicyResponse { policy: Some(policy), policy_name: Some(POLICY_NAME.to_owned()) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{Fit, obeys_states, refuses_aliases, refuses_identifiers};

    #[tokio::test]
    async fn a_new_key_has_the_default_policy_byte_for_byte() {
        let cloud = Cloud::new();
        let client = cloud.client().in_account("111122223333");
        let key = client.make_key().await;
        let expected = r#"{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::111122223333:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}"#;
        for name in [json!(null), json!("default")] {
            let answer = client.kms("GetKeyPolicy", json!({ "KeyId": key.id, "PolicyName": name })).await;
            assert_eq!(answer.succeeds()["Policy"], expected);
            assert!(answer.text().ends_with(r#","PolicyName":"default"}"#), "{}", answer.text());
        }
    }

    #[tokio::test]
    async fn there_is_no_other_policy() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for name in ["other", "Default", "AWS_RAM"] {
            let input = json!({ "KeyId": key.id, "PolicyName": name });
            cloud.refuses("GetKeyPolicy", input, "NotFoundException", Some("No such policy exists")).await;
        }
    }

    #[tokio::test]
    async fn it_works_in_every_state() {
        obeys_states("GetKeyPolicy", &json!({}), Fit::Works, Fit::Works).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "GetKeyPolicy", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "GetKeyPolicy", &json!({})).await;
    }
}
