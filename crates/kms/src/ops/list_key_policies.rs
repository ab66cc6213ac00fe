//! Lists the names of a key's policies: always just `default`.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{ListKeyPoliciesRequest, ListKeyPoliciesResponse};
use crate::page::PageRequest;
use crate::policy_document::POLICY_NAME;

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (100, 1000);

pub(crate) async fn list_key_policies(
    kms: &Kms,
    cx: &Context,
    input: ListKeyPoliciesRequest,
) -> Result<ListKeyPoliciesResponse, ApiError> {
    let request = PageRequest::new("ListKeyPolicies", input.limit, LIMITS, input.marker.as_deref())?;
    kms.key(cx, &input.key_id).for_action(Action::ListKeyPolicies).await?;
    let names =
        [POLICY_NAME.to_owned()].into_iter().filter(|name| request.after.as_ref().is_none_or(|after| name > after));
    let page = request.page(names.collect(), String::clone);
    Ok(ListKeyPoliciesResponse {
        truncated: Some(page.is_truncated()),
        policy_names: Some(page.items),
        next_marker: page.next_marker,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{Fit, obeys_states, refuses_aliases, refuses_identifiers};

    #[tokio::test]
    async fn a_key_has_one_policy() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for id in [&key.id, &key.arn] {
            let answer = cloud.kms("ListKeyPolicies", json!({ "KeyId": id, "Limit": 1 })).await;
            assert_eq!(answer.text(), r#"{"PolicyNames":["default"],"Truncated":false}"#);
        }
    }

    #[tokio::test]
    async fn a_marker_that_aws_did_not_give_is_refused_without_a_word() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "Marker": "nonsense" });
        cloud.refuses("ListKeyPolicies", input, "InvalidMarkerException", None).await;
    }

    #[tokio::test]
    async fn it_works_in_every_state() {
        obeys_states("ListKeyPolicies", &json!({}), Fit::Works, Fit::Works).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "ListKeyPolicies", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "ListKeyPolicies", &json!({})).await;
    }
}
