use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use trent_identity::{Authorizer, Change, Directory, DirectoryOptions, Mode, RoleRecord, UserRecord};
use trent_kms_core::{EncryptionContext, GrantConstraints, GrantOperation, GrantPrincipal};
use trent_shared::{AccountId, AssumedRole, Context, Partition, Principal, Region, RequestId, random_uuid};
use trent_store::{Engine, MemoryEngine};
use trent_testkit::{Cloud, MadeKey, ManualClock, SeededEntropy};

use super::*;
use crate::Options;
use crate::api;
use crate::identifier::KeyId;
use crate::ops::create_grant::create_grant;
use crate::ops::create_key::create_key;
use crate::ops::list_retirable_grants::list_retirable_grants;
use crate::ops::retire_grant::retire_grant;
use crate::ops::revoke_grant::revoke_grant;
use crate::records::GrantParty;

pub(crate) const ROLE_ID: &str = "AROAEXAMPLEEXAMPLE123";

/// Makes a role of the default account.
pub(crate) async fn make_role(cloud: &Cloud, path: &str, name: &str, id: &str) {
    let role = RoleRecord {
        id: id.to_owned(),
        path: path.to_owned(),
        name: name.to_owned(),
        created: Cloud::START,
        description: None,
        trust_policy: "{}".to_owned(),
        trusted_ids: BTreeMap::new(),
        max_session_seconds: 3600,
        boundary: None,
        tags: BTreeMap::new(),
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
    };
    let mut change = Change::of(AccountId::DEFAULT);
    change.add(&role).expect("JSON");
    assert_eq!(cloud.directory().commit(change).await.ok(), Some(true), "the name is free");
}

async fn delete_role(cloud: &Cloud, name: &str) {
    let (directory, mut change) = (cloud.directory(), Change::of(AccountId::DEFAULT));
    let role = directory.find::<RoleRecord>(AccountId::DEFAULT, name).await.expect("memory");
    change.remove(&role.expect("it is there")).expect("JSON");
    assert_eq!(directory.commit(change).await.ok(), Some(true), "nobody else changes it");
}

async fn grantees(cloud: &Cloud, key: &MadeKey, filter: Option<&str>) -> Vec<Value> {
    let input = json!({ "KeyId": key.id, "GranteePrincipal": filter });
    let listed = cloud.kms("ListGrants", input).await.succeeds();
    listed["Grants"].as_array().expect("a list").iter().map(|grant| grant["GranteePrincipal"].clone()).collect()
}

#[tokio::test]
async fn grants_of_a_deleted_role_show_its_unique_id_and_are_not_its_successors() {
    let cloud = Cloud::new();
    let key = cloud.make_key().await;
    make_role(&cloud, "/", "App", ROLE_ID).await;
    let (role, session) = ("arn:aws:iam::000000000000:role/App", "arn:aws:sts::000000000000:assumed-role/App/s");
    let create = async |principal: &str| {
        let input = json!({
            "KeyId": key.id, "GranteePrincipal": principal, "RetiringPrincipal": principal, "Operations": ["Decrypt"],
        });
        cloud.kms("CreateGrant", input).await.succeeds()
    };
    create(session).await;
    create(role).await;
    assert_eq!(grantees(&cloud, &key, Some(session)).await, [session]);

    delete_role(&cloud, "App").await;
    let mut shown = grantees(&cloud, &key, None).await;
    shown.sort_by_key(ToString::to_string);
    assert_eq!(shown, [json!(ROLE_ID), json!(format!("{ROLE_ID}:s"))]);
    let list = |grantee: &str| json!({ "KeyId": key.id, "GranteePrincipal": grantee });
    let missing = format!("ARN does not refer to a valid principal: {session}");
    cloud.refuses("ListGrants", list(session), "InvalidArnException", Some(&missing)).await;
    let raw = format!("{ROLE_ID}:s");
    let missing = "Input does not refer to a valid principal";
    cloud.refuses("ListGrants", list(&raw), "InvalidArnException", Some(missing)).await;
    let missing = format!("Retiring principal {raw} could not be found");
    let retirable = json!({ "RetiringPrincipal": raw });
    cloud.refuses("ListRetirableGrants", retirable, "NotFoundException", Some(&missing)).await;

    make_role(&cloud, "/", "App", "AROASUCCESSOREXAMPLE1").await;
    for principal in [role, session] {
        assert_eq!(grantees(&cloud, &key, Some(principal)).await, Vec::<Value>::new());
        let input = json!({ "RetiringPrincipal": principal });
        assert_eq!(cloud.kms("ListRetirableGrants", input).await.succeeds()["Grants"], json!([]));
        create(principal).await;
        assert_eq!(grantees(&cloud, &key, Some(principal)).await, [principal]);
    }
    assert_eq!(grantees(&cloud, &key, None).await.len(), 4);
}

