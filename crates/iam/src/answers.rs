//! Records as clients see them.

use aws_smithy_types::DateTime;
use trent_identity::{GroupRecord, UserRecord};
use trent_shared::{Context, Timestamp};

use crate::access::Named;
use crate::api::{AttachedPermissionsBoundary, Group, User};
use crate::tags;

/// A user with its tags and boundary, as GetUser shows it.
pub(crate) fn user(cx: &Context, record: &UserRecord) -> User {
    let permissions_boundary = record.boundary.as_deref().map(boundary);
    User { permissions_boundary, tags: tags::shown(&record.tags), ..listed_user(cx, record) }
}

/// A user without its tags and boundary, as lists show it.
pub(crate) fn listed_user(cx: &Context, record: &UserRecord) -> User {
    User {
        path: record.path.clone(),
        user_name: record.name.clone(),
        user_id: record.id.clone(),
        arn: Named::arn(record, cx).to_string(),
        create_date: date(record.created),
        password_last_used: None,
        permissions_boundary: None,
        tags: None,
    }
}

pub(crate) fn group(cx: &Context, record: &GroupRecord) -> Group {
    Group {
        path: record.path.clone(),
        group_name: record.name.clone(),
        group_id: record.id.clone(),
        arn: Named::arn(record, cx).to_string(),
        create_date: date(record.created),
    }
}

/// The permissions boundary of a user or role, by the ARN of its policy. Of its type AWS says `Policy` (recorded),
/// which its model does not know.
pub(crate) fn boundary(arn: &str) -> AttachedPermissionsBoundary {
    AttachedPermissionsBoundary {
        permissions_boundary_type: Some("Policy".to_owned()),
        permissions_boundary_arn: Some(arn.to_owned()),
    }
}

/// IAM tells whole seconds.
pub(crate) fn date(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.as_millis().div_euclid(1000))
}
