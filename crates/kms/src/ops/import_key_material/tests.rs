use openssl::pkey::PKey;
use openssl::pkey_ctx::PkeyCtx;
use serde_json::{Value, json};
use trent_testkit::{Cloud, MadeKey};

use crate::testing::{
    HELLO, Importer, MOMENT_MILLIS, all_materials, base64, bytes, ciphertext, create_key, imported_key, metadata,
    refuses_aliases, refuses_identifiers, replicate, rotate, state, with,
};

const SOON: f64 = 1_790_697_408.9;

/// A key of origin EXTERNAL without material, and what to import with.
async fn external(cloud: &Cloud, spec: &str, usage: &str) -> (MadeKey, Importer) {
    let key = create_key(cloud, json!({ "Origin": "EXTERNAL", "KeySpec": spec, "KeyUsage": usage })).await;
    let importer = Importer::of(cloud.client(), &key).await;
    (key, importer)
}

fn new() -> Value {
    json!({ "ImportType": "NEW_KEY_MATERIAL" })
}

fn until(valid_to: impl Into<Value>) -> Value {
    json!({ "ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": valid_to.into() })
}

/// A primary key with imported material and a replica that has it too; and what to import with in both Regions.
async fn replicated(cloud: &Cloud) -> (MadeKey, Importer, Importer) {
    let (key, here) = imported_key(cloud, true).await;
    let replica = replicate(cloud, &key, "us-west-2").await;
    let there = Importer::of(cloud.client().in_region("us-west-2"), &replica).await;
    there.import(1, json!({})).await;
    (key, here, there)
}

/// State and import state of each material, as ListKeyRotations tells them.
async fn materials(cloud: &Cloud, key: &MadeKey, region: &str) -> Vec<[Value; 2]> {
    let listed = all_materials(&cloud.client().in_region(region), key).await;
    let told = |entry: Value| ["KeyMaterialState", "ImportState"].map(|member| entry[member].clone());
    listed.into_iter().map(told).collect()
}

