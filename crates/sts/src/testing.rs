//! STS alone over an engine in memory, with users and roles as tests want them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::HeaderMap;
use serde_json::{Value, json};
use trent_identity::{Authorizer, Change, Directory, DirectoryOptions, Entity, IdKind, Mode, RoleRecord, UserRecord};
use trent_protocol::Service as _;
use trent_shared::{AccountId, Caller, Context, Partition, Principal, RequestId, random_uuid};
use trent_store::MemoryEngine;
use trent_testkit::{Answer, Cloud, ManualClock, SeededEntropy, Xml};

use crate::{Options, Sts};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const OTHER: &str = "999988887777";

/// The service, and the clock that it goes by.
pub(crate) struct Lab {
    pub(crate) sts: Sts,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) directory: Arc<Directory>,
    entropy: Arc<SeededEntropy>,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(DirectoryOptions::default(), Mode::Enforce, Options::default())
    }

    pub(crate) fn without_iam(options: Options) -> Self {
        Self::with(DirectoryOptions { is_iam_enabled: false, ..DirectoryOptions::default() }, Mode::Enforce, options)
    }

    pub(crate) fn with(directory: DirectoryOptions, mode: Mode, options: Options) -> Self {
        let clock = Arc::new(ManualClock::at(Cloud::START));
        let entropy = Arc::new(SeededEntropy::new(7));
        let engine = Arc::new(MemoryEngine::new());
        let directory = Arc::new(Directory::new(engine, clock.clone(), entropy.clone(), directory));
        let authorizer = Arc::new(Authorizer::new(directory.clone(), clock.clone(), mode));
        Self { sts: Sts::new(authorizer, options), clock, directory, entropy }
    }

    /// A new user of [`ACCOUNT`] with one inline policy.
    pub(crate) async fn user(&self, name: &str, policy: Value) -> Caller {
        self.user_of(ACCOUNT, name, policy).await
    }

    pub(crate) async fn user_of(&self, account: &str, name: &str, policy: Value) -> Caller {
        let account = id(account);
        let user = UserRecord {
            id: self.directory.new_id(IdKind::User, account),
            path: "/".to_owned(),
            name: name.to_owned(),
            created: self.directory.now(),
            boundary: None,
            tags: BTreeMap::new(),
            inline: BTreeMap::from([("own".to_owned(), policy.to_string())]),
            attached: BTreeSet::new(),
            groups: BTreeSet::new(),
        };
        self.add(account, &user).await;
        Caller { principal: user.principal(), ..Caller::root(Partition::Aws, account) }
    }

    /// A new role of [`ACCOUNT`] with this trust policy; its ARN.
    pub(crate) async fn role(&self, name: &str, trust: Value) -> String {
        self.role_with(name, trust, |_| {}).await
    }

    pub(crate) async fn role_with(&self, name: &str, trust: Value, edit: impl FnOnce(&mut RoleRecord)) -> String {
        let account = id(ACCOUNT);
        let mut role = RoleRecord {
            id: self.directory.new_id(IdKind::Role, account),
            path: "/".to_owned(),
            name: name.to_owned(),
            created: self.directory.now(),
            description: None,
            trust_policy: trust.to_string(),
            trusted_ids: BTreeMap::new(),
            max_session_seconds: 3600,
            boundary: None,
            tags: BTreeMap::new(),
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
        };
        edit(&mut role);
        self.add(account, &role).await;
        role.arn(Partition::Aws, account).to_string()
    }

    pub(crate) async fn add<E: Entity>(&self, account: AccountId, new: &E) {
        let mut change = Change::of(account);
        change.add(new).expect("JSON");
        assert!(self.directory.commit(change).await.expect("a working engine"), "a new name");
    }

    /// Calls STS.
    pub(crate) async fn call(&self, caller: &Caller, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.call_with_id(caller, action, parameters).await.1
    }

    pub(crate) async fn call_with_id(
        &self,
        caller: &Caller,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> (RequestId, Answer) {
        let request = RequestId::new(random_uuid(&*self.entropy));
        let cx = Context::new(request, "us-east-1".parse().expect("a Region"), caller.clone());
        let model = self.sts.model();
        let operation = model.operations.iter().find(|operation| operation.name == action).expect("an action of STS");
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action).append_pair("Version", model.api_version).extend_pairs(parameters);
        let output = match self.sts.decode(operation, form.finish().as_bytes()) {
            Ok(input) => self.sts.call(&cx, operation, input).await,
            Err(refusal) => Err(refusal),
        };
        let (status, payload) = match output {
            Ok(output) => (200, model.protocol.encode(model, operation, &*output, request)),
            Err(error) => (error.status, model.protocol.encode_error(&error, model.xml_namespace, request)),
        };
        (request, Answer { status, headers: HeaderMap::new(), body: payload.body.into() })
    }

    /// Assumes a role as `session`, with more parameters.
    pub(crate) async fn assume(&self, caller: &Caller, role: &str, parameters: &[(&str, &str)]) -> Answer {
        let usual = [("RoleArn", role), ("RoleSessionName", "session")];
        self.call(caller, "AssumeRole", &[&usual, parameters].concat()).await
    }

    /// The authorization message of a request that was denied.
    pub(crate) fn message(&self, request: RequestId) -> Option<String> {
        self.sts.authorizer.decisions().of(request).iter().find_map(crate::encoded_message)
    }

    /// Who calls with the credentials in an answer.
    pub(crate) async fn caller(&self, answer: &Xml) -> Caller {
        let credentials = self.directory.credentials(answer.text("Credentials/AccessKeyId")).await;
        let credentials = credentials.expect("a working engine").expect("kept");
        assert_eq!(credentials.secret.expose(), answer.text("Credentials/SecretAccessKey"));
        let token = credentials.token.as_ref().expect("temporary").expose();
        assert_eq!(token, answer.text("Credentials/SessionToken"));
        credentials.caller(Partition::Aws)
    }
}

pub(crate) fn id(account: &str) -> AccountId {
    account.parse().expect("twelve digits")
}

pub(crate) fn root() -> Caller {
    Caller { principal: Principal::Root, ..Caller::root(Partition::Aws, id(ACCOUNT)) }
}

/// A policy of a principal that allows actions on everything.
pub(crate) fn allowing(actions: &[&str]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] })
}

/// A policy that has nothing to say about STS.
pub(crate) fn nothing() -> Value {
    allowing(&["kms:*"])
}

/// A trust policy that lets this principal assume the role, or do the other actions of sessions, on a condition.
pub(crate) fn trusting(principal: &str, actions: &[&str], condition: &Value) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": actions });
    if !condition.is_null() {
        statement["Condition"] = condition.clone();
    }
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// The words of a denial.
pub(crate) fn denial(caller: &Caller, action: &str, resource: &str) -> String {
    format!("User: {} is not authorized to perform: {action} on resource: {resource}", caller.arn())
}
