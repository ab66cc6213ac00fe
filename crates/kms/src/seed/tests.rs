use std::collections::BTreeMap;
use std::slice::from_ref;

use serde_json::{Value, json};
use trent_kms_core::{KeyOrigin, KeySpec, KeyUsage};
use trent_shared::{AccountId, Region, SecretBytes};
use trent_testkit::{Cloud, Planted, SeedGrant, SeedKey, SeedRotation};

use crate::testing::{ABSENT, HELLO, alias, schedule};

const NOTHING: Planted = Planted { keys: 0, aliases: 0, grants: 0 };

fn seed(id: &str) -> SeedKey {
    SeedKey {
        account: AccountId::DEFAULT,
        region: Region::default(),
        id: id.parse().expect("valid"),
        spec: KeySpec::SymmetricDefault,
        usage: None,
        origin: KeyOrigin::AwsKms,
        description: String::new(),
        is_enabled: true,
        materials: vec![SecretBytes::new(vec![7; 32])],
        aliases: vec!["alias/seed".to_owned()],
        policy: None,
        tags: BTreeMap::new(),
        rotation: None,
        grants: Vec::new(),
    }
}

async fn describe(cloud: &Cloud, id: &str) -> Value {
    cloud.kms("DescribeKey", json!({ "KeyId": id })).await.succeeds()["KeyMetadata"].clone()
}

#[tokio::test]
async fn a_key_is_as_its_seed_says() {
    let cloud = Cloud::new();
    let policy = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
    let key = SeedKey {
        description: "for tests".to_owned(),
        is_enabled: false,
        policy: Some(policy.to_owned()),
        tags: [("a".to_owned(), "b".to_owned())].into(),
        rotation: Some(SeedRotation { period_days: Some(90), next: None }),
        ..seed("mrk-1234abcd12ab34cd56ef1234567890ab")
    };
    assert_eq!(cloud.plant(&[key]).await, Ok(Planted { keys: 1, aliases: 1, grants: 0 }));
    let shown = describe(&cloud, "alias/seed").await;
    assert_eq!(shown["Arn"], "arn:aws:kms:us-east-1:000000000000:key/mrk-1234abcd12ab34cd56ef1234567890ab");
    assert_eq!((&shown["MultiRegion"], &shown["KeyState"]), (&json!(true), &json!("Disabled")));
    assert_eq!((&shown["Description"], &shown["Origin"]), (&json!("for tests"), &json!("AWS_KMS")));
    let id = json!({ "KeyId": shown["KeyId"] });
    assert_eq!(
        cloud.kms("ListResourceTags", id.clone()).await.succeeds()["Tags"],
        json!([{ "TagKey": "a", "TagValue": "b" }])
    );
    let rotation = cloud.kms("GetKeyRotationStatus", id.clone()).await.succeeds();
    assert_eq!((&rotation["KeyRotationEnabled"], &rotation["RotationPeriodInDays"]), (&json!(true), &json!(90)));
    let shown = cloud.kms("GetKeyPolicy", id).await.succeeds();
    assert!(shown["Policy"].as_str().expect("text").contains("\"Effect\" : \"Allow\""), "{shown}");
}

