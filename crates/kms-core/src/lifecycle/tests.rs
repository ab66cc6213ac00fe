use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_123);

fn here() -> Region {
    Region::default()
}

fn there() -> Region {
    "eu-west-1".parse().expect("a Region")
}

fn id(number: u8) -> MaterialId {
    MaterialId::from([number; 32])
}

fn made() -> Lifecycle {
    Lifecycle::made(KeyOrigin::AwsKms, id(0))
}

fn primary() -> Lifecycle {
    made().multi_region(here())
}

fn week() -> DeletionWindow {
    DeletionWindow::try_from(7).expect("valid")
}

fn days(days: u32) -> RotationPeriod {
    RotationPeriod::try_from(i32::try_from(days).expect("few")).expect("valid")
}

/// New materials are numbered from 1 on.
fn advance(key: &mut Lifecycle, now: Timestamp) {
    let mut number = u8::try_from(key.materials().len()).expect("few") - 1;
    key.advance(&here(), now, || {
        number += 1;
        id(number)
    });
}

fn import(number: u8, kind: Option<ImportKind>) -> MaterialImport {
    MaterialImport { id: id(number), kind, named: None, description: None, expiry: None }
}

fn invalid<T>(state: InvalidState) -> Result<T, StateError> {
    Err(StateError::InvalidState(state))
}

fn dates(key: &Lifecycle) -> Vec<Timestamp> {
    key.materials().iter().filter_map(|material| material.rotated.map(|rotated| rotated.date)).collect()
}

const MOMENT: std::time::Duration = std::time::Duration::from_secs(2);

#[test]
fn keys_start_enabled_unless_their_material_is_imported() {
    for origin in KeyOrigin::ALL.iter().filter(|origin| **origin != KeyOrigin::External) {
        assert_eq!(Lifecycle::made(*origin, id(0)).state(NOW), Some(KeyState::Enabled), "{origin}");
    }
    assert_eq!(Lifecycle::to_be_imported().state(NOW), Some(KeyState::PendingImport));
}

#[test]
fn enabling_and_disabling_are_idempotent() {
    let mut key = made();
    for _ in 0..2 {
        assert_eq!(key.disable(NOW), Ok(()));
        assert_eq!(key.state(NOW), Some(KeyState::Disabled));
    }
    for _ in 0..2 {
        assert_eq!(key.enable(&here(), NOW), Ok(()));
        assert_eq!(key.state(NOW), Some(KeyState::Enabled));
    }
}

#[test]
fn a_scheduled_key_is_gone_at_its_deletion_date_to_the_millisecond() {
    let mut key = made();
    let date = NOW.plus_days(7);
    assert_eq!(key.schedule_deletion(&here(), NOW, week()), Ok(ScheduledDeletion::At(date)));
    assert_eq!((key.deletion_date(), key.next_event(&here())), (Some(date), Some(date)));
    let before = Timestamp::from_millis(date.as_millis() - 1);
    assert_eq!((key.state(before), key.is_deleted(before)), (Some(KeyState::PendingDeletion), false));
    assert_eq!((key.state(date), key.is_deleted(date)), (None, true));
    for gone in
        [key.cancel_deletion(date), key.enable(&here(), date), key.permits(LifecycleOperation::DescribeKey, date)]
    {
        assert_eq!(gone, Err(StateError::Deleted));
    }
}

#[test]
fn a_pending_deletion_is_neither_repeated_nor_shortened() {
    let mut key = made();
    key.schedule_deletion(&here(), NOW, DeletionWindow::default()).expect("enabled");
    assert_eq!(key.schedule_deletion(&here(), NOW, week()), invalid(InvalidState::PendingDeletion));
    assert_eq!(key.enable(&here(), NOW), invalid(InvalidState::PendingDeletion));
    assert_eq!(key.disable(NOW), invalid(InvalidState::PendingDeletion));
    assert_eq!(key.deletion_date(), Some(NOW.plus_days(30)));
}

#[test]
fn cancelling_leaves_the_key_disabled_or_pending_import() {
    for (mut key, expected) in [(made(), KeyState::Disabled), (Lifecycle::to_be_imported(), KeyState::PendingImport)] {
        assert_eq!(key.cancel_deletion(NOW), invalid(InvalidState::NotPendingDeletion));
        key.schedule_deletion(&here(), NOW, week()).expect("not pending deletion");
        assert_eq!(key.cancel_deletion(NOW), Ok(()));
        assert_eq!((key.state(NOW), key.deletion_date()), (Some(expected), None));
    }
}

