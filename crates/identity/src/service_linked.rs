//! The roles that belong to AWS services. Their names, who assumes them and what they may do are AWS's.
//!
//! Names and policies are those that LocalStack recorded from AWS, and those in AWS's guides.

mod known;

use std::borrow::Cow;
use std::collections::BTreeMap;

use trent_shared::{AccountId, Partition, random_uuid};
use trent_store::{Key, Table, Versioned};

use crate::change::Change;
use crate::directory::{Directory, DirectoryError};
use crate::ids::IdKind;
use crate::records::RoleRecord;
use crate::service_linked::known::{ROLES, TAKE_SUFFIX};

/// (account, task id): the deletions of services' roles, all of which succeeded.
static DELETION_TASKS: Table<()> = Table::new("iam.deletion-task", 1);

const NAME_PREFIX: &str = "AWSServiceRoleFor";
const PATH_PREFIX: &str = "/aws-service-role/";
const SERVICE_SUFFIX: &str = ".amazonaws.com";

/// The longest session of services' roles, in seconds.
const MAX_SESSION_SECONDS: u32 = 3600;

/// The role that an AWS service has in accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceLinkedRole {
    /// `mrk.kms.amazonaws.com`
    service: String,
    /// Without a suffix: `AWSServiceRoleForKeyManagementServiceMultiRegionKeys`.
    name: String,
    /// The name of the managed policy that it has, where it is known.
    policy: Option<&'static str>,
    takes_suffix: bool,
}

impl ServiceLinkedRole {
    /// The principal that the role of KMS's multi-Region keys belongs to. CreateKey makes that role.
    pub const MULTI_REGION_KEYS: &str = "mrk.kms.amazonaws.com";

    /// The principal that the role of KMS's custom key stores belongs to.
    pub const CUSTOM_KEY_STORES: &str = "cks.kms.amazonaws.com";

    /// The role of a service by its principal, `ecs.amazonaws.com`. One that is not in our list gets a name made of its own
    /// (inferred: AWS knows all of its services); `None` is no principal of a service.
    pub fn of(service: &str) -> Option<Self> {
        let short = service.strip_suffix(SERVICE_SUFFIX)?;
        let known = ROLES.iter().find(|(known, ..)| *known == short);
        let (name, policy) = match known {
            Some((_, name, policy)) => (Cow::Borrowed(*name), Some(*policy)),
            None => (Cow::Owned(in_title_case(short)?), None),
        };
        Some(Self {
            service: service.to_owned(),
            name: format!("{NAME_PREFIX}{name}"),
            policy,
            takes_suffix: TAKE_SUFFIX.contains(&short),
        })
    }

    /// Whether an account may have several of them, told apart by a suffix.
    pub fn takes_suffix(&self) -> bool {
        self.takes_suffix
    }

    /// `AWSServiceRoleForAutoScaling_suffix`
    pub fn name(&self, suffix: Option<&str>) -> String {
        suffix.map_or_else(|| self.name.clone(), |suffix| format!("{}_{suffix}", self.name))
    }

    /// `/aws-service-role/autoscaling.amazonaws.com/`
    pub fn path(&self) -> String {
        format!("{PATH_PREFIX}{}/", self.service)
    }

    /// Who may assume it, as AWS writes it.
    fn trust_policy(&self) -> String {
        let service = &self.service;
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        )
    }

    fn policy_arn(&self, partition: Partition) -> Option<String> {
        self.policy.map(|policy| format!("arn:{partition}:iam::aws:policy{PATH_PREFIX}{policy}"))
    }
}

impl Directory {
    /// A service's role as a new record, which is not kept yet.
    pub fn new_service_linked_role(
        &self,
        partition: Partition,
        account: AccountId,
        role: &ServiceLinkedRole,
        suffix: Option<&str>,
        description: Option<String>,
    ) -> RoleRecord {
        RoleRecord {
            id: self.new_id(IdKind::Role, account),
            path: role.path(),
            name: role.name(suffix),
            created: self.now(),
            description,
            trust_policy: role.trust_policy(),
            trusted_ids: BTreeMap::new(),
            max_session_seconds: MAX_SESSION_SECONDS,
            boundary: None,
            tags: BTreeMap::new(),
            inline: BTreeMap::new(),
            attached: role.policy_arn(partition).into_iter().collect(),
        }
    }

    /// Makes a service's role in an account that does not have it yet, as services do when they first need it. Where there is
    /// no IAM, there are no roles.
    pub async fn ensure_service_linked_role(
        &self,
        partition: Partition,
        account: AccountId,
        service: &str,
    ) -> Result<(), DirectoryError> {
        let Some(role) = ServiceLinkedRole::of(service).filter(|_| self.options().is_iam_enabled) else {
            return Ok(());
        };
        if self.find::<RoleRecord>(account, &role.name(None)).await?.is_some() {
            return Ok(());
        }
        let mut change = Change::of(account);
        change.add(&self.new_service_linked_role(partition, account, &role, None, None))?;
        // In a conflict somebody else has just made it.
        self.commit(change).await.map(drop)
    }

