//! Takes the account's alias away.

use trent_shared::{ApiError, Context};

use crate::api::DeleteAccountAliasRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages};

pub(crate) async fn delete_account_alias(
    iam: &Iam,
    cx: &Context,
    input: DeleteAccountAliasRequest,
) -> Result<(), ApiError> {
    iam.authorize(cx, "iam:DeleteAccountAlias", "*", &Facts::none()).await?;
    let directory = iam.directory();
    for mut change in attempts(cx) {
        let alias = directory.alias(cx.account()).await?.filter(|alias| alias.record == input.account_alias);
        let alias = alias.ok_or_else(|| messages::alias_not_found(&input.account_alias))?;
        change.set_alias(Some(&alias), None)?;
        if directory.commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::denies;

    #[tokio::test]
    async fn only_the_accounts_own_alias_is_deleted() {
        let cloud = Cloud::new();
        cloud.iam("CreateAccountAlias", &[("AccountAlias", "mine")]).await.succeeds_in_xml();
        let mine = [("AccountAlias", "mine")];
        let message = "The account alias mine cannot be found.";
        let elsewhere = cloud.client().in_account("111122223333");
        elsewhere.iam("DeleteAccountAlias", &mine).await.is_refused(404, "NoSuchEntity", message);
        cloud.iam("DeleteAccountAlias", &mine).await.succeeds_in_xml();
        cloud.iam("DeleteAccountAlias", &mine).await.is_refused(404, "NoSuchEntity", message);
        elsewhere.iam("CreateAccountAlias", &mine).await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn permission_is_asked() {
        denies(&Cloud::new(), "DeleteAccountAlias", &[("AccountAlias", "mine")], "*").await;
    }
}
