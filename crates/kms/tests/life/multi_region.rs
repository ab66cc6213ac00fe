//! Multi-Region keys (multi-region-and-aliases.md, part A): one key in several Regions, and what each of them has for
//! itself.

use serde_json::{Value, json};
use trent_testkit::Cloud;

use crate::support::{DAY_MILLIS, HELLO, HERE, Key, MOMENT_MILLIS, THERE};

const THIRD: &str = "eu-west-1";

const INCORRECT_KEY: &str = "The key ID in the request does not identify a CMK that can perform this operation.";

const INACCESSIBLE: &str = "The ciphertext refers to a customer master key that does not exist, does not exist in this \
                            region, or you are not allowed to access.";

async fn primary(cloud: &Cloud) -> Key {
    Key::create(cloud, json!({ "MultiRegion": true })).await
}

/// A primary key and its replica.
async fn pair(cloud: &Cloud) -> (Key, Key) {
    let key = primary(cloud).await;
    let replica = key.replicate(cloud, THERE).await;
    (key, replica)
}

#[tokio::test]
async fn a_ciphertext_of_one_region_opens_in_another_under_that_regions_names_only() {
    let cloud = Cloud::new();
    let key = primary(&cloud).await;
    // Made before there was any replica.
    let blob = key.encrypt().await;
    let replica = key.replicate(&cloud, THERE).await;
    replica.client.kms("CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": replica.id })).await.succeeds();
    let material = key.metadata().await["CurrentKeyMaterialId"].clone();
    for (to, from, blob) in [(&replica, &key, blob), (&key, &replica, replica.encrypt().await)] {
        assert_eq!(to.opens(&blob).await, material);
        let named = |id: &str| json!({ "CiphertextBlob": blob, "KeyId": id });
        for id in [&to.id, &to.arn] {
            let opened = to.client.kms("Decrypt", named(id)).await.succeeds();
            assert_eq!((&opened["Plaintext"], &opened["KeyId"]), (&json!(HELLO), &json!(to.arn)));
        }
        to.client.kms("Decrypt", named(&from.arn)).await.fails_with("IncorrectKeyException", Some(INCORRECT_KEY));
        let again = json!({ "CiphertextBlob": blob, "DestinationKeyId": to.id });
        let again = to.client.kms("ReEncrypt", again).await.succeeds();
        let expected = json!([to.arn, to.arn, material, material]);
        let told = ["SourceKeyId", "KeyId", "SourceKeyMaterialId", "DestinationKeyMaterialId"];
        assert_eq!(json!(told.map(|member| &again[member])), expected);

        // Whatever else is asked of the other Region's key finds none.
        let message = format!("Invalid arn {}", from.arn.split(':').nth(3).expect("a Region"));
        for (operation, mut input) in [("Encrypt", json!({ "Plaintext": HELLO })), ("DescribeKey", json!({}))] {
            input["KeyId"] = json!(from.arn);
            to.client.kms(operation, input).await.fails_with("NotFoundException", Some(&message));
        }
    }
    let by_alias = json!({ "CiphertextBlob": key.encrypt().await, "KeyId": "alias/a" });
    assert_eq!(replica.client.kms("Decrypt", by_alias).await.succeeds()["Plaintext"], HELLO);
}

#[tokio::test]
async fn a_region_without_the_key_cannot_open_its_ciphertexts() {
    let cloud = Cloud::new();
    let (key, replica) = pair(&cloud).await;
    let blob = json!({ "CiphertextBlob": replica.encrypt().await });
    let third = key.in_region(THIRD);
    third.client.kms("Decrypt", blob.clone()).await.fails_with("AccessDeniedException", Some(INACCESSIBLE));
    key.replicate(&cloud, THIRD).await;
    third.opens(&blob["CiphertextBlob"]).await;
    third.schedule(7).await;
    cloud.clock().advance_days(7);
    third.client.kms("Decrypt", blob.clone()).await.fails_with("AccessDeniedException", Some(INACCESSIBLE));
    key.opens(&blob["CiphertextBlob"]).await;
    replica.opens(&blob["CiphertextBlob"]).await;
}

