//! Lists the account's alias, if it has one: there is at most one.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListAccountAliasesRequest, ListAccountAliasesResponse};
use crate::facts::Facts;
use crate::page::PageRequest;

pub(crate) async fn list_account_aliases(
    iam: &Iam,
    cx: &Context,
    input: ListAccountAliasesRequest,
) -> Result<ListAccountAliasesResponse, ApiError> {
    iam.authorize(cx, "iam:ListAccountAliases", "*", &Facts::none()).await?;
    let request = PageRequest::new("ListAccountAliases", input.marker.as_deref(), input.max_items)?;
    let alias = iam.directory().alias(cx.account()).await?;
    let page = request.page(alias.map(|alias| alias.record), Clone::clone);
    Ok(ListAccountAliasesResponse {
        is_truncated: Some(page.is_truncated()),
        account_aliases: page.items,
        marker: page.marker,
    })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::denies;

    #[tokio::test]
    async fn an_account_has_an_alias_or_none() {
        let cloud = Cloud::new();
        let none = cloud.iam("ListAccountAliases", &[]).await.succeeds_in_xml();
        assert_eq!((none.texts("AccountAliases/member"), none.text("IsTruncated")), (vec![], "false"));
        cloud.iam("CreateAccountAlias", &[("AccountAlias", "mine")]).await.succeeds_in_xml();
        let one = cloud.iam("ListAccountAliases", &[]).await.succeeds_in_xml();
        assert_eq!(one.texts("AccountAliases/member"), ["mine"]);
    }

    #[tokio::test]
    async fn permission_is_asked() {
        denies(&Cloud::new(), "ListAccountAliases", &[], "*").await;
    }
}
