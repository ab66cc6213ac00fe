//! KeyMetadata, as CreateKey and DescribeKey show it. Which member stands when follows the recordings in crypto.md §1.1.

use trent_kms_core::{Algorithms, KeyState};
use trent_shared::{ApiError, Timestamp};

use crate::api::{CustomerMasterKeySpec, KeyManagerType, KeyMetadata};
use crate::identifier::{KeyArn, KeyId};
use crate::names::same_name;
use crate::records::KeyRecord;

pub(crate) fn key_metadata(arn: &KeyArn, key: &KeyRecord, state: KeyState) -> Result<KeyMetadata, ApiError> {
    let mut metadata = KeyMetadata {
        aws_account_id: Some(arn.account.to_string()),
        key_id: arn.id.to_string(),
        arn: Some(arn.to_string()),
        creation_date: Some(key.created.into()),
        enabled: Some(state == KeyState::Enabled),
        description: Some(key.description.clone()),
        key_usage: Some(same_name(key.usage.as_str())?),
        key_state: Some(same_name(state.as_str())?),
        deletion_date: key.lifecycle.deletion_date().map(Timestamp::into),
        origin: Some(same_name(key.lifecycle.origin().as_str())?),
        key_manager: Some(KeyManagerType::Customer),
        customer_master_key_spec: Some(same_name::<CustomerMasterKeySpec>(key.spec.as_str())?),
        key_spec: Some(same_name(key.spec.as_str())?),
        multi_region: Some(matches!(arn.id, KeyId::MultiRegion(_))),
        current_key_material_id: key.shown_material().map(|material| material.id.to_string()),
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

fn names<A: std::fmt::Display, T: std::str::FromStr>(algorithms: &[A]) -> Result<Vec<T>, ApiError> {
    algorithms.iter().map(|algorithm| same_name(&algorithm.to_string())).collect()
}
