//! What other accounts learn of keys that they may not use: nothing.

use serde_json::json;
use trent_testkit::Cloud;

use crate::support::{FOREIGN, OWNER, STRANGER, denied, encrypt, identity, key, key_with, statement};

const INACCESSIBLE: &str = "The ciphertext refers to a customer master key that does not exist, does not exist in this \
                            region, or you are not allowed to access.";

#[tokio::test]
async fn keys_and_aliases_that_do_not_exist_look_like_those_that_may_not_be_used() {
    let cloud = Cloud::new();
    let there = key(&cloud).await;
    let alias = json!({ "AliasName": "alias/there", "TargetKeyId": there.id });
    cloud.root_of(OWNER).kms("CreateAlias", alias).await.expect("an alias");
    let stranger = cloud.new_user(STRANGER, "stranger", &[identity("Allow", "kms:*", "*")]).await;
    let account = format!("arn:aws:kms:us-east-1:{OWNER}");
    for id in [
        there.arn.clone(),
        format!("{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
        format!("{account}:alias/there"),
        format!("{account}:alias/not-there"),
    ] {
        for operation in ["DescribeKey", "GetPublicKey"] {
            let outcome = stranger.kms(operation, json!({ "KeyId": id })).await;
            denied(outcome, &stranger.arn(), &format!("kms:{operation}"), "this resource", FOREIGN);
        }
    }
}

#[tokio::test]
async fn a_ciphertext_opens_for_the_other_account_that_its_key_allows() {
    let cloud = Cloud::new();
    let open =
        key_with(&cloud, &[statement("Allow", OWNER, "kms:*"), statement("Allow", STRANGER, "kms:Decrypt")]).await;
    let closed = key(&cloud).await;
    let root = cloud.root_of(OWNER);
    let may = cloud.new_user(STRANGER, "may", &[identity("Allow", "kms:Decrypt", "*")]).await;
    let may_not = cloud.new_user(STRANGER, "may-not", &[]).await;
    let blob = encrypt(&root, &open).await.expect("encrypted")["CiphertextBlob"].clone();
    let opened = may.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.expect("the ciphertext tells its key");
    assert_eq!(opened["KeyId"], json!(open.arn));
    // A bare key id will do, too, since the ciphertext tells the rest.
    may.kms("Decrypt", json!({ "CiphertextBlob": blob, "KeyId": open.id })).await.expect("by its id");
    may.kms("Decrypt", json!({ "CiphertextBlob": blob, "KeyId": open.arn })).await.expect("by its ARN");
    let sealed = encrypt(&root, &closed).await.expect("encrypted")["CiphertextBlob"].clone();
    for (who, blob) in [(&may_not, &blob), (&may, &sealed)] {
        let error = who.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.expect_err("not allowed");
        assert_eq!((&*error.code, error.message.as_deref()), ("AccessDeniedException", Some(INACCESSIBLE)));
    }
    let absent = json!({ "CiphertextBlob": blob, "KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab" });
    let error = may.kms("Decrypt", absent).await.expect_err("no such key");
    assert_eq!(error.code, "NotFoundException");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_alike_whether_the_key_exists_or_not() {
    let cloud = Cloud::new();
    let there = key(&cloud).await;
    let stranger = cloud.new_user(STRANGER, "stranger", &[identity("Allow", "kms:*", "*")]).await;
    let absent = format!("arn:aws:kms:us-east-1:{OWNER}:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    for id in [&there.arn, &absent] {
        let input = json!({ "KeyId": id, "Plaintext": "aGk=", "GrantTokens": ["x"] });
        let error = stranger.kms("Encrypt", input).await.expect_err("no token");
        assert_eq!(error.code, "InvalidGrantTokenException", "{id}");
    }
    let blob = encrypt(&cloud.root_of(OWNER), &there).await.expect("encrypted")["CiphertextBlob"].clone();
    let input = json!({ "CiphertextBlob": blob, "GrantTokens": ["x"] });
    let error = stranger.kms("Decrypt", input).await.expect_err("no token");
    assert_eq!(error.code, "InvalidGrantTokenException");
}

#[tokio::test]
async fn denials_that_no_policy_made_are_remembered_too() {
    let cloud = Cloud::new();
    let there = key(&cloud).await;
    let stranger = cloud.new_user(STRANGER, "stranger", &[identity("Allow", "kms:*", "*")]).await;
    let absent = format!("arn:aws:kms:us-east-1:{OWNER}:alias/absent");
    for (operation, id) in [("DisableKey", &there.arn), ("DescribeKey", &absent)] {
        assert!(stranger.is_denied(operation, json!({ "KeyId": id })).await);
        let latest = cloud.authorizer().decisions().latest_denials(1).remove(0);
        assert_eq!((latest.action, &latest.resource), (format!("kms:{operation}"), id));
    }
}