#[tokio::test]
async fn the_last_material_is_current_and_the_older_ones_open_what_they_sealed() {
    let old = seed(ABSENT);
    let before = Cloud::new();
    before.plant(from_ref(&old)).await.expect("in order");
    let sealed = before.kms("Encrypt", json!({ "KeyId": ABSENT, "Plaintext": HELLO })).await.succeeds();

    let mut rotated = old;
    rotated.materials.push(SecretBytes::new(vec![8; 32]));
    let cloud = Cloud::new();
    cloud.plant(&[rotated]).await.expect("in order");
    let opened = cloud.kms("Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] })).await.succeeds();
    assert_eq!(opened["Plaintext"], HELLO);
    let current = describe(&cloud, ABSENT).await["CurrentKeyMaterialId"].clone();
    assert_ne!(opened["KeyMaterialId"], current);
    let rotations = cloud.kms("ListKeyRotations", json!({ "KeyId": ABSENT })).await.succeeds();
    assert_eq!(rotations["Rotations"].as_array().map(Vec::len), Some(1));
    assert_eq!(rotations["Rotations"][0]["KeyMaterialId"], current);
}

#[tokio::test]
async fn a_rotation_date_that_has_passed_means_now_and_once() {
    let cloud = Cloud::new();
    let long_ago = trent_shared::Timestamp::from_millis(0);
    let rotation = Some(SeedRotation { period_days: None, next: Some(long_ago) });
    cloud.plant(&[SeedKey { rotation, ..seed(ABSENT) }]).await.expect("in order");
    let rotations = cloud.kms("ListKeyRotations", json!({ "KeyId": ABSENT })).await.succeeds();
    assert_eq!(rotations["Rotations"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn without_material_a_key_gets_its_own_or_waits_for_it() {
    let cloud = Cloud::new();
    let keys = [KeyOrigin::AwsKms, KeyOrigin::External].map(|origin| SeedKey {
        origin,
        materials: Vec::new(),
        aliases: Vec::new(),
        ..seed(if origin == KeyOrigin::External { ABSENT } else { "99999999-12ab-34cd-56ef-1234567890ab" })
    });
    for made in [2, 0] {
        assert_eq!(cloud.plant(&keys).await, Ok(Planted { keys: made, aliases: 0, grants: 0 }));
    }
    assert_eq!(describe(&cloud, ABSENT).await["KeyState"], "PendingImport");
    let input = json!({ "KeyId": "99999999-12ab-34cd-56ef-1234567890ab", "Plaintext": HELLO });
    cloud.kms("Encrypt", input).await.succeeds();
}

fn seed_grant(operations: &[&str]) -> SeedGrant {
    SeedGrant {
        grantee_principal: Some("arn:aws:sts::111122223333:federated-user/app".to_owned()),
        operations: operations.iter().map(|operation| (*operation).to_owned()).collect(),
        ..SeedGrant::default()
    }
}

async fn listed_grants(cloud: &Cloud) -> Vec<Value> {
    let listed = cloud.kms("ListGrants", json!({ "KeyId": ABSENT })).await.succeeds();
    listed["Grants"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_grant_is_as_its_seed_says_and_made_once() {
    let cloud = Cloud::new();
    let context = [("a".to_owned(), "b".to_owned())].into();
    let grant = SeedGrant {
        retiring_principal: Some("000000000000".to_owned()),
        name: Some("app".to_owned()),
        encryption_context_subset: Some(context),
        ..seed_grant(&["Encrypt", "Decrypt"])
    };
    let key = SeedKey { is_enabled: false, grants: vec![grant, seed_grant(&["DescribeKey"])], ..seed(ABSENT) };
    for made in [2, 0] {
        assert_eq!(cloud.plant(from_ref(&key)).await.map(|planted| planted.grants), Ok(made));
    }
    let listed = listed_grants(&cloud).await;
    let named = listed.iter().find(|grant| grant["Name"] == "app").expect("it has one");
    assert_eq!(named["GranteePrincipal"], "arn:aws:sts::111122223333:federated-user/app");
    assert_eq!(named["RetiringPrincipal"], "arn:aws:iam::000000000000:root");
    assert_eq!(named["IssuingAccount"], "arn:aws:iam::000000000000:root");
    assert_eq!(named["Operations"], json!(["Encrypt", "Decrypt"]));
    assert_eq!(named["Constraints"], json!({ "EncryptionContextSubset": { "a": "b" } }));

    // What is gone comes back, be it with a name or without.
    for grant in &listed {
        let input = json!({ "KeyId": ABSENT, "GrantId": grant["GrantId"] });
        cloud.kms("RevokeGrant", input).await.succeeds();
    }
    assert_eq!(cloud.plant(from_ref(&key)).await, Ok(Planted { keys: 0, aliases: 0, grants: 2 }));
    assert_eq!(listed_grants(&cloud).await.len(), 2);
}

#[tokio::test]
async fn a_key_pending_deletion_gets_no_grants() {
    let cloud = Cloud::new();
    cloud.plant(&[seed(ABSENT)]).await.expect("in order");
    let made = trent_testkit::MadeKey { id: ABSENT.to_owned(), arn: String::new() };
    schedule(&cloud, &made, 7).await;
    let key = SeedKey { grants: vec![seed_grant(&["Decrypt"])], ..seed(ABSENT) };
    assert_eq!(cloud.plant(&[key]).await, Ok(NOTHING));
}

#[tokio::test]
async fn what_is_there_is_left_to_its_users() {
    let key = SeedKey { rotation: Some(SeedRotation { period_days: None, next: None }), ..seed(ABSENT) };
    let cloud = Cloud::new();
    cloud.plant(from_ref(&key)).await.expect("in order");
    let other = cloud.make_key().await;
    cloud.kms("UpdateAlias", json!({ "AliasName": "alias/seed", "TargetKeyId": other.id })).await.succeeds();
    cloud.kms("UpdateKeyDescription", json!({ "KeyId": ABSENT, "Description": "mine" })).await.succeeds();
    cloud.kms("RotateKeyOnDemand", json!({ "KeyId": ABSENT })).await.succeeds();
    cloud.kms("DisableKey", json!({ "KeyId": ABSENT })).await.succeeds();
    cloud.clock().advance_millis(400 * 24 * 3_600_000);
    cloud.sweep().await;
    let before = cloud.client().everything().await;
    assert_eq!(cloud.plant(from_ref(&key)).await, Ok(NOTHING));
    assert_eq!(cloud.client().everything().await, before);

    cloud.kms("DeleteAlias", json!({ "AliasName": "alias/seed" })).await.succeeds();
    assert_eq!(cloud.plant(&[key]).await, Ok(Planted { keys: 0, aliases: 1, grants: 0 }));
    assert_eq!(describe(&cloud, "alias/seed").await["KeyId"], ABSENT);
}

#[tokio::test]
async fn a_deleted_key_comes_again_once_it_is_gone() {
    let cloud = Cloud::new();
    let key = seed(ABSENT);
    cloud.plant(from_ref(&key)).await.expect("in order");
    let made = trent_testkit::MadeKey { id: ABSENT.to_owned(), arn: String::new() };
    alias(&cloud, "alias/users", &made).await;
    cloud.kms("DeleteAlias", json!({ "AliasName": "alias/seed" })).await.succeeds();
    schedule(&cloud, &made, 7).await;
    assert_eq!(cloud.plant(from_ref(&key)).await, Ok(NOTHING));
    assert_eq!(describe(&cloud, ABSENT).await["KeyState"], "PendingDeletion");
    cloud.clock().advance_millis(7 * 24 * 3_600_000);
    assert_eq!(cloud.plant(&[key]).await, Ok(Planted { keys: 1, aliases: 1, grants: 0 }));
    assert_eq!(describe(&cloud, ABSENT).await["KeyState"], "Enabled");
    assert_eq!(cloud.kms("DescribeKey", json!({ "KeyId": "alias/users" })).await.fails().code, "NotFoundException");
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_nothing_made() {
    let hmac = || SeedKey { spec: KeySpec::Hmac256, ..seed(ABSENT) };
    let two = || vec![SecretBytes::new(vec![7; 32]), SecretBytes::new(vec![8; 32])];
    let cases = [
        (
            SeedKey { usage: Some(KeyUsage::SignVerify), ..seed(ABSENT) },
            "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT",
        ),
        (
            SeedKey { spec: KeySpec::Rsa2048, ..seed(ABSENT) },
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
        ),
        (
            SeedKey { spec: KeySpec::MlDsa44, origin: KeyOrigin::External, ..seed(ABSENT) },
            "KeySpec ML_DSA_44 is not supported for Origin EXTERNAL",
        ),
        (SeedKey { materials: vec![SecretBytes::new(vec![7; 31])], ..seed(ABSENT) }, "the material must be 32 bytes"),
        (SeedKey { materials: two(), ..hmac() }, "a key of HMAC_256 has one material only"),
        (SeedKey { materials: [two(), two()].concat(), ..seed(ABSENT) }, "the same material is given twice"),
        (
            SeedKey { aliases: vec!["seed".to_owned()], ..seed(ABSENT) },
            "seed: Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        ),
        (SeedKey { aliases: vec!["alias/aws/s3".to_owned()], ..seed(ABSENT) }, "alias/aws/s3: NotAuthorizedException"),
        (SeedKey { policy: Some("{}".to_owned()), ..seed(ABSENT) }, "Syntax errors in policy."),
        (
            SeedKey { tags: [("aws:a".to_owned(), String::new())].into(), ..seed(ABSENT) },
            "Tags beginning with aws: are reserved",
        ),
        (SeedKey { description: "d".repeat(8193), ..seed(ABSENT) }, "1 validation error detected: Value"),
        (
            SeedKey { rotation: Some(SeedRotation { period_days: Some(89), next: None }), ..seed(ABSENT) },
            "a rotation period is 90 to 2560 days",
        ),
        (
            SeedKey { rotation: Some(SeedRotation { period_days: None, next: None }), ..hmac() },
            "only a symmetric encryption key of origin AWS_KMS rotates",
        ),
        (
            SeedKey { origin: KeyOrigin::External, materials: Vec::new(), is_enabled: false, ..seed(ABSENT) },
            "a key without its material cannot be disabled",
        ),
        (SeedKey { origin: KeyOrigin::AwsCloudHsm, ..seed(ABSENT) }, "CreateKey with Origin AWS_CLOUDHSM"),
        (
            SeedKey { grants: vec![seed_grant(&["Sign"])], ..seed(ABSENT) },
            "grant: Operations [Sign] are not supported when creating a grant for a symmetric KMS key",
        ),
        (SeedKey { grants: vec![seed_grant(&["Nothing"])], ..seed(ABSENT) }, "grant: 1 validation error detected"),
        (SeedKey { grants: vec![SeedGrant::default()], ..seed(ABSENT) }, "grant: 1 validation error detected"),
    ];
    for (wrong, reason) in cases {
        let cloud = Cloud::new();
        let right = SeedKey { aliases: Vec::new(), ..seed("99999999-12ab-34cd-56ef-1234567890ab") };
        let refused = cloud.plant(&[right, wrong]).await.expect_err(reason);
        assert_eq!(refused.index, 1);
        assert!(refused.reason.contains(reason), "{}", refused.reason);
        assert_eq!(cloud.kms("ListKeys", json!({})).await.succeeds()["Keys"], json!([]));
    }
}

#[tokio::test]
async fn what_is_there_differently_is_refused() {
    let cloud = Cloud::new();
    cloud.plant(&[seed(ABSENT)]).await.expect("in order");
    let arn = format!("arn:aws:kms:us-east-1:000000000000:key/{ABSENT}");
    for (wrong, what) in [
        (SeedKey { materials: vec![SecretBytes::new(vec![8; 32])], ..seed(ABSENT) }, "material"),
        (SeedKey { spec: KeySpec::Hmac256, ..seed(ABSENT) }, "spec"),
        (SeedKey { origin: KeyOrigin::External, ..seed(ABSENT) }, "origin"),
    ] {
        let refused = cloud.plant(&[wrong]).await.expect_err(what);
        assert_eq!(refused.reason, format!("{arn} exists, but with another {what}"));
    }
}
