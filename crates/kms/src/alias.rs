//! The rules of alias names (multi-region-and-aliases.md B1) and what the alias operations share.

use trent_shared::{ApiError, Context};
use trent_store::{Batch, CommitError, Expect, Versioned};

use crate::Kms;
use crate::access::AuthorizedKey;
use crate::identifier::{AliasArn, KeyArn};
use crate::managed_keys;
use crate::messages;
use crate::records::{ALIASES, ALIASES_OF_KEY, AliasRecord, alias_address, alias_of_key_address, key_address};

/// Checks the name of an alias that a user wants to create, change or delete.
pub(crate) fn check_name(name: &str) -> Result<(), ApiError> {
    let Some(rest) = name.strip_prefix("alias/") else { return Err(messages::alias_without_prefix()) };
    if name.starts_with(managed_keys::PREFIX) {
        return Err(messages::alias_reserved());
    }
    // The model's pattern also lets ':' pass, which the service refuses.
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-');
    if rest.is_empty() || !rest.chars().all(is_allowed) {
        return Err(messages::alias_characters(name));
    }
    Ok(())
}

/// An alias can be pointed at a key only, never at another alias.
pub(crate) fn check_target(target: &str) -> Result<(), ApiError> {
    let is_alias = target.starts_with("alias/") || (target.starts_with("arn:") && target.contains(":alias/"));
    if is_alias { Err(messages::alias_to_alias()) } else { Ok(()) }
}

impl Kms {
    /// The alias of this name in the caller's account, if there is one.
    pub(crate) async fn stored_alias(&self, alias: &AliasArn) -> Result<Option<Versioned<AliasRecord>>, ApiError> {
        let stored = || ALIASES.get(&*self.engine, alias_address(alias));
        let Some(found) = stored().await.map_err(messages::store)? else { return Ok(None) };
        // A key whose deletion date has passed takes its aliases with it, whether it has been swept away or not.
        let target = KeyArn { region: alias.region.clone(), account: alias.account, id: found.record.target };
        let now = self.now();
        if self.stored_key(&target, now).await?.is_some() {
            return Ok(Some(found));
        }
        match self.delete_for_good(&target, now).await {
            Ok(_) | Err(CommitError::Conflict) => stored().await.map_err(messages::store),
            Err(CommitError::Store(error)) => Err(messages::store(error)),
        }
    }

    /// The names of a key's aliases.
    pub(crate) async fn alias_names(&self, key: &KeyArn) -> Result<Vec<String>, ApiError> {
        let found = ALIASES_OF_KEY.scan(&*self.engine, key_address(key), None, usize::MAX).await;
        let names = found.map_err(messages::store)?.into_iter().map(|entry| {
            let name = entry.key.text(3).map_err(|error| messages::store(error.into()))?;
            Ok(name.into_owned())
        });
        names.collect()
    }

    /// Adds to a batch that an alias points at a key, on the conditions that the alias is still as it was read and that
    /// the key has a place for it.
    pub(crate) async fn point_alias(
        &self,
        batch: &mut Batch,
        alias: &AliasArn,
        before: Option<&Versioned<AliasRecord>>,
        target: &AuthorizedKey,
    ) -> Result<(), ApiError> {
        let prefix = key_address(target.arn());
        let aliases = ALIASES_OF_KEY.scan(&*self.engine, prefix, None, usize::MAX).await.map_err(messages::store)?;
        let others = aliases.iter().filter(|entry| entry.key.text(3).as_deref() != Ok(&alias.name)).count();
        let quota = self.options.quotas.aliases_per_key;
        if others >= quota {
            return Err(messages::too_many_aliases(quota, others));
        }
        target.hold(batch)?;
        let now = self.now();
        let record = AliasRecord {
            target: target.arn().id,
            created: before.map_or(now, |before| before.record.created),
            updated: now,
        };
        batch.expect(&ALIASES, alias_address(alias), before.map_or(Expect::Absent, |b| Expect::Version(b.version)));
        batch.put(&ALIASES, alias_address(alias), &record).map_err(messages::store)?;
        batch.put(&ALIASES_OF_KEY, alias_of_key_address(target.arn(), &alias.name), &()).map_err(messages::store)
    }
}

/// The alias that an `AliasName` member means, which is always in the caller's account and the endpoint's Region.
pub(crate) fn named(name: &str, cx: &Context) -> Result<AliasArn, ApiError> {
    check_name(name)?;
    Ok(AliasArn::in_context(name, cx))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alias_names_follow_awss_rules() {
        for right in ["alias/a", "alias/a/b_c-D9", "alias/aws", "alias/awsome"] {
            assert_eq!(check_name(right), Ok(()), "{right}");
        }
        assert_eq!(check_name("a"), Err(messages::alias_without_prefix()));
        assert_eq!(check_name("Alias/a"), Err(messages::alias_without_prefix()));
        assert_eq!(check_name("alias/aws/s3"), Err(messages::alias_reserved()));
        for wrong in ["alias/", "alias/a:b", "alias/a b", "alias/ä"] {
            assert_eq!(check_name(wrong), Err(messages::alias_characters(wrong)), "{wrong}");
        }
    }

    #[test]
    fn an_alias_is_no_target() {
        for wrong in ["alias/a", "arn:aws:kms:us-east-1:111122223333:alias/a"] {
            assert_eq!(check_target(wrong), Err(messages::alias_to_alias()));
        }
        assert_eq!(check_target("1234abcd-12ab-34cd-56ef-1234567890ab"), Ok(()));
    }
}
