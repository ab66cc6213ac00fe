//! Gives a key another name, unique in its account and Region. Asks the key, and the alias, for permission.

use trent_shared::{ApiError, Context};
use trent_store::Batch;

use crate::access::MOST_ATTEMPTS;
use crate::action::Action;
use crate::api::CreateAliasRequest;
use crate::{Kms, alias, messages};

pub(crate) async fn create_alias(kms: &Kms, cx: &Context, input: CreateAliasRequest) -> Result<(), ApiError> {
    let alias = alias::named(&input.alias_name, cx)?;
    alias::check_target(&input.target_key_id)?;
    for _ in 0..MOST_ATTEMPTS {
        let target = kms.key(cx, &input.target_key_id).for_action(Action::CreateAlias).await?;
        if kms.stored_alias(&alias).await?.is_some() {
            return Err(messages::alias_exists(&alias));
        }
        let mut batch = Batch::new();
        kms.point_alias(&mut batch, &alias, None, &target).await?;
        if kms.try_commit(batch, Some(target.arn().clone())).await? {
            return Ok(());
        }
    }
    Err(messages::too_many_conflicts())
}
