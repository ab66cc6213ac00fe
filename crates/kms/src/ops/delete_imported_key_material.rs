//! Deletes imported key material. The key stays, pending import: it works again once the same material is imported.

use trent_kms_core::{KeySpec, MaterialId};
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{DeleteImportedKeyMaterialRequest, DeleteImportedKeyMaterialResponse};
use crate::{Kms, messages};

pub(crate) async fn delete_imported_key_material(
    kms: &Kms,
    cx: &Context,
    input: DeleteImportedKeyMaterialRequest,
) -> Result<DeleteImportedKeyMaterialResponse, ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let (arn, deleted) = lookup
        .change(Action::DeleteImportedKeyMaterial, |change| {
            let spec = change.record.spec;
            if spec != KeySpec::SymmetricDefault && input.key_material_id.is_some() {
                return Err(messages::symmetric_only("keyMaterialId", spec));
            }
            if let Some(named) = &input.key_material_id {
                let named: MaterialId = named.parse().map_err(|_| ApiError::internal_failure())?;
                if !change.record.materials.iter().any(|material| material.id == named) {
                    return Err(messages::material_never_imported(change.arn, named));
                }
            }
            let was_missing = change.record.lifecycle.lacks_material(change.now);
            change.record.lifecycle.delete_material(change.now).map_err(|error| messages::state(change.arn, error))?;
            let Some(material) = change.record.materials.last_mut() else { return Ok(None) };
            material.bytes = None;
            // What was not there was not deleted, and so is not named (recorded).
            Ok(Some(material.id).filter(|_| !was_missing && spec == KeySpec::SymmetricDefault))
        })
        .await?;
    Ok(DeleteImportedKeyMaterialResponse {
        key_id: Some(arn.to_string()),
        key_material_id: deleted.map(|id| id.to_string()),
    })
}
