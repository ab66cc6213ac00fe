//! Lists the aliases of an account and Region, or those of one key, by name.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{AliasListEntry, ListAliasesRequest, ListAliasesResponse};
use crate::identifier::AliasArn;
use crate::messages;
use crate::page::PageRequest;
use crate::records::{
    ALIASES, ALIASES_OF_KEY, AliasRecord, account_address, alias_address, alias_of_key_address, key_address,
};

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (50, 100);

pub(crate) async fn list_aliases(
    kms: &Kms,
    cx: &Context,
    input: ListAliasesRequest,
) -> Result<ListAliasesResponse, ApiError> {
    let request = PageRequest::new("ListAliases", input.limit, LIMITS, input.marker.as_deref())?;
    kms.authorize_account(cx, Action::ListAliases)?;
    let found = match &input.key_id {
        Some(key_id) => aliases_of_key(kms, cx, key_id, &request).await?,
        None => all_aliases(kms, cx, &request).await?,
    };
    let page = request.page(found, |(alias, _)| alias.name.clone());
    Ok(ListAliasesResponse {
        truncated: Some(page.is_truncated()),
        aliases: Some(page.items.into_iter().map(|(alias, record)| entry(alias, &record)).collect()),
        next_marker: page.next_marker,
    })
}

async fn all_aliases(
    kms: &Kms,
    cx: &Context,
    request: &PageRequest,
) -> Result<Vec<(AliasArn, AliasRecord)>, ApiError> {
    let after = request.after.as_ref().map(|name| alias_address(&AliasArn::in_context(name, cx)));
    let prefix = account_address(&cx.region, cx.account());
    let found = ALIASES.scan(&*kms.engine, prefix, after.as_ref(), request.look_ahead()).await.map_err(messages::store)?;
    let named = found.into_iter().map(|entry| {
        let name = entry.key.text(2).map_err(|error| messages::store(error.into()))?;
        Ok((AliasArn::in_context(&name, cx), entry.record))
    });
    named.collect()
}

/// A key has few aliases, so that reading each of them costs little.
async fn aliases_of_key(
    kms: &Kms,
    cx: &Context,
    key_id: &str,
    request: &PageRequest,
) -> Result<Vec<(AliasArn, AliasRecord)>, ApiError> {
    let key = kms.key(cx, key_id).for_action(Action::ListAliases).await?;
    let after = request.after.as_ref().map(|name| alias_of_key_address(key.arn(), name));
    let found = ALIASES_OF_KEY
        .scan(&*kms.engine, key_address(key.arn()), after.as_ref(), request.look_ahead())
        .await
        .map_err(messages::store)?;
    let mut aliases = Vec::with_capacity(found.len());
    for entry in found {
        let name = entry.key.text(3).map_err(|error| messages::store(error.into()))?;
        let alias = AliasArn::in_context(&name, cx);
        // One that was deleted since the scan is simply not listed.
        if let Some(stored) = kms.stored_alias(&alias).await? {
            aliases.push((alias, stored.record));
        }
    }
    Ok(aliases)
}

fn entry(alias: AliasArn, record: &AliasRecord) -> AliasListEntry {
    AliasListEntry {
        alias_arn: Some(alias.to_string()),
        alias_name: Some(alias.name),
        target_key_id: Some(record.target.to_string()),
        creation_date: Some(record.created.into()),
        last_updated_date: Some(record.updated.into()),
    }
}
