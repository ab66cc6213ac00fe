//! Makes a symmetric data key and gives it encrypted only, for whoever shall decrypt it later.

use trent_shared::{ApiError, Context};

use super::generate_data_key::make;
use crate::Kms;
use crate::action::Action;
use crate::api::{
    GenerateDataKeyRequest, GenerateDataKeyWithoutPlaintextRequest, GenerateDataKeyWithoutPlaintextResponse,
};
use crate::recipient::Recipient;

pub(crate) async fn generate_data_key_without_plaintext(
    kms: &Kms,
    cx: &Context,
    input: GenerateDataKeyWithoutPlaintextRequest,
) -> Result<GenerateDataKeyWithoutPlaintextResponse, ApiError> {
    let input = GenerateDataKeyRequest {
        key_id: input.key_id,
        encryption_context: input.encryption_context,
        number_of_bytes: input.number_of_bytes,
        key_spec: input.key_spec,
        grant_tokens: input.grant_tokens,
        recipient: None,
        dry_run: input.dry_run,
    };
    let data_key = make(kms, cx, Action::GenerateDataKeyWithoutPlaintext, input, &Recipient::Caller).await?;
    Ok(GenerateDataKeyWithoutPlaintextResponse {
        ciphertext_blob: Some(data_key.ciphertext),
        key_id: Some(data_key.key.arn_text()),
        key_material_id: Some(data_key.material_id.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use base64_simd::STANDARD as BASE64;
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{DRY_RUN, Fit, obeys_states, refuses_absent_aliases, refuses_identifiers};

    #[tokio::test]
    async fn the_answer_has_awss_members_and_no_plaintext() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "KeySpec": "AES_256" });
        let answer = cloud.kms("GenerateDataKeyWithoutPlaintext", input).await;
        let described = cloud.kms("DescribeKey", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(
            answer.text(),
            format!(
                r#"{{"CiphertextBlob":{},"KeyId":"{}","KeyMaterialId":{}}}"#,
                answer.succeeds()["CiphertextBlob"],
                key.arn,
                described["KeyMetadata"]["CurrentKeyMaterialId"],
            )
        );
        let opened = cloud.kms("Decrypt", json!({ "CiphertextBlob": answer.succeeds()["CiphertextBlob"] })).await;
        let opened = opened.succeeds();
        let plaintext = BASE64.decode_to_vec(opened["Plaintext"].as_str().expect("present")).expect("base64");
        assert_eq!(plaintext.len(), 32);
    }

    #[tokio::test]
    async fn neither_size_and_both_sizes_are_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for input in [json!({ "KeyId": key.id }), json!({ "KeyId": key.id, "KeySpec": "AES_128", "NumberOfBytes": 16 })]
        {
            let message = Some("Please specify either number of bytes or key spec.");
            cloud.refuses("GenerateDataKeyWithoutPlaintext", input, "ValidationException", message).await;
        }
    }

    #[tokio::test]
    async fn a_dry_run_never_succeeds() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "NumberOfBytes": 1, "DryRun": true });
        cloud.refuses("GenerateDataKeyWithoutPlaintext", input, "DryRunOperationException", Some(DRY_RUN)).await;
    }

    #[tokio::test]
    async fn a_key_that_is_not_enabled_is_refused() {
        let input = json!({ "KeySpec": "AES_256" });
        obeys_states("GenerateDataKeyWithoutPlaintext", &input, Fit::Refused, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let (cloud, input) = (Cloud::new(), json!({ "KeySpec": "AES_256" }));
        refuses_identifiers(&cloud, "GenerateDataKeyWithoutPlaintext", "KeyId", &input).await;
        refuses_absent_aliases(&cloud, "GenerateDataKeyWithoutPlaintext", "KeyId", &input).await;
    }
}
