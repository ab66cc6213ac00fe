//! Access keys stand for their owners, also where signatures are not looked at.
#![expect(clippy::expect_used, reason = "tests may stop at the first surprise")]

use trent_identity::{AccessKeyRecord, IdKind};
use trent_shared::Principal;
use trent_testkit::Cloud;

const ACCOUNT: &str = "111122223333";

/// Who STS says calls with this access key id.
async fn caller(cloud: &Cloud, access_key_id: &str) -> String {
    let answer = cloud.client().in_account(access_key_id).sts("GetCallerIdentity", "").await;
    answer.succeeds_in_xml().find("Arn").expect("an ARN").to_owned()
}

/// A new user's access key.
async fn access_key(cloud: &Cloud, user: &str, is_active: bool) -> String {
    let owner = cloud.new_user(ACCOUNT, user, &[]).await;
    let Principal::User(user) = &owner.caller().principal else { panic!("not a user") };
    let account = owner.caller().account;
    let directory = cloud.directory();
    let key = AccessKeyRecord {
        id: directory.new_id(IdKind::AccessKey, account),
        secret: directory.new_secret(),
        user: user.id.clone(),
        is_active,
        created: directory.now(),
    };
    directory.change(account, async |change| change.add(&key)).await.expect("a new id");
    key.id
}

#[tokio::test]
async fn a_users_access_key_calls_as_the_user() {
    let cloud = Cloud::new();
    let key = access_key(&cloud, "Alice", true).await;
    assert_eq!(caller(&cloud, &key).await, "arn:aws:iam::111122223333:user/Alice");
    let last_use = cloud.directory().last_use(&key).await.expect("the engine works").expect("noted");
    assert_eq!((&*last_use.service, last_use.region.as_str(), last_use.at), ("sts", "us-east-1", Cloud::START));

    let inactive = access_key(&cloud, "Bob", false).await;
    let refused = cloud.client().in_account(&inactive).sts("GetCallerIdentity", "").await;
    refused.is_refused(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
}

#[tokio::test]
async fn the_partition_is_that_of_the_region() {
    let cloud = Cloud::new();
    let key = access_key(&cloud, "Alice", true).await;
    let answer = cloud.client().in_account(&key).in_region("cn-north-1").sts("GetCallerIdentity", "").await;
    assert_eq!(answer.succeeds_in_xml().find("Arn"), Some("arn:aws-cn:iam::111122223333:user/Alice"));
}

#[tokio::test]
async fn a_session_calls_as_itself_until_it_ends() {
    let cloud = Cloud::new();
    let session = cloud.new_session(ACCOUNT, "Admin", &[], None).await;
    let key = session.caller().access_key.clone().expect("a session's");
    assert_eq!(caller(&cloud, key.as_str()).await, "arn:aws:sts::111122223333:assumed-role/Admin/session");
    cloud.clock().advance_days(1);
    let expired = cloud.client().in_account(key.as_str()).sts("GetCallerIdentity", "").await;
    expired.is_refused(403, "ExpiredToken", "The security token included in the request is expired");
    let expired = cloud.client().in_account(key.as_str()).kms("ListKeys", serde_json::json!({})).await;
    expired.is_refused(400, "ExpiredTokenException", "The security token included in the request is expired");
}

#[tokio::test]
async fn what_nobody_owns_calls_as_root() {
    let cloud = Cloud::new();
    for (id, account) in [("AKIAIOSFODNN7EXAMPLE", "000000000000"), ("test", "000000000000"), (ACCOUNT, ACCOUNT)] {
        assert_eq!(caller(&cloud, id).await, format!("arn:aws:iam::{account}:root"));
    }
}
