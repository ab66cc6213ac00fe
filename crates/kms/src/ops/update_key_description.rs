//! Replaces a key's description, which may be empty.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::UpdateKeyDescriptionRequest;

pub(crate) async fn update_key_description(
    kms: &Kms,
    cx: &Context,
    input: UpdateKeyDescriptionRequest,
) -> Result<(), ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::UpdateKeyDescription, |change| {
        change.key.record.description.clone_from(&input.description);
        Ok(())
    });
    changed.await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{Fit, obeys_states, refuses_aliases, refuses_identifiers};

    #[tokio::test]
    async fn the_description_is_replaced_and_may_be_empty() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for description in ["new".to_owned(), "\u{1f511}\n\"".to_owned(), "d".repeat(8192), String::new()] {
            let input = json!({ "KeyId": key.arn, "Description": description });
            let answer = cloud.kms("UpdateKeyDescription", input).await;
            answer.succeeds();
            assert_eq!(answer.text(), "");
            let described = cloud.kms("DescribeKey", json!({ "KeyId": key.id })).await.succeeds();
            assert_eq!(described["KeyMetadata"]["Description"], json!(description));
        }
    }

    #[tokio::test]
    async fn more_than_8192_characters_are_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let long = "\u{e4}".repeat(8193);
        let message = format!(
            "1 validation error detected: Value '{long}' at 'description' failed to satisfy constraint: Member must have \
             length less than or equal to 8192"
        );
        let input = json!({ "KeyId": key.id, "Description": long });
        cloud.refuses("UpdateKeyDescription", input, "ValidationException", Some(&message)).await;
    }

    #[tokio::test]
    async fn a_disabled_key_can_be_described_anew_and_one_that_is_pending_deletion_not() {
        obeys_states("UpdateKeyDescription", &json!({ "Description": "d" }), Fit::Works, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let (cloud, input) = (Cloud::new(), json!({ "Description": "d" }));
        refuses_identifiers(&cloud, "UpdateKeyDescription", "KeyId", &input).await;
        refuses_aliases(&cloud, "UpdateKeyDescription", &input).await;
    }
}
