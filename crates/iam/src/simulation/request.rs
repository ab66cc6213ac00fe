//! What SimulateCustomPolicy and SimulatePrincipalPolicy have in common.

use std::sync::Arc;

use base64_simd::URL_SAFE_NO_PAD as BASE64;
use serde_json::Value;
use trent_shared::{AccountId, ApiError, Arn, Caller, Context, Principal, User};

use super::Simulation;
use super::context::Supposed;
use super::source::Source;
use crate::api::{ContextEntry, SimulatePolicyResponse};
use crate::messages::simulation as messages;

/// The most results on a page, where the request does not say (documented).
const DEFAULT_LIMIT: usize = 100;

/// What begins a marker, before the number of the first action of the next page.
const MARKER: &str = "Simulate\n";

/// The ways in which RunInstances can be simulated (documented).
const RESOURCE_HANDLING: [&str; 6] = [
    "EC2-Classic-EBS",
    "EC2-Classic-InstanceStore",
    "EC2-VPC-EBS",
    "EC2-VPC-EBS-Subnet",
    "EC2-VPC-InstanceStore",
    "EC2-VPC-InstanceStore-Subnet",
];

/// The members of the request that both have.
pub(crate) struct Common {
    pub(crate) action_names: Vec<String>,
    pub(crate) resource_arns: Option<Vec<String>>,
    pub(crate) resource_policy: Option<String>,
    pub(crate) resource_owner: Option<String>,
    pub(crate) caller_arn: Option<String>,
    pub(crate) permissions_boundaries: Option<Vec<String>>,
    pub(crate) context_entries: Option<Vec<ContextEntry>>,
    pub(crate) resource_handling_option: Option<String>,
    pub(crate) max_items: Option<i32>,
    pub(crate) marker: Option<String>,
}

impl Common {
    /// The page of the results that is asked for. `boundary` is the one that counts if the request brings none.
    pub(crate) fn simulate(
        self,
        cx: &Context,
        identity: Vec<Source>,
        boundary: Option<Source>,
        guardrails: Option<Vec<Vec<Source>>>,
    ) -> Result<SimulatePolicyResponse, ApiError> {
        let first = self.marker.as_deref().map_or(Ok(0), read_marker)?;
        self.check_actions()?;
        let caller = self.caller(cx)?;
        let resources = self.resources()?;
        let resource_policy = self.resource_policy(caller.as_ref(), &resources)?;
        let account = caller.as_ref().map_or(cx.account(), |caller| caller.account);
        let owner = self.resource_owner.as_deref().map(read_owner).transpose()?;
        let boundary = match self.boundary()? {
            Some(given) => Some(given),
            None => boundary,
        };
        let simulation = Simulation {
            identity,
            boundary,
            guardrails,
            resource_policy,
            is_foreign: owner.is_some_and(|owner| owner != account),
            context: self.context(cx, caller.as_ref())?,
            caller: caller.map_or_else(|| cx.caller.clone(), |caller| caller.caller),
            resources,
        };
        let limit = self.max_items.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(DEFAULT_LIMIT);
        let rest = self.action_names.get(first..).unwrap_or_default();
        let results = rest.iter().take(limit).map(|action| simulation.result(cx, action)).collect();
        let next = (rest.len() > limit).then(|| BASE64.encode_to_string(format!("{MARKER}{}", first + limit)));
        Ok(SimulatePolicyResponse {
            evaluation_results: Some(results),
            is_truncated: Some(next.is_some()),
            marker: next,
        })
    }

    fn check_actions(&self) -> Result<(), ApiError> {
        if !self.action_names.iter().all(|action| action.contains(':')) {
            return Err(messages::action_without_service());
        }
        let is_handled =
            self.resource_handling_option.as_deref().is_some_and(|option| RESOURCE_HANDLING.contains(&option));
        let is_other = |action: &&String| !action.eq_ignore_ascii_case("ec2:RunInstances");
        match self.action_names.iter().find(is_other) {
            Some(action) if is_handled => Err(messages::wrong_resource_handling(action)),
            _ => Ok(()),
        }
    }

    fn caller(&self, cx: &Context) -> Result<Option<Named>, ApiError> {
        let Some(arn) = &self.caller_arn else { return Ok(None) };
        Named::read(cx, arn).map(Some).ok_or_else(|| messages::invalid_arn(arn))
    }

