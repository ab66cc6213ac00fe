//! Deletes imported key material. The key stays, pending import unless the material was only pending rotation: it works
//! again once the same material is imported.

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
    let named: Option<MaterialId> = input.key_material_id.as_deref().map(str::parse).transpose().map_err(|_| {
        // The model's pattern lets nothing else pass.
        ApiError::internal_failure()
    })?;
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::DeleteImportedKeyMaterial, |change| {
        let spec = change.key.record.spec;
        if spec != KeySpec::SymmetricDefault && named.is_some() {
            return Err(messages::symmetric_only("keyMaterialId", spec));
        }
        let deleted = change.key.record.lifecycle.delete_material(&change.key.arn.region, change.now, named);
        let deleted = deleted.map_err(|error| messages::import(&change.key.arn, error))?;
        // What was not there was not deleted, and so is not named (recorded).
        Ok(deleted.filter(|_| spec == KeySpec::SymmetricDefault))
    });
    let (arn, deleted) = changed.await?;
    Ok(DeleteImportedKeyMaterialResponse {
        key_id: Some(arn.to_string()),
        key_material_id: deleted.map(|id| id.to_string()),
    })
}