#[tokio::test]
async fn other_keys_work_together_across_regions_too() {
    let cloud = Cloud::new();
    let pair_of = async |spec: &str, usage: &str| {
        let key = Key::create(&cloud, json!({ "KeySpec": spec, "KeyUsage": usage, "MultiRegion": true })).await;
        let replica = key.replicate(&cloud, THERE).await;
        (key, replica)
    };
    let (key, replica) = pair_of("HMAC_256", "GENERATE_VERIFY_MAC").await;
    let members = json!({ "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256" });
    let mac = key.does("GenerateMac", members.clone()).await["Mac"].clone();
    assert_eq!(replica.does("GenerateMac", members.clone()).await["Mac"], mac);

    let (key, replica) = pair_of("ECC_NIST_P256", "SIGN_VERIFY").await;
    let mut members = json!({ "Message": HELLO, "SigningAlgorithm": "ECDSA_SHA_256" });
    members["Signature"] = replica.does("Sign", members.clone()).await["Signature"].clone();
    assert_eq!(key.does("Verify", members).await["SignatureValid"], json!(true));
    let public = key.does("GetPublicKey", json!({})).await["PublicKey"].clone();
    assert_eq!(replica.does("GetPublicKey", json!({})).await["PublicKey"], public);

    let (key, replica) = pair_of("ML_KEM_512", "ENCAPSULATE_DECAPSULATE").await;
    let mut members = json!({ "EncapsulationAlgorithm": "ML_KEM" });
    let made = key.does("Encapsulate", members.clone()).await;
    members["SharedSecretCiphertextBlob"] = made["SharedSecretCiphertextBlob"].clone();
    assert_eq!(replica.does("Decapsulate", members).await["SharedSecret"], made["SharedSecret"]);
}

#[tokio::test]
async fn id_material_origin_spec_usage_and_rotation_are_shared() {
    let cloud = Cloud::new();
    let (key, replica) = pair(&cloud).await;
    key.does("EnableKeyRotation", json!({ "RotationPeriodInDays": 90 })).await;
    cloud.clock().advance_days(91);
    key.does("RotateKeyOnDemand", json!({})).await;
    cloud.clock().advance_millis(MOMENT_MILLIS);
    let (here, there) = (key.metadata().await, replica.metadata().await);
    for shared in [
        "AWSAccountId",
        "KeyId",
        "KeyUsage",
        "Origin",
        "KeyManager",
        "CustomerMasterKeySpec",
        "KeySpec",
        "EncryptionAlgorithms",
        "MultiRegion",
        "CurrentKeyMaterialId",
    ] {
        assert_eq!(there[shared], here[shared], "{shared}");
        assert!(!here[shared].is_null(), "{shared}");
    }
    let regions = |metadata: &Value| {
        let regions = &metadata["MultiRegionConfiguration"];
        [regions["PrimaryKey"].clone(), regions["ReplicaKeys"].clone()]
    };
    assert_eq!(regions(&there), regions(&here));
    for (operation, members) in
        [("ListKeyRotations", json!({ "IncludeKeyMaterial": "ALL_KEY_MATERIAL" })), ("GetKeyRotationStatus", json!({}))]
    {
        let told = key.call(operation, members.clone()).await.text();
        assert_eq!(replica.call(operation, members).await.text(), told.replace(&key.arn, &replica.arn));
    }
    assert_eq!(key.rotations().await.len(), 2);
}

#[tokio::test]
async fn arn_dates_description_policy_state_aliases_and_tags_are_each_regions_own() {
    let cloud = Cloud::new();
    let key = primary(&cloud).await;
    cloud.clock().advance_days(1);
    let replica = key.replicate(&cloud, THERE).await;
    let (here, there) = (key.metadata().await, replica.metadata().await);
    assert_eq!((&here["Arn"], &there["Arn"]), (&json!(key.arn), &json!(replica.arn)));
    assert_eq!((&here["CreationDate"], &there["CreationDate"]), (&json!(1_790_597_408.399), &json!(1_790_683_808.399)));

    let tag = |value: &str| json!({ "Tags": [{ "TagKey": "t", "TagValue": value }] });
    let policy = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
    let own_of_key = own(&key).await;
    for (operation, members) in [
        ("UpdateKeyDescription", json!({ "Description": "there" })),
        ("PutKeyPolicy", json!({ "Policy": policy })),
        ("TagResource", tag("there")),
        ("DisableKey", json!({})),
    ] {
        let before = own(&replica).await;
        replica.does(operation, members).await;
        assert_ne!(own(&replica).await, before, "{operation}");
        assert_eq!(own(&key).await, own_of_key, "{operation}");
    }
    let before = own(&replica).await;
    replica.client.kms("CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": replica.id })).await.succeeds();
    assert_ne!(own(&replica).await, before);
    assert_eq!(own(&key).await, own_of_key);

    let own_of_replica = own(&replica).await;
    key.does("TagResource", tag("here")).await;
    key.does("UpdateKeyDescription", json!({ "Description": "here" })).await;
    key.schedule(7).await;
    assert_eq!(own(&replica).await, own_of_replica);
    replica.does("EnableKey", json!({})).await;
    replica.opens(&replica.encrypt().await).await;
}

