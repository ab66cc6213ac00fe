//! Gives the account an alias, in place of the one that it had. Aliases are unique among all accounts.

use trent_shared::{ApiError, Context};

use crate::api::CreateAccountAliasRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages};

pub(crate) async fn create_account_alias(
    iam: &Iam,
    cx: &Context,
    input: CreateAccountAliasRequest,
) -> Result<(), ApiError> {
    iam.authorize(cx, "iam:CreateAccountAlias", "*", &Facts::none()).await?;
    let (directory, alias) = (iam.directory(), &*input.account_alias);
    if alias.len() == 12 && alias.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(messages::alias_like_account());
    }
    for mut change in attempts(cx) {
        if directory.account_of_alias(alias).await?.is_some() {
            return Err(messages::alias_exists(alias));
        }
        change.set_alias(directory.alias(cx.account()).await?.as_ref(), Some(alias))?;
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
    async fn a_new_alias_takes_the_place_of_the_old_one() {
        let cloud = Cloud::new();
        for alias in ["first", "second"] {
            cloud.iam("CreateAccountAlias", &[("AccountAlias", alias)]).await.succeeds_in_xml();
            let listed = cloud.iam("ListAccountAliases", &[]).await.succeeds_in_xml();
            assert_eq!(listed.texts("AccountAliases/member"), [alias]);
        }
        let elsewhere = cloud.client().in_account("111122223333");
        elsewhere.iam("CreateAccountAlias", &[("AccountAlias", "first")]).await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn an_alias_is_one_accounts_and_no_account_id() {
        let cloud = Cloud::new();
        cloud.iam("CreateAccountAlias", &[("AccountAlias", "mine")]).await.succeeds_in_xml();
        let message = "The account alias mine already exists.";
        for client in [cloud.client(), cloud.client().in_account("111122223333")] {
            let taken = client.iam("CreateAccountAlias", &[("AccountAlias", "mine")]).await;
            taken.is_refused(409, "EntityAlreadyExists", message);
        }
        let number = cloud.iam("CreateAccountAlias", &[("AccountAlias", "111122223333")]).await;
        number.is_refused(400, "InvalidInput", "The account alias cannot be a 12 digit number.");
    }

    #[tokio::test]
    async fn permission_is_asked() {
        denies(&Cloud::new(), "CreateAccountAlias", &[("AccountAlias", "mine")], "*").await;
    }
}
