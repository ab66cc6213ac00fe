//! Puts tags onto a key, over those of the same tag key.

use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::TagResourceRequest;
use crate::conditions::Fact;
use crate::tags::add_tags;
use crate::{Kms, fixed_keys};

pub(crate) async fn tag_resource(kms: &Kms, cx: &Context, input: TagResourceRequest) -> Result<(), ApiError> {
    fixed_keys::refuse_late(&input.tags)?;
    let facts = [Fact::Tags(&input.tags)];
    let lookup = kms.key(cx, &input.key_id).saying(&facts);
    lookup.change(Action::TagResource, |change| add_tags(&mut change.key.record.tags, &input.tags)).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_testkit::Cloud;

    use crate::testing::{Fit, obeys_states, refuses_aliases, refuses_identifiers};

    fn tags(keys: impl IntoIterator<Item = String>) -> Value {
        keys.into_iter().map(|key| json!({ "TagKey": key, "TagValue": "v" })).collect()
    }

    #[tokio::test]
    async fn a_tag_replaces_one_of_the_same_key_and_case_matters() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for (tag, value) in [("a", "1"), ("A", "2"), ("a", "")] {
            let tags = json!([{ "TagKey": tag, "TagValue": value }]);
            let answer = cloud.kms("TagResource", json!({ "KeyId": key.id, "Tags": tags })).await;
            answer.succeeds();
            assert_eq!(answer.text(), "");
        }
        let listed = cloud.kms("ListResourceTags", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(listed["Tags"], json!([{ "TagKey": "A", "TagValue": "2" }, { "TagKey": "a", "TagValue": "" }]));
    }

    #[tokio::test]
    async fn no_tags_at_all_change_nothing() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        cloud.kms("TagResource", json!({ "KeyId": key.id, "Tags": [] })).await.succeeds();
        assert_eq!(cloud.kms("ListResourceTags", json!({ "KeyId": key.id })).await.succeeds()["Tags"], json!([]));
    }

    #[tokio::test]
    async fn a_key_has_at_most_fifty_tags() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let fifty = tags((0..50).map(|n| n.to_string()));
        cloud.kms("TagResource", json!({ "KeyId": key.id, "Tags": fifty })).await.succeeds();
        cloud.kms("TagResource", json!({ "KeyId": key.id, "Tags": fifty })).await.succeeds();
        let input = json!({ "KeyId": key.id, "Tags": tags(["one more".to_owned()]) });
        cloud.refuses("TagResource", input.clone(), "TagException", Some("Too many tags")).await;
        cloud.kms("UntagResource", json!({ "KeyId": key.id, "TagKeys": ["7"] })).await.succeeds();
        cloud.kms("TagResource", input).await.succeeds();
    }

    #[tokio::test]
    async fn one_bad_tag_among_good_ones_is_enough() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for (keys, message) in [
            (["good", "aws:bad"], "Tags beginning with aws: are reserved"),
            (["good", "AwS:"], "Tags beginning with aws: are reserved"),
            (["twice", "twice"], "Duplicate tag keys"),
        ] {
            let input = json!({ "KeyId": key.id, "Tags": tags(keys.map(str::to_owned)) });
            cloud.refuses("TagResource", input, "TagException", Some(message)).await;
        }
    }

    #[tokio::test]
    async fn lengths_are_told_by_the_place_of_the_tag() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let bad = [json!({ "TagKey": "a", "TagValue": "b" }), json!({ "TagKey": "", "TagValue": "v".repeat(257) })];
        let message = format!(
            "2 validation errors detected: Value '' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must \
             have length greater than or equal to 1; Value '{}' at 'tags.2.member.tagValue' failed to satisfy constraint: \
             Member must have length less than or equal to 256",
            "v".repeat(257)
        );
        let input = json!({ "KeyId": key.id, "Tags": bad });
        cloud.refuses("TagResource", input, "ValidationException", Some(&message)).await;
    }

    #[tokio::test]
    async fn a_disabled_key_can_be_tagged_and_one_that_is_pending_deletion_not() {
        obeys_states("TagResource", &json!({ "Tags": tags(["a".to_owned()]) }), Fit::Works, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let (cloud, input) = (Cloud::new(), json!({ "Tags": tags(["a".to_owned()]) }));
        refuses_identifiers(&cloud, "TagResource", "KeyId", &input).await;
        refuses_aliases(&cloud, "TagResource", &input).await;
    }
}