#[test]
fn windows_are_7_to_30_days_and_periods_90_to_2560() {
    assert_eq!((DeletionWindow::default().days(), RotationPeriod::default().days()), (30, 365));
    for right in 7..=30 {
        assert_eq!(DeletionWindow::try_from(right).map(|window| i64::from(window.days())), Ok(i64::from(right)));
    }
    for wrong in [i32::MIN, -7, 0, 6, 31, 365, i32::MAX] {
        assert_eq!(DeletionWindow::try_from(wrong), Err(InvalidDeletionWindow), "{wrong}");
    }
    for right in [90, 365, 2560] {
        assert_eq!(RotationPeriod::try_from(right).map(|period| i64::from(period.days())), Ok(i64::from(right)));
    }
    for wrong in [i32::MIN, -90, 0, 89, 2561, i32::MAX] {
        assert_eq!(RotationPeriod::try_from(wrong), Err(InvalidRotationPeriod), "{wrong}");
    }
}

#[test]
fn rotations_take_place_on_their_dates_however_late_somebody_looks() {
    let mut key = made();
    key.enable_rotation(&here(), NOW, Some(days(90))).expect("enabled");
    assert_eq!(key.next_event(&here()), Some(NOW.plus_days(90)));
    advance(&mut key, NOW.plus_days(89));
    assert!(dates(&key).is_empty());
    advance(&mut key, NOW.plus_days(300));
    assert_eq!(dates(&key), [90, 180, 270].map(|day| NOW.plus_days(day)));
    assert_eq!(key.automatic_rotation().map(|rotation| rotation.next), Some(NOW.plus_days(360)));
    assert_eq!(key.current_material().map(|material| material.id), Some(id(3)));
}

#[test]
fn enabling_rotation_again_keeps_the_date_unless_the_period_changes() {
    let mut key = made();
    let next = |key: &Lifecycle| key.automatic_rotation().map(|rotation| (rotation.period.days(), rotation.next));
    let later = NOW.plus_days(10);
    key.enable_rotation(&here(), NOW, None).expect("enabled");
    assert_eq!(next(&key), Some((365, NOW.plus_days(365))));
    key.enable_rotation(&here(), NOW, Some(days(100))).expect("enabled");
    for same in [None, Some(days(100))] {
        key.enable_rotation(&here(), later, same).expect("enabled");
        assert_eq!(next(&key), Some((100, NOW.plus_days(100))));
    }
    key.enable_rotation(&here(), later, Some(days(120))).expect("enabled");
    assert_eq!(next(&key), Some((120, later.plus_days(120))));
    key.disable_rotation(&here(), later).expect("enabled");
    key.disable_rotation(&here(), later).expect("enabled");
    key.enable_rotation(&here(), later, None).expect("enabled");
    assert_eq!(next(&key), Some((365, later.plus_days(365))));
}

#[test]
fn a_rotation_that_fell_due_meanwhile_takes_place_when_the_key_is_enabled() {
    for pending in [false, true] {
        let mut key = made();
        key.enable_rotation(&here(), NOW, Some(days(90))).expect("enabled");
        if pending {
            key.schedule_deletion(&here(), NOW.plus_days(80), DeletionWindow::default()).expect("enabled");
        } else {
            key.disable(NOW.plus_days(80)).expect("enabled");
        }
        advance(&mut key, NOW.plus_days(100));
        assert!(dates(&key).is_empty());
        if pending {
            key.cancel_deletion(NOW.plus_days(100)).expect("pending deletion");
        }
        key.enable(&here(), NOW.plus_days(100)).expect("disabled");
        advance(&mut key, NOW.plus_days(100));
        assert_eq!(dates(&key), [NOW.plus_days(100)]);
        assert_eq!(key.automatic_rotation().map(|rotation| rotation.next), Some(NOW.plus_days(190)));
    }
}

#[test]
fn a_replica_that_is_enabled_leaves_the_primary_keys_rotation_alone() {
    let mut key = primary();
    let mut replica = key.replicate(&here(), &there(), NOW, NOW).expect("primary");
    key.enable_rotation(&here(), NOW, Some(days(90))).expect("enabled");
    key.disable(NOW).expect("enabled");
    replica.synchronise(&there(), key.shared(), NOW);
    replica.disable(NOW).expect("enabled");
    replica.enable(&there(), NOW.plus_days(100)).expect("disabled");
    assert_eq!(replica.shared(), key.shared());
}

