use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use trent_identity::{IdKind, RoleRecord, SessionPrincipal, SessionRecord, UserRecord};
use trent_protocol::{Protocol, Service};
use trent_shared::{
    AccountId, ApiError, Caller, Context, Entropy, Partition, Region, RequestId, SecretString, Via, random_uuid,
};

use crate::Cloud;

/// Calls KMS as somebody in particular, past the gateway and whatever it asks of credentials.
#[derive(Clone)]
pub struct Somebody<'a> {
    cloud: &'a Cloud,
    caller: Caller,
    region: Region,
    via: Option<Arc<Via>>,
}

impl Cloud {
    /// Acts for this caller.
    pub fn as_caller(&self, caller: Caller) -> Somebody<'_> {
        Somebody { cloud: self, caller, region: Region::default(), via: None }
    }

    /// Acts for an account's root user.
    ///
    /// # Panics
    /// Panics if the account is none.
    pub fn root_of(&self, account: &str) -> Somebody<'_> {
        self.as_caller(Caller::root(Partition::Aws, account_id(account)))
    }

    /// A new user with these inline policies.
    ///
    /// # Panics
    /// Panics if there is one of that name, or the engine fails.
    pub async fn new_user(&self, account: &str, name: &str, policies: &[Value]) -> Somebody<'_> {
        let (account, directory) = (account_id(account), self.directory());
        let user = UserRecord {
            id: directory.new_id(IdKind::User, account),
            path: "/".to_owned(),
            name: name.to_owned(),
            created: directory.now(),
            boundary: None,
            tags: BTreeMap::new(),
            inline: named(policies),
            attached: BTreeSet::new(),
            groups: BTreeSet::new(),
        };
        let added = directory.change(account, async |change| change.add(&user)).await;
        added.expect("a new name, and a working engine");
        let caller = Caller::root(Partition::Aws, account);
        self.as_caller(Caller { principal: user.principal(), ..caller })
    }

    /// Removes a user.
    ///
    /// # Panics
    /// Panics if there is none of that name, or the engine fails.
    pub async fn remove_user(&self, account: &str, name: &str) {
        let (account, directory) = (account_id(account), self.directory());
        let removed = directory.change(account, async |change| {
            let user = directory.find::<UserRecord>(account, name).await?.expect("a user");
            change.remove(&user)
        });
        removed.await.expect("a working engine");
    }

    /// A new role with these inline policies, which trusts nobody to assume it; and a session of it, limited by session policies if
    /// there are any.
    ///
    /// # Panics
    /// Panics if there is one of that name, or the engine fails.
    pub async fn new_session(
        &self,
        account: &str,
        role: &str,
        policies: &[Value],
        session_policies: Option<&[Value]>,
    ) -> Somebody<'_> {
        let (account, directory) = (account_id(account), self.directory());
        let role = RoleRecord {
            id: directory.new_id(IdKind::Role, account),
            path: "/".to_owned(),
            name: role.to_owned(),
            created: directory.now(),
            description: None,
            trust_policy: format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"sts:TagSession"}}]}}"#
            ),
            trusted_ids: BTreeMap::new(),
            max_session_seconds: 3600,
            boundary: None,
            tags: BTreeMap::new(),
            inline: named(policies),
            attached: BTreeSet::new(),
        };
        let added = directory.change(account, async |change| change.add(&role)).await;
        added.expect("a new name, and a working engine");
        let session = SessionRecord {
            access_key_id: directory.new_id(IdKind::TemporaryAccessKey, account),
            secret: SecretString::new("secret".to_owned()),
            token: SecretString::new("token".to_owned()),
            account,
            principal: SessionPrincipal::Role {
                id: role.id,
                path: role.path,
                name: role.name,
                session_name: "session".to_owned(),
            },
            policies: session_policies.map(named),
            tags: BTreeMap::new(),
            transitive_tags: BTreeSet::new(),
            issued: directory.now(),
            expires: directory.now().plus_days(1),
            mfa: None,
            source_identity: None,
            federated_provider: None,
            is_chained: false,
        };
        assert!(directory.add_session(&session).await.expect("a working engine"), "a new access key id");
        self.as_caller(session.caller(Partition::Aws))
    }
}

impl Somebody<'_> {
    /// The same through a service that acts on the caller's behalf.
    #[must_use]
    pub fn via(&self, service: &'static str) -> Self {
        Self { via: Some(Arc::new(Via { service, source: None })), ..self.clone() }
    }

    /// The same in another Region.
    ///
    /// # Panics
    /// Panics if it is none.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        Self { region: region.parse().expect("a Region"), ..self.clone() }
    }

    pub fn arn(&self) -> String {
        self.caller.arn().to_string()
    }

    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Calls KMS.
    ///
    /// # Panics
    /// Panics if it has no such operation.
    pub async fn kms(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        let kms = self.cloud.kms_service();
        let model = kms.model();
        let operation = model.operations.iter().find(|known| known.name == operation).expect("an operation of KMS");
        let request_id = RequestId::new(random_uuid(self.cloud.entropy() as &dyn Entropy));
        let cx =
            Context { via: self.via.clone(), ..Context::new(request_id, self.region.clone(), self.caller.clone()) };
        let input = kms.decode(operation, input.to_string().as_bytes())?;
        let output = kms.call(&cx, operation, input).await?;
        let payload = Protocol::AwsJson11.encode(model, operation, &*output, request_id);
        Ok(serde_json::from_slice(&payload.body).unwrap_or_default())
    }

    /// Whether a call is denied, whatever else could be wrong with it.
    pub async fn is_denied(&self, operation: &str, input: Value) -> bool {
        self.kms(operation, input).await.is_err_and(|error| error.code == "AccessDeniedException")
    }
}

fn account_id(account: &str) -> AccountId {
    account.parse().expect("twelve digits")
}

/// Policies under the names `p0`, `p1` and so on.
fn named(policies: &[Value]) -> BTreeMap<String, String> {
    policies.iter().enumerate().map(|(number, policy)| (format!("p{number}"), policy.to_string())).collect()
}
