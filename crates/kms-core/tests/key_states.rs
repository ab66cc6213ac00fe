//! Walks every cell of the table of key states against a second copy of it, transcribed as AWS prints it.

use trent_kms_core::{InvalidState, KeyOrigin, KeyState, LifecycleOperation, StateError};

/// The columns of [`TABLE`]; `PD` stands for `PendingDeletion` and `PendingReplicaDeletion`.
const COLUMNS: [&[KeyState]; 7] = [
    &[KeyState::Enabled],
    &[KeyState::Disabled],
    &[KeyState::PendingDeletion, KeyState::PendingReplicaDeletion],
    &[KeyState::PendingImport],
    &[KeyState::Unavailable],
    &[KeyState::Creating],
    &[KeyState::Updating],
];

/// Numbers are AWS's footnotes: 1 disabled, 3 pending (replica) deletion, 4 not pending deletion, 5 pending import,
/// 6/7/9 wrong origin, 11 unavailable, 14 creating, 15 updating. `ok/7` and the like mean "unless the footnote
/// applies"; `-` cannot occur, and must be refused all the same.
const TABLE: &str = "
Operation                              Enabled Disabled PD    PendingImport Unavailable Creating Updating
CancelKeyDeletion                      4       4        ok    4             4           4        4
CreateAlias                            ok      ok       3     ok            ok          ok       ok
CreateGrant                            ok      1        3     5             ok          14       ok
Decrypt                                ok      1        3     5             11          14       ok
Encrypt                                ok      1        3     5             11          14       ok
GenerateDataKey                        ok      1        3     5             11          14       ok
GenerateDataKeyWithoutPlaintext        ok      1        3     5             11          14       ok
GenerateDataKeyPair                    ok      1        3     5             11          14       ok
GenerateDataKeyPairWithoutPlaintext    ok      1        3     5             11          14       ok
ReEncrypt                              ok      1        3     5             11          14       ok
Sign                                   ok      1        3     5             -           14       ok
Verify                                 ok      1        3     5             -           14       ok
GenerateMac                            ok      1        3     5             -           14       ok
VerifyMac                              ok      1        3     5             -           14       ok
DeriveSharedSecret                     ok      1        3     5             -           14       ok
Encapsulate                            ok      1        3     5             -           14       ok
Decapsulate                            ok      1        3     5             -           14       ok
GetPublicKey                           ok      ok       3     5             -           14       ok
DescribeKey                            ok      ok       ok    ok            ok          ok       ok
GetKeyPolicy                           ok      ok       ok    ok            ok          ok       ok
ListAliases                            ok      ok       ok    ok            ok          ok       ok
ListGrants                             ok      ok       ok    ok            ok          ok       ok
ListKeyPolicies                        ok      ok       ok    ok            ok          ok       ok
ListResourceTags                       ok      ok       ok    ok            ok          ok       ok
PutKeyPolicy                           ok      ok       ok    ok            ok          ok       ok
RetireGrant                            ok      ok       ok    ok            ok          ok       ok
RevokeGrant                            ok      ok       ok    ok            ok          ok       ok
GetKeyLastUsage                        ok      ok       ok    ok            ok          ok       ok
DeleteAlias                            ok      ok       ok    ok            ok          ok       ok
DisableKey                             ok      ok       3     5             ok          14       15
EnableKey                              ok      ok       3     5             ok          14       15
DisableKeyRotation                     ok/7    1/7      3/7   6             7           14       ok/7
EnableKeyRotation                      ok/7    1/7      3/7   6             7           14       ok/7
GetKeyRotationStatus                   ok      ok       ok    ok            7           ok       ok
ListKeyRotations                       ok      ok       ok    ok            ok          ok       ok
RotateKeyOnDemand                      ok      1        3     5             7           14       ok
GetParametersForImport                 ok/9    ok/9     3/9   ok            9           14       15
ImportKeyMaterial                      ok/9    ok/9     3/9   ok            9           14       ok
DeleteImportedKeyMaterial              ok/9    ok/9     ok/9  ok            -           14       15
ReplicateKey                           ok      1        3     5             -           14       15
UpdatePrimaryRegion                    ok      1        3     5             -           14       ok
ScheduleKeyDeletion                    ok      ok       3     ok            ok          ok       15
TagResource                            ok      ok       3     ok            ok          ok       ok
UntagResource                          ok      ok       3     ok            ok          ok       ok
UpdateKeyDescription                   ok      ok       3     ok            ok          ok       ok
UpdateAlias                            ok      ok       3     ok            ok          ok       ok
";

