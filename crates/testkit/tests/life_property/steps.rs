//! What can happen in a life, and how often.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::model::{DAY, HOUR, ImportType, Moment, REGIONS, SECOND};

#[derive(Debug, Clone)]
pub(crate) enum Step {
    CreateKey(Kind),
    EnableKey(Target),
    DisableKey(Target),
    ScheduleKeyDeletion(Target, i64),
    CancelKeyDeletion(Target),
    EnableKeyRotation(Target, Option<i64>),
    DisableKeyRotation(Target),
    /// So many times, each after the end of the one before.
    RotateKeyOnDemand(Target, usize),
    GetParametersForImport(Target),
    ImportKeyMaterial {
        at: Target,
        material: usize,
        import_type: ImportType,
        expiry: Expiry,
        token: Token,
    },
    DeleteImportedKeyMaterial(Target, Option<usize>),
    ReplicateKey(Target, usize),
    UpdatePrimaryRegion(Target, Place),
    Encrypt(Target),
    CreateAlias(Target, &'static str),
    UpdateAlias(Target, &'static str),
    DeleteAlias {
        name: &'static str,
        region: usize,
    },
    Advance(Moment),
    /// To so long after, or before, the next date at which anything changes by itself.
    AdvanceToNextDate(Moment),
    Sweep,
    Restart,
    Look,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) is_external: bool,
    pub(crate) is_multi_region: bool,
}

/// Which key an operation is for, and in which Region.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) key: Which,
    pub(crate) place: Place,
}

/// Numbers count around.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    Living(usize),
    /// One that may be gone.
    Any(usize),
}

/// Numbers count around.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Primary,
    /// One of the Regions where the key is.
    Member(usize),
    /// One of those where it could be.
    Any(usize),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Expiry {
    Never,
    InHours(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// The last one that the key was given in this Region, which may have expired.
    Kept,
    Fresh,
}

impl Step {
    /// The key that it is done to.
    pub(crate) fn at(&self) -> Option<Target> {
        match *self {
            Self::EnableKey(at)
            | Self::DisableKey(at)
            | Self::ScheduleKeyDeletion(at, _)
            | Self::CancelKeyDeletion(at)
            | Self::EnableKeyRotation(at, _)
            | Self::DisableKeyRotation(at)
            | Self::RotateKeyOnDemand(at, _)
            | Self::GetParametersForImport(at)
            | Self::ImportKeyMaterial { at, .. }
            | Self::DeleteImportedKeyMaterial(at, _)
            | Self::ReplicateKey(at, _)
            | Self::UpdatePrimaryRegion(at, _)
            | Self::Encrypt(at)
            | Self::CreateAlias(at, _)
            | Self::UpdateAlias(at, _) => Some(at),
            Self::CreateKey(_)
            | Self::DeleteAlias { .. }
            | Self::Advance(_)
            | Self::AdvanceToNextDate(_)
            | Self::Sweep
            | Self::Restart
            | Self::Look => None,
        }
    }
}

/// Some keys that are ready, and what happens to them and to others.
pub(crate) fn a_life() -> impl Strategy<Value = Vec<Step>> {
    let ready = (ready_key(0), prop::option::of(ready_key(1)));
    let ready = ready.prop_map(|(first, second)| first.into_iter().chain(second.into_iter().flatten()));
    let step = a_step().prop_map(|step| vec![step]);
    let life = vec(prop_oneof![40 => step, 1 => a_missed_rotation(), 1 => a_hindered_rotation()], 1..60);
    (ready, life).prop_map(|(ready, life)| ready.chain(life.into_iter().flatten()).collect())
}

/// A key that has its material, and in two cases of three a replica that has it too.
fn ready_key(number: usize) -> impl Strategy<Value = Vec<Step>> {
    (a_kind(), prop::bool::weighted(0.67)).prop_map(move |(kind, is_replicated)| {
        let at = |place| Target { key: Which::Living(number), place };
        let import = |place| Step::ImportKeyMaterial {
            at: at(place),
            material: 0,
            import_type: ImportType::Unsaid,
            expiry: Expiry::Never,
            token: Token::Fresh,
        };
        let mut steps = vec![Step::CreateKey(kind)];
        if kind.is_external {
            steps.push(import(Place::Primary));
        }
        if kind.is_multi_region && is_replicated {
            steps.extend([Step::ReplicateKey(at(Place::Primary), 1), Step::Advance(2 * SECOND)]);
            if kind.is_external {
                steps.push(import(Place::Member(1)));
            }
        }
        steps
    })
}

/// The date of a rotation passes while the key is not enabled.
fn a_missed_rotation() -> impl Strategy<Value = Vec<Step>> {
    (at(), any::<bool>()).prop_map(|(at, is_disabled)| {
        let pause = if is_disabled { Step::DisableKey(at) } else { Step::ScheduleKeyDeletion(at, 30) };
        vec![
            Step::EnableKeyRotation(at, Some(90)),
            Step::Advance(80 * DAY),
            pause,
            Step::Advance(20 * DAY),
            Step::CancelKeyDeletion(at),
            Step::EnableKey(at),
        ]
    })
}

/// Material that was to be rotated to does not stay in a Region, or that Region's key does not stay.
fn a_hindered_rotation() -> impl Strategy<Value = Vec<Step>> {
    (at(), 0_usize..3, any::<bool>()).prop_map(|(at, material, is_key_lost)| {
        let primary = Target { place: Place::Primary, ..at };
        let import = |at, import_type| {
            let (expiry, token) = (Expiry::Never, Token::Fresh);
            Step::ImportKeyMaterial { at, material, import_type, expiry, token }
        };
        let hindrance = if is_key_lost {
            [Step::ScheduleKeyDeletion(at, 7), Step::Advance(7 * DAY)]
        } else {
            [import(at, ImportType::Existing), Step::DeleteImportedKeyMaterial(at, Some(material))]
        };
        let [first, second] = hindrance;
        vec![import(primary, ImportType::New), first, second, Step::RotateKeyOnDemand(primary, 1)]
    })
}

fn a_kind() -> impl Strategy<Value = Kind> {
    let kind = (any::<bool>(), prop::bool::weighted(0.8));
    kind.prop_map(|(is_external, is_multi_region)| Kind { is_external, is_multi_region })
}

fn a_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => a_kind().prop_map(Step::CreateKey),
        30 => a_use(),
        30 => a_change(),
        35 => an_import(),
        35 => the_world(),
    ]
}

