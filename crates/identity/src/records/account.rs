use trent_shared::AccountId;
use trent_store::Table;

/// (account) → its alias.
pub(crate) static ACCOUNT_ALIASES: Table<String> = Table::new("iam.account-alias", 1);

/// (alias) → whose it is: aliases are unique among all accounts.
pub(crate) static ACCOUNTS_OF_ALIASES: Table<AccountId> = Table::new("iam.account-of-alias", 1);
