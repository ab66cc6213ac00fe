//! Material that the customer brings: first, further and again; it expires and can be deleted (crypto.md §10.3).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use trent_shared::{Region, Timestamp};

use super::{Event, Lifecycle, LifecycleOperation, MaterialFacts, StateError};
use crate::MaterialId;
use crate::named::named;
use crate::spec::KeyOrigin;

named! {
    /// What an import is for.
    pub enum ImportKind {
        New = "NEW_KEY_MATERIAL",
        Existing = "EXISTING_KEY_MATERIAL",
    }
}

/// Material that comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaterialImport {
    pub id: MaterialId,
    /// New unless told for a key that never had any, existing for others.
    pub kind: Option<ImportKind>,
    /// The id that the caller says it has.
    pub named: Option<MaterialId>,
    pub description: Option<String>,
    pub expiry: Option<Timestamp>,
}

/// Imported material that waits for an on-demand rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingMaterial {
    pub id: MaterialId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The replicas' Regions where it has still to be imported.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub awaited_in: BTreeSet<Region>,
}

/// Why material is not imported, or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    State(#[from] StateError),
    /// An `IncorrectKeyMaterialException`.
    #[error("the material does not have the expected id {expected}")]
    Differs { expected: MaterialId },
    /// An `IncorrectKeyMaterialException`.
    #[error("the material {0} is already the key's")]
    AlreadyAssociated(MaterialId),
    /// A `ValidationException`.
    #[error("the material {0} has never been imported")]
    NeverImported(MaterialId),
    /// A `KMSInvalidStateException`.
    #[error("the material {new} cannot be imported while {pending} is pending rotation")]
    AnotherPending { new: MaterialId, pending: MaterialId },
    /// A `ValidationException`.
    #[error("a replica takes the primary key's material only")]
    NewOnReplica,
    /// A `ValidationException`.
    #[error("material is described on the primary key only")]
    DescriptionOnReplica,
}

impl Lifecycle {
    /// Whether imported material is missing: never there, deleted, or expired. What is pending rotation does not count.
    pub fn lacks_material(&self, now: Timestamp) -> bool {
        let is_missing = |material: &MaterialFacts| !self.is_imported(material.id, now);
        self.origin == KeyOrigin::External
            && (self.shared.materials.is_empty() || self.shared.materials.iter().any(is_missing))
    }

    /// Whether imported material is there and has not expired.
    pub fn is_imported(&self, id: MaterialId, now: Timestamp) -> bool {
        self.imported.get(&id).is_some_and(|expiry| expiry.is_none_or(|expiry| now < expiry))
    }

    /// When imported material expires, if that was wanted; `None` also of material that is not here.
    pub fn expiry(&self, id: MaterialId) -> Option<Timestamp> {
        self.imported.get(&id).copied().flatten()
    }

    /// The imported material that waits for an on-demand rotation.
    pub fn pending_material(&self) -> Option<&PendingMaterial> {
        self.shared.pending.as_ref()
    }

    /// `ImportKeyMaterial` into the key in the Region `here`. It also enables a disabled key that lacks none (recorded).
    pub fn import_material(
        &mut self,
        here: &Region,
        now: Timestamp,
        import: MaterialImport,
    ) -> Result<(), ImportError> {
        self.permits(LifecycleOperation::ImportKeyMaterial, now)?;
        let (id, expiry) = (import.id, import.expiry);
        let is_first = self.shared.materials.is_empty();
        let kind = import.kind.unwrap_or(if is_first { ImportKind::New } else { ImportKind::Existing });
        if self.is_replica(here) {
            if kind == ImportKind::New {
                return Err(ImportError::NewOnReplica);
            }
            if import.description.is_some() {
                return Err(ImportError::DescriptionOnReplica);
            }
        }
        match kind {
            ImportKind::New => self.take_new(import)?,
            ImportKind::Existing => self.take_existing(here, import)?,
        }
        self.imported.insert(id, expiry);
        if !self.lacks_material(now) {
            self.enabled = true;
        }
        Ok(())
    }

    fn take_new(&mut self, MaterialImport { id, description, .. }: MaterialImport) -> Result<(), ImportError> {
        if self.shared.knows(id) {
            return Err(ImportError::AlreadyAssociated(id));
        }
        if self.shared.materials.is_empty() {
            self.shared.materials.push(MaterialFacts { id, description, rotated: None });
            return Ok(());
        }
        if let Some(pending) = &self.shared.pending {
            return Err(ImportError::AnotherPending { new: id, pending: pending.id });
        }
        self.shared.pending = Some(PendingMaterial { id, description, awaited_in: self.replica_regions() });
        Ok(())
    }

    fn take_existing(&mut self, here: &Region, import: MaterialImport) -> Result<(), ImportError> {
        let id = import.id;
        if let Some(named) = import.named {
            // Also where the key knows no material of that id (recorded).
            if named != id {
                return Err(ImportError::Differs { expected: named });
            }
            if !self.shared.knows(named) {
                return Err(ImportError::NeverImported(named));
            }
        }
        let shared = &mut self.shared;
        let description = if let Some(material) = shared.materials.iter_mut().find(|material| material.id == id) {
            &mut material.description
        } else if let Some(pending) = shared.pending.as_mut().filter(|pending| pending.id == id) {
            pending.awaited_in.remove(here);
            &mut pending.description
        } else if let Some(current) = shared.materials.last() {
            return Err(ImportError::Differs { expected: current.id });
        } else {
            return self.take_new(import);
        };
        if import.description.is_some() {
            *description = import.description;
        }
        Ok(())
    }

    /// `DeleteImportedKeyMaterial` of the current material unless another is named. Tells which is not there any more, be it
    /// since now or since before (recorded); none of a key that never had any. A key that is pending deletion stays so.
    pub fn delete_material(
        &mut self,
        here: &Region,
        now: Timestamp,
        named: Option<MaterialId>,
    ) -> Result<Option<MaterialId>, ImportError> {
        self.permits(LifecycleOperation::DeleteImportedKeyMaterial, now)?;
        if let Some(named) = named.filter(|named| !self.shared.knows(*named)) {
            return Err(ImportError::NeverImported(named));
        }
        let Some(id) = named.or(self.current_material().map(|material| material.id)) else { return Ok(None) };
        self.imported.remove(&id);
        let is_replica = self.is_replica(here);
        if let Some(pending) = self.shared.pending.as_mut().filter(|pending| pending.id == id) {
            if is_replica {
                pending.awaited_in.insert(here.clone());
            } else {
                // Nothing was ever encrypted with it, so that it can be forgotten, also by the replicas (recorded).
                self.shared.pending = None;
            }
        }
        Ok(Some(id))
    }

    /// What is pending rotation may expire without anybody noticing; once it has become current it goes (recorded).
    pub(super) fn next_expiry(&self) -> Option<(Timestamp, Event)> {
        let pending = self.shared.pending.as_ref().map(|pending| pending.id);
        let expiries = self.imported.iter().filter(|(id, _)| Some(**id) != pending);
        expiries.filter_map(|(id, expiry)| expiry.map(|expiry| (expiry, Event::Expiry(*id)))).min_by_key(|(at, _)| *at)
    }
}
