//! Lists the keys of an account and Region, by id. The records themselves are not read: ids and ARNs are in the keys of
//! an index.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{KeyListEntry, ListKeysRequest, ListKeysResponse, ResourceOwnerType};
use crate::identifier::KeyArn;
use crate::messages;
use crate::page::PageRequest;
use crate::records::{KEY_IDS, account_address};

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (100, 1000);

pub(crate) async fn list_keys(kms: &Kms, cx: &Context, input: ListKeysRequest) -> Result<ListKeysResponse, ApiError> {
    // A marker is bound to the owners that it was made for.
    let wants_own = input.resource_owners.is_none_or(|owners| owners.contains(&ResourceOwnerType::Self_));
    let list = if wants_own { "ListKeys" } else { "ListKeys/RAM" };
    let request = PageRequest::new(list, input.limit, LIMITS, input.marker.as_deref())?;
    kms.authorize_account(cx, Action::ListKeys)?;
    // No key is ever shared through RAM, which Trent does not have.
    let keys = if wants_own { keys_of_account(kms, cx, &request).await? } else { Vec::new() };
    let page = request.page(keys, |key| key.key_id.clone().unwrap_or_default());
    Ok(ListKeysResponse { truncated: Some(page.is_truncated()), keys: Some(page.items), next_marker: page.next_marker })
}

async fn keys_of_account(kms: &Kms, cx: &Context, request: &PageRequest) -> Result<Vec<KeyListEntry>, ApiError> {
    let prefix = account_address(&cx.region, cx.account());
    let after = request.after.as_ref().map(|id| prefix.clone().with(id));
    let found = KEY_IDS.scan(&*kms.engine, prefix, after.as_ref(), request.look_ahead()).await.map_err(messages::store)?;
    let arn_prefix = KeyArn::prefix(&cx.region, cx.account());
    let entries = found.into_iter().map(|entry| {
        let id = entry.key.text(2).map_err(|error| messages::store(error.into()))?;
        Ok(KeyListEntry { key_arn: Some([&arn_prefix, &*id].concat()), key_id: Some(id.into_owned()) })
    });
    entries.collect()
}