/// KMS over an engine, its clock, and a key of the default account.
struct Bench {
    kms: Kms,
    clock: Arc<ManualClock>,
    entropy: Arc<SeededEntropy>,
    cx: Context,
    arn: KeyArn,
}

impl Bench {
    async fn new(options: Options) -> Self {
        Self::in_mode(Mode::Enforce, options).await
    }

    async fn in_mode(mode: Mode, options: Options) -> Self {
        let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
        let (clock, entropy) = (Arc::new(ManualClock::at(Cloud::START)), Arc::new(SeededEntropy::new(7)));
        let identity = DirectoryOptions { is_iam_enabled: false, ..DirectoryOptions::default() };
        let directory = Directory::new(engine.clone(), clock.clone(), entropy.clone(), identity);
        let authorizer = Arc::new(Authorizer::new(Arc::new(directory), clock.clone(), mode));
        let kms = Kms::new(engine, clock.clone(), entropy.clone(), authorizer, options);
        let caller = Caller::root(Partition::Aws, AccountId::DEFAULT);
        let cx = Context::new(RequestId::new(random_uuid(&*entropy)), Region::default(), caller);
        let arn = make_key(&kms, &cx).await;
        Self { kms, clock, entropy, cx, arn }
    }

    /// Makes a grant of Decrypt and CreateGrant. Returns its token and its id.
    async fn grant(&self, grantee: &str, constraints: Option<api::GrantConstraints>) -> (String, String) {
        let request = api::CreateGrantRequest {
            key_id: self.arn.to_string(),
            grantee_principal: Some(grantee.to_owned()),
            operations: vec![api::GrantOperation::Decrypt, api::GrantOperation::CreateGrant],
            constraints,
            ..api::CreateGrantRequest::default()
        };
        let made = create_grant(&self.kms, &self.cx, request).await.expect("it fits");
        (made.grant_token.expect("present"), made.grant_id.expect("present"))
    }

    async fn revoke(&self, id: &str) {
        let request = api::RevokeGrantRequest { key_id: self.arn.to_string(), grant_id: id.to_owned(), dry_run: None };
        revoke_grant(&self.kms, &self.cx, request).await.expect("it is there");
    }

    async fn key(&self) -> Arc<StoredKey> {
        self.kms.stored_key(&self.arn, self.kms.now()).await.expect("memory").expect("it exists")
    }

    /// Ids of all that the caller holds, and which of them allows Decrypt.
    async fn held(&self, caller: &Caller, tokens: &[String]) -> (Vec<String>, Option<String>) {
        let tokens = self.kms.grant_tokens(&self.cx, tokens).await.expect("they are ours");
        let key = self.key().await;
        let held = self.kms.grants_for(caller, &key, &tokens).await.expect("memory");
        let context = EncryptionContext::default();
        let request = GrantedRequest { operation: GrantOperation::Decrypt, context: &context, source_arn: None };
        let ids = held.iter().map(|(held, _)| held.id.to_string()).collect();
        (ids, held.allowing(&request).map(|held| held.id.to_string()))
    }
}

