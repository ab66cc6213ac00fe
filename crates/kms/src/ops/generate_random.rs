//! Gives random bytes. The model calls their number optional; the service does not (recorded).

use trent_shared::{ApiError, Context, SecretBytes};

use crate::Kms;
use crate::action::Action;
use crate::api::{GenerateRandomRequest, GenerateRandomResponse};
use crate::messages;

pub(crate) async fn generate_random(
    kms: &Kms,
    cx: &Context,
    input: GenerateRandomRequest,
) -> Result<GenerateRandomResponse, ApiError> {
    let number = input.number_of_bytes.ok_or_else(messages::number_of_bytes_required)?;
    let recipient = kms.recipient(input.recipient.as_ref())?;
    kms.authorize_account(cx, Action::GenerateRandom, &[recipient.fact()]).await?;
    if input.custom_key_store_id.is_some() {
        return Err(messages::custom_key_store_not_found());
    }
    let mut bytes = vec![0; usize::try_from(number).map_err(|_| ApiError::internal_failure())?];
    kms.entropy.fill(&mut bytes);
    let delivery = kms.deliver(&recipient, SecretBytes::new(bytes))?;
    Ok(GenerateRandomResponse {
        plaintext: delivery.plaintext,
        ciphertext_for_recipient: delivery.ciphertext_for_recipient,
    })
}

#[cfg(test)]
mod tests {
    use base64_simd::STANDARD as BASE64;
    use serde_json::json;
    use trent_testkit::Cloud;

    #[tokio::test]
    async fn it_gives_as_many_bytes_as_asked_for_and_others_each_time() {
        let cloud = Cloud::new();
        let mut seen = Vec::new();
        for number in [1, 16, 1024, 1024] {
            let answer = cloud.kms("GenerateRandom", json!({ "NumberOfBytes": number })).await.succeeds();
            assert_eq!(answer.as_object().map(serde_json::Map::len), Some(1));
            let bytes = BASE64.decode_to_vec(answer["Plaintext"].as_str().expect("present")).expect("base64");
            assert_eq!(bytes.len(), number);
            assert!(!seen.contains(&bytes));
            seen.push(bytes);
        }
    }

    #[tokio::test]
    async fn a_number_is_required_and_bounded() {
        let cloud = Cloud::new();
        let bounded = |number: i64, constraint: &str| {
            format!(
                "1 validation error detected: Value '{number}' at 'numberOfBytes' failed to satisfy constraint: Member \
                 must have value {constraint}"
            )
        };
        for (input, message) in [
            (json!({}), "NumberOfBytes is required.".to_owned()),
            (json!({ "NumberOfBytes": 0 }), bounded(0, "greater than or equal to 1")),
            (json!({ "NumberOfBytes": 1025 }), bounded(1025, "less than or equal to 1024")),
        ] {
            cloud.kms("GenerateRandom", input).await.fails_with("ValidationException", Some(&message));
        }
    }

    #[tokio::test]
    async fn no_custom_key_store_is_found() {
        let input = json!({ "NumberOfBytes": 1, "CustomKeyStoreId": "cks-1" });
        Cloud::new().kms("GenerateRandom", input).await.fails_with("CustomKeyStoreNotFoundException", None);
    }

    #[tokio::test]
    async fn nothing_goes_out_in_the_clear_that_was_meant_for_an_enclave() {
        let recipient = json!({ "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": "AA==" });
        let input = json!({ "NumberOfBytes": 1, "Recipient": recipient });
        let refusal = Cloud::new().kms("GenerateRandom", input).await.fails();
        assert_eq!((refusal.status, &*refusal.code), (400, "ValidationException"));
    }
}