#[test]
fn a_rotation_on_demand_ends_whatever_becomes_of_the_key() {
    for end in [
        |_: &mut Lifecycle| {},
        |key: &mut Lifecycle| key.disable(NOW).expect("enabled"),
        |key: &mut Lifecycle| {
            key.schedule_deletion(&here(), NOW, week()).expect("enabled");
        },
    ] {
        let mut key = made();
        key.rotate_on_demand(&here(), NOW, MOMENT, 25).expect("enabled");
        key.rotate_on_demand(&here(), NOW, MOMENT, 25).expect("again");
        end(&mut key);
        assert_eq!(key.on_demand_rotation().map(|rotation| rotation.started), Some(NOW));
        advance(&mut key, NOW);
        assert!(dates(&key).is_empty());
        advance(&mut key, NOW.plus(MOMENT));
        assert_eq!((dates(&key), key.on_demand_rotation()), (vec![NOW.plus(MOMENT)], None));
    }
}

#[test]
fn rotations_on_demand_are_limited_for_ever() {
    let mut key = made();
    for number in 0..25 {
        let now = NOW.plus_days(number);
        key.rotate_on_demand(&here(), now, MOMENT, 25).expect("within the limit");
        advance(&mut key, now.plus(MOMENT));
    }
    let refused = key.rotate_on_demand(&here(), NOW.plus_days(1000), MOMENT, 25);
    assert_eq!(refused, Err(RotationError::LimitReached));
}

#[test]
fn no_rotation_on_demand_begins_right_before_one_by_the_calendar() {
    let mut key = made();
    key.enable_rotation(&here(), NOW, Some(days(90))).expect("enabled");
    let minutes = |minutes: i64| Timestamp::from_millis(NOW.plus_days(90).as_millis() - minutes * 60_000);
    let refused = key.rotate_on_demand(&here(), minutes(20), MOMENT, 25);
    assert_eq!(refused, Err(RotationError::AutomaticRotationDue));
    assert_eq!(key.rotate_on_demand(&here(), minutes(21), MOMENT, 25), Ok(()));
}

#[test]
fn imported_material_comes_expires_and_comes_again() {
    let mut key = Lifecycle::to_be_imported();
    let expiry = NOW.plus_days(1);
    let first = MaterialImport { expiry: Some(expiry), ..import(1, None) };
    assert_eq!(key.import_material(&here(), NOW, first), Ok(()));
    assert_eq!((key.state(NOW), key.next_event(&here())), (Some(KeyState::Enabled), Some(expiry)));
    assert_eq!((key.state(expiry), key.lacks_material(expiry)), (Some(KeyState::PendingImport), true));
    advance(&mut key, expiry);
    assert_eq!((key.holds(id(1)), key.next_event(&here())), (false, None));
    let other = key.import_material(&here(), expiry, import(2, None));
    assert_eq!(other, Err(ImportError::Differs { expected: id(1) }));
    assert_eq!(key.import_material(&here(), expiry, import(1, None)), Ok(()));
    assert_eq!(key.state(expiry.plus_days(9_999)), Some(KeyState::Enabled));

    assert_eq!(key.disable(expiry), Ok(()));
    for _ in 0..2 {
        assert_eq!(key.delete_material(&here(), expiry, None), Ok(Some(id(1))));
    }
    assert_eq!(key.state(expiry), Some(KeyState::PendingImport));
    assert_eq!(key.import_material(&here(), expiry, import(1, None)), Ok(()));
    assert_eq!(key.state(expiry), Some(KeyState::Enabled));
}

#[test]
fn a_further_material_waits_for_its_rotation_and_all_are_needed_after_it() {
    let mut key = Lifecycle::to_be_imported();
    let new = Some(ImportKind::New);
    key.import_material(&here(), NOW, import(1, None)).expect("the first");
    assert_eq!(key.rotate_on_demand(&here(), NOW, MOMENT, 25), Err(RotationError::NoPendingMaterial));
    assert_eq!(key.import_material(&here(), NOW, import(1, new)), Err(ImportError::AlreadyAssociated(id(1))));
    key.import_material(&here(), NOW, import(2, new)).expect("a further one");
    let third = key.import_material(&here(), NOW, import(3, new));
    assert_eq!(third, Err(ImportError::AnotherPending { new: id(3), pending: id(2) }));
    // Deleting what is pending changes nothing and makes room for another.
    assert_eq!(key.delete_material(&here(), NOW, Some(id(2))), Ok(Some(id(2))));
    assert_eq!((key.state(NOW), key.pending_material()), (Some(KeyState::Enabled), None));
    let unknown = key.delete_material(&here(), NOW, Some(id(2)));
    assert_eq!(unknown, Err(ImportError::NeverImported(id(2))));
    key.import_material(&here(), NOW, import(3, new)).expect("another");
    key.rotate_on_demand(&here(), NOW, MOMENT, 25).expect("pending");
    advance(&mut key, NOW.plus(MOMENT));
    assert_eq!(key.current_material().map(|material| material.id), Some(id(3)));
    for missing in [1, 3] {
        key.delete_material(&here(), NOW, Some(id(missing))).expect("known");
        assert_eq!(key.state(NOW), Some(KeyState::PendingImport));
        let named = MaterialImport { named: Some(id(missing)), ..import(missing, None) };
        key.import_material(&here(), NOW, named).expect("known");
        assert_eq!(key.state(NOW), Some(KeyState::Enabled));
    }
}

