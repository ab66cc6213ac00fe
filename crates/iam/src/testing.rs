//! What the tests of the operations share.

use std::sync::Arc;

use trent_identity::{Change, UserRecord};
use trent_shared::{Caller, Partition, Principal, User};
use trent_testkit::Cloud;

/// The account of a cloud's clients.
pub(crate) const ACCOUNT: &str = "000000000000";

/// Makes a user, who may do nothing.
pub(crate) async fn make_user(cloud: &Cloud, name: &str) -> Caller {
    cloud.iam("CreateUser", &[("UserName", name)]).await.succeeds_in_xml();
    caller(cloud, name).await
}

/// A user as it calls.
pub(crate) async fn caller(cloud: &Cloud, name: &str) -> Caller {
    let account = ACCOUNT.parse().expect("valid");
    let user = cloud.directory().find::<UserRecord>(account, name).await.expect("the engine works");
    let UserRecord { id, path, name, .. } = user.expect("a user").record;
    Caller { principal: Principal::User(Arc::new(User { id, path, name })), ..Caller::root(Partition::Aws, account) }
}

pub(crate) async fn make_group(cloud: &Cloud, name: &str) {
    cloud.iam("CreateGroup", &[("GroupName", name)]).await.succeeds_in_xml();
}

/// Gives a user an inline policy with this one statement: `"Action": "*", "Resource": "*"`.
pub(crate) async fn allow(cloud: &Cloud, user: &str, statement: &str) {
    let (directory, account) = (cloud.directory(), ACCOUNT.parse().expect("valid"));
    let before = directory.find::<UserRecord>(account, user).await.expect("the engine works").expect("a user");
    let mut after = before.record.clone();
    let document = format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{statement}}}}}"#);
    after.inline.insert("allowed".to_owned(), document);
    let mut change = Change::of(account);
    change.replace(&before, &after).expect("a record");
    assert!(directory.commit(change).await.expect("the engine works"));
}

/// Checks that a user without policies may not do this, and which resource the denial names.
pub(crate) async fn denies(cloud: &Cloud, action: &str, parameters: &[(&str, &str)], resource: &str) {
    if cloud.iam("GetUser", &[("UserName", "nobody")]).await.status == 404 {
        make_user(cloud, "nobody").await;
    }
    let nobody = caller(cloud, "nobody").await;
    let message = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/nobody is not authorized to perform: iam:{action} on resource: {resource} \
         because no identity-based policy allows the iam:{action} action"
    );
    cloud.iam_as(nobody, action, parameters).await.is_refused(403, "AccessDenied", &message);
}
