//! What takes AWS days and years, told by a clock that is turned.

use serde_json::{Value, json};
use trent_testkit::Cloud;

use crate::support::{DAY_MILLIS, HERE, Key, MOMENT_MILLIS};

const START: f64 = 1_790_597_408.399;
const DAY: f64 = 86_400.0;

#[tokio::test]
async fn a_year_of_rotation_with_ciphertexts_of_each_period() {
    // Looked at on every date, and only at the end.
    for is_watched in [true, false] {
        let cloud = Cloud::new();
        let key = Key::create(&cloud, json!({})).await;
        key.does("EnableKeyRotation", json!({ "RotationPeriodInDays": 90 })).await;
        let mut made = vec![(key.metadata().await["CurrentKeyMaterialId"].clone(), key.encrypt().await)];
        let mut dates = Vec::new();
        for period in 1..=4_u8 {
            cloud.clock().advance_millis(90 * DAY_MILLIS - 1);
            if is_watched {
                // To the last millisecond it is the old material.
                let current = made.last().map(|(material, _)| material.clone());
                assert_eq!(Some(key.opens(&key.encrypt().await).await), current);
            }
            cloud.clock().advance_millis(1);
            let date = |period: u8| json!(START + 90.0 * DAY * f64::from(period));
            dates.push((json!("AUTOMATIC"), date(period)));
            if is_watched {
                made.push((key.metadata().await["CurrentKeyMaterialId"].clone(), key.encrypt().await));
                let status = key.does("GetKeyRotationStatus", json!({})).await;
                assert_eq!(status["NextRotationDate"], date(period + 1));
            }
        }
        cloud.clock().advance_days(5);
        cloud.sweep().await;
        assert_eq!(key.rotations().await, dates, "a year has four");
        for (material, blob) in &made {
            assert_eq!(key.opens(blob).await, *material);
        }
        let listed = key.does("ListKeyRotations", json!({ "IncludeKeyMaterial": "ALL_KEY_MATERIAL" })).await;
        let ids: Vec<&Value> =
            listed["Rotations"].as_array().expect("a list").iter().map(|it| &it["KeyMaterialId"]).collect();
        assert_eq!(ids.len(), 5);
        if is_watched {
            assert_eq!(ids, made.iter().map(|(material, _)| material).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn a_rotation_that_fell_due_while_the_key_rested_takes_place_when_it_works_again() {
    let cloud = Cloud::new();
    let key = Key::create(&cloud, json!({})).await;
    key.does("EnableKeyRotation", json!({ "RotationPeriodInDays": 90 })).await;
    cloud.clock().advance_days(80);
    key.schedule(30).await;
    cloud.clock().advance_days(29);
    key.does("CancelKeyDeletion", json!({})).await;
    cloud.sweep().await;
    assert_eq!(key.rotations().await, [], "it is disabled");
    cloud.clock().advance_days(1);
    key.does("EnableKey", json!({})).await;
    assert_eq!(key.rotations().await, [(json!("AUTOMATIC"), json!(START + 110.0 * DAY))]);
    let status = key.does("GetKeyRotationStatus", json!({})).await;
    assert_eq!(status["NextRotationDate"], json!(START + 200.0 * DAY));
}

#[tokio::test]
async fn an_import_that_expires_on_a_weekend_is_renewed_on_monday() {
    let cloud = Cloud::new();
    let key = Key::create(&cloud, json!({ "Origin": "EXTERNAL" })).await;
    let import = async |valid_to: f64| {
        let mut members = key.import_parameters().await.members(&[7; 32]);
        members["ExpirationModel"] = json!("KEY_MATERIAL_EXPIRES");
        members["ValidTo"] = json!(valid_to);
        key.does("ImportKeyMaterial", members).await;
    };
    // The clock starts on a Monday; the material is good until Saturday, in whole seconds.
    let saturday = START + 5.0 * DAY;
    import(saturday).await;
    let blob = key.encrypt().await;
    cloud.clock().advance_millis(5 * DAY_MILLIS - 400);
    key.opens(&blob).await;
    assert_eq!(key.metadata().await["ValidTo"], json!(saturday.floor()));
    cloud.clock().advance_millis(1);
    for is_swept in [false, true] {
        if is_swept {
            cloud.sweep().await;
        }
        let told = key.metadata().await;
        let shown = ["KeyState", "ValidTo", "ExpirationModel"].map(|member| told[member].clone());
        assert_eq!(shown, [json!("PendingImport"), Value::Null, Value::Null]);
        let message = format!("{} is pending import.", key.arn);
        let input = json!({ "CiphertextBlob": blob });
        key.client.kms("Decrypt", input).await.fails_with("KMSInvalidStateException", Some(&message));
    }
    cloud.clock().advance_days(2);
    import(START + 14.0 * DAY).await;
    key.opens(&blob).await;
    assert_eq!(key.state().await, "Enabled");
}

#[tokio::test]
async fn material_that_expires_while_the_key_is_pending_deletion_is_missed_when_that_is_cancelled() {
    let cloud = Cloud::new();
    let key = Key::create(&cloud, json!({ "Origin": "EXTERNAL" })).await;
    let mut members = key.import_parameters().await.members(&[7; 32]);
    members["ExpirationModel"] = json!("KEY_MATERIAL_EXPIRES");
    members["ValidTo"] = json!(START + 2.0 * DAY);
    key.does("ImportKeyMaterial", members).await;
    key.schedule(7).await;
    cloud.clock().advance_days(3);
    cloud.sweep().await;
    assert_eq!(key.state().await, "PendingDeletion");
    key.does("CancelKeyDeletion", json!({})).await;
    assert_eq!(key.state().await, "PendingImport");
}

#[tokio::test]
async fn a_deletion_is_cancelled_on_its_last_day() {
    let cloud = Cloud::new();
    let key = Key::create(&cloud, json!({})).await;
    let blob = key.encrypt().await;
    let alias = json!({ "AliasName": "alias/a", "TargetKeyId": key.id });
    key.client.kms("CreateAlias", alias).await.succeeds();
    assert_eq!(key.schedule(7).await["DeletionDate"], json!(START + 7.0 * DAY));
    cloud.clock().advance_days(6);
    cloud.sweep().await;
    let message = format!("{} is pending deletion.", key.arn);
    let input = json!({ "CiphertextBlob": blob });
    key.client.kms("Decrypt", input).await.fails_with("KMSInvalidStateException", Some(&message));
    key.does("CancelKeyDeletion", json!({})).await;
    cloud.clock().advance_days(1);
    cloud.sweep().await;
    key.does("EnableKey", json!({})).await;
    let input = json!({ "CiphertextBlob": blob, "KeyId": "alias/a" });
    key.client.kms("Decrypt", input).await.succeeds();
}

#[tokio::test]
async fn at_the_deletion_date_key_ciphertexts_and_aliases_are_gone_before_any_sweep() {
    let cloud = Cloud::new();
    let (key, other) = (Key::create(&cloud, json!({})).await, Key::create(&cloud, json!({})).await);
    let blob = key.encrypt().await;
    for name in ["alias/a", "alias/b"] {
        let alias = json!({ "AliasName": name, "TargetKeyId": key.id });
        key.client.kms("CreateAlias", alias).await.succeeds();
    }
    key.schedule(7).await;
    cloud.clock().advance_days(7);

    assert!(key.is_gone().await);
    let inaccessible = "The ciphertext refers to a customer master key that does not exist, does not exist in this \
                        region, or you are not allowed to access.";
    let input = json!({ "CiphertextBlob": blob });
    key.client.kms("Decrypt", input).await.fails_with("AccessDeniedException", Some(inaccessible));
    // The name is free: another key takes it, and the sweep does not take it away again.
    let alias = |name: &str| json!({ "AliasName": name, "TargetKeyId": other.id });
    key.client.kms("CreateAlias", alias("alias/a")).await.succeeds();
    let message = format!("Alias arn:aws:kms:{HERE}:000000000000:alias/b is not found.");
    key.client.kms("UpdateAlias", alias("alias/b")).await.fails_with("NotFoundException", Some(&message));
    cloud.sweep().await;
    let described = key.client.kms("DescribeKey", json!({ "KeyId": "alias/a" })).await.succeeds();
    assert_eq!(described["KeyMetadata"]["Arn"], json!(other.arn));
    let aliases = other.does("ListAliases", json!({})).await["Aliases"].clone();
    assert_eq!(aliases.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn ten_years_in_one_step_do_what_ten_years_day_by_day_do() {
    let cloud = Cloud::new();
    let (cloud_of_hasty, patient) = (Cloud::new(), Key::create(&cloud, json!({})).await);
    let hasty = Key::create(&cloud_of_hasty, json!({})).await;
    for key in [&patient, &hasty] {
        key.does("EnableKeyRotation", json!({ "RotationPeriodInDays": 100 })).await;
        key.does("RotateKeyOnDemand", json!({})).await;
    }
    for _ in 0..365 {
        cloud.clock().advance_days(10);
        cloud.sweep().await;
    }
    cloud_of_hasty.clock().advance_days(3650);
    assert_eq!(patient.rotations().await, hasty.rotations().await);
    assert_eq!(patient.rotations().await.len(), 37);
    assert_eq!(patient.rotations().await[0].1, json!(START + 2.0), "the one on demand took {MOMENT_MILLIS} ms");
    let status =
        |key: Key| async move { key.does("GetKeyRotationStatus", json!({})).await["NextRotationDate"].clone() };
    assert_eq!(status(patient).await, status(hasty).await);
}