async fn make_key(kms: &Kms, cx: &Context) -> KeyArn {
    let made = create_key(kms, cx, api::CreateKeyRequest::default()).await.expect("it is in order");
    let id: KeyId = made.key_metadata.expect("present").key_id.parse().expect("it is an id");
    KeyArn { region: cx.region.clone(), account: cx.account(), id }
}

fn session(role_id: &str, session_name: &str) -> Caller {
    let session = AssumedRole {
        role_id: role_id.to_owned(),
        role_path: "/team/".to_owned(),
        role_name: "App".to_owned(),
        session_name: session_name.to_owned(),
    };
    Caller { principal: Principal::AssumedRole(Arc::new(session)), ..Caller::root(Partition::Aws, AccountId::DEFAULT) }
}

#[tokio::test]
async fn a_caller_finds_its_own_grants_and_what_changes_at_once() {
    let bench = Bench::new(Options::default()).await;
    let (caller, other) = (session(ROLE_ID, "s"), session("AROAOTHEROTHEROTHER12", "t"));
    assert_eq!(bench.held(&caller, &[]).await, (Vec::new(), None));
    let (_, of_account) = bench.grant("000000000000", None).await;
    let (_, of_role) = bench.grant("arn:aws:iam::000000000000:role/team/App", None).await;
    bench.grant("arn:aws:iam::000000000000:role/App", None).await;
    bench.grant("111122223333", None).await;
    assert_eq!(bench.held(&caller, &[]).await, (vec![of_role.clone(), of_account.clone()], Some(of_role.clone())));
    let (_, of_session) = bench.grant("arn:aws:sts::000000000000:assumed-role/App/s", None).await;
    let (_, of_id) = bench.grant(&format!("{ROLE_ID}:s"), None).await;
    let (ids, allowing) = bench.held(&caller, &[]).await;
    assert_eq!(ids, [&of_session, &of_id, &of_role, &of_account].map(String::clone));
    assert_eq!(allowing, Some(of_session.clone()), "the one that needs least besides");
    // The ARN of the role is the other's, too; the rest is not.
    assert_eq!(bench.held(&other, &[]).await.0, [&of_role, &of_account].map(String::clone));

    for (revoked, left) in
        [(of_session, Some(&of_id)), (of_id.clone(), Some(&of_role)), (of_role.clone(), Some(&of_account))]
    {
        bench.revoke(&revoked).await;
        assert_eq!(bench.held(&caller, &[]).await.1.as_ref(), left);
    }
    bench.revoke(&of_account).await;
    assert_eq!(bench.held(&caller, &[]).await, (Vec::new(), None));
}

#[tokio::test]
async fn no_grant_is_made_by_one_that_is_revoked_meanwhile() {
    let bench = Bench::new(Options::default()).await;
    let (_, parent) = bench.grant("arn:aws:iam::000000000000:role/team/App", None).await;
    let (count, key) = (bench.kms.grant_count(&bench.arn).await.expect("memory"), bench.key().await);
    let child = bench.kms.stored_grant(&bench.arn, parent.parse().expect("an id")).await.expect("memory");
    let child = child.expect("it is there");
    bench.revoke(&parent).await;
    assert_eq!(bench.kms.add_grant_since(count.as_ref(), &key, &child).await, Ok(None));
    assert!(bench.kms.add_grant(&key, &child).await.is_ok_and(|made| made.is_some()));
}

