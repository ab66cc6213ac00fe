//! Roles and instance profiles as clients see them. How much of a role is told depends on the operation; which members are
//! left out is recorded (LocalStack's snapshots of AWS).

use trent_identity::{InstanceProfileRecord, LastUse, RoleRecord};
use trent_shared::{ApiError, Context};

use crate::access::Named;
use crate::api::{InstanceProfile, Role, RoleLastUsed};
use crate::{Iam, answers, documents, tags};

/// A role as instance profiles hold it, and as services' roles are answered.
pub(crate) fn brief(cx: &Context, record: &RoleRecord) -> Role {
    Role {
        path: record.path.clone(),
        role_name: record.name.clone(),
        role_id: record.id.clone(),
        arn: Named::arn(record, cx).to_string(),
        create_date: answers::date(record.created),
        assume_role_policy_document: Some(documents::encoded(&record.trust_policy)),
        description: None,
        max_session_duration: None,
        permissions_boundary: None,
        tags: None,
        role_last_used: None,
        source_role_template: None,
    }
}

/// A new role as CreateRole shows it.
pub(crate) fn created(cx: &Context, record: &RoleRecord) -> Role {
    Role {
        permissions_boundary: record.boundary.as_deref().map(answers::boundary),
        tags: tags::shown(&record.tags),
        ..brief(cx, record)
    }
}

/// A role as ListRoles shows it.
pub(crate) fn listed(cx: &Context, record: &RoleRecord) -> Role {
    Role {
        description: record.description.clone(),
        max_session_duration: i32::try_from(record.max_session_seconds).ok(),
        ..brief(cx, record)
    }
}

/// All that there is to a role, as GetRole shows it.
pub(crate) fn whole(cx: &Context, record: &RoleRecord, last_use: Option<LastUse>) -> Role {
    Role {
        permissions_boundary: record.boundary.as_deref().map(answers::boundary),
        tags: tags::shown(&record.tags),
        role_last_used: Some(last_used(last_use)),
        ..listed(cx, record)
    }
}

/// Empty, where a role was never used.
pub(crate) fn last_used(last_use: Option<LastUse>) -> RoleLastUsed {
    last_use.map_or_else(RoleLastUsed::default, |last| RoleLastUsed {
        last_used_date: Some(answers::date(last.at)),
        region: Some(last.region.to_string()),
    })
}

impl Iam {
    /// An instance profile with its role, and without its tags.
    pub(crate) async fn instance_profile(
        &self,
        cx: &Context,
        record: &InstanceProfileRecord,
    ) -> Result<InstanceProfile, ApiError> {
        let role = match &record.role {
            Some(id) => self.directory().find_by_id::<RoleRecord>(id).await?,
            None => None,
        };
        Ok(InstanceProfile {
            path: record.path.clone(),
            instance_profile_name: record.name.clone(),
            instance_profile_id: record.id.clone(),
            arn: Named::arn(record, cx).to_string(),
            create_date: answers::date(record.created),
            roles: role.iter().map(|(_, role)| brief(cx, &role.record)).collect(),
            tags: None,
        })
    }

    /// Several of them.
    pub(crate) async fn instance_profiles(
        &self,
        cx: &Context,
        records: &[InstanceProfileRecord],
    ) -> Result<Vec<InstanceProfile>, ApiError> {
        let mut profiles = Vec::with_capacity(records.len());
        for record in records {
            profiles.push(self.instance_profile(cx, record).await?);
        }
        Ok(profiles)
    }
}