#[test]
fn a_rotation_under_way_ends_with_the_material_that_is_pending_then() {
    let mut key = Lifecycle::to_be_imported();
    let new = Some(ImportKind::New);
    key.import_material(&here(), NOW, import(1, None)).expect("the first");
    key.import_material(&here(), NOW, import(2, new)).expect("a further one");
    key.rotate_on_demand(&here(), NOW, MOMENT, 25).expect("pending");
    key.delete_material(&here(), NOW, Some(id(2))).expect("known");
    key.import_material(&here(), NOW, import(3, new)).expect("another");
    advance(&mut key, NOW.plus(MOMENT));
    assert_eq!(key.materials().iter().map(|material| material.id).collect::<Vec<_>>(), [id(1), id(3)]);
}

#[test]
fn material_may_expire_while_pending_and_is_missed_once_current() {
    let mut key = Lifecycle::to_be_imported();
    key.import_material(&here(), NOW, import(1, None)).expect("the first");
    let expiring = MaterialImport { expiry: Some(NOW.plus_days(1)), ..import(2, Some(ImportKind::New)) };
    key.import_material(&here(), NOW, expiring).expect("a further one");
    let later = NOW.plus_days(2);
    advance(&mut key, later);
    assert_eq!((key.state(later), key.holds(id(2))), (Some(KeyState::Enabled), true));
    key.rotate_on_demand(&here(), later, MOMENT, 25).expect("pending");
    advance(&mut key, later.plus(MOMENT));
    assert_eq!((key.state(later.plus(MOMENT)), key.holds(id(2))), (Some(KeyState::PendingImport), false));
}

#[test]
fn only_keys_of_origin_external_import() {
    let mut key = made();
    let refused = ImportError::State(StateError::UnsupportedOrigin(KeyOrigin::AwsKms));
    assert_eq!(key.import_material(&here(), NOW, import(1, None)), Err(refused));
    assert_eq!(key.delete_material(&here(), NOW, None), Err(refused));
}

#[test]
fn a_replica_is_created_for_a_moment_and_shares_what_it_must() {
    let mut key = primary();
    key.enable_rotation(&here(), NOW, None).expect("enabled");
    let replica = key.replicate(&here(), &there(), NOW, NOW.plus(MOMENT)).expect("primary");
    assert_eq!(
        (replica.state(NOW), replica.state(NOW.plus(MOMENT))),
        (Some(KeyState::Creating), Some(KeyState::Enabled))
    );
    assert_eq!(replica.shared(), key.shared());
    assert!(replica.is_replica(&there()) && !key.is_replica(&here()));
    // Rotations are the primary key's alone.
    assert_eq!((replica.next_event(&there()), key.next_event(&here())), (None, Some(NOW.plus_days(365))));
    let mut again = |target: &Region| key.replicate(&here(), target, NOW, NOW).err();
    assert_eq!(again(&there()), Some(RegionError::ReplicaIsThere));
    assert_eq!(again(&here()), Some(RegionError::PrimaryIsThere));
    let mut replica = replica;
    let later = NOW.plus(MOMENT);
    assert_eq!(replica.replicate(&there(), &here(), later, later).err(), Some(RegionError::NotPrimary));
    assert_eq!(made().replicate(&here(), &there(), NOW, NOW).err(), Some(RegionError::NotPrimary));
    for refused in [
        replica.enable_rotation(&there(), later, None),
        replica.disable_rotation(&there(), later),
        replica.rotate_on_demand(&there(), later, MOMENT, 25),
    ] {
        assert_eq!(refused, Err(RotationError::Replica));
    }
}