#[tokio::test]
async fn denials_of_retiring_can_be_only_observed() {
    for (mode, is_denied) in [(Mode::Enforce, true), (Mode::Observe, false), (Mode::Off, false)] {
        let bench = Bench::in_mode(mode, Options::default()).await;
        let (_, id) = bench.grant("111122223333", None).await;
        let stranger = Caller::root(Partition::Aws, "444455556666".parse().expect("valid"));
        let cx = Context { caller: stranger, ..bench.cx.clone() };
        let retire = |id: &str| api::RetireGrantRequest {
            key_id: Some(bench.arn.to_string()),
            grant_id: Some(id.to_owned()),
            ..api::RetireGrantRequest::default()
        };
        let absent = retire_grant(&bench.kms, &cx, retire(&"0".repeat(64))).await.expect_err("no such grant");
        assert_eq!(absent.code, if is_denied { "AccessDeniedException" } else { "NotFoundException" }, "{mode:?}");
        assert_eq!(retire_grant(&bench.kms, &cx, retire(&id)).await.is_err(), is_denied, "{mode:?}");
        let list = api::ListRetirableGrantsRequest {
            retiring_principal: Some("arn:aws:iam::111122223333:root".to_owned()),
            ..api::ListRetirableGrantsRequest::default()
        };
        assert_eq!(list_retirable_grants(&bench.kms, &cx, list).await.is_err(), is_denied, "{mode:?}");
    }
}

#[tokio::test]
async fn a_renamed_user_keeps_its_grants() {
    let cloud = Cloud::new();
    let key = cloud.make_key().await;
    let (account, directory) = ("000000000000", cloud.directory());
    let before = cloud.new_user(account, "before", &[]).await;
    let grant = |principal: String| {
        json!({
            "KeyId": key.id, "GranteePrincipal": principal, "RetiringPrincipal": principal, "Operations": ["DescribeKey"],
        })
    };
    let made = cloud.kms("CreateGrant", grant(before.arn())).await.succeeds();
    let user = directory.find::<UserRecord>(AccountId::DEFAULT, "before").await.expect("memory").expect("there");
    let mut change = Change::of(AccountId::DEFAULT);
    change.replace(&user, &UserRecord { name: "after".to_owned(), ..user.record.clone() }).expect("JSON");
    assert_eq!(directory.commit(change).await.ok(), Some(true), "the name is free");
    let Principal::User(user) = &before.caller().principal else { unreachable!("a user") };
    let user = trent_shared::User { name: "after".to_owned(), ..(**user).clone() };
    let after = cloud.as_caller(Caller { principal: Principal::User(user.into()), ..before.caller().clone() });
    let successor = cloud.new_user(account, "before", &[]).await;

    let describe = json!({ "KeyId": key.id });
    assert!(successor.is_denied("DescribeKey", describe.clone()).await, "who has the name now is somebody else");
    after.kms("DescribeKey", describe).await.expect("it is the same user");
    assert_eq!(grantees(&cloud, &key, Some(&after.arn())).await, [after.arn()]);
    assert_eq!(grantees(&cloud, &key, Some(&successor.arn())).await.len(), 0);
    let list = async |principal: String| {
        let listed = cloud.kms("ListRetirableGrants", json!({ "RetiringPrincipal": principal })).await.succeeds();
        listed["Grants"].as_array().expect("a list").len()
    };
    assert_eq!((list(after.arn()).await, list(successor.arn()).await), (1, 0));
    let retire = json!({ "KeyId": key.arn, "GrantId": made["GrantId"] });
    assert!(successor.is_denied("RetireGrant", retire.clone()).await);
    after.kms("RetireGrant", retire).await.expect("the retiring principal");
    assert_eq!(list(after.arn()).await, 0);
}

#[tokio::test]
async fn until_a_grant_is_known_its_token_is_needed() {
    let bench = Bench::new(Options { grant_propagation: Duration::from_secs(5), ..Options::default() }).await;
    let caller = session(ROLE_ID, "s");
    let (token, id) = bench.grant("arn:aws:sts::000000000000:assumed-role/App/s", None).await;
    let (elses, _) = bench.grant("111122223333", None).await;
    bench.clock.advance_millis(4999);
    for (tokens, allowing) in [
        (vec![], None),
        (vec![elses.clone()], None),
        (vec![elses.clone(), token.clone()], Some(id.clone())),
        (vec![token.clone(); 10], Some(id.clone())),
    ] {
        assert_eq!(bench.held(&caller, &tokens).await, (vec![id.clone()], allowing));
    }
    bench.clock.advance_millis(1);
    assert_eq!(bench.held(&caller, &[]).await.1, Some(id.clone()));

    // It ends at once, and its token then does neither good nor harm.
    bench.revoke(&id).await;
    assert_eq!(bench.held(&caller, &[token]).await, (Vec::new(), None));
    for wrong in ["", "x", "AAAA"] {
        let refused = bench.kms.grant_tokens(&bench.cx, &[wrong.to_owned()]).await.expect_err("no token");
        assert_eq!((refused.code.as_ref(), refused.message), ("InvalidGrantTokenException", None));
    }
}

