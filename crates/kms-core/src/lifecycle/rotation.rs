//! New material for old keys: by the calendar and on demand (crypto.md §2.2, key-states.md §4.4).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use trent_shared::{Region, Timestamp};

use super::{Event, Lifecycle, LifecycleOperation, MaterialFacts, StateError};
use crate::MaterialId;
use crate::named::named;
use crate::spec::KeyOrigin;

named! {
    /// What made a material current.
    pub enum RotationType {
        Automatic = "AUTOMATIC",
        OnDemand = "ON_DEMAND",
    }
}

/// When and how a material became current.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotated {
    pub date: Timestamp,
    #[serde(rename = "type")]
    pub rotation_type: RotationType,
}

/// Rotation by the calendar, turned on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomaticRotation {
    pub period: RotationPeriod,
    /// The next rotation's date. It stays in the past while the key is not enabled.
    pub next: Timestamp,
}

/// The days from one automatic rotation to the next: 90 to 2,560, 365 unless told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RotationPeriod(u32);

/// A period outside of 90 to 2,560 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rotation period is 90 to 2560 days")]
pub struct InvalidRotationPeriod;

/// A rotation on demand that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnDemandRotation {
    pub started: Timestamp,
    /// When the new material becomes current.
    pub ends: Timestamp,
}

/// Why a key's rotation is not started or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    #[error(transparent)]
    State(#[from] StateError),
    /// Only the primary key's rotation can be changed, and changes that of the others. An `UnsupportedOperationException`.
    #[error("the key is a replica")]
    Replica,
    /// A `LimitExceededException`.
    #[error("no more on-demand rotations can be performed")]
    LimitReached,
    /// An automatic rotation is about to begin. A `ConflictException`.
    #[error("an automatic rotation is due within 20 minutes")]
    AutomaticRotationDue,
    /// A key with imported material rotates to material that was imported for that. A `KMSInvalidStateException`.
    #[error("no material is pending rotation")]
    NoPendingMaterial,
    /// Every replica must have the pending material first. A `KMSInvalidStateException`.
    #[error("the material has not been imported for replicas")]
    AwaitedByReplicas,
}

/// An on-demand rotation is refused so shortly before an automatic one (documented).
const CONFLICT_MILLIS: i64 = 20 * 60 * 1000;

impl Lifecycle {
    /// Rotation by the calendar, where it is on.
    pub fn automatic_rotation(&self) -> Option<AutomaticRotation> {
        self.shared.automatic_rotation
    }

    /// The rotation on demand that is under way.
    pub fn on_demand_rotation(&self) -> Option<OnDemandRotation> {
        self.shared.on_demand_rotation
    }

    /// `EnableKeyRotation`. Where rotation is on already, the period stays unless told, and the date unless the period
    /// changes (recorded).
    pub fn enable_rotation(
        &mut self,
        here: &Region,
        now: Timestamp,
        period: Option<RotationPeriod>,
    ) -> Result<(), RotationError> {
        self.permits(LifecycleOperation::EnableKeyRotation, now)?;
        self.require_primary(here)?;
        let present = self.shared.automatic_rotation;
        let period = period.or(present.map(|rotation| rotation.period)).unwrap_or_default();
        if present.is_none_or(|rotation| rotation.period != period) {
            self.shared.automatic_rotation = Some(AutomaticRotation { period, next: now.plus_days(period.days()) });
        }
        Ok(())
    }

    /// `DisableKeyRotation`, whether it is on or not (recorded).
    pub fn disable_rotation(&mut self, here: &Region, now: Timestamp) -> Result<(), RotationError> {
        self.permits(LifecycleOperation::DisableKeyRotation, now)?;
        self.require_primary(here)?;
        self.shared.automatic_rotation = None;
        Ok(())
    }

