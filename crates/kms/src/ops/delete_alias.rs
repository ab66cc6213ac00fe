//! Takes a name off a key; the key itself stays as it is, in whichever state.

use trent_shared::{ApiError, Context};
use trent_store::{Batch, Expect};

use crate::access::MOST_ATTEMPTS;
use crate::action::Action;
use crate::api::DeleteAliasRequest;
use crate::records::{ALIASES, ALIASES_OF_KEY, alias_address, alias_of_key_address};
use crate::{Kms, alias, messages};

pub(crate) async fn delete_alias(kms: &Kms, cx: &Context, input: DeleteAliasRequest) -> Result<(), ApiError> {
    let alias = alias::named(&input.alias_name, cx)?;
    for _ in 0..MOST_ATTEMPTS {
        let before = kms.stored_alias(&alias).await?.ok_or_else(|| messages::alias_not_found(&alias))?;
        let target = kms.key(cx, &before.record.target.to_string()).for_action(Action::DeleteAlias).await?;
        let mut batch = Batch::new();
        batch.expect(&ALIASES, alias_address(&alias), Expect::Version(before.version));
        batch.delete(&ALIASES, alias_address(&alias));
        batch.delete(&ALIASES_OF_KEY, alias_of_key_address(target.arn(), &alias.name));
        if kms.try_commit(batch, None).await? {
            return Ok(());
        }
    }
    Err(messages::too_many_conflicts())
}
