//! Puts tags onto a managed policy.

use trent_shared::{ApiError, Context};

use crate::api::TagPolicyRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::messages::policies as messages;
use crate::tags::KeyCase;
use crate::{Iam, tags};

pub(crate) async fn tag_policy(iam: &Iam, cx: &Context, input: TagPolicyRequest) -> Result<(), ApiError> {
    let facts = Facts::adding(Some(&input.tags));
    for mut change in attempts(cx) {
        let before = iam.own_policy(cx, "iam:TagPolicy", &input.policy_arn, &facts).await?;
        let before = before.ok_or_else(|| messages::not_found_by_arn(&input.policy_arn))?;
        let mut after = before.record.clone();
        tags::add(&mut after.tags, &input.tags, KeyCase::Matters)?;
        change.replace(&before, &after)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::policy_testing::{ALL, make_policy};

    fn tag<'a>(arn: &'a str, key: &'a str, value: &'a str) -> [(&'a str, &'a str); 3] {
        [("PolicyArn", arn), ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)]
    }

    /// Recorded.
    #[tokio::test]
    async fn tags_are_put_listed_and_taken_off_and_their_case_matters() {
        let cloud = Cloud::new();
        let arn = make_policy(&cloud, "p", ALL).await;
        for (key, value) in [("a", "lower"), ("A", "upper"), ("b", "1"), ("a", "new")] {
            cloud.iam("TagPolicy", &tag(&arn, key, value)).await.succeeds_in_xml();
        }
        let listed = cloud.iam("ListPolicyTags", &[("PolicyArn", &arn)]).await.succeeds_in_xml();
        assert_eq!(listed.texts("Tags/member/Key"), ["A", "a", "b"]);
        assert_eq!(listed.texts("Tags/member/Value"), ["upper", "new", "1"]);
        let page = cloud.iam("ListPolicyTags", &[("PolicyArn", &arn), ("MaxItems", "1")]).await.succeeds_in_xml();
        let next = [("PolicyArn", &*arn), ("Marker", page.text("Marker"))];
        let next = cloud.iam("ListPolicyTags", &next).await.succeeds_in_xml();
        assert_eq!(next.texts("Tags/member/Key"), ["a", "b"]);
        let input = [("PolicyArn", &*arn), ("TagKeys.member.1", "a"), ("TagKeys.member.2", "absent")];
        cloud.iam("UntagPolicy", &input).await.succeeds_in_xml();
        let listed = cloud.iam("ListPolicyTags", &[("PolicyArn", &arn)]).await.succeeds_in_xml();
        assert_eq!(listed.texts("Tags/member/Key"), ["A", "b"]);
    }

    #[tokio::test]
    async fn policies_that_are_not_there_have_no_tags_and_those_of_aws_none_either() {
        let cloud = Cloud::new();
        let absent = "arn:aws:iam::000000000000:policy/absent";
        let message = format!("Policy {absent} was not found.");
        let untag = [("PolicyArn", absent), ("TagKeys.member.1", "a")];
        cloud.iam("TagPolicy", &tag(absent, "a", "b")).await.is_refused(404, "NoSuchEntity", &message);
        cloud.iam("UntagPolicy", &untag).await.is_refused(404, "NoSuchEntity", &message);
        cloud.iam("ListPolicyTags", &untag[..1]).await.is_refused(404, "NoSuchEntity", &message);
        let of_aws = [("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")];
        let listed = cloud.iam("ListPolicyTags", &of_aws).await.succeeds_in_xml();
        assert!(listed.texts("Tags/member/Key").is_empty());
    }

    #[tokio::test]
    async fn fifty_tags_and_no_more() {
        let cloud = Cloud::new();
        let arn = make_policy(&cloud, "p", ALL).await;
        for number in 0..50 {
            cloud.iam("TagPolicy", &tag(&arn, &number.to_string(), "v")).await.succeeds_in_xml();
        }
        let message = "The number of tags has reached the maximum limit.";
        cloud.iam("TagPolicy", &tag(&arn, "more", "v")).await.is_refused(409, "LimitExceeded", message);
    }
}