fn a_use() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => at().prop_map(Step::Encrypt),
        6 => (at(), other_region()).prop_map(|(at, to)| Step::ReplicateKey(at, to)),
        5 => (at(), place()).prop_map(|(at, to)| Step::UpdatePrimaryRegion(at, to)),
        3 => (at(), name()).prop_map(|(at, name)| Step::CreateAlias(at, name)),
        2 => (at(), name()).prop_map(|(at, name)| Step::UpdateAlias(at, name)),
        1 => (name(), region()).prop_map(|(name, region)| Step::DeleteAlias { name, region }),
    ]
}

fn a_change() -> impl Strategy<Value = Step> {
    let period = prop_oneof![Just(None), (90_i64..=200).prop_map(Some), Just(Some(2560))];
    let times = prop_oneof![12 => Just(1_usize), 1 => Just(26)];
    prop_oneof![
        6 => at().prop_map(Step::EnableKey),
        3 => at().prop_map(Step::DisableKey),
        3 => (at(), 7_i64..=30).prop_map(|(at, days)| Step::ScheduleKeyDeletion(at, days)),
        4 => at().prop_map(Step::CancelKeyDeletion),
        5 => (at(), period).prop_map(|(at, days)| Step::EnableKeyRotation(at, days)),
        1 => at().prop_map(Step::DisableKeyRotation),
        6 => (at(), times).prop_map(|(at, times)| Step::RotateKeyOnDemand(at, times)),
    ]
}

fn an_import() -> impl Strategy<Value = Step> {
    let import_type = prop_oneof![Just(ImportType::Unsaid), Just(ImportType::New), Just(ImportType::Existing)];
    let expiry = prop_oneof![Just(Expiry::Never), (1_i64..360 * 24).prop_map(Expiry::InHours)];
    let token = prop_oneof![3 => Just(Token::Fresh), 1 => Just(Token::Kept)];
    let import = (at(), 0_usize..3, import_type, expiry, token);
    prop_oneof![
        1 => at().prop_map(Step::GetParametersForImport),
        8 => import.prop_map(|(at, material, import_type, expiry, token)| {
            Step::ImportKeyMaterial { at, material, import_type, expiry, token }
        }),
        2 => (at(), prop::option::of(0_usize..3)).prop_map(|(at, of)| Step::DeleteImportedKeyMaterial(at, of)),
    ]
}

fn the_world() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1_i64..5).prop_map(|seconds| Step::Advance(seconds * SECOND)),
        1 => (1..30 * HOUR).prop_map(Step::Advance),
        2 => (1..40 * DAY).prop_map(Step::Advance),
        1 => (1..2 * 365 * DAY).prop_map(Step::Advance),
        3 => prop_oneof![3 => -1_i64..=1, 1 => (-30..0_i64).prop_map(|minutes| minutes * 60 * SECOND)]
            .prop_map(Step::AdvanceToNextDate),
        1 => Just(Step::Sweep),
        1 => Just(Step::Restart),
        1 => Just(Step::Look),
    ]
}

fn at() -> impl Strategy<Value = Target> {
    let which = prop_oneof![12 => (0_usize..3).prop_map(Which::Living), 1 => (0_usize..3).prop_map(Which::Any)];
    (which, place()).prop_map(|(key, place)| Target { key, place })
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        6 => Just(Place::Primary),
        6 => (0..REGIONS.len()).prop_map(Place::Member),
        1 => region().prop_map(Place::Any),
    ]
}

fn region() -> impl Strategy<Value = usize> {
    0..REGIONS.len()
}

/// Mostly where no key was made.
fn other_region() -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(0_usize), 9 => 1..REGIONS.len()]
}

fn name() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("alias/a"), Just("alias/b")]
}

/// `None` where the request leaves it out.
pub(crate) fn import_type_name(import_type: ImportType) -> Option<&'static str> {
    match import_type {
        ImportType::Unsaid => None,
        ImportType::New => Some("NEW_KEY_MATERIAL"),
        ImportType::Existing => Some("EXISTING_KEY_MATERIAL"),
    }
}
