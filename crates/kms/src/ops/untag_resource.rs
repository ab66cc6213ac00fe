//! Takes tags off a key; a tag that is not there is no error.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::UntagResourceRequest;
use crate::conditions::Fact;
use crate::tags::remove_tags;

pub(crate) async fn untag_resource(kms: &Kms, cx: &Context, input: UntagResourceRequest) -> Result<(), ApiError> {
    let facts = [Fact::TagKeys(&input.tag_keys)];
    let lookup = kms.key(cx, &input.key_id).saying(&facts);
    lookup
        .change(Action::UntagResource, |change| remove_tags(&mut change.key.record.tags, &input.tag_keys))
        .await
        .map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{Fit, obeys_states, refuses_aliases, refuses_identifiers};

    #[tokio::test]
    async fn only_the_tags_that_are_named_go_and_absent_ones_are_no_error() {
        let cloud = Cloud::new();
        let tags = json!([{ "TagKey": "a", "TagValue": "1" }, { "TagKey": "b", "TagValue": "2" }]);
        let key = cloud.kms("CreateKey", json!({ "Tags": tags })).await.succeeds()["KeyMetadata"]["KeyId"].clone();
        for tag_keys in [json!([]), json!(["A", "absent"]), json!(["a", "a", "absent"])] {
            let answer = cloud.kms("UntagResource", json!({ "KeyId": key, "TagKeys": tag_keys })).await;
            answer.succeeds();
            assert_eq!(answer.text(), "");
        }
        let left = cloud.kms("ListResourceTags", json!({ "KeyId": key })).await.succeeds();
        assert_eq!(left["Tags"], json!([{ "TagKey": "b", "TagValue": "2" }]));
    }

    #[tokio::test]
    async fn reserved_tags_are_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "TagKeys": ["a", "AWS:b"] });
        let message = Some("Tags beginning with aws: are reserved");
        cloud.refuses("UntagResource", input, "TagException", message).await;
    }

    #[tokio::test]
    async fn a_disabled_key_can_be_untagged_and_one_that_is_pending_deletion_not() {
        obeys_states("UntagResource", &json!({ "TagKeys": ["a"] }), Fit::Works, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let (cloud, input) = (Cloud::new(), json!({ "TagKeys": ["a"] }));
        refuses_identifiers(&cloud, "UntagResource", "KeyId", &input).await;
        refuses_aliases(&cloud, "UntagResource", &input).await;
    }
}
