//! Imports key material into a key of origin EXTERNAL: the first, a further one to rotate to, or one that the key knows
//! again after it was deleted or expired.

use aws_smithy_types::DateTime;
use trent_kms_core::{KeySpec, MaterialImport};
use trent_shared::{ApiError, Context, Timestamp};

use crate::action::Action;
use crate::api::{ExpirationModelType, ImportKeyMaterialRequest, ImportKeyMaterialResponse, ImportType};
use crate::conditions::{Fact, key as condition};
use crate::names::same_name;
use crate::records::KeyRecord;
use crate::{Kms, messages};

pub(crate) async fn import_key_material(
    kms: &Kms,
    cx: &Context,
    input: ImportKeyMaterialRequest,
) -> Result<ImportKeyMaterialResponse, ApiError> {
    let model = input.expiration_model.unwrap_or(ExpirationModelType::KeyMaterialExpires);
    let valid_to = input.valid_to.as_ref().map(|at| Fact::Date(condition::VALID_TO, whole_seconds(at)));
    let facts = [Fact::Text(condition::EXPIRATION_MODEL, model.as_str()), valid_to.unwrap_or(Fact::Nothing)];
    let lookup = kms.key(cx, &input.key_id).saying(&facts);
    let key = lookup.for_action(Action::ImportKeyMaterial).await?;
    let spec = key.record().spec;
    refuse_symmetric_only(&input, spec)?;
    let expiry = expiry(model, &input, kms.now())?;
    if input.import_type == Some(ImportType::NewKeyMaterial) && input.key_material_id.is_some() {
        return Err(messages::material_id_of_new());
    }
    let material = kms.unwrap_material(key.arn(), spec, &input.import_token, &input.encrypted_key_material).await?;
    let id = material.id(&key.arn().id.to_string());

    let import = MaterialImport {
        id,
        kind: input.import_type.map(|kind| same_name(kind.as_str())).transpose()?,
        named: input.key_material_id.as_deref().map(str::parse).transpose().map_err(|_| {
            // The model's pattern lets nothing else pass.
            ApiError::internal_failure()
        })?,
        description: input.key_material_description.clone(),
        expiry,
    };

    let changed = lookup.change(Action::ImportKeyMaterial, |change| {
        let KeyRecord { lifecycle, secrets, .. } = &mut change.key.record;
        let imported = lifecycle.import_material(&change.key.arn.region, change.now, import.clone());
        imported.map_err(|error| messages::import(&change.key.arn, error))?;
        secrets.insert(id, material.to_bytes());
        Ok(())
    });
    let (arn, ()) = changed.await?;
    let is_symmetric = spec == KeySpec::SymmetricDefault;
    Ok(ImportKeyMaterialResponse {
        key_id: Some(arn.to_string()),
        key_material_id: is_symmetric.then(|| id.to_string()),
    })
}

/// Only symmetric encryption keys can have several materials, and so tell them apart.
fn refuse_symmetric_only(input: &ImportKeyMaterialRequest, spec: KeySpec) -> Result<(), ApiError> {
    if spec == KeySpec::SymmetricDefault {
        return Ok(());
    }
    let given = [
        ("importType", input.import_type.is_some()),
        ("keyMaterialId", input.key_material_id.is_some()),
        ("keyMaterialDescription", input.key_material_description.is_some()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((parameter, _)) => Err(messages::symmetric_only(parameter, spec)),
        None => Ok(()),
    }
}

/// When the material shall expire: in whole seconds (recorded), within a year, or never.
fn expiry(
    model: ExpirationModelType,
    input: &ImportKeyMaterialRequest,
    now: Timestamp,
) -> Result<Option<Timestamp>, ApiError> {
    match (model, &input.valid_to) {
        (ExpirationModelType::KeyMaterialExpires, Some(valid_to)) => {
            let expiry = whole_seconds(valid_to);
            if expiry <= now {
                return Err(messages::valid_to_past());
            }
            if expiry >= now.plus_days(365) {
                return Err(messages::valid_to_too_far());
            }
            Ok(Some(expiry))
        }
        (ExpirationModelType::KeyMaterialExpires, None) => Err(messages::valid_to_missing()),
        (ExpirationModelType::KeyMaterialDoesNotExpire, Some(_)) => Err(messages::valid_to_superfluous()),
        (ExpirationModelType::KeyMaterialDoesNotExpire, None) => Ok(None),
    }
}

fn whole_seconds(at: &DateTime) -> Timestamp {
    Timestamp::from_millis(at.secs().saturating_mul(1000))
}

#[cfg(test)]
mod tests;