    /// `RotateKeyOnDemand`: begins a rotation that takes `duration`, unless there were `limit` already. While one is
    /// under way, asking again changes nothing (recorded).
    pub fn rotate_on_demand(
        &mut self,
        here: &Region,
        now: Timestamp,
        duration: Duration,
        limit: u32,
    ) -> Result<(), RotationError> {
        self.permits(LifecycleOperation::RotateKeyOnDemand, now)?;
        self.require_primary(here)?;
        if self.shared.on_demand_rotation.is_some() {
            return Ok(());
        }
        if self.shared.on_demand_rotations >= limit {
            return Err(RotationError::LimitReached);
        }
        if self.origin == KeyOrigin::External {
            let pending = self.shared.pending.as_ref().ok_or(RotationError::NoPendingMaterial)?;
            if !pending.awaited_in.is_empty() {
                return Err(RotationError::AwaitedByReplicas);
            }
        }
        let is_due = |next: Timestamp| next.as_millis() - now.as_millis() <= CONFLICT_MILLIS;
        if self.shared.automatic_rotation.is_some_and(|rotation| is_due(rotation.next)) {
            return Err(RotationError::AutomaticRotationDue);
        }
        self.shared.on_demand_rotation = Some(OnDemandRotation { started: now, ends: now.plus(duration) });
        self.shared.on_demand_rotations += 1;
        Ok(())
    }

    /// Rotations are the primary key's to begin. One on demand ends whatever became of the key meanwhile (recorded); one
    /// by the calendar waits until the key is enabled (documented).
    pub(super) fn next_rotation(&self, here: &Region) -> Option<(Timestamp, Event)> {
        if self.is_replica(here) {
            return None;
        }
        let on_demand = self.shared.on_demand_rotation.map(|rotation| (rotation.ends, Event::OnDemandRotation));
        let may_rotate = self.enabled && self.deletion.is_none();
        let automatic = self.shared.automatic_rotation.filter(|_| may_rotate);
        let automatic = automatic.map(|rotation| (rotation.next, Event::AutomaticRotation));
        [on_demand, automatic].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    pub(super) fn rotate_automatically(&mut self, date: Timestamp, new_material: &mut impl FnMut() -> MaterialId) {
        if let Some(rotation) = &mut self.shared.automatic_rotation {
            rotation.next = date.plus_days(rotation.period.days());
            self.make_current(new_material(), None, Rotated { date, rotation_type: RotationType::Automatic });
        }
    }

    pub(super) fn complete_on_demand_rotation(
        &mut self,
        date: Timestamp,
        new_material: &mut impl FnMut() -> MaterialId,
    ) {
        self.shared.on_demand_rotation = None;
        let rotated = Rotated { date, rotation_type: RotationType::OnDemand };
        if self.origin != KeyOrigin::External {
            self.make_current(new_material(), None, rotated);
        } else if let Some(pending) = self.shared.pending.take() {
            // Material that was deleted since has left nothing to rotate to.
            self.make_current(pending.id, pending.description, rotated);
        }
    }

    fn make_current(&mut self, id: MaterialId, description: Option<String>, rotated: Rotated) {
        self.shared.materials.push(MaterialFacts { id, description, rotated: Some(rotated) });
    }

    /// What fell due while the key was not enabled takes place at once (documented).
    pub(super) fn catch_up_with_rotation(&mut self, now: Timestamp) {
        if let Some(rotation) = &mut self.shared.automatic_rotation {
            rotation.next = rotation.next.max(now);
        }
    }

    fn require_primary(&self, here: &Region) -> Result<(), RotationError> {
        if self.is_replica(here) { Err(RotationError::Replica) } else { Ok(()) }
    }
}

impl RotationPeriod {
    /// The period in days of 24 hours.
    pub const fn days(self) -> u32 {
        self.0
    }
}

impl Default for RotationPeriod {
    fn default() -> Self {
        Self(365)
    }
}

impl TryFrom<i32> for RotationPeriod {
    type Error = InvalidRotationPeriod;

    fn try_from(days: i32) -> Result<Self, Self::Error> {
        match u32::try_from(days) {
            Ok(days @ 90..=2560) => Ok(Self(days)),
            _ => Err(InvalidRotationPeriod),
        }
    }
}
