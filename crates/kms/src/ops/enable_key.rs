//! Makes a disabled key usable again; an enabled key stays so.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::EnableKeyRequest;
use crate::messages;

pub(crate) async fn enable_key(kms: &Kms, cx: &Context, input: EnableKeyRequest) -> Result<(), ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::EnableKey, |change| {
        let (key, now) = (&mut change.key, change.now);
        let enabled = key.record.lifecycle.enable(&key.arn.region, now);
        enabled.map_err(|error| messages::state(&key.arn, error))
    });
    changed.await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{Fit, HELLO, ciphertext, obeys_states, refuses_aliases, refuses_identifiers, state};

    #[tokio::test]
    async fn a_disabled_key_works_again_with_its_old_ciphertexts() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let blob = ciphertext(&cloud, &key).await;
        cloud.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
        for id in [&key.id, &key.arn] {
            let answer = cloud.kms("EnableKey", json!({ "KeyId": id })).await;
            answer.succeeds();
            assert_eq!(answer.text(), "");
            assert_eq!(state(&cloud, &key).await, "Enabled");
        }
        assert_eq!(cloud.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds()["Plaintext"], HELLO);
    }

    #[tokio::test]
    async fn a_key_that_is_pending_deletion_is_refused() {
        obeys_states("EnableKey", &json!({}), Fit::Works, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "EnableKey", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "EnableKey", &json!({})).await;
    }
}