    /// Removes a service's role, and tells the id of the task that AWS does it by.
    pub fn delete_service_linked_role(
        &self,
        change: &mut Change,
        role: &Versioned<RoleRecord>,
    ) -> Result<String, DirectoryError> {
        let RoleRecord { path, name, .. } = &role.record;
        let task = format!("task{path}{name}/{}", random_uuid(&*self.entropy));
        change.remove(role)?;
        change.batch.put(&DELETION_TASKS, task_address(change.account, &task), &())?;
        Ok(task)
    }

    /// Whether an account's service-linked role was deleted by this task.
    pub async fn has_deletion_task(&self, account: AccountId, task: &str) -> Result<bool, DirectoryError> {
        Ok(DELETION_TASKS.get(&*self.engine, task_address(account, task)).await?.is_some())
    }
}

fn task_address(account: AccountId, task: &str) -> Key {
    Key::from((account.as_str(), task))
}

/// `code-build.x` as `CodeBuild`, if it is made as services' names are.
fn in_title_case(service: &str) -> Option<String> {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if !service.split('.').all(is_label) {
        return None;
    }
    let words = service.split('.').next()?.split('-').filter(|word| !word.is_empty());
    let capitalized = words.map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    });
    Some(capitalized.collect()).filter(|name: &String| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::options::DirectoryOptions;
    use crate::testing::{Lab, account};

    #[test]
    fn known_services_have_their_own_names() {
        for (service, name) in [
            ("mrk.kms.amazonaws.com", "AWSServiceRoleForKeyManagementServiceMultiRegionKeys"),
            ("cks.kms.amazonaws.com", "AWSServiceRoleForKeyManagementServiceCustomKeyStores"),
            ("ecs.amazonaws.com", "AWSServiceRoleForECS"),
            ("es.amazonaws.com", "AWSServiceRoleForAmazonElasticsearchService"),
            ("some-thing2.amazonaws.com", "AWSServiceRoleForSomeThing2"),
        ] {
            assert_eq!(ServiceLinkedRole::of(service).map(|role| role.name(None)).as_deref(), Some(name));
        }
        for none in
            ["", "ecs", ".amazonaws.com", "-.amazonaws.com", "a..amazonaws.com", "ECS.amazonaws.com", "a.example.com"]
        {
            assert_eq!(ServiceLinkedRole::of(none), None, "{none}");
        }
    }

    #[test]
    fn the_list_is_without_repetition_and_in_order() {
        assert!(ROLES.is_sorted());
        let services: BTreeSet<_> = ROLES.iter().map(|(service, ..)| service).collect();
        let names: BTreeSet<_> = ROLES.iter().map(|(_, name, _)| name).collect();
        assert_eq!((services.len(), names.len()), (ROLES.len(), ROLES.len()));
        assert!(TAKE_SUFFIX.iter().all(|service| services.contains(service)));
        assert!(names.iter().all(|name| NAME_PREFIX.len() + name.len() <= 64));
    }

    #[tokio::test]
    async fn a_service_makes_its_role_once() {
        let lab = Lab::new();
        let ensure = || {
            let service = ServiceLinkedRole::MULTI_REGION_KEYS;
            lab.directory.ensure_service_linked_role(Partition::Aws, account(), service)
        };
        ensure().await.expect("the engine works");
        let name = "AWSServiceRoleForKeyManagementServiceMultiRegionKeys";
        let find = || lab.directory.find::<RoleRecord>(account(), name);
        let made = find().await.expect("the engine works").expect("made").record;
        assert!(made.is_service_linked());
        assert_eq!(made.path, "/aws-service-role/mrk.kms.amazonaws.com/");
        let policy = "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy";
        assert!(made.attached.contains(&format!("arn:aws:iam::aws:policy/aws-service-role/{policy}")));
        ensure().await.expect("the engine works");
        assert_eq!(find().await.expect("the engine works").expect("kept").record, made);
    }

    #[tokio::test]
    async fn without_iam_no_role_is_made() {
        let lab = Lab::with(DirectoryOptions { is_iam_enabled: false, ..DirectoryOptions::default() });
        let made = lab.directory.ensure_service_linked_role(Partition::Aws, account(), "ecs.amazonaws.com").await;
        made.expect("nothing to do");
        let roles = lab.directory.list::<RoleRecord>(account(), None, 10).await.expect("the engine works");
        assert_eq!(roles.len(), 0);
    }
}
