//! Counts what the account has, next to what it may have. Which entries there are is recorded.

use std::collections::BTreeMap;

use trent_identity::{
    Entity, GroupRecord, InstanceProfileRecord, OidcProviderRecord, PolicyRecord, RoleRecord, UserRecord,
};
use trent_shared::{ApiError, Context};

use crate::api::{GetAccountSummaryRequest, GetAccountSummaryResponse};
use crate::facts::Facts;
use crate::{Iam, limits};

pub(crate) async fn get_account_summary(
    iam: &Iam,
    cx: &Context,
    _: GetAccountSummaryRequest,
) -> Result<GetAccountSummaryResponse, ApiError> {
    iam.authorize(cx, "iam:GetAccountSummary", "*", &Facts::none()).await?;
    let policies = iam.directory().list::<PolicyRecord>(cx.account(), None, usize::MAX).await?;
    let versions = policies.iter().map(|policy| policy.record.versions.len()).sum();
    let counts = [
        ("AccessKeysPerUserQuota", limits::ACCESS_KEYS_OF_USER),
        ("AccountAccessKeysPresent", 0),
        ("AccountMFAEnabled", 0),
        ("AccountPasswordPresent", 0),
        ("AccountSigningCertificatesPresent", 0),
        ("AssumeRolePolicySizeQuota", 2048),
        ("AttachedPoliciesPerGroupQuota", limits::ATTACHED_POLICIES),
        ("AttachedPoliciesPerRoleQuota", limits::ATTACHED_POLICIES),
        ("AttachedPoliciesPerUserQuota", limits::ATTACHED_POLICIES),
        ("GlobalEndpointTokenVersion", 1),
        ("GroupPolicySizeQuota", 5120),
        ("Groups", count::<GroupRecord>(iam, cx).await?),
        ("GroupsPerUserQuota", limits::GROUPS_OF_USER),
        ("GroupsQuota", limits::GROUPS),
        ("InstanceProfiles", count::<InstanceProfileRecord>(iam, cx).await?),
        ("InstanceProfilesQuota", limits::INSTANCE_PROFILES),
        ("MFADevices", 0),
        ("MFADevicesInUse", 0),
        ("Policies", policies.len()),
        ("PoliciesQuota", limits::POLICIES),
        ("PolicySizeQuota", 6144),
        ("PolicyVersionsInUse", versions),
        ("PolicyVersionsInUseQuota", 10_000),
        ("Providers", count::<OidcProviderRecord>(iam, cx).await?),
        ("RolePolicySizeQuota", 10_240),
        ("Roles", count::<RoleRecord>(iam, cx).await?),
        ("RolesQuota", limits::ROLES),
        ("ServerCertificates", 0),
        ("ServerCertificatesQuota", 20),
        ("SigningCertificatesPerUserQuota", 2),
        ("UserPolicySizeQuota", 2048),
        ("Users", count::<UserRecord>(iam, cx).await?),
        ("UsersQuota", limits::USERS),
        ("VersionsPerPolicyQuota", limits::VERSIONS_OF_POLICY),
    ];
    let counts: BTreeMap<String, i32> =
        counts.into_iter().map(|(name, count)| (name.to_owned(), i32::try_from(count).unwrap_or(i32::MAX))).collect();
    Ok(GetAccountSummaryResponse { summary_map: Some(counts) })
}

async fn count<E: Entity>(iam: &Iam, cx: &Context) -> Result<usize, ApiError> {
    Ok(iam.directory().list::<E>(cx.account(), None, usize::MAX).await?.len())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{denies, make_group, make_user};

    #[tokio::test]
    async fn what_there_is_is_counted() {
        let cloud = Cloud::new();
        let count = async |name: &str| {
            let summary = cloud.iam("GetAccountSummary", &[]).await.succeeds_in_xml();
            let place = summary.texts("SummaryMap/entry/key").iter().position(|key| *key == name).expect("an entry");
            summary.texts("SummaryMap/entry/value")[place].to_owned()
        };
        assert_eq!((count("Users").await, count("Groups").await), ("0".to_owned(), "0".to_owned()));
        make_user(&cloud, "alice").await;
        make_user(&cloud, "bob").await;
        make_group(&cloud, "team").await;
        assert_eq!((count("Users").await, count("Groups").await), ("2".to_owned(), "1".to_owned()));
        assert_eq!(count("UsersQuota").await, "5000");
        assert_eq!(count("AccessKeysPerUserQuota").await, "2");
    }

    #[tokio::test]
    async fn permission_is_asked() {
        denies(&Cloud::new(), "GetAccountSummary", &[], "*").await;
    }
}