#[tokio::test]
async fn a_grant_is_handed_on_by_one_that_is_as_wide() {
    let bench = Bench::new(Options::default()).await;
    let caller = session(ROLE_ID, "s");
    let pairs = |value: &str| BTreeMap::from([("a".to_owned(), value.to_owned())]);
    let of = |value: &str| {
        Some(api::GrantConstraints {
            encryption_context_subset: Some(pairs(value)),
            ..api::GrantConstraints::default()
        })
    };
    let (_, first) = bench.grant("arn:aws:iam::000000000000:role/team/App", of("1")).await;
    let (_, second) = bench.grant("arn:aws:sts::000000000000:assumed-role/App/s", of("2")).await;
    let key = bench.key().await;
    let tokens = GrantTokens::default();
    let held = bench.kms.grants_for(&caller, &key, &tokens).await.expect("memory");
    let context = EncryptionContext::default();
    let request = GrantedRequest { operation: GrantOperation::CreateGrant, context: &context, source_arn: None };
    let issuing = |operation, value: Option<&str>| {
        let constraints = GrantConstraints::new(value.map(pairs), None, None).expect("valid");
        held.issuing(&request, &Grant::new([operation], constraints)).map(|held| held.id.to_string())
    };
    assert_eq!(issuing(GrantOperation::Decrypt, Some("1")), Some(first));
    assert_eq!(issuing(GrantOperation::Decrypt, Some("2")), Some(second));
    assert_eq!(issuing(GrantOperation::Decrypt, None), None);
    assert_eq!(issuing(GrantOperation::Encrypt, Some("1")), None, "neither allows it");
}

#[tokio::test]
async fn fifty_thousand_grants_cost_a_caller_nothing() {
    const GRANTS: usize = 50_000;
    let bench = Bench::new(Options::default()).await;
    let caller = session(ROLE_ID, "s");
    let (_, own) = bench.grant("arn:aws:sts::000000000000:assumed-role/App/s", None).await;
    let mut batch = Batch::new();
    for n in 1..GRANTS {
        let grantee = GrantPrincipal::parse(&format!("{n:012}"), Partition::Aws).expect("an account");
        let grant = GrantRecord {
            created: Cloud::START,
            grantee: GrantParty::Principal(grantee.clone()),
            retiring: Some(GrantParty::Principal(grantee)),
            issuer: AccountId::DEFAULT,
            name: Some(format!("n{n}")),
            grant: Grant::new([GrantOperation::Decrypt], GrantConstraints::default()),
        };
        put_grant(&mut batch, &bench.arn, GrantId::random(&*bench.entropy), &grant).expect("JSON");
    }
    batch.put(&GRANT_COUNTS, key_address(&bench.arn), &GRANTS).expect("JSON");
    bench.kms.commit(batch, vec![bench.arn.clone()]).await.expect("nothing is in the way");

    assert_eq!(bench.held(&caller, &[]).await, (vec![own.clone()], Some(own)));
    let (key, tokens) = (bench.key().await, GrantTokens::default());
    let first = bench.kms.grants_for(&caller, &key, &tokens).await.expect("memory");
    let again = bench.kms.grants_for(&caller, &key, &tokens).await.expect("memory");
    assert!(Arc::ptr_eq(&first.grants, &again.grants), "it was read again");
    let count = bench.kms.grant_count(&bench.arn).await.expect("memory");
    let full = bench.kms.check_grant_quota(count.as_ref()).expect_err("as many as there may be");
    assert_eq!(full.code, "LimitExceededException");

    // All of them go, but what is left is for the batch of the key.
    let mut last = Batch::new();
    bench.kms.delete_grants(&mut last, &bench.arn).await.expect("memory");
    bench.kms.commit(last, vec![bench.arn.clone()]).await.expect("nothing is in the way");
    let engine = &*bench.kms.engine;
    assert!(GRANTS_BY_GRANTEE.scan(engine, (), None, 1).await.expect("memory").is_empty());
    assert!(GRANTS_BY_NAME.scan(engine, (), None, 1).await.expect("memory").is_empty());
    assert!(RETIRABLE_GRANTS.scan(engine, (), None, 1).await.expect("memory").is_empty());
    assert!(GRANT_COUNTS.scan(engine, (), None, 1).await.expect("memory").is_empty());
    assert_eq!(bench.held(&caller, &[]).await, (Vec::new(), None));
}

