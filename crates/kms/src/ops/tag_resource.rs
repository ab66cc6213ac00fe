//! Puts tags onto a key, over those of the same tag key.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::TagResourceRequest;
use crate::tags::add_tags;

pub(crate) async fn tag_resource(kms: &Kms, cx: &Context, input: TagResourceRequest) -> Result<(), ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    lookup.change(Action::TagResource, |change| add_tags(&mut change.record.tags, &input.tags)).await.map(|_| ())
}
