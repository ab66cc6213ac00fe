//! Makes a replica of a multi-Region primary key in another Region: the same key there, with a policy, tags and a state of
//! its own.

use std::collections::BTreeMap;

use trent_kms_core::{KeyOrigin, Lifecycle};
use trent_shared::{ApiError, Context, Region};

use crate::action::Action;
use crate::api::{ExpirationModelType, ReplicateKeyRequest, ReplicateKeyResponse, Tag};
use crate::change::Edited;
use crate::identifier::KeyArn;
use crate::metadata::{as_of, expiration_model, lasting_metadata};
use crate::records::{KeyManager, KeyRecord};
use crate::tags::add_tags;
use crate::{Kms, messages, policy_document};

pub(crate) async fn replicate_key(
    kms: &Kms,
    cx: &Context,
    input: ReplicateKeyRequest,
) -> Result<ReplicateKeyResponse, ApiError> {
    let mut tags = BTreeMap::new();
    add_tags(&mut tags, input.tags.as_deref().unwrap_or_default())?;
    let policy = match &input.policy {
        Some(policy) => policy_document::normalise(policy)?,
        None => policy_document::default_policy(cx.partition(), cx.account()),
    };
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::ReplicateKey, |change| {
        let (primary, now) = (&mut change.key, change.now);
        let target = replica_region(&input.replica_region, &primary.arn.region)?;
        let created = now.plus(kms.options.transitions.replica_creation);
        let lifecycle = primary.record.lifecycle.replicate(&primary.arn.region, &target, now, created);
        let lifecycle = lifecycle.map_err(|error| messages::replication(&primary.arn, &target, error))?;
        let record = KeyRecord {
            created: now,
            description: input.description.clone().unwrap_or_default(),
            spec: primary.record.spec,
            usage: primary.record.usage,
            lifecycle,
            policy: policy.clone(),
            tags: tags.clone(),
            manager: KeyManager::Customer,
            secrets: primary.record.secrets.clone(),
        };
        let arn = KeyArn { region: target, ..primary.arn.clone() };
        let mut metadata = as_of(now, lasting_metadata(&arn, &record)?, &arn, &record)?;
        // Not told until the replica has been created (recorded).
        metadata.current_key_material_id = None;
        // That of the primary key's material, though none is here (recorded).
        metadata.expiration_model = shown_expiration_model(&primary.record.lifecycle);
        change.related.push(Edited::new(arn, record));
        Ok(metadata)
    });
    let (_, metadata) = changed.await?;
    let tags = tags.into_iter().map(|(tag_key, tag_value)| Tag { tag_key, tag_value });
    Ok(ReplicateKeyResponse {
        replica_key_metadata: Some(metadata),
        replica_policy: Some(policy),
        replica_tags: Some(tags.collect::<Vec<_>>()).filter(|tags| !tags.is_empty()),
    })
}

fn shown_expiration_model(primary: &Lifecycle) -> Option<ExpirationModelType> {
    let current = primary.current_material().filter(|_| primary.origin() == KeyOrigin::External)?;
    Some(expiration_model(primary.expiry(current.id)))
}

/// A Region that AWS has, in the partition of the primary key's.
fn replica_region(name: &str, primary: &Region) -> Result<Region, ApiError> {
    let region: Region = name.parse().map_err(|_| messages::region_unknown(name))?;
    if !region.is_known() {
        return Err(messages::region_unknown(name));
    }
    if region.partition() == primary.partition() { Ok(region) } else { Err(messages::replica_in_other_partition()) }
}
