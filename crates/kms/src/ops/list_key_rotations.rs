//! Lists a key's rotations, the oldest first; if asked for with the first material and what waits for a rotation.

use trent_kms_core::{KeyOrigin, KeySpec, Lifecycle, MaterialId, Rotated};
use trent_shared::{ApiError, Context, Timestamp};

use crate::access::AuthorizedKey;
use crate::action::Action;
use crate::api::{
    ImportState, IncludeKeyMaterial, KeyMaterialState, ListKeyRotationsRequest, ListKeyRotationsResponse,
    RotationsListEntry,
};
use crate::metadata::expiration_model;
use crate::names::same_name;
use crate::page::PageRequest;
use crate::{Kms, messages};

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (100, 1000);

pub(crate) async fn list_key_rotations(
    kms: &Kms,
    cx: &Context,
    input: ListKeyRotationsRequest,
) -> Result<ListKeyRotationsResponse, ApiError> {
    let request = PageRequest::new("ListKeyRotations", input.limit, LIMITS, input.marker.as_deref())?;
    let key = kms.key(cx, &input.key_id).for_action(Action::ListKeyRotations).await?;
    let wants_all = input.include_key_material == Some(IncludeKeyMaterial::AllKeyMaterial);
    if wants_all && key.record().spec != KeySpec::SymmetricDefault {
        return Err(messages::material_of_asymmetric());
    }
    let mut materials = materials(&key.record().lifecycle);
    if !wants_all {
        materials.retain(|material| material.rotated.is_some());
    }
    // A material comes up once, so that its id says where a page ended; one that is not there any more was pending, and so
    // last.
    let end = |after: &String| materials.iter().position(|material| material.id.to_string() == *after);
    let start = request.after.as_ref().map_or(0, |after| end(after).map_or(materials.len(), |end| end + 1));
    let page = request.page(materials.split_off(start), |material| material.id.to_string());
    Ok(ListKeyRotationsResponse {
        truncated: Some(page.is_truncated()),
        next_marker: page.next_marker,
        rotations: Some(page.items.iter().map(|material| entry(&key, material)).collect::<Result<_, _>>()?),
    })
}

struct Listed<'a> {
    id: MaterialId,
    description: Option<&'a String>,
    state: KeyMaterialState,
    rotated: Option<Rotated>,
}

fn materials(life: &Lifecycle) -> Vec<Listed<'_>> {
    let current = life.current_material().map(|material| material.id);
    let used = life.materials().iter().map(|material| Listed {
        id: material.id,
        description: material.description.as_ref(),
        state: if Some(material.id) == current { KeyMaterialState::Current } else { KeyMaterialState::NonCurrent },
        rotated: material.rotated,
    });
    let pending = life.pending_material().map(|pending| Listed {
        id: pending.id,
        description: pending.description.as_ref(),
        state: if pending.awaited_in.is_empty() {
            KeyMaterialState::PendingRotation
        } else {
            KeyMaterialState::PendingMultiRegionImportAndRotation
        },
        rotated: None,
    });
    used.chain(pending).collect()
}

fn entry(key: &AuthorizedKey, material: &Listed<'_>) -> Result<RotationsListEntry, ApiError> {
    let life = &key.record().lifecycle;
    let is_external = life.origin() == KeyOrigin::External;
    // What is pending rotation is listed as imported even when it has expired (recorded), which `holds` reflects.
    let is_here = is_external && life.holds(material.id);
    let expiry = life.expiry(material.id);
    Ok(RotationsListEntry {
        key_id: Some(key.arn_text()),
        key_material_id: Some(material.id.to_string()),
        key_material_description: material.description.cloned(),
        import_state: is_external.then_some(if is_here { ImportState::Imported } else { ImportState::PendingImport }),
        key_material_state: Some(material.state),
        expiration_model: is_here.then(|| expiration_model(expiry)),
        valid_to: expiry.filter(|_| is_here).map(Timestamp::into),
        rotation_date: material.rotated.map(|rotated| rotated.date.into()),
        rotation_type: material.rotated.map(|rotated| same_name(rotated.rotation_type.as_str())).transpose()?,
    })
}
