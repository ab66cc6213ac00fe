use serde::{Deserialize, Serialize};
use trent_shared::Timestamp;

use crate::named::named;
use crate::spec::KeyOrigin;
use crate::state_rules::{LifecycleOperation, StateError};

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

/// The facts that a key's state follows from. They are kept apart rather than as one state, because they are
/// independent of each other: a key that is pending deletion still has or lacks its material, and cancelling the
/// deletion uncovers the state that was there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    origin: KeyOrigin,
    /// What `EnableKey` and `DisableKey` switch.
    enabled: bool,
    /// Whether imported material has still to be supplied.
    lacks_material: bool,
    /// When imported material will be missing again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    material_expiry: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deletion_date: Option<Timestamp>,
}

/// How long a key waits for its deletion: 7 to 30 days, 30 unless told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletionWindow(u32);

/// A window outside of 7 to 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a deletion window is 7 to 30 days")]
pub struct InvalidDeletionWindow;

impl Lifecycle {
    /// A key's first state: Enabled, or `PendingImport` when the material is the customer's to bring.
    pub fn new(origin: KeyOrigin) -> Self {
        let lacks_material = origin == KeyOrigin::External;
        Self { origin, enabled: true, lacks_material, material_expiry: None, deletion_date: None }
    }

    /// Where the key's material comes from.
    pub fn origin(&self) -> KeyOrigin {
        self.origin
    }

    /// The state at this moment, or `None` once the deletion date has passed: the key no longer exists.
    pub fn state(&self, now: Timestamp) -> Option<KeyState> {
        match self.deletion_date {
            Some(date) if date <= now => None,
            Some(_) => Some(KeyState::PendingDeletion),
            None if self.lacks_material(now) => Some(KeyState::PendingImport),
            None if self.enabled => Some(KeyState::Enabled),
            None => Some(KeyState::Disabled),
        }
    }

    /// Whether the key is gone and only waits to be swept away.
    pub fn is_deleted(&self, now: Timestamp) -> bool {
        self.state(now).is_none()
    }

    /// When the key will be deleted, if that is planned.
    pub fn deletion_date(&self) -> Option<Timestamp> {
        self.deletion_date
    }

    /// Whether imported material is missing: never there, deleted, or expired.
    pub fn lacks_material(&self, now: Timestamp) -> bool {
        self.lacks_material || self.material_expiry.is_some_and(|expiry| expiry <= now)
    }

    /// When imported material expires, if that was wanted.
    pub fn material_expiry(&self) -> Option<Timestamp> {
        self.material_expiry
    }

    /// Whether the key allows the operation now.
    pub fn permits(&self, operation: LifecycleOperation, now: Timestamp) -> Result<(), StateError> {
        let state = self.state(now).ok_or(StateError::Deleted)?;
        operation.permitted(state, self.origin)
    }

    /// `EnableKey`; an enabled key stays so.
    pub fn enable(&mut self, now: Timestamp) -> Result<(), StateError> {
        self.permits(LifecycleOperation::EnableKey, now)?;
        self.enabled = true;
        Ok(())
    }

    /// `DisableKey`; a disabled key stays so.
    pub fn disable(&mut self, now: Timestamp) -> Result<(), StateError> {
        self.permits(LifecycleOperation::DisableKey, now)?;
        self.enabled = false;
        Ok(())
    }

    /// ImportKeyMaterial, of all the material that was missing. It also enables a disabled key (recorded).
    pub fn import_material(&mut self, now: Timestamp, expiry: Option<Timestamp>) -> Result<(), StateError> {
        self.permits(LifecycleOperation::ImportKeyMaterial, now)?;
        self.lacks_material = false;
        self.material_expiry = expiry;
        self.enabled = true;
        Ok(())
    }

    /// DeleteImportedKeyMaterial. A key that is pending deletion stays so.
    pub fn delete_material(&mut self, now: Timestamp) -> Result<(), StateError> {
        self.permits(LifecycleOperation::DeleteImportedKeyMaterial, now)?;
        self.lacks_material = true;
        self.material_expiry = None;
        Ok(())
    }

    /// ScheduleKeyDeletion. Returns the deletion date.
    pub fn schedule_deletion(&mut self, now: Timestamp, window: DeletionWindow) -> Result<Timestamp, StateError> {
        self.permits(LifecycleOperation::ScheduleKeyDeletion, now)?;
        let date = now.plus_days(window.days());
        self.deletion_date = Some(date);
        Ok(date)
    }

    /// `CancelKeyDeletion`. The key comes back disabled, whatever it was before.
    pub fn cancel_deletion(&mut self, now: Timestamp) -> Result<(), StateError> {
        self.permits(LifecycleOperation::CancelKeyDeletion, now)?;
        self.deletion_date = None;
        self.enabled = false;
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state_rules::InvalidState;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_123);

    fn week() -> DeletionWindow {
        DeletionWindow::try_from(7).expect("valid")
    }

    #[test]
    fn keys_start_enabled_unless_their_material_is_imported() {
        for origin in KeyOrigin::ALL {
            let expected = if *origin == KeyOrigin::External { KeyState::PendingImport } else { KeyState::Enabled };
            assert_eq!(Lifecycle::new(*origin).state(NOW), Some(expected), "{origin}");
        }
    }

