//! The life of a key: every fact that its state follows from, and every transition between states.
//!
//! Facts are kept apart rather than as one state, because they are independent of each other: a key that is pending
//! deletion still has or lacks its material, and cancelling the deletion uncovers the state that was there before.
//! Whatever happens by itself at some moment is a date here; [`Lifecycle::advance`] makes it happen.

mod deletion;
mod given;
mod imported;
mod regions;
mod rotation;
mod state_rules;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trent_shared::{Region, Timestamp};

use self::deletion::Deletion;
pub use self::deletion::{DeletionWindow, InvalidDeletionWindow, ScheduledDeletion};
pub use self::imported::{ImportError, ImportKind, MaterialImport, PendingMaterial};
pub use self::regions::{KeyRegions, RegionError};
pub use self::rotation::{
    AutomaticRotation, InvalidRotationPeriod, OnDemandRotation, Rotated, RotationError, RotationPeriod, RotationType,
};
pub use self::state_rules::{InvalidState, LifecycleOperation, StateError};
use crate::MaterialId;
use crate::named::named;
use crate::spec::KeyOrigin;

named! {
    /// The states of a key, as `KeyMetadata` names them.
    pub enum KeyState {
        Creating = "Creating",
        Enabled = "Enabled",
        Disabled = "Disabled",
        PendingDeletion = "PendingDeletion",
        PendingImport = "PendingImport",
        PendingReplicaDeletion = "PendingReplicaDeletion",
        Unavailable = "Unavailable",
        Updating = "Updating",
    }
}

/// The life of one key in one Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    origin: KeyOrigin,
    /// What `EnableKey` and `DisableKey` switch.
    enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deletion: Option<Deletion>,
    /// When a replica that is being made will be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    creating_until: Option<Timestamp>,
    /// When the change of the primary Region will be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updating_until: Option<Timestamp>,
    /// The imported material that is here, and when it expires.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    imported: BTreeMap<MaterialId, Option<Timestamp>>,
    shared: SharedProperties,
}

/// What a multi-Region key has in common with its related keys (multi-region-and-aliases.md, A2); whichever of them changes
/// it, [`Lifecycle::synchronise`] tells the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedProperties {
    /// Every material that ever was current, the present one last.
    materials: Vec<MaterialFacts>,
    /// Imported material that waits to become current.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<PendingMaterial>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    automatic_rotation: Option<AutomaticRotation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_demand_rotation: Option<OnDemandRotation>,
    /// How many on-demand rotations there ever were.
    #[serde(default, skip_serializing_if = "is_zero")]
    on_demand_rotations: u32,
    /// Where the related keys are, of a multi-Region key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    regions: Option<KeyRegions>,
}

/// What is known of a material besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaterialFacts {
    pub id: MaterialId,
    /// What the customer says of imported material.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When and how it became current; the first one always was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated: Option<Rotated>,
}

/// What happens to a key by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Deletion,
    OnDemandRotation,
    AutomaticRotation,
    Expiry(MaterialId),
}

impl Lifecycle {
    /// The life of a key with its first material, which KMS, or the custom key store, made.
    pub fn made(origin: KeyOrigin, material: MaterialId) -> Self {
        let mut life = Self::without_material(origin);
        life.shared.materials.push(MaterialFacts { id: material, description: None, rotated: None });
        life
    }

    /// The life of a key whose material is the customer's to bring: it begins pending import.
    pub fn to_be_imported() -> Self {
        Self::without_material(KeyOrigin::External)
    }

    fn without_material(origin: KeyOrigin) -> Self {
        Self {
            origin,
            enabled: true,
            deletion: None,
            creating_until: None,
            updating_until: None,
            imported: BTreeMap::new(),
            shared: SharedProperties::default(),
        }
    }

    /// Where the key's material comes from.
    pub fn origin(&self) -> KeyOrigin {
        self.origin
    }

