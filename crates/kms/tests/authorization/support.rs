use serde_json::{Value, json};
use trent_shared::ApiError;
use trent_testkit::{Cloud, MadeKey, Somebody};

/// The account that keys belong to where a test does not say otherwise.
pub(crate) const OWNER: &str = "111122223333";
pub(crate) const STRANGER: &str = "444455556666";
/// "hello"
pub(crate) const HELLO: &str = "aGVsbG8=";

/// An identity policy of one statement.
pub(crate) fn identity(effect: &str, action: impl Into<Value>, resource: impl Into<Value>) -> Value {
    document(&[json!({ "Effect": effect, "Action": action.into(), "Resource": resource.into() })])
}

pub(crate) fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// A statement of a key policy.
pub(crate) fn statement(effect: &str, principal: &str, action: &str) -> Value {
    json!({ "Effect": effect, "Principal": { "AWS": principal }, "Action": action, "Resource": "*" })
}

/// A key of the owner with these statements and no others.
pub(crate) async fn key_with(cloud: &Cloud, statements: &[Value]) -> MadeKey {
    let input = json!({ "Policy": document(statements).to_string(), "BypassPolicyLockoutSafetyCheck": true });
    make(cloud, input).await
}

/// A key of the owner with the default policy.
pub(crate) async fn key(cloud: &Cloud) -> MadeKey {
    make(cloud, json!({})).await
}

pub(crate) async fn make(cloud: &Cloud, input: Value) -> MadeKey {
    let made = cloud.root_of(OWNER).kms("CreateKey", input).await.expect("a key");
    let text = |member: &str| made["KeyMetadata"][member].as_str().expect("CreateKey tells it").to_owned();
    MadeKey { id: text("KeyId"), arn: text("Arn") }
}

pub(crate) async fn encrypt(who: &Somebody<'_>, key: &MadeKey) -> Result<Value, ApiError> {
    who.kms("Encrypt", json!({ "KeyId": key.arn, "Plaintext": HELLO })).await
}

/// Checks that a call is denied, for the reason with which AWS's sentence ends.
#[track_caller]
pub(crate) fn denied(outcome: Result<Value, ApiError>, who: &str, action: &str, resource: &str, reason: &str) {
    let error = outcome.expect_err("a denial");
    let message = format!("User: {who} is not authorized to perform: {action} on {resource} {reason}");
    assert_eq!((&*error.code, error.status, error.message), ("AccessDeniedException", 400, Some(message)));
}

pub(crate) const NO_IDENTITY: &str = "because no identity-based policy allows the kms:Encrypt action";
pub(crate) const NO_RESOURCE: &str = "because no resource-based policy allows the kms:Encrypt action";
pub(crate) const NO_SESSION: &str = "because no session policy allows the kms:Encrypt action";
pub(crate) const FOREIGN: &str = "because the resource does not exist in this Region, no resource-based policies allow \
                                  access, or a resource-based policy explicitly denies access";

/// What the reason of a denial of Encrypt ends with.
#[track_caller]
pub(crate) fn denied_encrypt(outcome: Result<Value, ApiError>, who: &Somebody<'_>, key: &MadeKey, reason: &str) {
    let resource = if reason == FOREIGN { "this resource".to_owned() } else { format!("resource: {}", key.arn) };
    denied(outcome, &who.arn(), "kms:Encrypt", &resource, reason);
}
