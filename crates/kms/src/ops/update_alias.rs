//! Points an alias at another key of the same type and usage. Asks the alias, the present key and the new one.

use trent_kms_core::KeyUsage;
use trent_shared::{ApiError, Context};
use trent_store::Batch;

use crate::access::MOST_ATTEMPTS;
use crate::action::Action;
use crate::api::UpdateAliasRequest;
use crate::identifier::KeyArn;
use crate::records::{ALIASES_OF_KEY, KeyRecord, alias_of_key_address};
use crate::{Kms, alias, messages};

pub(crate) async fn update_alias(kms: &Kms, cx: &Context, input: UpdateAliasRequest) -> Result<(), ApiError> {
    let alias = alias::named(&input.alias_name, cx)?;
    alias::check_target(&input.target_key_id)?;
    for _ in 0..MOST_ATTEMPTS {
        let before = kms.stored_alias(&alias).await?.ok_or_else(|| messages::alias_not_found(&alias))?;
        let current = KeyArn { region: alias.region.clone(), account: alias.account, id: before.record.target };
        let target = kms.key(cx, &input.target_key_id).for_action(Action::UpdateAlias).await?;
        let current_key =
            kms.key(cx, &current.id.to_string()).for_action_in_any_state(Action::UpdateAlias).await?;
        if kind(current_key.record()) != kind(target.record()) {
            return Err(messages::alias_target_differs());
        }
        let mut batch = Batch::new();
        batch.delete(&ALIASES_OF_KEY, alias_of_key_address(&current, &alias.name));
        kms.point_alias(&mut batch, &alias, Some(&before), &target).await?;
        if kms.try_commit(batch, Some(target.arn().clone())).await? {
            return Ok(());
        }
    }
    Err(messages::too_many_conflicts())
}

fn kind(key: &KeyRecord) -> (trent_kms_core::KeyType, KeyUsage) {
    (key.spec.key_type(), key.usage)
}
