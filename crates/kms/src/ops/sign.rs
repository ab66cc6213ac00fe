//! Signs a message, its digest, or for ML-DSA its µ, with an asymmetric key.

use aws_smithy_types::Blob;
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{SignRequest, SignResponse};
use crate::ciphertext::end_dry_run;
use crate::conditions::{Fact, key as condition};
use crate::signing::message_type;
use crate::{Kms, messages, names::same_name};

pub(crate) async fn sign(kms: &Kms, cx: &Context, input: SignRequest) -> Result<SignResponse, ApiError> {
    let message_type = message_type(input.message_type)?;
    let facts = [
        Fact::Text(condition::MESSAGE_TYPE, message_type.as_str()),
        Fact::Text(condition::SIGNING_ALGORITHM, input.signing_algorithm.as_str()),
    ];
    let lookup = kms.key(cx, &input.key_id).saying(&facts).presenting(input.grant_tokens.as_ref());
    let key = lookup.for_action(Action::Sign).await?;
    let algorithm = same_name(input.signing_algorithm.as_str())?;
    key.require(algorithm)?;
    let material = &key.current_material()?.key;
    let message = material.signing_input(algorithm, message_type, input.message.expose());
    let signature = message.map_err(messages::message)?.sign().map_err(|error| messages::crypto(&error))?;
    end_dry_run(input.dry_run)?;
    kms.note_use(cx, &key);
    Ok(SignResponse {
        key_id: Some(key.arn_text()),
        signature: Some(Blob::new(signature)),
        signing_algorithm: Some(input.signing_algorithm),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_kms_core::{Algorithm, KeySpec, KeyUsage, MessageType, SigningAlgorithm};
    use trent_testkit::Cloud;

    use crate::testing::{DRY_RUN, HELLO, alias, base64, bytes, every_key};

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::EccNistP256, KeyUsage::SignVerify);
        let input = json!({ "KeyId": key.id, "Message": HELLO, "SigningAlgorithm": "ECDSA_SHA_256" });
        let answer = keys.call("Sign", input).await;
        let signature = answer.succeeds()["Signature"].clone();
        assert_eq!(
            answer.text(),
            format!(r#"{{"KeyId":"{}","Signature":{signature},"SigningAlgorithm":"ECDSA_SHA_256"}}"#, key.arn)
        );
    }

    #[tokio::test]
    async fn every_algorithm_of_every_spec_signs_every_type_of_message_that_it_takes() {
        let keys = every_key().await;
        let mut signed = 0;
        for key in keys.iter().filter(|key| key.usage == KeyUsage::SignVerify) {
            for algorithm in SigningAlgorithm::offered_by(key.spec) {
                for message_type in MessageType::ALL.iter().filter(|message_type| algorithm.takes(**message_type)) {
                    let lengths = match message_type {
                        MessageType::Raw => vec![1, 4096],
                        MessageType::Digest => vec![algorithm.digest_len().expect("it takes digests")],
                        MessageType::ExternalMu => vec![64],
                    };
                    for length in lengths {
                        let told = format!("{} {algorithm} {message_type} {length}", key.spec);
                        let mut input = json!({
                            "KeyId": key.id, "SigningAlgorithm": algorithm.as_str(),
                            "MessageType": message_type.as_str(), "Message": base64(vec![7; length]),
                        });
                        let answer = keys.call("Sign", input.clone()).await.succeeds();
                        let (shortest, longest) = signature_lengths(key.spec);
                        let found = bytes(&answer["Signature"]).len();
                        assert!((shortest..=longest).contains(&found), "{told}: {found} bytes");
                        input["Signature"] = answer["Signature"].clone();
                        assert_eq!(keys.call("Verify", input).await.succeeds()["SignatureValid"], true, "{told}");
                        signed += 1;
                    }
                }
            }
        }
        // 18 of RSA, 4 of ECDSA and 1 of SM2 take RAW and DIGEST, 3 of ML-DSA RAW and EXTERNAL_MU; RAW in two lengths.
        assert_eq!(signed, (18 + 4 + 1) * 3 + 3 * 3 + 2 + 1);
    }

    /// crypto.md §3 to §5: the shortest and the longest signature of a spec. In DER, leading zeros are left out; fewer
    /// than 16 bytes of them in all is certain enough.
    fn signature_lengths(spec: KeySpec) -> (usize, usize) {
        let der = |longest| (longest - 16, longest);
        let exactly = |length| (length, length);
        match spec.as_str() {
            "RSA_2048" => exactly(256),
            "RSA_3072" => exactly(384),
            "RSA_4096" => exactly(512),
            "ECC_NIST_P256" | "ECC_SECG_P256K1" | "SM2" => der(72),
            "ECC_NIST_P384" => der(104),
            "ECC_NIST_P521" => der(139),
            "ECC_NIST_EDWARDS25519" => exactly(64),
            "ML_DSA_44" => exactly(2420),
            "ML_DSA_65" => exactly(3309),
            "ML_DSA_87" => exactly(4627),
            other => panic!("{other} does not sign"),
        }
    }

    #[tokio::test]
    async fn a_message_is_the_message_itself_unless_told() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::Rsa2048, KeyUsage::SignVerify);
        let sign = async |message_type, message: &str| {
            let input = json!({
                "KeyId": key.id, "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256",
                "MessageType": message_type, "Message": message,
            });
            keys.call("Sign", input).await.succeeds()["Signature"].clone()
        };
        // SHA-256 of `Hello`; signatures of this algorithm are deterministic.
        let digest = "GF+NsyJx/iX1Yab8k4suJkMG7DBO2lGAB9F2SCY4GWk=";
        let signatures = [sign(json!(null), HELLO).await, sign(json!("RAW"), HELLO).await];
        assert_eq!(signatures, [sign(json!("DIGEST"), digest).await, sign(json!("DIGEST"), digest).await]);
        assert_ne!(signatures[0], sign(json!("RAW"), digest).await);
    }

    #[tokio::test]
    async fn any_name_of_the_key_is_answered_by_its_arn() {
        let cloud = Cloud::new();
        let key = cloud.make_key_of("ECC_NIST_P256", "SIGN_VERIFY").await;
        alias(&cloud, "alias/a", &key).await;
        for id in [&*key.id, &*key.arn, "alias/a", "arn:aws:kms:us-east-1:000000000000:alias/a"] {
            let input = json!({ "KeyId": id, "Message": HELLO, "SigningAlgorithm": "ECDSA_SHA_256" });
            assert_eq!(cloud.kms("Sign", input).await.succeeds()["KeyId"], json!(key.arn));
        }
    }

    #[tokio::test]
    async fn a_dry_run_never_succeeds() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::EccNistP256, KeyUsage::SignVerify);
        let input = json!({ "KeyId": key.id, "Message": HELLO, "SigningAlgorithm": "ECDSA_SHA_256", "DryRun": true });
        keys.refuses("Sign", input, "DryRunOperationException", Some(DRY_RUN)).await;
    }
}