    /// The state at this moment, or `None` once the deletion date has passed: the key no longer exists.
    pub fn state(&self, now: Timestamp) -> Option<KeyState> {
        let lasts = |until: Option<Timestamp>| until.is_some_and(|until| now < until);
        Some(match self.deletion {
            Some(Deletion::At(date)) if date <= now => return None,
            Some(Deletion::At(_)) => KeyState::PendingDeletion,
            Some(Deletion::AfterReplicas(_)) => KeyState::PendingReplicaDeletion,
            None if lasts(self.creating_until) => KeyState::Creating,
            None if self.lacks_material(now) => KeyState::PendingImport,
            None if !self.enabled => KeyState::Disabled,
            None if lasts(self.updating_until) => KeyState::Updating,
            None => KeyState::Enabled,
        })
    }

    /// Whether the key is gone and only waits to be swept away.
    pub fn is_deleted(&self, now: Timestamp) -> bool {
        self.state(now).is_none()
    }

    /// Whether the key allows the operation now.
    pub fn permits(&self, operation: LifecycleOperation, now: Timestamp) -> Result<(), StateError> {
        let state = self.state(now).ok_or(StateError::Deleted)?;
        operation.permitted(state, self.origin)
    }

    /// `EnableKey` of the key in the Region `here`; an enabled key stays so. A rotation that fell due meanwhile takes place
    /// now, if it is this key's to begin.
    pub fn enable(&mut self, here: &Region, now: Timestamp) -> Result<(), StateError> {
        self.permits(LifecycleOperation::EnableKey, now)?;
        if !self.enabled && !self.is_replica(here) {
            self.catch_up_with_rotation(now);
        }
        self.enabled = true;
        Ok(())
    }

    /// `DisableKey`; a disabled key stays so.
    pub fn disable(&mut self, now: Timestamp) -> Result<(), StateError> {
        self.permits(LifecycleOperation::DisableKey, now)?;
        self.enabled = false;
        Ok(())
    }

    /// Every material that ever was current, the present one last.
    pub fn materials(&self) -> &[MaterialFacts] {
        &self.shared.materials
    }

    /// The material that is current, be it here or missing.
    pub fn current_material(&self) -> Option<&MaterialFacts> {
        self.shared.materials.last()
    }

    /// Every material that the key knows, in whichever state.
    pub fn material_ids(&self) -> impl Iterator<Item = MaterialId> {
        let pending = self.shared.pending.as_ref().map(|pending| pending.id);
        self.shared.materials.iter().map(|material| material.id).chain(pending)
    }

    /// Whether the bytes of a material are to be kept here.
    pub fn holds(&self, material: MaterialId) -> bool {
        match self.origin {
            KeyOrigin::External => self.imported.contains_key(&material),
            KeyOrigin::AwsKms | KeyOrigin::AwsCloudHsm | KeyOrigin::ExternalKeyStore => true,
        }
    }

    /// What the key shares with its related keys.
    pub fn shared(&self) -> &SharedProperties {
        &self.shared
    }

    /// When something will happen to the key by itself, if ever. `here` is the key's own Region.
    pub fn next_event(&self, here: &Region) -> Option<Timestamp> {
        self.next(here).map(|(at, _)| at)
    }

    /// Makes happen, in the order of their dates, what was to happen by itself until now: rotations and expiries. What
    /// `new_material` makes is the material of a key that rotates. A deletion date that has passed is left to whoever
    /// deletes the key.
    pub fn advance(&mut self, here: &Region, now: Timestamp, mut new_material: impl FnMut() -> MaterialId) {
        while let Some((at, event)) = self.next(here).filter(|(at, _)| *at <= now) {
            match event {
                Event::Deletion => return,
                Event::OnDemandRotation => self.complete_on_demand_rotation(at, &mut new_material),
                Event::AutomaticRotation => self.rotate_automatically(at, &mut new_material),
                Event::Expiry(material) => {
                    self.imported.remove(&material);
                }
            }
        }
    }

    fn next(&self, here: &Region) -> Option<(Timestamp, Event)> {
        let deletion = match self.deletion {
            Some(Deletion::At(date)) => Some((date, Event::Deletion)),
            Some(Deletion::AfterReplicas(_)) | None => None,
        };
        [deletion, self.next_rotation(here), self.next_expiry()].into_iter().flatten().min_by_key(|(at, _)| *at)
    }
}

impl SharedProperties {
    /// Whether it is a material of the key, in whichever state.
    fn knows(&self, id: MaterialId) -> bool {
        self.materials.iter().any(|material| material.id == id)
            || self.pending.as_ref().is_some_and(|pending| pending.id == id)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests;