#[test]
fn who_may_retire_follows_from_the_grant() {
    let need = |needs_identity, is_limited| Some(Backing { needs_identity, is_limited });
    let (nothing_else, limits) = (need(false, false), need(false, true));
    let (identity, identity_within_limits, denied) = (need(true, false), need(true, true), None);
    let (home, away): (AccountId, AccountId) = (AccountId::DEFAULT, "111122223333".parse().expect("valid"));
    let principal =
        |text: &str| GrantParty::Principal(GrantPrincipal::parse(text, Partition::Aws).expect("a principal"));
    let grant = |grantee: &str, retiring: Option<&str>, issuer, operation| GrantRecord {
        created: Cloud::START,
        grantee: principal(grantee),
        retiring: retiring.map(principal),
        issuer,
        name: None,
        grant: Grant::new([operation], GrantConstraints::default()),
    };
    let root = |account| Caller::root(Partition::Aws, account);
    let app = || session(ROLE_ID, "s");
    let role = "arn:aws:iam::000000000000:role/team/App";
    let (retires, decrypts) = (GrantOperation::RetireGrant, GrantOperation::Decrypt);
    let stranger = "arn:aws:sts::444455556666:federated-user/x";
    let own = "arn:aws:sts::000000000000:assumed-role/App/s";
    let left = identity_within_limits;
    // The caller, the key's account, the grant; what else must allow once it counts, and before.
    let cases = [
        (app(), home, grant(stranger, Some(role), away, decrypts), limits, denied),
        (app(), home, grant(stranger, Some(own), away, decrypts), nothing_else, denied),
        (app(), home, grant(role, None, away, retires), limits, denied),
        (app(), home, grant(own, Some("000000000000"), away, retires), nothing_else, denied),
        (app(), home, grant(role, None, away, decrypts), denied, denied),
        (app(), home, grant(role, None, home, decrypts), left, left),
        (app(), home, grant(stranger, None, home, retires), left, left),
        (app(), home, grant(stranger, Some("000000000000"), away, decrypts), left, denied),
        (app(), away, grant(stranger, Some(role), away, decrypts), left, denied),
        (app(), away, grant(stranger, Some(own), away, decrypts), identity, denied),
        (root(home), home, grant(stranger, None, home, decrypts), left, left),
        (root(home), home, grant(stranger, None, away, decrypts), denied, denied),
        (root(away), home, grant(stranger, None, away, decrypts), left, left),
        (root(away), home, grant("111122223333", None, home, retires), identity, denied),
        (root(away), home, grant(stranger, None, home, retires), denied, denied),
    ];
    for (caller, key_account, grant, known, unknown) in cases {
        let told = format!("{} {key_account} {grant:?}", caller.arn());
        assert_eq!(retirement::retirement(&caller, key_account, &grant, true), known, "{told}");
        assert_eq!(retirement::retirement(&caller, key_account, &grant, false), unknown, "{told}");
    }
}
