//! Makes a key unusable until it is enabled again; a disabled key stays so.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::DisableKeyRequest;
use crate::messages;

pub(crate) async fn disable_key(kms: &Kms, cx: &Context, input: DisableKeyRequest) -> Result<(), ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::DisableKey, |change| {
        let now = change.now;
        change.life().disable(now).map_err(|error| messages::state(&change.key.arn, error))
    });
    changed.await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{Fit, obeys_states, refuses_aliases, refuses_identifiers, state};

    #[tokio::test]
    async fn a_key_is_disabled_as_often_as_one_likes() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for id in [&key.id, &key.arn] {
            let answer = cloud.kms("DisableKey", json!({ "KeyId": id })).await;
            answer.succeeds();
            assert_eq!(answer.text(), "");
            assert_eq!(state(&cloud, &key).await, "Disabled");
        }
    }

    #[tokio::test]
    async fn only_the_key_that_is_named_is_disabled() {
        let cloud = Cloud::new();
        let (key, other) = (cloud.make_key().await, cloud.make_key().await);
        cloud.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(state(&cloud, &other).await, "Enabled");
    }

    #[tokio::test]
    async fn a_key_that_is_pending_deletion_is_refused() {
        obeys_states("DisableKey", &json!({}), Fit::Works, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "DisableKey", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "DisableKey", &json!({})).await;
    }
}
