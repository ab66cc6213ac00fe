use serde::{Deserialize, Serialize};
use trent_shared::{Region, Timestamp};

use super::{Lifecycle, LifecycleOperation, StateError};

/// A deletion that is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Deletion {
    #[serde(rename = "at")]
    At(Timestamp),
    /// A primary key waits until its last replica is gone; then its window begins.
    #[serde(rename = "after_replicas")]
    AfterReplicas(DeletionWindow),
}

/// How long a key waits for its deletion: 7 to 30 days, 30 unless told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeletionWindow(u32);

/// A window outside of 7 to 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a deletion window is 7 to 30 days")]
pub struct InvalidDeletionWindow;

/// What `ScheduleKeyDeletion` brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduledDeletion {
    /// The key is pending deletion, until this date.
    At(Timestamp),
    /// The key is pending replica deletion.
    AfterReplicas,
}

impl Lifecycle {
    /// When the key will be deleted, if that date is known.
    pub fn deletion_date(&self) -> Option<Timestamp> {
        match self.deletion {
            Some(Deletion::At(date)) => Some(date),
            Some(Deletion::AfterReplicas(_)) | None => None,
        }
    }

    /// The window that begins once the last replica is gone.
    pub fn pending_window(&self) -> Option<DeletionWindow> {
        match self.deletion {
            Some(Deletion::AfterReplicas(window)) => Some(window),
            Some(Deletion::At(_)) | None => None,
        }
    }

    /// `ScheduleKeyDeletion` of the key in the Region `here`. A primary key with replicas waits for them.
    pub fn schedule_deletion(
        &mut self,
        here: &Region,
        now: Timestamp,
        window: DeletionWindow,
    ) -> Result<ScheduledDeletion, StateError> {
        self.permits(LifecycleOperation::ScheduleKeyDeletion, now)?;
        if self.has_replicas(here) {
            self.deletion = Some(Deletion::AfterReplicas(window));
            return Ok(ScheduledDeletion::AfterReplicas);
        }
        let date = now.plus_days(window.days());
        self.deletion = Some(Deletion::At(date));
        Ok(ScheduledDeletion::At(date))
    }

    /// `CancelKeyDeletion`. The key comes back disabled, whatever it was before.
    pub fn cancel_deletion(&mut self, now: Timestamp) -> Result<(), StateError> {
        self.permits(LifecycleOperation::CancelKeyDeletion, now)?;
        self.deletion = None;
        self.enabled = false;
        Ok(())
    }

    /// Begins the window of a primary key whose last replica is gone.
    pub(super) fn replicas_are_gone(&mut self, at: Timestamp) {
        if let Some(Deletion::AfterReplicas(window)) = self.deletion {
            self.deletion = Some(Deletion::At(at.plus_days(window.days())));
        }
    }
}

impl DeletionWindow {
    /// The window in days of 24 hours.
    pub const fn days(self) -> u32 {
        self.0
    }
}

impl Default for DeletionWindow {
    fn default() -> Self {
        Self(30)
    }
}

impl TryFrom<i32> for DeletionWindow {
    type Error = InvalidDeletionWindow;

    fn try_from(days: i32) -> Result<Self, Self::Error> {
        match u32::try_from(days) {
            Ok(days @ 7..=30) => Ok(Self(days)),
            _ => Err(InvalidDeletionWindow),
        }
    }
}
