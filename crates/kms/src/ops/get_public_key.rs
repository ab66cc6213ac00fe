//! Gives the public key of an asymmetric key, as DER SubjectPublicKeyInfo. A disabled key gives it too (recorded, against
//! the developer guide).

use aws_smithy_types::Blob;
use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{GetPublicKeyRequest, GetPublicKeyResponse, errors};

pub(crate) async fn get_public_key(
    kms: &Kms,
    cx: &Context,
    input: GetPublicKeyRequest,
) -> Result<GetPublicKeyResponse, ApiError> {
    let lookup = kms.key(cx, &input.key_id).presenting(input.grant_tokens.as_ref());
    let key = lookup.for_action(Action::GetPublicKey).await?;
    let public_key = key.current_material()?.key.public_key().ok_or_else(|| errors::UNSUPPORTED_OPERATION.bare())?;
    let metadata = key.metadata()?;
    Ok(GetPublicKeyResponse {
        key_id: Some(key.arn_text()),
        public_key: Some(Blob::new(public_key)),
        customer_master_key_spec: metadata.customer_master_key_spec,
        key_spec: metadata.key_spec,
        key_usage: metadata.key_usage,
        encryption_algorithms: metadata.encryption_algorithms,
        signing_algorithms: metadata.signing_algorithms,
        key_agreement_algorithms: metadata.key_agreement_algorithms,
        encapsulation_algorithms: metadata.encapsulation_algorithms,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::{KeySpec, KeyType, KeyUsage};
    use trent_testkit::Cloud;

    use crate::testing::{alias, bytes, every_key, refuses_absent_aliases, refuses_identifiers, schedule};

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order_with_the_one_list_of_the_keys_usage() {
        let keys = every_key().await;
        for (spec, usage, list) in [
            (
                KeySpec::Rsa2048,
                KeyUsage::EncryptDecrypt,
                r#""EncryptionAlgorithms":["RSAES_OAEP_SHA_1","RSAES_OAEP_SHA_256"]"#,
            ),
            (
                KeySpec::EccNistEdwards25519,
                KeyUsage::SignVerify,
                r#""SigningAlgorithms":["ED25519_PH_SHA_512","ED25519_SHA_512"]"#,
            ),
            (KeySpec::EccNistP256, KeyUsage::KeyAgreement, r#""KeyAgreementAlgorithms":["ECDH"]"#),
            (KeySpec::MlKem768, KeyUsage::EncapsulateDecapsulate, r#""EncapsulationAlgorithms":["ML_KEM"]"#),
        ] {
            let key = keys.of(spec, usage);
            let answer = keys.call("GetPublicKey", json!({ "KeyId": key.id })).await;
            let public_key = &answer.succeeds()["PublicKey"];
            let specs = format!(r#""CustomerMasterKeySpec":"{spec}","KeySpec":"{spec}","KeyUsage":"{usage}""#);
            assert_eq!(answer.text(), format!(r#"{{"KeyId":"{}","PublicKey":{public_key},{specs},{list}}}"#, key.arn));
        }
    }

    #[tokio::test]
    async fn every_asymmetric_key_has_a_public_key_of_its_specs_size_that_is_always_the_same() {
        let keys = every_key().await;
        for key in keys.iter().filter(|key| key.spec.key_type() == KeyType::Asymmetric) {
            let input = json!({ "KeyId": key.id });
            let public_key = keys.call("GetPublicKey", input.clone()).await.succeeds()["PublicKey"].clone();
            assert_eq!(bytes(&public_key).len(), size(key.spec), "{}", key.spec);
            assert_eq!(keys.call("GetPublicKey", input).await.succeeds()["PublicKey"], public_key);
        }
    }

    /// crypto.md §4 to §6 for all but RSA; a post-quantum key has 22 bytes around it. RSA: the modulus, and 38 bytes.
    fn size(spec: KeySpec) -> usize {
        match spec.as_str() {
            "RSA_2048" => 256 + 38,
            "RSA_3072" => 384 + 38,
            "RSA_4096" => 512 + 38,
            "ECC_NIST_P256" | "SM2" => 91,
            "ECC_NIST_P384" => 120,
            "ECC_NIST_P521" => 158,
            "ECC_SECG_P256K1" => 88,
            "ECC_NIST_EDWARDS25519" => 44,
            "ML_DSA_44" => 1312 + 22,
            "ML_DSA_65" => 1952 + 22,
            "ML_DSA_87" => 2592 + 22,
            "ML_KEM_512" => 800 + 22,
            "ML_KEM_768" => 1184 + 22,
            "ML_KEM_1024" => 1568 + 22,
            other => panic!("{other} is not asymmetric"),
        }
    }

    #[tokio::test]
    async fn no_two_keys_share_one() {
        let keys = every_key().await;
        let mut seen: Vec<Value> = Vec::new();
        for key in keys.iter().filter(|key| key.spec.key_type() == KeyType::Asymmetric) {
            let answer = keys.call("GetPublicKey", json!({ "KeyId": key.id })).await.succeeds();
            assert!(!seen.contains(&answer["PublicKey"]), "{} {}", key.spec, key.usage);
            seen.push(answer["PublicKey"].clone());
        }
    }

    #[tokio::test]
    async fn symmetric_keys_have_none_to_give() {
        let keys = every_key().await;
        for key in keys.iter().filter(|key| key.spec.key_type() != KeyType::Asymmetric) {
            keys.refuses("GetPublicKey", json!({ "KeyId": key.id }), "UnsupportedOperationException", None).await;
        }
    }

    #[tokio::test]
    async fn a_disabled_key_gives_it_and_one_that_is_pending_deletion_does_not() {
        let cloud = Cloud::new();
        let key = cloud.make_key_of("ECC_NIST_P256", "SIGN_VERIFY").await;
        alias(&cloud, "alias/a", &key).await;
        let enabled = cloud.kms("GetPublicKey", json!({ "KeyId": "alias/a" })).await.text();
        cloud.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(cloud.kms("GetPublicKey", json!({ "KeyId": key.arn })).await.text(), enabled);

        let symmetric = cloud.make_key().await;
        for key in [key, symmetric] {
            schedule(&cloud, &key, 7).await;
            let message = format!("{} is pending deletion.", key.arn);
            let input = json!({ "KeyId": key.id });
            cloud.refuses("GetPublicKey", input, "KMSInvalidStateException", Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "GetPublicKey", "KeyId", &json!({})).await;
        refuses_absent_aliases(&cloud, "GetPublicKey", "KeyId", &json!({})).await;
    }
}
