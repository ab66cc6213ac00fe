//! Takes tags off a key; a tag that is not there is no error.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::UntagResourceRequest;
use crate::tags::remove_tags;

pub(crate) async fn untag_resource(kms: &Kms, cx: &Context, input: UntagResourceRequest) -> Result<(), ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    lookup.change(Action::UntagResource, |change| remove_tags(&mut change.record.tags, &input.tag_keys)).await.map(|_| ())
}