/// What a Region has for itself: state, description, policy, tags and aliases.
async fn own(key: &Key) -> Value {
    let metadata = key.metadata().await;
    json!([
        metadata["KeyState"],
        metadata["Enabled"],
        metadata["Description"],
        key.does("GetKeyPolicy", json!({})).await,
        key.does("ListResourceTags", json!({})).await,
        key.does("ListAliases", json!({})).await,
    ])
}

#[tokio::test]
async fn rotations_reach_every_region_with_the_same_date_whoever_is_looked_at_first() {
    for (order, is_swept) in
        [([THERE, THIRD, HERE], false), ([HERE, THIRD, THERE], false), ([THIRD, HERE, THERE], true)]
    {
        let cloud = Cloud::new();
        let (key, replica) = pair(&cloud).await;
        key.replicate(&cloud, THIRD).await;
        let blob = replica.encrypt().await;
        key.does("EnableKeyRotation", json!({ "RotationPeriodInDays": 90 })).await;
        // Known from before, so that what follows does not only hold for keys that are read anew.
        let first = replica.metadata().await["CurrentKeyMaterialId"].clone();
        cloud.clock().advance_days(270);
        if is_swept {
            cloud.sweep().await;
        }
        let mut told = Vec::new();
        for region in order {
            let key = key.in_region(region);
            let fresh = key.encrypt().await;
            told.push((key.rotations().await, key.opens(&fresh).await));
            assert_eq!(key.opens(&blob).await, first);
        }
        // Enabled 4 seconds after the start: two replicas were created before.
        let dates = [90.0, 180.0, 270.0].map(|days| json!(1_790_597_412.399 + days * 86_400.0));
        let expected: Vec<_> = dates.into_iter().map(|date| (json!("AUTOMATIC"), date)).collect();
        assert!(told.iter().all(|(rotations, material)| *rotations == expected && *material == told[0].1), "{told:?}");
    }
}

#[tokio::test]
async fn no_region_rotates_while_the_primary_key_is_disabled_and_all_do_when_it_is_enabled() {
    let cloud = Cloud::new();
    let (key, replica) = pair(&cloud).await;
    key.does("EnableKeyRotation", json!({ "RotationPeriodInDays": 90 })).await;
    key.does("DisableKey", json!({})).await;
    cloud.clock().advance_days(100);
    cloud.sweep().await;
    assert_eq!(replica.rotations().await, []);
    key.does("EnableKey", json!({})).await;
    let rotated = replica.rotations().await;
    assert_eq!(rotated, [(json!("AUTOMATIC"), json!(1_790_597_410.399 + 100.0 * 86_400.0))]);
    assert_eq!(key.rotations().await, rotated);
}

