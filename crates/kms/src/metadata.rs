//! KeyMetadata, as CreateKey and DescribeKey show it. Which member stands when follows the recordings in crypto.md §1.1.

use trent_kms_core::{Algorithms, KeyOrigin, KeyRegions, KeyState};
use trent_shared::{ApiError, Region, Timestamp};

use crate::api::{
    ExpirationModelType, KeyManagerType, KeyMetadata, MultiRegionConfiguration, MultiRegionKey, MultiRegionKeyType,
};
use crate::identifier::KeyArn;
use crate::messages;
use crate::names::same_name;
use crate::records::{KeyManager, KeyRecord};

/// What stays the same as long as the record does; the rest is [`as_of`]'s.
pub(crate) fn lasting_metadata(arn: &KeyArn, key: &KeyRecord) -> Result<KeyMetadata, ApiError> {
    let mut metadata = KeyMetadata {
        aws_account_id: Some(arn.account.to_string()),
        key_id: arn.id.to_string(),
        arn: Some(arn.to_string()),
        creation_date: Some(key.created.into()),
        description: Some(key.description.clone()),
        key_usage: Some(same_name(key.usage.as_str())?),
        deletion_date: key.lifecycle.deletion_date().map(Timestamp::into),
        origin: Some(same_name(key.lifecycle.origin().as_str())?),
        key_manager: Some(match key.manager {
            KeyManager::Customer => KeyManagerType::Customer,
            KeyManager::Aws => KeyManagerType::Aws,
        }),
        customer_master_key_spec: Some(same_name(key.spec.as_str())?),
        key_spec: Some(same_name(key.spec.as_str())?),
        multi_region: Some(key.lifecycle.regions().is_some()),
        multi_region_configuration: key.lifecycle.regions().map(|regions| configuration(arn, regions)),
        pending_deletion_window_in_days: key
            .lifecycle
            .pending_window()
            .and_then(|window| window.days().try_into().ok()),
        current_key_material_id: key.shown_material().map(|id| id.to_string()),
        ..KeyMetadata::default()
    };
    match key.spec.algorithms(key.usage) {
        Some(Algorithms::Encryption(list)) => metadata.encryption_algorithms = Some(names(list)?),
        Some(Algorithms::Signing(list)) => metadata.signing_algorithms = Some(names(list)?),
        Some(Algorithms::Mac(list)) => metadata.mac_algorithms = Some(names(list)?),
        Some(Algorithms::KeyAgreement(list)) => metadata.key_agreement_algorithms = Some(names(list)?),
        Some(Algorithms::Encapsulation(list)) => metadata.encapsulation_algorithms = Some(names(list)?),
        None => {}
    }
    Ok(metadata)
}

/// The metadata at a moment at which the key exists.
pub(crate) fn as_of(
    now: Timestamp,
    lasting: KeyMetadata,
    arn: &KeyArn,
    key: &KeyRecord,
) -> Result<KeyMetadata, ApiError> {
    let state = key.lifecycle.state(now).ok_or_else(|| messages::key_not_found(arn))?;
    // Shown of imported material while it is there, and gone with it (crypto.md §10.3, recorded).
    let current = key.lifecycle.current_material().map(|material| material.id);
    let has_imported = key.lifecycle.origin() == KeyOrigin::External && !key.lifecycle.lacks_material(now);
    let expiry = current.and_then(|id| key.lifecycle.expiry(id)).filter(|_| has_imported);
    Ok(KeyMetadata {
        enabled: Some(state == KeyState::Enabled),
        key_state: Some(same_name(state.as_str())?),
        valid_to: expiry.map(Timestamp::into),
        expiration_model: has_imported.then(|| expiration_model(expiry)),
        // Not told until a replica has been created (recorded).
        current_key_material_id: lasting.current_key_material_id.filter(|_| state != KeyState::Creating),
        ..lasting
    })
}

/// How the expiry of imported material is called.
pub(crate) fn expiration_model(expiry: Option<Timestamp>) -> ExpirationModelType {
    match expiry {
        Some(_) => ExpirationModelType::KeyMaterialExpires,
        None => ExpirationModelType::KeyMaterialDoesNotExpire,
    }
}

fn configuration(arn: &KeyArn, regions: &KeyRegions) -> MultiRegionConfiguration {
    let key_in = |region: &Region| MultiRegionKey {
        arn: Some(KeyArn { region: region.clone(), ..arn.clone() }.to_string()),
        region: Some(region.to_string()),
    };
    let is_primary = regions.primary == arn.region;
    MultiRegionConfiguration {
        multi_region_key_type: Some(if is_primary { MultiRegionKeyType::Primary } else { MultiRegionKeyType::Replica }),
        primary_key: Some(key_in(&regions.primary)),
        // In the order of their names (recorded).
        replica_keys: Some(regions.replicas.iter().map(key_in).collect()),
    }
}

fn names<A: std::fmt::Display, T: std::str::FromStr>(algorithms: &[A]) -> Result<Vec<T>, ApiError> {
    algorithms.iter().map(|algorithm| same_name(&algorithm.to_string())).collect()
}