    #[test]
    fn enabling_and_disabling_are_idempotent() {
        let mut key = Lifecycle::new(KeyOrigin::AwsKms);
        for _ in 0..2 {
            assert_eq!(key.disable(NOW), Ok(()));
            assert_eq!(key.state(NOW), Some(KeyState::Disabled));
        }
        for _ in 0..2 {
            assert_eq!(key.enable(NOW), Ok(()));
            assert_eq!(key.state(NOW), Some(KeyState::Enabled));
        }
    }

    #[test]
    fn a_scheduled_key_is_gone_at_its_deletion_date_to_the_millisecond() {
        let mut key = Lifecycle::new(KeyOrigin::AwsKms);
        let date = key.schedule_deletion(NOW, week()).expect("enabled");
        assert_eq!(date.as_millis() - NOW.as_millis(), 7 * 24 * 3_600 * 1_000);
        assert_eq!(key.deletion_date(), Some(date));
        let before = Timestamp::from_millis(date.as_millis() - 1);
        assert_eq!((key.state(before), key.is_deleted(before)), (Some(KeyState::PendingDeletion), false));
        assert_eq!((key.state(date), key.is_deleted(date)), (None, true));
        for gone in [key.cancel_deletion(date), key.enable(date), key.permits(LifecycleOperation::DescribeKey, date)] {
            assert_eq!(gone, Err(StateError::Deleted));
        }
    }

    #[test]
    fn a_pending_deletion_is_neither_repeated_nor_shortened() {
        let mut key = Lifecycle::new(KeyOrigin::AwsKms);
        let date = key.schedule_deletion(NOW, DeletionWindow::default()).expect("enabled");
        let pending = StateError::InvalidState(InvalidState::PendingDeletion);
        assert_eq!(key.schedule_deletion(NOW, week()), Err(pending));
        assert_eq!(key.enable(NOW), Err(pending));
        assert_eq!(key.disable(NOW), Err(pending));
        assert_eq!(key.deletion_date(), Some(date));
    }

    #[test]
    fn cancelling_leaves_the_key_disabled_or_pending_import() {
        for (origin, expected) in
            [(KeyOrigin::AwsKms, KeyState::Disabled), (KeyOrigin::External, KeyState::PendingImport)]
        {
            let mut key = Lifecycle::new(origin);
            let not_pending = Err(StateError::InvalidState(InvalidState::NotPendingDeletion));
            assert_eq!(key.cancel_deletion(NOW), not_pending);
            key.schedule_deletion(NOW, week()).expect("not pending deletion");
            assert_eq!(key.cancel_deletion(NOW), Ok(()));
            assert_eq!((key.state(NOW), key.deletion_date()), (Some(expected), None));
        }
    }

    #[test]
    fn imported_material_comes_expires_and_comes_again() {
        let mut key = Lifecycle::new(KeyOrigin::External);
        let expiry = NOW.plus_days(1);
        assert_eq!(key.import_material(NOW, Some(expiry)), Ok(()));
        assert_eq!(key.state(NOW), Some(KeyState::Enabled));
        assert_eq!((key.state(expiry), key.lacks_material(expiry)), (Some(KeyState::PendingImport), true));
        assert_eq!(key.import_material(expiry, None), Ok(()));
        assert_eq!(key.state(expiry.plus_days(9_999)), Some(KeyState::Enabled));

        assert_eq!(key.disable(expiry), Ok(()));
        assert_eq!(key.delete_material(expiry), Ok(()));
        assert_eq!(key.state(expiry), Some(KeyState::PendingImport));
        assert_eq!(key.import_material(expiry, None), Ok(()));
        assert_eq!(key.state(expiry), Some(KeyState::Enabled));
    }

    #[test]
    fn only_keys_of_origin_external_import() {
        let mut key = Lifecycle::new(KeyOrigin::AwsKms);
        let refused = Err(StateError::UnsupportedOrigin(KeyOrigin::AwsKms));
        assert_eq!(key.import_material(NOW, None), refused);
        assert_eq!(key.delete_material(NOW), refused);
    }

    #[test]
    fn windows_are_7_to_30_days() {
        assert_eq!(DeletionWindow::default().days(), 30);
        for days in 7..=30 {
            assert_eq!(DeletionWindow::try_from(days).map(|window| i64::from(window.days())), Ok(i64::from(days)));
        }
        for wrong in [i32::MIN, -7, 0, 6, 31, 365, i32::MAX] {
            assert_eq!(DeletionWindow::try_from(wrong), Err(InvalidDeletionWindow), "{wrong}");
        }
    }

    #[test]
    fn records_hold_facts_under_stable_names() {
        let mut key = Lifecycle::new(KeyOrigin::AwsKms);
        let stored = serde_json::to_string(&key).expect("serialises");
        assert_eq!(stored, r#"{"origin":"AWS_KMS","enabled":true,"lacks_material":false}"#);
        assert_eq!(serde_json::from_str::<Lifecycle>(&stored).expect("reads back"), key);

        key.schedule_deletion(NOW, week()).expect("enabled");
        let stored = serde_json::to_string(&key).expect("serialises");
        assert!(stored.ends_with(r#""deletion_date":1700604800123}"#), "{stored}");
        assert_eq!(serde_json::from_str::<Lifecycle>(&stored).expect("reads back"), key);
    }
}