#[tokio::test]
async fn a_primary_key_waits_for_its_last_replica_and_then_for_its_own_window() {
    for is_swept in [true, false] {
        let cloud = Cloud::new();
        let (key, replica) = pair(&cloud).await;
        let third = key.replicate(&cloud, THIRD).await;
        let start = 1_790_597_412.399;
        key.schedule(10).await;
        replica.schedule(7).await;
        third.schedule(30).await;
        let mut passed = 0;
        let mut day = async |day: u32| {
            cloud.clock().advance_days(day - passed);
            passed = day;
            if is_swept {
                cloud.sweep().await;
            }
        };
        let told = async || {
            let metadata = key.metadata().await;
            let replicas = metadata["MultiRegionConfiguration"]["ReplicaKeys"].as_array().map(Vec::len);
            json!([metadata["KeyState"], replicas, metadata["PendingDeletionWindowInDays"], metadata["DeletionDate"]])
        };
        assert_eq!(told().await, json!(["PendingReplicaDeletion", 2, 10, null]));
        day(7).await;
        assert!(replica.is_gone().await);
        assert_eq!(told().await, json!(["PendingReplicaDeletion", 1, 10, null]));
        day(29).await;
        assert_eq!(told().await, json!(["PendingReplicaDeletion", 1, 10, null]));
        day(30).await;
        assert_eq!(told().await, json!(["PendingDeletion", 0, null, start + 40.0 * 86_400.0]));
        day(39).await;
        assert_eq!(key.state().await, "PendingDeletion");
        day(40).await;
        assert!(key.is_gone().await);
    }
}

#[tokio::test]
async fn in_one_long_jump_the_same_happens_on_the_same_dates() {
    for is_swept in [true, false] {
        let cloud = Cloud::new();
        let (key, replica) = pair(&cloud).await;
        key.schedule(7).await;
        replica.schedule(7).await;
        // Both windows, but for a day: only the replica is gone.
        cloud.clock().advance_days(13);
        if is_swept {
            cloud.sweep().await;
        }
        let told = key.metadata().await;
        let date = json!(1_790_597_410.399 + 14.0 * 86_400.0);
        assert_eq!((&told["KeyState"], &told["DeletionDate"]), (&json!("PendingDeletion"), &date));

        let (other, others) = pair(&cloud).await;
        other.schedule(7).await;
        others.schedule(7).await;
        cloud.clock().advance_days(400);
        if is_swept {
            cloud.sweep().await;
            for region in [HERE, THERE] {
                let listed = key.client.in_region(region).kms("ListKeys", json!({})).await.succeeds();
                assert_eq!(listed["Keys"], json!([]));
            }
        }
        for key in [key, other, others, replica] {
            assert!(key.is_gone().await);
            let message = format!("Key '{}' does not exist", key.arn);
            key.call("CancelKeyDeletion", json!({})).await.fails_with("NotFoundException", Some(&message));
        }
    }
}

#[tokio::test]
async fn a_deletion_that_was_cancelled_begins_a_new_wait() {
    let cloud = Cloud::new();
    let (key, replica) = pair(&cloud).await;
    key.schedule(7).await;
    replica.schedule(7).await;
    cloud.clock().advance_millis(7 * DAY_MILLIS - 1);
    replica.does("CancelKeyDeletion", json!({})).await;
    cloud.clock().advance_days(30);
    assert_eq!(key.state().await, "PendingReplicaDeletion");
    assert_eq!(replica.state().await, "Disabled");
    replica.schedule(8).await;
    cloud.clock().advance_days(8);
    assert_eq!(key.state().await, "PendingDeletion");
    key.does("CancelKeyDeletion", json!({})).await;
    cloud.clock().advance_days(30);
    assert_eq!(key.state().await, "Disabled");
}

#[tokio::test]
async fn a_replica_that_was_really_deleted_can_be_made_again_and_begins_anew() {
    let cloud = Cloud::new();
    let (key, replica) = pair(&cloud).await;
    let blob = replica.encrypt().await;
    replica.does("UpdateKeyDescription", json!({ "Description": "the first" })).await;
    replica.does("TagResource", json!({ "Tags": [{ "TagKey": "k", "TagValue": "v" }] })).await;
    let alias = json!({ "AliasName": "alias/a", "TargetKeyId": replica.id });
    replica.client.kms("CreateAlias", alias.clone()).await.succeeds();
    replica.schedule(7).await;
    cloud.clock().advance_days(7);
    assert!(replica.is_gone().await);
    assert_eq!(key.metadata().await["MultiRegionConfiguration"]["ReplicaKeys"], json!([]));
    assert_eq!(key.state().await, "Enabled", "the primary key does not care");
    key.does("RotateKeyOnDemand", json!({})).await;
    cloud.clock().advance_millis(MOMENT_MILLIS);

    let again = key.replicate(&cloud, THERE).await;
    let told = again.metadata().await;
    assert_eq!(
        (&told["Arn"], &told["Description"], &told["KeyState"]),
        (&json!(replica.arn), &json!(""), &json!("Enabled"))
    );
    assert_eq!(told["CreationDate"], json!(1_790_597_412.399 + 7.0 * 86_400.0));
    assert_eq!(again.does("ListResourceTags", json!({})).await["Tags"], json!([]));
    assert_eq!(again.does("ListAliases", json!({})).await["Aliases"], json!([]));
    again.client.kms("CreateAlias", alias).await.succeeds();
    again.opens(&blob).await;
    key.opens(&again.encrypt().await).await;
}