#[test]
fn a_primary_key_waits_for_its_last_replica_before_its_own_window_begins() {
    let mut key = primary();
    key.replicate(&here(), &there(), NOW, NOW).expect("primary");
    assert_eq!(key.schedule_deletion(&here(), NOW, week()), Ok(ScheduledDeletion::AfterReplicas));
    assert_eq!(key.state(NOW.plus_days(99)), Some(KeyState::PendingReplicaDeletion));
    assert_eq!((key.deletion_date(), key.pending_window(), key.next_event(&here())), (None, Some(week()), None));
    let mut shared = key.clone();
    shared.forget_replica(&there());
    let gone = NOW.plus_days(40);
    key.synchronise(&here(), shared.shared(), gone);
    assert_eq!(key.state(gone), Some(KeyState::PendingDeletion));
    assert_eq!(key.deletion_date(), Some(gone.plus_days(7)));
}

#[test]
fn the_primary_region_changes_at_once_and_both_keys_are_updating_for_a_moment() {
    let mut old = primary();
    let mut new = old.replicate(&here(), &there(), NOW, NOW).expect("primary");
    old.hand_over(&here(), &mut new, &there(), NOW, NOW.plus(MOMENT)).expect("a replica");
    assert!(old.is_replica(&here()) && !new.is_replica(&there()));
    for key in [&old, &new] {
        assert_eq!(key.state(NOW), Some(KeyState::Updating));
        assert_eq!(key.state(NOW.plus(MOMENT)), Some(KeyState::Enabled));
        assert_eq!(key.shared(), old.shared());
    }
    let again = old.hand_over(&here(), &mut new, &there(), NOW, NOW);
    assert_eq!(again, Err(RegionError::NotPrimary));
}

#[test]
fn replicas_import_the_primary_keys_material_before_it_rotates() {
    let mut key = Lifecycle::to_be_imported().multi_region(here());
    key.import_material(&here(), NOW, import(1, None)).expect("the first");
    let mut replica = key.replicate(&here(), &there(), NOW, NOW).expect("primary");
    assert_eq!(replica.state(NOW), Some(KeyState::PendingImport));
    let new = replica.import_material(&there(), NOW, import(2, Some(ImportKind::New)));
    assert_eq!(new, Err(ImportError::NewOnReplica));
    let described = MaterialImport { description: Some("x".to_owned()), ..import(1, None) };
    assert_eq!(replica.import_material(&there(), NOW, described), Err(ImportError::DescriptionOnReplica));
    replica.import_material(&there(), NOW, import(1, None)).expect("the primary's");
    assert_eq!(replica.state(NOW), Some(KeyState::Enabled));

    key.import_material(&here(), NOW, import(2, Some(ImportKind::New))).expect("a further one");
    replica.synchronise(&there(), &key.shared, NOW);
    assert_eq!(key.rotate_on_demand(&here(), NOW, MOMENT, 25), Err(RotationError::AwaitedByReplicas));
    replica.import_material(&there(), NOW, import(2, None)).expect("the primary's");
    key.synchronise(&here(), &replica.shared, NOW);
    assert_eq!(key.rotate_on_demand(&here(), NOW, MOMENT, 25), Ok(()));

    // What the primary forgets, its replicas forget.
    key.delete_material(&here(), NOW, Some(id(2))).expect("known");
    replica.synchronise(&there(), &key.shared, NOW);
    assert_eq!((replica.holds(id(2)), replica.holds(id(1))), (false, true));
}

#[test]
fn records_hold_facts_under_stable_names() {
    let mut key = made();
    let stored = serde_json::to_string(&key).expect("serialises");
    let material = "00".repeat(32);
    let expected = format!(r#"{{"origin":"AWS_KMS","enabled":true,"shared":{{"materials":[{{"id":"{material}"}}]}}}}"#);
    assert_eq!(stored, expected);
    assert_eq!(serde_json::from_str::<Lifecycle>(&stored).expect("reads back"), key);

    key = key.multi_region(here());
    key.enable_rotation(&here(), NOW, None).expect("enabled");
    key.rotate_on_demand(&here(), NOW, MOMENT, 25).expect("enabled");
    key.replicate(&here(), &there(), NOW, NOW).expect("primary");
    key.schedule_deletion(&here(), NOW, week()).expect("enabled");
    let stored = serde_json::to_string(&key).expect("serialises");
    assert!(stored.contains(r#""deletion":{"after_replicas":7}"#), "{stored}");
    assert_eq!(serde_json::from_str::<Lifecycle>(&stored).expect("reads back"), key);
}
