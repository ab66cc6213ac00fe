//! Entities are found, listed, renamed and forgotten with all that hangs on them.

use trent_policy::{NamedPolicy, Question};
use trent_shared::{AccessKeyId, Caller, Partition, Principal, Timestamp};
use trent_store::BoxFuture;

use crate::testing::{Lab, account, allowing};
use crate::*;

/// As an operation does it: behind a boxed future that can be sent to another thread.
fn rename<'a>(directory: &'a Directory, name: &'a str, new: &'a str) -> BoxFuture<'a, Result<(), DirectoryError>> {
    Box::pin(async move {
        for mut change in Change::attempts(account()) {
            let found = directory.find::<UserRecord>(account(), name).await?.expect("there");
            change.replace(&found, &UserRecord { name: new.to_owned(), ..found.record.clone() })?;
            if directory.commit(change).await? {
                return Ok(());
            }
        }
        Err(DirectoryError::TooManyConflicts)
    })
}

fn names(policies: &[NamedPolicy]) -> Vec<&str> {
    policies.iter().map(|policy| policy.name.as_str()).collect()
}

async fn policies_of(lab: &Lab, caller: &Caller) -> Vec<String> {
    let permissions = lab.directory.permissions(caller).await.expect("readable");
    names(&permissions.identity).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_name_is_found_whatever_its_case_and_free_again_after_a_rename() {
    let lab = Lab::new();
    let alice = lab.user("Alice");
    lab.add(&alice).await;
    let found = lab.directory.find::<UserRecord>(account(), "aLICE").await.expect("readable").expect("found");
    assert_eq!(found.record, alice);

    rename(&lab.directory, "alice", "Bob").await.expect("free");
    assert_eq!(lab.directory.find::<UserRecord>(account(), "alice").await.expect("readable"), None);
    let (of, bob) = lab.directory.find_by_id::<UserRecord>(&alice.id).await.expect("readable").expect("found");
    assert_eq!((of, &*bob.record.name), (account(), "Bob"));
    assert_eq!(lab.directory.find_by_id::<RoleRecord>(&alice.id).await.expect("readable"), None);
    lab.add(&lab.user("ALICE")).await;
}

#[tokio::test]
async fn a_name_that_is_taken_is_not_given_twice() {
    let lab = Lab::new();
    lab.add(&lab.user("alice")).await;
    let mut change = Change::of(account());
    change.add(&lab.user("ALICE")).expect("JSON");
    assert!(!lab.directory.commit(change).await.expect("works"));
    let other = "999999999999".parse().expect("valid");
    let mut change = Change::of(other);
    change.add(&lab.user("alice")).expect("JSON");
    assert!(lab.directory.commit(change).await.expect("works"), "names are an account's own");
    lab.add(&lab.user("bob")).await;
    assert!(matches!(rename(&lab.directory, "bob", "alice").await, Err(DirectoryError::TooManyConflicts)));
    rename(&lab.directory, "alice", "Alice").await.expect("its own name");
}

#[tokio::test]
async fn lists_go_on_after_a_marker_in_the_order_of_names() {
    let lab = Lab::new();
    for name in ["b", "A", "d", "C"] {
        lab.add(&lab.user(name)).await;
    }
    let mut seen = Vec::new();
    let mut marker = None;
    loop {
        let page = lab.directory.list::<UserRecord>(account(), marker.as_deref(), 3).await.expect("readable");
        let Some(last) = page.last() else { break };
        marker = Some(last.record.name.clone());
        seen.extend(page.into_iter().map(|user| user.record.name));
    }
    assert_eq!(seen, ["A", "b", "C", "d"]);
}

#[tokio::test]
async fn relations_are_known_from_both_ends_and_end_with_the_entity() {
    let lab = Lab::new();
    let (group, policy) = (lab.group("g"), lab.policy("p", allowing("kms:*")));
    let arn = policy.arn(Partition::Aws, account()).to_string();
    lab.add(&group).await;
    lab.add(&policy).await;
    let mut user = lab.user("u");
    user.groups.insert(group.id.clone());
    user.attached.insert(arn.clone());
    user.boundary = Some(arn.clone());
    lab.add(&user).await;
    lab.add(&lab.key_of(&user)).await;

    let directory = &lab.directory;
    let count = async |relation, to: &str| directory.count_related(account(), relation, to).await.expect("readable");
    assert_eq!(count(Relation::Member, &group.id).await, 1);
    assert_eq!(count(Relation::Attached, &arn).await, 1);
    assert_eq!(count(Relation::Bounded, &arn).await, 1);
    assert_eq!(count(Relation::KeyOf, &user.id).await, 1);
    rename(directory, "u", "v").await.expect("free");
    let members = directory.all_related::<UserRecord>(account(), Relation::Member, &group.id).await.expect("readable");
    assert_eq!(members.iter().map(|user| &*user.record.name).collect::<Vec<_>>(), ["v"]);

    lab.edit::<UserRecord>("v", |user| user.attached.clear()).await;
    assert_eq!(count(Relation::Attached, &arn).await, 0);
    let found = directory.find::<UserRecord>(account(), "v").await.expect("readable").expect("there");
    let mut change = Change::of(account());
    change.remove(&found).expect("JSON");
    assert!(directory.commit(change).await.expect("works"));
    assert_eq!((count(Relation::Member, &group.id).await, count(Relation::Bounded, &arn).await), (0, 0));
    assert_eq!(directory.find_by_id::<UserRecord>(&user.id).await.expect("readable"), None);
}

#[tokio::test]
async fn relations_are_listed_by_kind_from_a_marker_on() {
    let lab = Lab::new();
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    for name in ["a", "b", "c"] {
        let mut user = lab.user(name);
        user.attached.insert(arn.to_owned());
        lab.add(&user).await;
        let mut role = lab.role(name);
        role.attached.insert(arn.to_owned());
        lab.add(&role).await;
    }
    let page = async |kind, after: Option<trent_store::Key>| {
        let related = lab.directory.related(account(), Relation::Attached, arn, kind, after.as_ref(), 2).await;
        related.expect("readable")
    };
    let first = page(Some(EntityKind::User), None).await;
    let second = page(Some(EntityKind::User), first.last().map(|last| last.marker.clone())).await;
    assert_eq!((first.len(), second.len()), (2, 1));
    assert!(first.iter().chain(&second).all(|related| related.kind == EntityKind::User));
    assert_eq!(lab.directory.count_related(account(), Relation::Attached, arn).await.expect("readable"), 6);
}

#[tokio::test]
async fn what_is_held_cannot_be_removed_by_somebody_who_read_it_before() {
    let lab = Lab::new();
    lab.add(&lab.policy("p", allowing("kms:*"))).await;
    let read = lab.directory.find::<PolicyRecord>(account(), "p").await.expect("readable").expect("there");
    let mut attach = Change::of(account());
    attach.hold(&read).expect("JSON");
    let mut user = lab.user("u");
    user.attached.insert(read.record.arn(Partition::Aws, account()).to_string());
    attach.add(&user).expect("JSON");
    let mut delete = Change::of(account());
    delete.remove(&read).expect("JSON");
    assert!(lab.directory.commit(attach).await.expect("works"));
    assert!(!lab.directory.commit(delete).await.expect("works"));
}

#[tokio::test]
async fn an_alias_is_one_accounts_only() {
    let lab = Lab::new();
    let set = async |account: &str, alias: Option<&str>| {
        let account = account.parse().expect("valid");
        let before = lab.directory.alias(account).await.expect("readable");
        let mut change = Change::of(account);
        change.set_alias(before.as_ref(), alias).expect("JSON");
        lab.directory.commit(change).await.expect("works")
    };
    assert!(set("111122223333", Some("one")).await);
    assert!(!set("444455556666", Some("one")).await);
    assert!(set("111122223333", Some("two")).await);
    assert!(set("444455556666", Some("one")).await);
    assert_eq!(lab.directory.account_of_alias("two").await.expect("readable"), Some(account()));
    assert!(set("111122223333", None).await);
    assert_eq!(lab.directory.alias(account()).await.expect("readable"), None);
}

#[tokio::test]
async fn a_users_permissions_are_its_own_its_groups_and_its_boundary_and_follow_every_change() {
    let lab = Lab::new();
    let policy = lab.policy("managed", allowing("kms:Encrypt"));
    let arn = policy.arn(Partition::Aws, account()).to_string();
    lab.add(&policy).await;
    let mut group = lab.group("g");
    group.inline.insert("of-group".to_owned(), allowing("kms:Decrypt"));
    lab.add(&group).await;
    let mut user = lab.user("u");
    user.inline.insert("own".to_owned(), allowing("kms:Sign"));
    user.tags.insert("Team".to_owned(), "blue".to_owned());
    lab.add(&user).await;

    let caller = Lab::caller(user.principal());
    assert_eq!(policies_of(&lab, &caller).await, ["own"]);
    lab.edit::<UserRecord>("u", |user| {
        user.groups.insert(group.id.clone());
        user.attached.insert(arn.clone());
        user.boundary = Some("arn:aws:iam::aws:policy/PowerUserAccess".to_owned());
    })
    .await;
    assert_eq!(policies_of(&lab, &caller).await, ["own", &arn, "of-group"]);
    let permissions = lab.directory.permissions(&caller).await.expect("readable");
    assert_eq!(permissions.boundary.as_ref().map(|one| &*one.name), Some("arn:aws:iam::aws:policy/PowerUserAccess"));
    assert_eq!(permissions.principal_tags.get("team").map(String::as_str), Some("blue"));
    let again = lab.directory.permissions(&caller).await.expect("readable");
    assert!(std::sync::Arc::ptr_eq(&permissions, &again), "permissions are kept while nothing changes");
    lab.edit::<GroupRecord>("g", |group| group.inline.clear()).await;
    assert_eq!(policies_of(&lab, &caller).await, ["own", &arn]);
}

#[tokio::test]
async fn a_sessions_permissions_are_its_roles_within_its_policies() {
    let lab = Lab::new();
    let mut role = lab.role("r");
    role.inline.insert("of-role".to_owned(), allowing("*"));
    role.tags.insert("Team".to_owned(), "blue".to_owned());
    lab.add(&role).await;
    let principal = SessionPrincipal::Role {
        id: role.id.clone(),
        path: "/".to_owned(),
        name: "r".to_owned(),
        session_name: "s".to_owned(),
    };
    let unlimited = lab.session(principal.clone());
    let caller = lab.session_caller(&unlimited).await;
    let permissions = lab.directory.permissions(&caller).await.expect("readable");
    assert!(permissions.session.is_none());
    assert_eq!(names(&permissions.identity), ["of-role"]);

    let mut limited = lab.session(principal);
    limited.policies = Some([("inline".to_owned(), allowing("kms:Decrypt"))].into());
    limited.tags.insert("team".to_owned(), "red".to_owned());
    limited.source_identity = Some("alice".to_owned());
    let caller = lab.session_caller(&limited).await;
    let permissions = lab.directory.permissions(&caller).await.expect("readable");
    assert_eq!(permissions.session.as_deref().map(names), Some(vec!["inline"]));
    assert_eq!(permissions.principal_tags.get("team").map(String::as_str), Some("red"));
    let facts = permissions.session_facts.as_ref().expect("a session's");
    assert_eq!((facts.source_identity.as_deref(), facts.issued), (Some("alice"), lab.directory.now()));
}

#[tokio::test]
async fn a_role_that_is_made_anew_gives_nothing_to_sessions_of_the_old_one() {
    let lab = Lab::new();
    let mut role = lab.role("r");
    role.inline.insert("of-role".to_owned(), allowing("*"));
    lab.add(&role).await;
    let caller = Lab::caller(role.session("s"));
    assert_eq!(policies_of(&lab, &caller).await, ["of-role"]);
    let found = lab.directory.find::<RoleRecord>(account(), "r").await.expect("readable").expect("there");
    let mut change = Change::of(account());
    change.remove(&found).expect("JSON");
    assert!(lab.directory.commit(change).await.expect("works"));
    let mut anew = lab.role("r");
    anew.inline.insert("of-new-role".to_owned(), allowing("*"));
    lab.add(&anew).await;
    assert!(policies_of(&lab, &caller).await.is_empty());
}

#[tokio::test]
async fn a_federated_user_has_what_its_user_has_and_was_given() {
    let lab = Lab::new();
    let mut user = lab.user("u");
    user.inline.insert("own".to_owned(), allowing("*"));
    lab.add(&user).await;
    let by_user = SessionPrincipal::Federated { name: "bob".to_owned(), by: Some(user.id.clone()) };
    let caller = lab.session_caller(&lab.session(by_user)).await;
    let permissions = lab.directory.permissions(&caller).await.expect("readable");
    assert_eq!(names(&permissions.identity), ["own"]);
    assert_eq!(permissions.session.as_deref().map(<[_]>::len), Some(0), "nothing was given");
    let by_root = SessionPrincipal::Federated { name: "bob".to_owned(), by: None };
    let caller = lab.session_caller(&lab.session(by_root)).await;
    assert_eq!(policies_of(&lab, &caller).await, ["the root user's permissions"]);
}

#[tokio::test]
async fn a_boundary_that_is_no_more_allows_nothing() {
    let lab = Lab::new();
    let mut user = lab.user("u");
    user.boundary = Some("arn:aws:iam::111122223333:policy/gone".to_owned());
    lab.add(&user).await;
    let caller = Lab::caller(user.principal());
    let permissions = lab.directory.permissions(&caller).await.expect("readable");
    let question = Question { caller: &caller, action: "kms:Encrypt", resource: "*", facts: &() };
    let verdict = permissions.boundary.as_ref().expect("a boundary").policy.evaluate(&question);
    assert_eq!((verdict.allow.map(drop), verdict.deny.map(drop)), (None, None));
}

#[tokio::test]
async fn without_iam_everybody_exists_and_may_everything() {
    let lab = Lab::with(DirectoryOptions { is_iam_enabled: false, ..DirectoryOptions::default() });
    let alice = Lab::caller(lab.user("alice").principal());
    assert_eq!(policies_of(&lab, &alice).await, ["everything, since services.iam is off"]);
    let known = lab.directory.principal("arn:aws:iam::111122223333:user/alice").await.expect("readable");
    assert_eq!(known, Known::TakenAsExisting);
}

#[tokio::test]
async fn guardrails_reach_the_accounts_that_they_name_root_users_included() {
    let policy = trent_policy::Policy::parse(&allowing("kms:*"), trent_policy::PolicyKind::Identity).expect("valid");
    let guardrail = Guardrail { name: "g".to_owned(), accounts: vec![account()], policy: policy.into() };
    let organization = Organization { id: Some("o-1".to_owned()), guardrails: vec![guardrail] };
    let lab = Lab::with(DirectoryOptions { organization, ..DirectoryOptions::default() });
    let guardrails =
        async |caller: &Caller| lab.directory.permissions(caller).await.expect("readable").guardrails.len();
    assert_eq!(guardrails(&Lab::caller(Principal::Root)).await, 1);
    assert_eq!(
        guardrails(&Caller { account: "999999999999".parse().expect("valid"), ..Lab::caller(Principal::Root) }).await,
        0
    );
}

#[tokio::test]
async fn principals_exist_under_their_exact_names() {
    let lab = Lab::new();
    let mut user = lab.user("Alice");
    user.path = "/team/".to_owned();
    lab.add(&user).await;
    let role = lab.role("R");
    lab.add(&role).await;
    let of_user = Known::Exists { id: Some(user.id.clone()) };
    let of_role = Known::Exists { id: Some(role.id.clone()) };
    let session_id = format!("{}:s", role.id);
    for (name, known) in [
        ("111122223333", Known::Exists { id: None }),
        ("arn:aws:iam::999999999999:root", Known::Exists { id: None }),
        ("arn:aws:iam::111122223333:user/team/Alice", of_user.clone()),
        (&*user.id, of_user),
        ("arn:aws:iam::111122223333:user/Alice", Known::Missing),
        ("arn:aws:iam::111122223333:user/team/alice", Known::Missing),
        ("arn:aws:iam::111122223333:role/R", of_role.clone()),
        ("arn:aws:sts::111122223333:assumed-role/R/s", of_role.clone()),
        (&*session_id, of_role),
        ("arn:aws:sts::111122223333:assumed-role/missing/s", Known::Missing),
        ("arn:aws:sts::111122223333:assumed-role/r/s", Known::Missing),
        ("arn:amazon:iam::111122223333:role/R", Known::NotAPrincipal),
        ("arn:aws:sts::111122223333:assumed-role/path/R/s", Known::NotAPrincipal),
        ("arn:aws:sts::111122223333:federated-user/bob", Known::Exists { id: None }),
        ("AROAXXXXXXXXXXXXXXXXX", Known::Missing),
        ("arn:aws:iam::111122223333:group/g", Known::NotAPrincipal),
        ("arn:aws:iam::1111:user/u", Known::NotAPrincipal),
        ("Alice", Known::NotAPrincipal),
        ("", Known::NotAPrincipal),
    ] {
        assert_eq!(lab.directory.principal(name).await.expect("readable"), known, "{name}");
    }
}

#[tokio::test]
async fn credentials_are_those_of_users_sessions_and_the_configuration() {
    let configured = StaticCredentials::new(
        "AKIASTATIC".to_owned(),
        trent_shared::SecretString::new("static".to_owned()),
        "arn:aws:iam::111122223333:user/u",
    );
    let lab =
        Lab::with(DirectoryOptions { credentials: vec![configured.expect("a user")], ..DirectoryOptions::default() });
    let find = async |id: &str| lab.directory.credentials(id).await.expect("readable");
    let derived = find("AKIASTATIC").await.expect("configured").caller(Partition::AwsCn);
    assert_eq!(derived.arn().to_string(), "arn:aws-cn:iam::111122223333:user/u");

    let user = lab.user("u");
    lab.add(&user).await;
    assert_eq!(find("AKIASTATIC").await.expect("configured").caller(Partition::Aws).user_id(), user.id);
    let key = lab.key_of(&user);
    lab.add(&key).await;
    let found = find(&key.id).await.expect("there");
    assert!(found.is_active && found.token.is_none() && found.secret == key.secret);
    assert_eq!(found.caller(Partition::Aws).principal, user.principal());
    lab.edit::<AccessKeyRecord>(&key.id, |key| key.is_active = false).await;
    assert!(!find(&key.id).await.expect("there").is_active);

    let session = lab.session(SessionPrincipal::Root);
    lab.session_caller(&session).await;
    let found = find(&session.access_key_id).await.expect("there");
    assert!(found.token.as_ref() == Some(&session.token) && !found.are_expired(lab.directory.now()));
    assert!(found.are_expired(session.expires));
    assert!(find("AKIAUNKNOWN").await.is_none());
}

#[tokio::test]
async fn sessions_are_forgotten_a_day_after_they_expired() {
    let lab = Lab::new();
    let first = lab.session(SessionPrincipal::Root);
    lab.session_caller(&first).await;
    let is_known = async || lab.directory.session(&first.access_key_id).await.expect("readable").is_some();
    lab.clock.advance(24 * 3600);
    lab.session_caller(&lab.session(SessionPrincipal::Root)).await;
    assert!(is_known().await);
    lab.clock.advance(2 * 3600);
    lab.session_caller(&lab.session(SessionPrincipal::Root)).await;
    assert!(!is_known().await);
}

#[tokio::test]
async fn last_uses_are_told_before_and_after_they_are_written() {
    let lab = Lab::new();
    let user = lab.user("u");
    lab.add(&user).await;
    let key = lab.key_of(&user);
    lab.add(&key).await;
    let caller = lab.directory.credentials(&key.id).await.expect("readable").expect("there").caller(Partition::Aws);
    let region = "eu-west-1".parse().expect("valid");
    lab.directory.note_use(&caller, "kms", &region).await.expect("works");
    let last = LastUse { at: lab.directory.now(), service: "kms".to_owned(), region };
    assert_eq!(lab.directory.last_use(&key.id).await.expect("readable"), Some(last.clone()));
    lab.directory.flush_last_uses().await.expect("works");
    assert_eq!(lab.directory.last_use(&key.id).await.expect("readable"), Some(last));
    assert_eq!(lab.directory.last_use("AKIANEVER").await.expect("readable"), None);
}

#[tokio::test]
async fn last_uses_end_with_what_was_used_and_there_are_none_of_sessions() {
    let lab = Lab::new();
    let role = lab.role("r");
    lab.add(&role).await;
    let last_use = async |id: &str| lab.directory.last_use(id).await.expect("readable");
    let region = trent_shared::Region::default();
    let of_role = Caller { access_key: Some(AccessKeyId::new("ASIAROLE")), ..Lab::caller(role.session("s")) };
    let of_root = Caller { access_key: Some(AccessKeyId::new("ASIAROOT")), ..Lab::caller(Principal::Root) };
    for caller in [&of_role, &of_root] {
        lab.directory.note_use(caller, "kms", &region).await.expect("works");
    }
    lab.directory.flush_last_uses().await.expect("works");
    assert!(last_use(&role.id).await.is_some() && last_use("ASIAROOT").await.is_none());
    // Noted once more, and not written.
    lab.directory.note_use(&of_role, "sts", &region).await.expect("works");
    let removed = lab.directory.change(account(), async |change| {
        let found = lab.directory.find::<RoleRecord>(account(), "r").await?.expect("there");
        change.remove(&found)
    });
    removed.await.expect("works");
    assert_eq!(last_use(&role.id).await, None);
}

#[test]
fn secrets_are_never_shown() {
    let lab = Lab::new();
    let key = lab.key_of(&lab.user("u"));
    assert_eq!(key.secret.expose().len(), 40);
    assert!(!format!("{key:?}").contains(key.secret.expose()));
    let session = SessionRecord { expires: Timestamp::from_millis(0), ..lab.session(SessionPrincipal::Root) };
    assert!(!format!("{session:?}").contains(session.secret.expose()));
}