/// A key that has the state, and whose origin no footnote objects to unless the state itself implies the origin.
fn usual_origin(operation: LifecycleOperation, state: KeyState) -> KeyOrigin {
    use LifecycleOperation::{DeleteImportedKeyMaterial, GetParametersForImport, ImportKeyMaterial};
    let imports = matches!(operation, GetParametersForImport | ImportKeyMaterial | DeleteImportedKeyMaterial);
    match state {
        KeyState::Unavailable => KeyOrigin::ExternalKeyStore,
        KeyState::PendingImport => KeyOrigin::External,
        _ if imports => KeyOrigin::External,
        _ => KeyOrigin::AwsKms,
    }
}

/// The origins of a key in this state to which a footnote objects.
fn unfit_origins(footnote: &str) -> &'static [KeyOrigin] {
    match footnote {
        "7" => &[KeyOrigin::External, KeyOrigin::AwsCloudHsm, KeyOrigin::ExternalKeyStore],
        "9" => &[KeyOrigin::AwsKms, KeyOrigin::AwsCloudHsm, KeyOrigin::ExternalKeyStore],
        other => panic!("footnote {other} is not about origins"),
    }
}

fn outcome(cell: &str, state: KeyState, origin: KeyOrigin) -> Result<(), StateError> {
    let invalid = |state| Err(StateError::InvalidState(state));
    match cell {
        "ok" => Ok(()),
        "1" => Err(StateError::Disabled),
        "3" if state == KeyState::PendingReplicaDeletion => invalid(InvalidState::PendingReplicaDeletion),
        "3" => invalid(InvalidState::PendingDeletion),
        "4" => invalid(InvalidState::NotPendingDeletion),
        "5" => invalid(InvalidState::PendingImport),
        "6" | "7" | "9" => Err(StateError::UnsupportedOrigin(origin)),
        "11" => invalid(InvalidState::Unavailable),
        "14" => invalid(InvalidState::Creating),
        "15" => invalid(InvalidState::Updating),
        other => panic!("unknown cell {other}"),
    }
}

#[test]
fn every_cell_of_the_table_holds() {
    let mut rows = 0;
    for line in TABLE.lines().filter(|line| !line.is_empty()).skip(1) {
        let mut words = line.split_whitespace();
        let operation: LifecycleOperation = words.next().expect("operation").parse().expect("known");
        let cells: Vec<&str> = words.collect();
        assert_eq!(cells.len(), COLUMNS.len(), "{operation}");
        for (states, cell) in COLUMNS.iter().zip(cells) {
            for state in *states {
                let origin = usual_origin(operation, *state);
                let found = operation.permitted(*state, origin);
                if cell == "-" {
                    assert!(found.is_err(), "{operation} in {state}");
                    continue;
                }
                let (usual, footnote) = cell.split_once('/').map_or((cell, None), |(usual, note)| (usual, Some(note)));
                assert_eq!(found, outcome(usual, *state, origin), "{operation} in {state}");
                for unfit in footnote.map(unfit_origins).unwrap_or_default() {
                    let refused = Err(StateError::UnsupportedOrigin(*unfit));
                    assert_eq!(operation.permitted(*state, *unfit), refused, "{operation} in {state} with {unfit}");
                }
            }
        }
        rows += 1;
    }
    assert_eq!(rows, LifecycleOperation::ALL.len(), "every operation has its row");
}

#[test]
fn an_enabled_key_is_refused_only_for_its_origin_or_for_having_nothing_to_cancel() {
    for operation in LifecycleOperation::ALL {
        let fits = KeyOrigin::ALL.iter().any(|origin| operation.permitted(KeyState::Enabled, *origin).is_ok());
        assert_eq!(fits, *operation != LifecycleOperation::CancelKeyDeletion, "{operation}");
    }
}

#[test]
fn errors_speak_awss_words_after_the_arn() {
    for (error, words) in [
        (StateError::Disabled, "is disabled"),
        (StateError::InvalidState(InvalidState::PendingDeletion), "is pending deletion"),
        (StateError::InvalidState(InvalidState::PendingReplicaDeletion), "is pending replica deletion"),
        (StateError::InvalidState(InvalidState::PendingImport), "is pending import"),
        (StateError::InvalidState(InvalidState::NotPendingDeletion), "is not pending deletion"),
        (StateError::InvalidState(InvalidState::Unavailable), "is unavailable"),
        (StateError::InvalidState(InvalidState::Creating), "is creating"),
        (StateError::InvalidState(InvalidState::Updating), "is updating"),
        (
            StateError::UnsupportedOrigin(KeyOrigin::External),
            "origin is EXTERNAL which is not valid for this operation",
        ),
    ] {
        assert_eq!(error.to_string(), words);
    }
}
