//! Credentials end with whoever they are of, and are known as soon as they are made.

use trent_policy::{Decision, NamedPolicy, Policy, PolicyKind, Question, ResourceSide, Rule, decide};
use trent_shared::Caller;

use crate::testing::{Lab, account};
use crate::*;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/k";

async fn remove<E: Entity>(lab: &Lab, name: &str) {
    let removed = lab.directory.change(account(), async |change| {
        let found = lab.directory.find::<E>(account(), name).await?.expect("there");
        change.remove(&found)
    });
    removed.await.expect("works");
}

/// Whether a caller may use a key whose policy allows this principal everything.
async fn may_encrypt(lab: &Lab, caller: &Caller, principal: &str) -> bool {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"kms:*","Resource":"*"}}]}}"#
    );
    let policy = Policy::parse(&text, PolicyKind::Key).expect("valid");
    let policy = NamedPolicy { name: "key policy".to_owned(), policy: policy.into() };
    let permissions = lab.directory.permissions(caller).await.expect("readable");
    let question = Question { caller, action: "kms:Encrypt", resource: KEY, facts: &() };
    let side = ResourceSide { account: account(), policy: Some(&policy), rule: Rule::RootOfTrust };
    matches!(decide(&question, &permissions.layers(), &side, None), Decision::Allowed(_))
}

#[tokio::test]
async fn sessions_end_with_their_role_or_user() {
    let lab = Lab::new();
    let (role, user) = (lab.role("r"), lab.user("u"));
    lab.add(&role).await;
    lab.add(&user).await;
    let (path, name) = ("/".to_owned(), "u".to_owned());
    let of_role = SessionPrincipal::Role {
        id: role.id.clone(),
        path: path.clone(),
        name: "r".to_owned(),
        session_name: "s".to_owned(),
    };
    let of_user = SessionPrincipal::User { id: user.id.clone(), path, name };
    let federated = SessionPrincipal::Federated { name: "bob".to_owned(), by: Some(user.id.clone()) };
    let mut ended = Vec::new();
    for principal in [of_role, of_user, federated] {
        let session = lab.session(principal);
        let caller = lab.session_caller(&session).await;
        assert!(lab.directory.credentials(&session.access_key_id).await.expect("readable").expect("there").is_active);
        assert!(may_encrypt(&lab, &caller, &caller.arn().to_string()).await);
        ended.push((session, caller));
    }
    let root = lab.session(SessionPrincipal::Root);
    lab.session_caller(&root).await;
    remove::<RoleRecord>(&lab, "r").await;
    remove::<UserRecord>(&lab, "u").await;
    for (session, caller) in ended {
        let found = lab.directory.credentials(&session.access_key_id).await.expect("readable").expect("there");
        assert!(!found.is_active, "{:?}", session.principal);
        for principal in ["*", &caller.arn().to_string()] {
            assert!(!may_encrypt(&lab, &caller, principal).await, "{principal}");
        }
    }
    assert!(lab.directory.credentials(&root.access_key_id).await.expect("readable").expect("there").is_active);
}

#[tokio::test]
async fn without_iam_nobody_is_looked_for() {
    let lab = Lab::with(DirectoryOptions { is_iam_enabled: false, ..DirectoryOptions::default() });
    let user = lab.user("u");
    let session = lab.session(SessionPrincipal::Federated { name: "bob".to_owned(), by: Some(user.id) });
    lab.session_caller(&session).await;
    assert!(lab.directory.credentials(&session.access_key_id).await.expect("readable").expect("there").is_active);
}

/// A directory with configured credentials, and the caller who has them.
async fn configured(principal: &str, is_iam_enabled: bool) -> (Lab, Caller) {
    let secret = trent_shared::SecretString::new("static".to_owned());
    let configured = StaticCredentials::new("AKIASTATIC".to_owned(), secret, principal).expect("a principal");
    let options = DirectoryOptions { is_iam_enabled, credentials: vec![configured], ..DirectoryOptions::default() };
    let lab = Lab::with(options);
    let found = lab.directory.credentials("AKIASTATIC").await.expect("readable").expect("configured");
    (lab, found.caller(trent_shared::Partition::Aws))
}

#[tokio::test]
async fn whom_only_the_configuration_knows_may_do_what_resources_allow() {
    for principal in ["arn:aws:iam::111122223333:user/u", "arn:aws:sts::111122223333:federated-user/bob"] {
        let (lab, caller) = configured(principal, true).await;
        assert!(may_encrypt(&lab, &caller, principal).await, "{principal}");
        assert!(!may_encrypt(&lab, &caller, "111122223333").await, "{principal}");
        let (lab, caller) = configured(principal, false).await;
        assert!(may_encrypt(&lab, &caller, "111122223333").await, "everything, without IAM: {principal}");
    }
}

#[tokio::test]
async fn that_nobody_has_an_access_key_is_remembered_until_somebody_has_it() {
    let lab = Lab::new();
    let is_known = async |id: &str| lab.directory.credentials(id).await.expect("readable").is_some();
    let is_remembered = |id: &str| lab.directory.caches.credentials.get(id).is_some();
    let session = lab.session(SessionPrincipal::Root);
    let user = lab.user("u");
    let key = lab.key_of(&user);
    for id in [&session.access_key_id, &key.id] {
        assert!(!is_known(id).await && is_remembered(id));
    }
    lab.session_caller(&session).await;
    assert!(is_known(&session.access_key_id).await);
    lab.add(&user).await;
    lab.add(&key).await;
    assert!(is_known(&key.id).await);
    let endless = format!("AKIA{}", "A".repeat(1000));
    assert!(!is_known(&endless).await && !is_remembered(&endless));
}
