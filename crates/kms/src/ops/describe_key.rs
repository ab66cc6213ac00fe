//! Shows a key's metadata, in whichever state it is. Asked for a predefined alias, it makes the AWS managed key.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{DescribeKeyRequest, DescribeKeyResponse};

pub(crate) async fn describe_key(
    kms: &Kms,
    cx: &Context,
    input: DescribeKeyRequest,
) -> Result<DescribeKeyResponse, ApiError> {
    kms.ensure_managed_key(cx, Action::DescribeKey, &input.key_id).await?;
    let lookup = kms.key(cx, &input.key_id).presenting(input.grant_tokens.as_ref());
    let key = lookup.for_action(Action::DescribeKey).await?;
    let metadata = key.metadata()?;
    Ok(DescribeKeyResponse { key_metadata: Some(metadata) })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::{Algorithms, KeySpec, KeyUsage};
    use trent_testkit::Cloud;

    use crate::testing::{Fit, alias, every_key, obeys_states, refuses_absent_aliases, refuses_identifiers, schedule};

    #[tokio::test]
    async fn it_shows_what_create_key_showed_under_each_name_of_the_key() {
        let cloud = Cloud::new();
        let made = cloud.kms("CreateKey", json!({ "Description": "d" })).await;
        let metadata = &made.succeeds()["KeyMetadata"];
        let input = json!({ "AliasName": "alias/a", "TargetKeyId": metadata["KeyId"] });
        cloud.kms("CreateAlias", input).await.succeeds();
        let alias_arn = json!("arn:aws:kms:us-east-1:000000000000:alias/a");
        for id in [metadata["KeyId"].clone(), metadata["Arn"].clone(), json!("alias/a"), alias_arn] {
            assert_eq!(cloud.kms("DescribeKey", json!({ "KeyId": id })).await.text(), made.text());
        }
    }

    #[tokio::test]
    async fn it_shows_the_state_and_the_deletion_date_between_state_and_origin() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id });
        cloud.kms("DisableKey", input.clone()).await.succeeds();
        let text = cloud.kms("DescribeKey", input.clone()).await.text();
        assert!(text.contains(r#""Enabled":false,"#) && text.contains(r#""KeyState":"Disabled","Origin""#), "{text}");
        schedule(&cloud, &key, 7).await;
        let text = cloud.kms("DescribeKey", input).await.text();
        let expected = r#""KeyState":"PendingDeletion","DeletionDate":1.791202208399E9,"Origin":"AWS_KMS""#;
        assert!(text.contains(expected) && text.contains(r#""Enabled":false,"#), "{text}");
    }

    #[tokio::test]
    async fn a_key_is_gone_at_its_deletion_date_under_each_of_its_names() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        alias(&cloud, "alias/a", &key).await;
        schedule(&cloud, &key, 7).await;
        cloud.clock().advance_millis(7 * 24 * 60 * 60 * 1000 - 1);
        cloud.kms("DescribeKey", json!({ "KeyId": "alias/a" })).await.succeeds();
        cloud.clock().advance_millis(1);
        let message = format!("Key '{}' does not exist", key.arn);
        for id in [&*key.id, &*key.arn, "alias/a"] {
            cloud.kms("DescribeKey", json!({ "KeyId": id })).await.fails_with("NotFoundException", Some(&message));
        }
        cloud.sweep().await;
        cloud.kms("DescribeKey", json!({ "KeyId": key.id })).await.fails_with("NotFoundException", Some(&message));
        let message = "Alias arn:aws:kms:us-east-1:000000000000:alias/a is not found.";
        cloud.kms("DescribeKey", json!({ "KeyId": "alias/a" })).await.fails_with("NotFoundException", Some(message));
    }

    #[tokio::test]
    async fn it_works_in_every_state() {
        obeys_states("DescribeKey", &json!({}), Fit::Works, Fit::Works).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "DescribeKey", "KeyId", &json!({})).await;
        refuses_absent_aliases(&cloud, "DescribeKey", "KeyId", &json!({})).await;
    }

    #[tokio::test]
    async fn every_key_shows_the_one_list_of_its_usage() {
        const LISTS: [&str; 5] = [
            "EncryptionAlgorithms",
            "SigningAlgorithms",
            "KeyAgreementAlgorithms",
            "EncapsulationAlgorithms",
            "MacAlgorithms",
        ];
        let keys = every_key().await;
        for key in keys.iter() {
            let (list, algorithms): (_, Vec<&str>) = match key.spec.algorithms(key.usage).expect("it was made") {
                Algorithms::Encryption(list) => (LISTS[0], list.iter().map(|algorithm| algorithm.as_str()).collect()),
                Algorithms::Signing(list) => (LISTS[1], list.iter().map(|algorithm| algorithm.as_str()).collect()),
                Algorithms::KeyAgreement(list) => (LISTS[2], list.iter().map(|algorithm| algorithm.as_str()).collect()),
                Algorithms::Encapsulation(list) => {
                    (LISTS[3], list.iter().map(|algorithm| algorithm.as_str()).collect())
                }
                Algorithms::Mac(list) => (LISTS[4], list.iter().map(|algorithm| algorithm.as_str()).collect()),
            };
            let metadata = keys.call("DescribeKey", json!({ "KeyId": key.id })).await.succeeds()["KeyMetadata"].clone();
            for other in LISTS {
                let expected = if other == list { json!(algorithms) } else { Value::Null };
                assert_eq!(metadata[other], expected, "{} {} {other}", key.spec, key.usage);
            }
            let has_material_id = metadata.get("CurrentKeyMaterialId").is_some();
            assert_eq!(has_material_id, key.spec == KeySpec::SymmetricDefault, "{}", key.spec);
        }
    }

    #[tokio::test]
    async fn the_lists_stand_before_multi_region_but_that_of_macs_behind_it() {
        let keys = every_key().await;
        for (spec, usage, end) in [
            (
                KeySpec::Rsa2048,
                KeyUsage::EncryptDecrypt,
                r#""EncryptionAlgorithms":["RSAES_OAEP_SHA_1","RSAES_OAEP_SHA_256"],"MultiRegion":false}}"#,
            ),
            (
                KeySpec::MlDsa65,
                KeyUsage::SignVerify,
                r#""SigningAlgorithms":["ML_DSA_SHAKE_256"],"MultiRegion":false}}"#,
            ),
            (
                KeySpec::EccNistP384,
                KeyUsage::KeyAgreement,
                r#""KeyAgreementAlgorithms":["ECDH"],"MultiRegion":false}}"#,
            ),
            (
                KeySpec::MlKem768,
                KeyUsage::EncapsulateDecapsulate,
                r#""EncapsulationAlgorithms":["ML_KEM"],"MultiRegion":false}}"#,
            ),
            (
                KeySpec::Hmac224,
                KeyUsage::GenerateVerifyMac,
                r#""MultiRegion":false,"MacAlgorithms":["HMAC_SHA_224"]}}"#,
            ),
        ] {
            let text = keys.call("DescribeKey", json!({ "KeyId": keys.of(spec, usage).id })).await.text();
            let expected = format!(r#""CustomerMasterKeySpec":"{spec}","KeySpec":"{spec}",{end}"#);
            assert!(text.ends_with(&expected), "{text}");
        }
    }
}