    /// None stand for `*`.
    fn resources(&self) -> Result<Vec<String>, ApiError> {
        let resources = self.resource_arns.clone().unwrap_or_default();
        if resources == ["*"] {
            return Ok(Vec::new());
        }
        match resources.iter().find(|resource| resource.parse::<Arn>().is_err()) {
            Some(wrong) => Err(messages::no_resource_arn(wrong)),
            None => Ok(resources),
        }
    }

    fn resource_policy(&self, caller: Option<&Named>, resources: &[String]) -> Result<Option<Source>, ApiError> {
        let Some(document) = &self.resource_policy else { return Ok(None) };
        let source = Source::resource(document).map_err(|_| messages::invalid_resource_policy())?;
        if !caller.is_some_and(Named::is_user) {
            return Err(messages::caller_must_be_user());
        }
        if resources.is_empty() {
            return Err(messages::resource_not_told("*"));
        }
        // The simulator knows no resource policies that are about "this resource" (recorded).
        if names_everything(document) { Err(messages::no_resource_arn("*")) } else { Ok(Some(source)) }
    }

    fn boundary(&self) -> Result<Option<Source>, ApiError> {
        match self.permissions_boundaries.as_deref() {
            None | Some([]) => Ok(None),
            Some([document]) => {
                let source = Source::boundary("PermissionsBoundaryPolicyInputList.1".to_owned(), document);
                source.map(Some).map_err(|_| messages::invalid_policy("Permissions boundary policy input list", 1))
            }
            Some(_) => Err(messages::too_many_boundaries()),
        }
    }

    /// What the request supposes, and what follows from who the caller is.
    fn context(&self, cx: &Context, caller: Option<&Named>) -> Result<Supposed, ApiError> {
        let mut context = Supposed::read(self.context_entries.as_deref().unwrap_or_default())?;
        let account = caller.map_or(cx.account(), |caller| caller.account);
        context.add("aws:principalaccount", account.to_string());
        if let Some(caller) = caller {
            context.add("aws:principalarn", caller.arn.clone());
            if let Principal::User(user) = &caller.caller.principal {
                context.add("aws:username", user.name.clone());
            }
        }
        Ok(context)
    }
}

/// Whoever is supposed to call: a user, group or role, which need not exist.
struct Named {
    arn: String,
    account: AccountId,
    caller: Caller,
}

impl Named {
    fn read(cx: &Context, text: &str) -> Option<Self> {
        let arn: Arn = text.parse().ok()?;
        let account = arn.account.parse().ok()?;
        let (kind, path_and_name) = arn.resource.split_once('/')?;
        let (path, name) = path_and_name.rsplit_once('/').unwrap_or(("", path_and_name));
        let root = Caller::root(cx.partition(), account);
        let caller = match kind {
            "user" => {
                let path = if path.is_empty() { "/".to_owned() } else { format!("/{path}/") };
                let user = User { id: String::new(), path, name: name.to_owned() };
                Caller { principal: Principal::User(Arc::new(user)), ..root }
            }
            "group" | "role" => root,
            _ => return None,
        };
        (arn.service == "iam" && !name.is_empty()).then(|| Self { arn: text.to_owned(), account, caller })
    }

    fn is_user(&self) -> bool {
        matches!(self.caller.principal, Principal::User(_))
    }
}

/// Whether a statement of a resource policy has `*` for a resource.
fn names_everything(document: &str) -> bool {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let one_or_more = |value: Option<&Value>| match value {
        Some(Value::Array(items)) => items.clone(),
        other => other.cloned().into_iter().collect(),
    };
    let statements = one_or_more(document.get("Statement"));
    statements.iter().flat_map(|statement| one_or_more(statement.get("Resource"))).any(|resource| resource == "*")
}

/// An account by the ARN of something in it; its number alone is refused (recorded).
fn read_owner(owner: &str) -> Result<AccountId, ApiError> {
    let account = owner.parse::<Arn>().ok().and_then(|arn| arn.account.parse().ok());
    account.ok_or_else(|| messages::no_resource_owner(owner))
}

/// A marker only says how many actions were answered: the next request need not be the same (recorded).
fn read_marker(marker: &str) -> Result<usize, ApiError> {
    let text = BASE64.decode_to_vec(marker).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let first = text.as_deref().and_then(|text| text.strip_prefix(MARKER)?.parse().ok());
    first.ok_or_else(messages::invalid_marker)
}