#[tokio::test]
async fn imported_material_encrypts_is_deleted_and_comes_back() {
    let cloud = Cloud::new();
    let (key, importer) = external(&cloud, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let before = metadata(&cloud.client(), &key).await;
    assert_eq!((&before["KeyState"], &before["ExpirationModel"]), (&json!("PendingImport"), &Value::Null));
    assert_eq!(before["CurrentKeyMaterialId"], Value::Null, "there never was any");

    let input = importer.input(&[7; 32]);
    let answer = cloud.kms("ImportKeyMaterial", input.clone()).await;
    let after = metadata(&cloud.client(), &key).await;
    let material = after["CurrentKeyMaterialId"].as_str().expect("there is one now");
    assert_eq!(answer.text(), format!(r#"{{"KeyId":"{}","KeyMaterialId":"{material}"}}"#, key.arn));
    assert_eq!(after["KeyState"], "Enabled");
    assert_eq!(after["ExpirationModel"], "KEY_MATERIAL_DOES_NOT_EXPIRE");
    let sealed = json!({ "CiphertextBlob": ciphertext(&cloud, &key).await });

    cloud.kms("DeleteImportedKeyMaterial", json!({ "KeyId": key.id })).await.succeeds();
    let pending = format!("{} is pending import.", key.arn);
    cloud.kms("Decrypt", sealed.clone()).await.fails_with("KMSInvalidStateException", Some(&pending));
    let deleted = metadata(&cloud.client(), &key).await;
    assert_eq!(deleted["CurrentKeyMaterialId"], after["CurrentKeyMaterialId"], "its id stays");

    // A token may be used again.
    cloud.kms("ImportKeyMaterial", input).await.succeeds();
    assert_eq!(cloud.kms("Decrypt", sealed).await.succeeds()["Plaintext"], HELLO);
}

#[tokio::test]
async fn the_id_of_material_follows_from_it_and_the_key() {
    let cloud = Cloud::new();
    let (_, importer) = external(&cloud, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let (_, other) = external(&cloud, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let id = importer.import(1, json!({})).await;
    assert_eq!((id.len(), importer.import(1, json!({})).await), (64, id.clone()));
    assert_ne!(importer.import(2, new()).await, id);
    assert_ne!(other.import(1, json!({})).await, id);
}

#[tokio::test]
async fn other_material_is_refused() {
    let cloud = Cloud::new();
    let (key, importer) = imported_key(&cloud, false).await;
    let metadata = metadata(&cloud.client(), &key).await;
    let material = metadata["CurrentKeyMaterialId"].as_str().expect("text");

    let differs = |id: &str| format!("Imported key material does not have the expected identifier ({id}).");
    let unknown = "0".repeat(64);
    let known = format!(
        "Key material (id: {material}) being imported as NEW_KEY_MATERIAL is already associated with KMS key {}.",
        key.arn
    );
    for (byte, members, message) in [
        (2, json!({}), differs(material)),
        (2, json!({ "ImportType": "EXISTING_KEY_MATERIAL" }), differs(material)),
        (2, json!({ "KeyMaterialId": material }), differs(material)),
        // Be the id known or not (recorded).
        (1, json!({ "KeyMaterialId": unknown }), differs(&unknown)),
        (2, json!({ "KeyMaterialId": unknown }), differs(&unknown)),
        (1, new(), known),
    ] {
        let input = importer.symmetric(byte, &members);
        cloud.refuses("ImportKeyMaterial", input, "IncorrectKeyMaterialException", Some(&message)).await;
    }
    let named = importer.symmetric(2, &json!({ "ImportType": "NEW_KEY_MATERIAL", "KeyMaterialId": unknown }));
    let message = "Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType.";
    cloud.refuses("ImportKeyMaterial", named, "ValidationException", Some(message)).await;
    importer.import(1, json!({ "ImportType": "EXISTING_KEY_MATERIAL", "KeyMaterialId": material })).await;
}

#[tokio::test]
async fn further_material_waits_for_its_rotation_and_old_ciphertexts_decrypt_throughout() {
    let cloud = Cloud::new();
    let (key, importer) = imported_key(&cloud, false).await;
    let mut blobs = vec![ciphertext(&cloud, &key).await];
    for byte in 2..=4 {
        let before = metadata(&cloud.client(), &key).await;
        let id = importer.import(byte, new()).await;
        assert_eq!(metadata(&cloud.client(), &key).await, before, "what is pending is not seen");
        let last = materials(&cloud, &key, "us-east-1").await.pop();
        assert_eq!(last, Some([json!("PENDING_ROTATION"), json!("IMPORTED")]));
        blobs.push(ciphertext(&cloud, &key).await);
        rotate(&cloud, &key).await;
        assert_eq!(metadata(&cloud.client(), &key).await["CurrentKeyMaterialId"], json!(id));
        blobs.push(ciphertext(&cloud, &key).await);
        for blob in &blobs {
            let opened = cloud.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds();
            assert_eq!(opened["Plaintext"], HELLO);
        }
    }
    let states = materials(&cloud, &key, "us-east-1").await.into_iter().map(|[state, _]| state);
    let old = json!("NON_CURRENT");
    assert_eq!(states.collect::<Vec<_>>(), [old.clone(), old.clone(), old, json!("CURRENT")]);
}

#[tokio::test]
async fn one_material_at_a_time_waits() {
    let cloud = Cloud::new();
    let (key, importer) = imported_key(&cloud, false).await;
    let third = importer.import(3, new()).await;
    cloud.kms("DeleteImportedKeyMaterial", json!({ "KeyId": key.id, "KeyMaterialId": third })).await.succeeds();
    let second = importer.import(2, new()).await;
    let message = format!(
        "New key material (id: {third}) cannot be imported into KMS key {}, because another key material \
         (id: {second}) is pending rotation.",
        key.arn
    );
    let input = importer.symmetric(3, &new());
    cloud.refuses("ImportKeyMaterial", input, "KMSInvalidStateException", Some(&message)).await;
    let message = format!(
        "Key material (id: {second}) being imported as NEW_KEY_MATERIAL is already associated with KMS key {}.",
        key.arn
    );
    let input = importer.symmetric(2, &new());
    cloud.refuses("ImportKeyMaterial", input, "IncorrectKeyMaterialException", Some(&message)).await;
    // As existing material it may come again, and gets another date.
    assert_eq!(importer.import(2, until(SOON)).await, second);
    let listed = all_materials(&cloud.client(), &key).await;
    assert_eq!(listed[1]["ValidTo"], json!(SOON.floor()));
}

#[tokio::test]
async fn a_key_needs_all_its_materials_and_takes_back_each() {
    let cloud = Cloud::new();
    let (key, importer) = imported_key(&cloud, false).await;
    let blobs = [ciphertext(&cloud, &key).await, {
        importer.import(2, new()).await;
        rotate(&cloud, &key).await;
        ciphertext(&cloud, &key).await
    }];
    let message = format!("{} is pending import.", key.arn);
    for byte in [1, 2] {
        let id = importer.import(byte, json!({})).await;
        cloud.kms("DeleteImportedKeyMaterial", json!({ "KeyId": key.id, "KeyMaterialId": id })).await.succeeds();
        let missing = metadata(&cloud.client(), &key).await;
        let shown = ["KeyState", "ExpirationModel"].map(|member| missing[member].clone());
        assert_eq!(shown, [json!("PendingImport"), Value::Null], "also while the current one is there (recorded)");
        for blob in &blobs {
            let input = json!({ "CiphertextBlob": blob });
            cloud.refuses("Decrypt", input, "KMSInvalidStateException", Some(&message)).await;
        }
        importer.import(byte, json!({ "KeyMaterialId": id })).await;
        assert_eq!(state(&cloud, &key).await, "Enabled");
        for blob in &blobs {
            let opened = cloud.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds();
            assert_eq!(opened["Plaintext"], HELLO);
        }
    }
}

#[tokio::test]
async fn each_material_expires_for_itself() {
    let cloud = Cloud::new();
    let (tomorrow, day_after) = (1_790_683_808.0, 1_790_770_208.0);
    let (key, importer) = imported_key(&cloud, false).await;
    let blob = ciphertext(&cloud, &key).await;
    importer.import(1, until(day_after)).await;
    importer.import(2, with(&until(tomorrow), "ImportType", "NEW_KEY_MATERIAL")).await;
    rotate(&cloud, &key).await;
    assert_eq!(metadata(&cloud.client(), &key).await["ValidTo"], json!(tomorrow), "that of the current one");

    cloud.clock().advance_days(1);
    let there = |state: &str, import_state: &str| [json!(state), json!(import_state)];
    let listed = materials(&cloud, &key, "us-east-1").await;
    assert_eq!(listed, [there("NON_CURRENT", "IMPORTED"), there("CURRENT", "PENDING_IMPORT")]);
    assert_eq!(state(&cloud, &key).await, "PendingImport");
    cloud.clock().advance_days(1);
    let listed = materials(&cloud, &key, "us-east-1").await;
    assert_eq!(listed, [there("NON_CURRENT", "PENDING_IMPORT"), there("CURRENT", "PENDING_IMPORT")]);

    let importer = Importer::of(cloud.client(), &key).await;
    importer.import(2, json!({})).await;
    assert_eq!(state(&cloud, &key).await, "PendingImport");
    importer.import(1, json!({})).await;
    assert_eq!(state(&cloud, &key).await, "Enabled");
    let opened = cloud.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds();
    assert_eq!(opened["Plaintext"], HELLO);
}

#[tokio::test]
async fn what_expires_while_it_is_pending_is_missed_once_it_is_current() {
    let cloud = Cloud::new();
    let (key, importer) = imported_key(&cloud, false).await;
    let pending = json!(importer.import(2, with(&until(1_790_597_410), "ImportType", "NEW_KEY_MATERIAL")).await);
    cloud.clock().advance_days(2);
    cloud.sweep().await;
    let listed = all_materials(&cloud.client(), &key).await;
    let shown = ["ImportState", "KeyMaterialState", "ExpirationModel", "ValidTo"].map(|member| &listed[1][member]);
    let expected = json!(["IMPORTED", "PENDING_ROTATION", "KEY_MATERIAL_EXPIRES", 1_790_597_410.0]);
    assert_eq!(json!(shown), expected);
    ciphertext(&cloud, &key).await;

    rotate(&cloud, &key).await;
    let after = metadata(&cloud.client(), &key).await;
    assert_eq!((&after["KeyState"], &after["CurrentKeyMaterialId"]), (&json!("PendingImport"), &pending));
    let importer = Importer::of(cloud.client(), &key).await;
    assert_eq!(json!(importer.import(2, json!({})).await), pending);
    assert_eq!(state(&cloud, &key).await, "Enabled");
}

#[tokio::test]
async fn importing_again_enables_a_disabled_key() {
    let cloud = Cloud::new();
    let (key, importer) = imported_key(&cloud, false).await;
    cloud.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
    importer.import(1, json!({})).await;
    assert_eq!(state(&cloud, &key).await, "Enabled");
}

#[tokio::test]
async fn a_description_stays_until_another_is_given() {
    let cloud = Cloud::new();
    let (key, importer) = external(&cloud, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let description = |text: &str| json!({ "KeyMaterialDescription": text });
    for (members, expected) in [
        (description("the first: a/b_c.d-9"), json!("the first: a/b_c.d-9")),
        (json!({}), json!("the first: a/b_c.d-9")),
        (description(&"x".repeat(256)), json!("x".repeat(256))),
    ] {
        importer.import(1, members).await;
        let listed = all_materials(&cloud.client(), &key).await;
        assert_eq!(listed[0]["KeyMaterialDescription"], expected);
    }
    let violation = |told: &str, constraint: &str| {
        format!(
            "1 validation error detected: Value '{told}' at 'keyMaterialDescription' failed to satisfy constraint: \
             {constraint}"
        )
    };
    let pattern = "Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_\\s.-]+$";
    let length = "Member must have length less than or equal to 256";
    for (text, constraint) in [("x".repeat(257), length), ("\u{e4}".to_owned(), pattern)] {
        let input = importer.symmetric(1, &description(&text));
        let message = violation(&text, constraint);
        cloud.refuses("ImportKeyMaterial", input, "ValidationException", Some(&message)).await;
    }
}

#[tokio::test]
async fn a_replica_takes_the_primary_keys_material_and_nothing_else() {
    let cloud = Cloud::new();
    let (key, here) = imported_key(&cloud, true).await;
    here.import(1, json!({ "KeyMaterialDescription": "the first" })).await;
    let blob = ciphertext(&cloud, &key).await;
    let replica = replicate(&cloud, &key, "us-west-2").await;
    let client = cloud.client().in_region("us-west-2");
    let there = Importer::of(client.clone(), &replica).await;
    let first = metadata(&client, &replica).await["CurrentKeyMaterialId"].clone();

    let differs = format!(
        "Imported key material does not have the expected identifier ({}).",
        first.as_str().expect("it is told before it is there")
    );
    let new_on_replica = "Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys";
    let description_on_replica = "Key material description can only be specified on primary Multi-Region keys";
    for (byte, members, code, message) in [
        (2, json!({}), "IncorrectKeyMaterialException", &*differs),
        (1, new(), "ValidationException", new_on_replica),
        (1, json!({ "KeyMaterialDescription": "d" }), "ValidationException", description_on_replica),
    ] {
        let refused = client.kms("ImportKeyMaterial", there.symmetric(byte, &members)).await;
        refused.fails_with(code, Some(message));
    }
    let foreign = with(&here.symmetric(1, &json!({})), "KeyId", &replica.id);
    client.kms("ImportKeyMaterial", foreign).await.fails_with("InvalidImportTokenException", None);

    assert_eq!(json!(there.import(1, json!({})).await), first, "the same material has the same id in each Region");
    let listed = all_materials(&client, &replica).await;
    assert_eq!(listed[0]["KeyMaterialDescription"], "the first");
    let opened = client.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds();
    assert_eq!((&opened["Plaintext"], &opened["KeyId"]), (&json!(HELLO), &json!(replica.arn)));
}

#[tokio::test]
async fn a_multi_region_key_rotates_once_every_region_has_the_material() {
    let cloud = Cloud::new();
    let (key, here, there) = replicated(&cloud).await;
    let id = here.import(2, new()).await;
    let state_in = |state: &str, import_state: &str| [json!(state), json!(import_state)];
    let (awaited, imported) = ("PENDING_MULTI_REGION_IMPORT_AND_ROTATION", "IMPORTED");
    assert_eq!(materials(&cloud, &key, "us-east-1").await[1], state_in(awaited, imported));
    assert_eq!(materials(&cloud, &key, "us-west-2").await[1], state_in(awaited, "PENDING_IMPORT"));
    let message = "Cannot perform key material rotation: Key material has not been imported for replicas of the \
                   Multi-Region key.";
    let input = json!({ "KeyId": key.id });
    cloud.refuses("RotateKeyOnDemand", input, "KMSInvalidStateException", Some(message)).await;

    assert_eq!(there.import(2, json!({})).await, id);
    for region in ["us-east-1", "us-west-2"] {
        assert_eq!(materials(&cloud, &key, region).await[1], state_in("PENDING_ROTATION", imported));
    }
    rotate(&cloud, &key).await;
    let mut rotations = Vec::new();
    for region in ["us-west-2", "us-east-1"] {
        let client = cloud.client().in_region(region);
        assert_eq!(materials(&cloud, &key, region).await[1], state_in("CURRENT", imported));
        assert_eq!(metadata(&client, &key).await["KeyState"], "Enabled");
        rotations.push(all_materials(&client, &key).await[1]["RotationDate"].clone());
    }
    assert!(rotations[0].is_number() && rotations[0] == rotations[1], "{rotations:?}");
}

#[tokio::test]
async fn presence_and_expiry_are_each_regions_own() {
    let cloud = Cloud::new();
    let (key, here, there) = replicated(&cloud).await;
    here.import(1, until(1_790_600_000)).await;
    let states = async || {
        let client = cloud.client().in_region("us-west-2");
        [state(&cloud, &key).await, metadata(&client, &key).await["KeyState"].clone()]
    };
    let there_is = metadata(&cloud.client().in_region("us-west-2"), &key).await;
    assert_eq!(
        (&there_is["ExpirationModel"], &there_is["ValidTo"]),
        (&json!("KEY_MATERIAL_DOES_NOT_EXPIRE"), &Value::Null)
    );
    cloud.clock().advance_millis(10_000_000);
    assert_eq!(states().await, ["PendingImport", "Enabled"]);
    here.import(1, json!({})).await;
    there.import(1, until(1_790_700_000)).await;
    cloud.clock().advance_days(2);
    cloud.sweep().await;
    assert_eq!(states().await, ["Enabled", "PendingImport"]);
}

#[tokio::test]
async fn a_replica_that_comes_later_needs_all_materials() {
    let cloud = Cloud::new();
    let (key, here) = imported_key(&cloud, true).await;
    here.import(2, new()).await;
    rotate(&cloud, &key).await;
    here.import(3, new()).await;
    let replica = replicate(&cloud, &key, "us-west-2").await;
    let client = cloud.client().in_region("us-west-2");
    let there = Importer::of(client.clone(), &replica).await;
    for (byte, state) in [(2, "PendingImport"), (1, "Enabled"), (3, "Enabled")] {
        let states = materials(&cloud, &key, "us-east-1").await;
        assert_eq!(states[2][0], "PENDING_MULTI_REGION_IMPORT_AND_ROTATION");
        there.import(byte, json!({})).await;
        assert_eq!(metadata(&client, &replica).await["KeyState"], state);
    }
    assert_eq!(materials(&cloud, &key, "us-east-1").await[2][0], "PENDING_ROTATION");
}

#[tokio::test]
async fn a_replica_that_goes_is_not_waited_for() {
    let cloud = Cloud::new();
    let (key, here, _) = replicated(&cloud).await;
    here.import(2, new()).await;
    let input = json!({ "KeyId": key.id, "PendingWindowInDays": 7 });
    cloud.client().in_region("us-west-2").kms("ScheduleKeyDeletion", input).await.succeeds();
    let awaited = materials(&cloud, &key, "us-east-1").await[1][0].clone();
    assert_eq!(awaited, "PENDING_MULTI_REGION_IMPORT_AND_ROTATION");
    cloud.clock().advance_days(7);
    assert_eq!(materials(&cloud, &key, "us-east-1").await[1][0], "PENDING_ROTATION");
    rotate(&cloud, &key).await;
}

#[tokio::test]
async fn tokens_are_bound_to_their_key_and_day() {
    let cloud = Cloud::new();
    let (_, importer) = external(&cloud, "HMAC_256", "GENERATE_VERIFY_MAC").await;
    let (other, _) = external(&cloud, "HMAC_256", "GENERATE_VERIFY_MAC").await;
    let input = importer.input(&[7; 32]);
    let elsewhere = with(&input, "KeyId", &other.id);
    cloud.refuses("ImportKeyMaterial", elsewhere, "InvalidImportTokenException", None).await;
    let mut token = bytes(&input["ImportToken"]);
    token[0] ^= 1;
    let forged = with(&input, "ImportToken", &base64(&token));
    cloud.refuses("ImportKeyMaterial", forged, "InvalidImportTokenException", None).await;
    cloud.clock().advance_millis(24 * 60 * 60 * 1000 - 1);
    cloud.kms("ImportKeyMaterial", input.clone()).await.succeeds();
    cloud.clock().advance_millis(1);
    let again = json!({
        "KeyId": input["KeyId"], "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048",
    });
    // Further parameters tidy up among the old ones.
    for (days, code) in
        [(0, "ExpiredImportTokenException"), (1, "ExpiredImportTokenException"), (29, "InvalidImportTokenException")]
    {
        cloud.clock().advance_days(days);
        cloud.refuses("ImportKeyMaterial", input.clone(), "ExpiredImportTokenException", None).await;
        cloud.kms("GetParametersForImport", again.clone()).await.succeeds();
        cloud.refuses("ImportKeyMaterial", input.clone(), code, None).await;
    }
}

#[tokio::test]
async fn material_that_does_not_unwrap_or_fit_is_refused_without_a_word() {
    let cloud = Cloud::new();
    let (_, importer) = external(&cloud, "HMAC_384", "GENERATE_VERIFY_MAC").await;
    for wrong in [&[7; 32][..], &[7; 49], &[]] {
        let input = importer.input(wrong);
        cloud.refuses("ImportKeyMaterial", input, "InvalidCiphertextException", None).await;
    }
    let garbage = with(&importer.input(&[7; 48]), "EncryptedKeyMaterial", &base64([1; 256]));
    cloud.refuses("ImportKeyMaterial", garbage, "InvalidCiphertextException", None).await;
}

#[tokio::test]
async fn other_keys_have_one_material_and_do_not_name_it() {
    let cloud = Cloud::new();
    let (key, importer) = external(&cloud, "HMAC_384", "GENERATE_VERIFY_MAC").await;
    for _ in 0..2 {
        let answer = cloud.kms("ImportKeyMaterial", importer.input(&[7; 48])).await;
        assert_eq!(answer.text(), format!(r#"{{"KeyId":"{}"}}"#, key.arn));
    }
    for (parameter, value) in
        [("ImportType", "EXISTING_KEY_MATERIAL"), ("KeyMaterialId", &"0".repeat(64)), ("KeyMaterialDescription", "d")]
    {
        let input = with(&importer.input(&[7; 48]), parameter, value);
        let parameter = parameter.replacen(|first: char| first.is_uppercase(), &parameter[..1].to_lowercase(), 1);
        let message = format!("Input parameter {parameter} cannot be used with HMAC_384 imported keys.");
        cloud.refuses("ImportKeyMaterial", input, "ValidationException", Some(&message)).await;
    }
    let refusal = cloud.kms("ImportKeyMaterial", importer.input(&[8; 48])).await.fails();
    assert_eq!((refusal.status, &*refusal.code), (400, "IncorrectKeyMaterialException"));
}

#[tokio::test]
async fn expiry_follows_awss_rules_and_the_clock() {
    let cloud = Cloud::new();
    let (key, importer) = external(&cloud, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let start = 1_790_597_408;
    for (members, message) in [
        (
            json!({ "ExpirationModel": null }),
            "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
        ),
        (until(Value::Null), "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"),
        (
            json!({ "ValidTo": SOON }),
            "A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
        ),
        (until(start), "ValidTo must be in the future"),
        (until(start + 365 * 86_400 + 1), "ValidTo must be less than 365 days in the future"),
    ] {
        let input = importer.symmetric(7, &members);
        cloud.refuses("ImportKeyMaterial", input, "ValidationException", Some(message)).await;
    }
    importer.import(7, until(SOON)).await;
    let valid = metadata(&cloud.client(), &key).await;
    assert_eq!((&valid["ExpirationModel"], &valid["ValidTo"]), (&json!("KEY_MATERIAL_EXPIRES"), &json!(SOON.floor())));
    cloud.clock().advance_days(2);
    let expired = metadata(&cloud.client(), &key).await;
    assert_eq!(expired["KeyState"], "PendingImport");
    assert_eq!((&expired["ExpirationModel"], &expired["ValidTo"]), (&Value::Null, &Value::Null));
    assert_eq!(expired["CurrentKeyMaterialId"], valid["CurrentKeyMaterialId"]);
}

#[tokio::test]
async fn only_keys_of_origin_external_import() {
    let cloud = Cloud::new();
    let key = cloud.make_key().await;
    let (_, importer) = imported_key(&cloud, false).await;
    let message = format!("{} origin is AWS_KMS which is not valid for this operation.", key.arn);
    let code = "UnsupportedOperationException";
    let input = json!({ "KeyId": key.id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" });
    cloud.refuses("GetParametersForImport", input, code, Some(&message)).await;
    let input = with(&importer.symmetric(1, &json!({})), "KeyId", &key.id);
    cloud.refuses("ImportKeyMaterial", input, code, Some(&message)).await;
}

#[tokio::test]
async fn a_key_that_is_pending_deletion_or_being_created_is_refused() {
    let cloud = Cloud::new();
    let code = "KMSInvalidStateException";
    let (key, importer) = imported_key(&cloud, false).await;
    cloud.kms("ScheduleKeyDeletion", json!({ "KeyId": key.id })).await.succeeds();
    let message = format!("{} is pending deletion.", key.arn);
    cloud.refuses("ImportKeyMaterial", importer.symmetric(1, &json!({})), code, Some(&message)).await;

    let (key, importer) = imported_key(&cloud, true).await;
    cloud.kms("ReplicateKey", json!({ "KeyId": key.id, "ReplicaRegion": "us-west-2" })).await.succeeds();
    let client = cloud.client().in_region("us-west-2");
    let message = format!("{} is creating.", key.arn.replace("us-east-1", "us-west-2"));
    let input = importer.symmetric(1, &json!({}));
    client.kms("ImportKeyMaterial", input.clone()).await.fails_with(code, Some(&message));
    cloud.clock().advance_millis(MOMENT_MILLIS);
    client.kms("ImportKeyMaterial", input).await.fails_with("InvalidImportTokenException", None);
}

#[tokio::test]
async fn combinations_that_aws_refuses_are_refused() {
    let cloud = Cloud::new();
    let (key, _) = external(&cloud, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    for (algorithm, spec) in [("RSAES_PKCS1_V1_5", "RSA_2048"), ("RSA_AES_KEY_WRAP_SHA_256", "RSA_4096")] {
        let input = json!({ "KeyId": key.id, "WrappingAlgorithm": algorithm, "WrappingKeySpec": spec });
        let message = format!(
            "Wrapping algorithm {algorithm} and wrapping key spec {spec} cannot be used to import a \
             SYMMETRIC_DEFAULT key."
        );
        cloud.refuses("GetParametersForImport", input, "ValidationException", Some(&message)).await;
    }
}

#[tokio::test]
async fn what_names_no_key_is_refused() {
    let cloud = Cloud::new();
    let (_, importer) = imported_key(&cloud, false).await;
    let input = importer.symmetric(1, &json!({}));
    refuses_identifiers(&cloud, "ImportKeyMaterial", "KeyId", &input).await;
    refuses_aliases(&cloud, "ImportKeyMaterial", &input).await;
}

/// Imports material that OpenSSL has wrapped with SM2PKE.
async fn import_by_sm2(cloud: &Cloud, key: &MadeKey, material: &[u8]) {
    let parameters = json!({ "KeyId": key.id, "WrappingAlgorithm": "SM2PKE", "WrappingKeySpec": "SM2" });
    let parameters = cloud.kms("GetParametersForImport", parameters).await.succeeds();
    let public_key = PKey::public_key_from_der(&bytes(&parameters["PublicKey"])).expect("an SM2 public key");
    let mut context = PkeyCtx::new(&public_key).expect("a context");
    let mut wrapped = Vec::new();
    context.encrypt_init().expect("SM2 encrypts");
    context.encrypt_to_vec(material, &mut wrapped).expect("encrypted");
    let input = json!({
        "KeyId": key.id, "ImportToken": parameters["ImportToken"], "EncryptedKeyMaterial": base64(wrapped),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    });
    cloud.kms("ImportKeyMaterial", input).await.succeeds();
}

#[tokio::test]
async fn material_comes_wrapped_by_sm2_too() {
    let cloud = Cloud::new();
    let key = create_key(&cloud, json!({ "Origin": "EXTERNAL" })).await;
    import_by_sm2(&cloud, &key, &[7; 32]).await;
    let blob = ciphertext(&cloud, &key).await;
    let opened = cloud.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds();
    assert_eq!(opened["Plaintext"], HELLO);
}

#[tokio::test]
async fn sm2_keys_are_imported_and_work() {
    let cloud = Cloud::new();
    let parent = cloud.make_key().await;
    let pair = json!({ "KeyId": parent.id, "KeyPairSpec": "SM2" });
    let pair = cloud.kms("GenerateDataKeyPair", pair).await.succeeds();
    let key = json!({ "Origin": "EXTERNAL", "KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY" });
    let key = create_key(&cloud, key).await;
    import_by_sm2(&cloud, &key, &bytes(&pair["PrivateKeyPlaintext"])).await;
    let told = cloud.kms("GetPublicKey", json!({ "KeyId": key.id })).await.succeeds();
    assert_eq!(told["PublicKey"], pair["PublicKey"]);
    let mut input = json!({ "KeyId": key.id, "Message": HELLO, "SigningAlgorithm": "SM2DSA" });
    input["Signature"] = cloud.kms("Sign", input.clone()).await.succeeds()["Signature"].clone();
    assert_eq!(cloud.kms("Verify", input).await.succeeds()["SignatureValid"], json!(true));
}