#[tokio::test]
async fn the_primary_key_alone_is_deleted_once_a_replica_has_taken_its_place() {
    let cloud = Cloud::new();
    let (key, replica) = pair(&cloud).await;
    let blob = key.encrypt().await;
    key.does("UpdatePrimaryRegion", json!({ "PrimaryRegion": THERE })).await;
    cloud.clock().advance_millis(MOMENT_MILLIS);
    let scheduled = key.schedule(7).await;
    assert_eq!(scheduled["KeyState"], "PendingDeletion");
    cloud.clock().advance_days(7);
    assert!(key.is_gone().await);
    replica.opens(&blob).await;
    let regions = replica.metadata().await["MultiRegionConfiguration"].clone();
    assert_eq!((&regions["MultiRegionKeyType"], &regions["ReplicaKeys"]), (&json!("PRIMARY"), &json!([])));
    assert_eq!(replica.schedule(7).await["KeyState"], "PendingDeletion");
}

#[tokio::test]
async fn imported_material_goes_from_region_to_region_by_the_customers_hand() {
    let cloud = Cloud::new();
    let key = Key::create(&cloud, json!({ "Origin": "EXTERNAL", "MultiRegion": true })).await;
    let here = key.import_parameters().await;
    key.does("ImportKeyMaterial", here.members(&[1; 32])).await;
    let blob = key.encrypt().await;
    let replica = key.replicate(&cloud, THERE).await;
    let message = format!("{} is pending import.", replica.arn);
    let input = json!({ "CiphertextBlob": blob });
    replica.client.kms("Decrypt", input).await.fails_with("KMSInvalidStateException", Some(&message));
    let there = replica.import_parameters().await;
    replica.does("ImportKeyMaterial", there.members(&[1; 32])).await;
    assert_eq!(replica.opens(&blob).await, key.opens(&blob).await);

    let mut new = here.members(&[2; 32]);
    new["ImportType"] = json!("NEW_KEY_MATERIAL");
    key.does("ImportKeyMaterial", new).await;
    replica.does("ImportKeyMaterial", there.members(&[2; 32])).await;
    key.does("RotateKeyOnDemand", json!({})).await;
    cloud.clock().advance_millis(MOMENT_MILLIS);
    let fresh = replica.encrypt().await;
    for blob in [&blob, &fresh] {
        assert_eq!(replica.opens(blob).await, key.opens(blob).await);
    }
    assert_eq!(replica.rotations().await, key.rotations().await);
    assert_eq!(key.rotations().await.len(), 1);

    // The replica takes the place of the primary key, and has the say over material from then on.
    key.does("UpdatePrimaryRegion", json!({ "PrimaryRegion": THERE })).await;
    cloud.clock().advance_millis(MOMENT_MILLIS);
    let mut new = there.members(&[3; 32]);
    new["ImportType"] = json!("NEW_KEY_MATERIAL");
    let mut refused = here.members(&[3; 32]);
    refused["ImportType"] = json!("NEW_KEY_MATERIAL");
    let message = "Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys";
    key.call("ImportKeyMaterial", refused).await.fails_with("ValidationException", Some(message));
    replica.does("ImportKeyMaterial", new).await;
    key.does("ImportKeyMaterial", here.members(&[3; 32])).await;
    replica.does("RotateKeyOnDemand", json!({})).await;
    cloud.clock().advance_millis(MOMENT_MILLIS);
    assert_eq!(key.rotations().await.len(), 2);
    key.opens(&replica.encrypt().await).await;
    key.opens(&blob).await;
}
