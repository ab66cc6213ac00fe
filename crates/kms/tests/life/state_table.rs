//! What each operation answers on keys of every kind in every state, through the service: the table of key-states.md §3
//! (AWS's table of key states, corrected by recordings), written out as data.
//!
//! Not reached: the state `Unavailable` and the origins `AWS_CLOUDHSM` and `EXTERNAL_KEY_STORE`, which take a custom key
//! store; kms-core checks that column of the table by itself.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trent_testkit::{Answer, Cloud};

use crate::specimen::{Kind, Origin, Role, Specimen, State};
use crate::support::{HELLO, Key};

/// Columns: Enabled, Disabled, PendingDeletion and PendingReplicaDeletion, PendingImport, Creating, Updating. A number is a
/// [`refusal`]; one behind a slash is that of a key whose origin the operation does not take. An operation that concerns
/// two keys has a row for each: `to it` is the one where the key under test is the destination, the new target, or the
/// replica that is to become primary.
///
/// The facts have no second number for keys that are being created or updated. That the origin comes first there too is
/// inferred from all other cells of those rows.
const TABLE: [(&str, [&str; 6]); 49] = [
    ("CancelKeyDeletion", ["4", "4", "ok", "4", "4", "4"]),
    ("CreateAlias", ["ok", "ok", "3", "ok", "ok", "ok"]),
    ("CreateGrant", ["ok", "1", "3", "5", "14", "ok"]),
    ("Decapsulate", ["ok", "1", "3", "5", "14", "ok"]),
    ("Decrypt", ["ok", "1", "3", "5", "14", "ok"]),
    ("DeleteAlias", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("DeleteImportedKeyMaterial", ["ok/9", "ok/9", "ok/9", "ok/9", "14/9", "15/9"]),
    ("DeriveSharedSecret", ["ok", "1", "3", "5", "14", "ok"]),
    ("DescribeKey", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("DisableKey", ["ok", "ok", "3", "5", "14", "15"]),
    ("DisableKeyRotation", ["ok/7", "1/7", "3/7", "6/6", "14/7", "ok/7"]),
    ("EnableKey", ["ok", "ok", "3", "5", "14", "15"]),
    ("EnableKeyRotation", ["ok/7", "1/7", "3/7", "6/6", "14/7", "ok/7"]),
    ("Encapsulate", ["ok", "1", "3", "5", "14", "ok"]),
    ("Encrypt", ["ok", "1", "3", "5", "14", "ok"]),
    ("GenerateDataKey", ["ok", "1", "3", "5", "14", "ok"]),
    ("GenerateDataKeyPair", ["ok", "1", "3", "5", "14", "ok"]),
    ("GenerateDataKeyPairWithoutPlaintext", ["ok", "1", "3", "5", "14", "ok"]),
    ("GenerateDataKeyWithoutPlaintext", ["ok", "1", "3", "5", "14", "ok"]),
    ("GenerateMac", ["ok", "1", "3", "5", "14", "ok"]),
    ("GetKeyLastUsage", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("GetKeyPolicy", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("GetKeyRotationStatus", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("GetParametersForImport", ["ok/9", "ok/9", "3/9", "ok/9", "14/9", "15/9"]),
    ("GetPublicKey", ["ok", "ok", "3", "5", "14", "ok"]),
    ("ImportKeyMaterial", ["ok/9", "ok/9", "3/9", "ok/9", "14/9", "ok/9"]),
    ("ListAliases", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("ListGrants", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("ListKeyPolicies", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("ListKeyRotations", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("ListResourceTags", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("PutKeyPolicy", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("ReEncrypt", ["ok", "1", "3", "5", "14", "ok"]),
    ("ReEncrypt to it", ["ok", "1", "3", "5", "14", "ok"]),
    ("ReplicateKey", ["ok", "1", "3", "5", "14", "15"]),
    ("RetireGrant", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("RevokeGrant", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("RotateKeyOnDemand", ["ok", "1", "3", "5", "14", "ok"]),
    ("ScheduleKeyDeletion", ["ok", "ok", "3", "ok", "ok", "15"]),
    ("Sign", ["ok", "1", "3", "5", "14", "ok"]),
    ("TagResource", ["ok", "ok", "3", "ok", "ok", "ok"]),
    ("UntagResource", ["ok", "ok", "3", "ok", "ok", "ok"]),
    ("UpdateAlias", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("UpdateAlias to it", ["ok", "ok", "3", "ok", "ok", "ok"]),
    ("UpdateKeyDescription", ["ok", "ok", "3", "ok", "ok", "ok"]),
    ("UpdatePrimaryRegion", ["ok", "1", "3", "5", "14", "ok"]),
    ("UpdatePrimaryRegion to it", ["ok", "1", "3", "5", "14", "ok"]),
    ("Verify", ["ok", "1", "3", "5", "14", "ok"]),
    ("VerifyMac", ["ok", "1", "3", "5", "14", "ok"]),
];

/// After which the key may be in another state.
const DISTURBING: [&str; 11] = [
    "CancelKeyDeletion",
    "DeleteImportedKeyMaterial",
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "EnableKeyRotation",
    "ImportKeyMaterial",
    "ReplicateKey",
    "RotateKeyOnDemand",
    "ScheduleKeyDeletion",
    "UpdatePrimaryRegion",
];

macro_rules! kinds {
    ($($name:ident: $spec:literal $usage:literal $origin:ident $role:ident;)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                let kind = Kind { spec: $spec, usage: $usage, origin: Origin::$origin, role: Role::$role };
                kind.walk().await;
            }
        )+
    };
}

kinds! {
    symmetric: "SYMMETRIC_DEFAULT" "ENCRYPT_DECRYPT" AwsKms Single;
    symmetric_primary: "SYMMETRIC_DEFAULT" "ENCRYPT_DECRYPT" AwsKms Primary;
    symmetric_replica: "SYMMETRIC_DEFAULT" "ENCRYPT_DECRYPT" AwsKms Replica;
    imported_symmetric: "SYMMETRIC_DEFAULT" "ENCRYPT_DECRYPT" External Single;
    imported_symmetric_primary: "SYMMETRIC_DEFAULT" "ENCRYPT_DECRYPT" External Primary;
    imported_symmetric_replica: "SYMMETRIC_DEFAULT" "ENCRYPT_DECRYPT" External Replica;
    rsa: "RSA_2048" "ENCRYPT_DECRYPT" AwsKms Single;
    rsa_primary: "RSA_2048" "SIGN_VERIFY" AwsKms Primary;
    elliptic_curve: "ECC_NIST_P256" "KEY_AGREEMENT" AwsKms Single;
    imported_elliptic_curve: "ECC_NIST_P256" "SIGN_VERIFY" External Single;
    imported_elliptic_curve_replica: "ECC_NIST_P256" "KEY_AGREEMENT" External Replica;
    hmac: "HMAC_256" "GENERATE_VERIFY_MAC" AwsKms Single;
    imported_hmac: "HMAC_256" "GENERATE_VERIFY_MAC" External Single;
    hmac_primary: "HMAC_256" "GENERATE_VERIFY_MAC" AwsKms Primary;
    imported_hmac_replica: "HMAC_256" "GENERATE_VERIFY_MAC" External Replica;
    ml_dsa_replica: "ML_DSA_44" "SIGN_VERIFY" AwsKms Replica;
    ml_kem: "ML_KEM_512" "ENCAPSULATE_DECAPSULATE" AwsKms Single;
    ml_kem_replica: "ML_KEM_512" "ENCAPSULATE_DECAPSULATE" AwsKms Replica;
}

#[test]
fn every_operation_that_names_a_key_has_its_row() {
    let [kms, ..] = Cloud::models();
    let names_key = |name: &str| ["KeyId", "TargetKeyId", "DestinationKeyId", "AliasName"].contains(&name);
    let named = kms.operations.iter().filter(|operation| operation.input.members.iter().any(|it| names_key(it.name)));
    let named: BTreeSet<&str> = named.map(|operation| operation.name).collect();
    let rows: BTreeSet<&str> = TABLE.iter().map(|(row, _)| operation(row)).collect();
    assert_eq!(rows, named);
}

impl Kind {
    /// Walks the table with keys of this kind: each state that they can have, each row.
    async fn walk(self) {
        for state in self.states() {
            let mut specimen = None;
            for (row, _) in TABLE {
                if row == "UpdatePrimaryRegion to it" && self.role != Role::Replica {
                    continue;
                }
                let present = match specimen.take() {
                    Some(present) => present,
                    None => Specimen::make(self, state).await,
                };
                let answer = present.call(row).await;
                present.check(row, &answer);
                let is_disturbed = answer.status == 200 && DISTURBING.contains(&operation(row));
                specimen = (!is_disturbed).then_some(present);
            }
        }
    }

    /// Why the operation is not for keys of this kind, when the state permits it: AWS's code, and the message where it is
    /// known. The outer `None` where the operation is for them.
    fn unfit(self, row: &str, arn: &str) -> Option<(&'static str, Message)> {
        let usage = |usage: &str| self.usage != usage;
        let is_unfit = match row {
            "Encrypt" | "Decrypt" | "ReEncrypt" | "ReEncrypt to it" => usage("ENCRYPT_DECRYPT"),
            "Sign" | "Verify" => usage("SIGN_VERIFY"),
            "GenerateMac" | "VerifyMac" => usage("GENERATE_VERIFY_MAC"),
            "DeriveSharedSecret" => usage("KEY_AGREEMENT"),
            "Encapsulate" | "Decapsulate" => usage("ENCAPSULATE_DECAPSULATE"),
            _ if row.starts_with("GenerateDataKey") => {
                if self.is_asymmetric() {
                    let what = if row.contains("Pair") { "data key pair" } else { "data key" };
                    let message = format!("You cannot generate a {what} with an asymmetric CMK");
                    return Some(("InvalidKeyUsageException", Message::Is(message)));
                }
                usage("ENCRYPT_DECRYPT")
            }
            _ => return self.unfit_by_type(row, arn),
        };
        let action = match row {
            "ReEncrypt" => "ReEncryptFrom",
            "ReEncrypt to it" => "ReEncryptTo",
            row => row,
        };
        let message = format!("{arn} key usage is {} which is not valid for {action}.", self.usage);
        is_unfit.then_some(("InvalidKeyUsageException", Message::Is(message)))
    }

    fn unfit_by_type(self, row: &str, arn: &str) -> Option<(&'static str, Message)> {
        let unsupported = |message| Some(("UnsupportedOperationException", message));
        let is_replica = self.role == Role::Replica;
        match row {
            "GetPublicKey" if !self.is_asymmetric() => unsupported(Message::None),
            // Which of the two refusals comes first on a replica that could not rotate anyway is not known.
            "EnableKeyRotation" | "RotateKeyOnDemand" if !self.is_symmetric() && is_replica => {
                unsupported(Message::Unknown)
            }
            "EnableKeyRotation" | "RotateKeyOnDemand" if !self.is_symmetric() => unsupported(Message::None),
            "EnableKeyRotation" | "DisableKeyRotation" | "RotateKeyOnDemand" if is_replica => {
                unsupported(Message::Is(format!("{arn} is a multi-region replica key which is not valid for {row}.")))
            }
            "RotateKeyOnDemand" if self.origin == Origin::External => {
                let message = format!("No available key material pending rotation for the key: {arn}.");
                Some(("KMSInvalidStateException", Message::Is(message)))
            }
            "ReplicateKey" if self.role != Role::Primary => {
                unsupported(Message::Is(format!("{arn} is not a multi-region primary key.")))
            }
            "UpdatePrimaryRegion" if self.role != Role::Primary => {
                let message = format!("{arn} is not a multi-Region primary key.");
                Some(("KMSInvalidStateException", Message::Is(message)))
            }
            _ => None,
        }
    }
}

/// What a refusal says.
enum Message {
    Is(String),
    None,
    Unknown,
}

/// What stands behind a number of the table: AWS's code, and the words after the key's ARN.
fn refusal(number: &str, state: State) -> (&'static str, &'static str) {
    let invalid = "KMSInvalidStateException";
    match number {
        "1" => ("DisabledException", "is disabled"),
        "3" if state == State::PendingReplicaDeletion => (invalid, "is pending replica deletion"),
        "3" => (invalid, "is pending deletion"),
        "4" => (invalid, "is not pending deletion"),
        "5" => (invalid, "is pending import"),
        "6" | "7" => ("UnsupportedOperationException", "origin is EXTERNAL which is not valid for this operation"),
        "9" => ("UnsupportedOperationException", "origin is AWS_KMS which is not valid for this operation"),
        "14" => (invalid, "is creating"),
        "15" => (invalid, "is updating"),
        other => panic!("the table has no {other}"),
    }
}

fn column(state: State) -> usize {
    match state {
        State::Enabled => 0,
        State::Disabled => 1,
        State::PendingDeletion | State::PendingReplicaDeletion => 2,
        State::PendingImport => 3,
        State::Creating => 4,
        State::Updating => 5,
    }
}

/// The operation of a row.
fn operation(row: &str) -> &str {
    row.strip_suffix(" to it").unwrap_or(row)
}

impl Specimen {
    async fn call(&self, row: &str) -> Answer {
        let Self { kind, key, other, made, grants, .. } = self;
        let algorithm = kind.algorithm();
        let (own, elsewhere) = self.regions();
        let members = match row {
            "CreateAlias" => json!({ "AliasName": "alias/new", "TargetKeyId": key.id }),
            "DeleteAlias" => json!({ "AliasName": "alias/of-it/too" }),
            "UpdateAlias" => json!({ "AliasName": "alias/of-it", "TargetKeyId": other.id }),
            "UpdateAlias to it" => json!({ "AliasName": "alias/of-other", "TargetKeyId": key.id }),
            "CreateGrant" => {
                json!({ "GranteePrincipal": "arn:aws:iam::000000000000:root", "Operations": ["DescribeKey"] })
            }
            "RetireGrant" => json!({ "GrantId": grants[0] }),
            "RevokeGrant" => json!({ "GrantId": grants[1] }),
            "Encrypt" => json!({ "Plaintext": HELLO, "EncryptionAlgorithm": encryption(algorithm) }),
            "Decrypt" => json!({
                "CiphertextBlob": or_hello(&made["CiphertextBlob"]), "EncryptionAlgorithm": encryption(algorithm),
            }),
            "ReEncrypt" => {
                let (partner, partners) = self.partner().await;
                json!({
                    "CiphertextBlob": or_hello(&made["CiphertextBlob"]), "SourceKeyId": key.id,
                    "SourceEncryptionAlgorithm": encryption(algorithm), "DestinationKeyId": partner.id,
                    "DestinationEncryptionAlgorithm": partners,
                })
            }
            "ReEncrypt to it" => {
                let (partner, partners) = self.partner().await;
                let input = json!({ "Plaintext": HELLO, "EncryptionAlgorithm": partners });
                json!({
                    "CiphertextBlob": partner.does("Encrypt", input).await["CiphertextBlob"], "SourceKeyId": partner.id,
                    "SourceEncryptionAlgorithm": partners, "DestinationKeyId": key.id,
                    "DestinationEncryptionAlgorithm": encryption(algorithm),
                })
            }
            "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext" => json!({ "KeySpec": "AES_256" }),
            "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext" => json!({ "KeyPairSpec": "ECC_NIST_P256" }),
            "Sign" => json!({ "Message": HELLO, "SigningAlgorithm": signing(algorithm) }),
            "Verify" => json!({
                "Message": HELLO, "SigningAlgorithm": signing(algorithm), "Signature": or_hello(&made["Signature"]),
            }),
            "GenerateMac" => json!({ "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256" }),
            "VerifyMac" => json!({ "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256", "Mac": or_hello(&made["Mac"]) }),
            "DeriveSharedSecret" => json!({ "KeyAgreementAlgorithm": "ECDH", "PublicKey": self.peer().await }),
            "Encapsulate" => json!({ "EncapsulationAlgorithm": "ML_KEM" }),
            "Decapsulate" => json!({
                "EncapsulationAlgorithm": "ML_KEM",
                "SharedSecretCiphertextBlob": or_hello(&made["SharedSecretCiphertextBlob"]),
            }),
            "GetParametersForImport" => {
                json!({ "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" })
            }
            "ImportKeyMaterial" => self.import.clone().unwrap_or(json!({
                "ImportToken": HELLO, "EncryptedKeyMaterial": HELLO, "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
            })),
            "PutKeyPolicy" => json!({ "Policy": key.does("GetKeyPolicy", json!({})).await["Policy"] }),
            "ReplicateKey" => json!({ "ReplicaRegion": "eu-west-1" }),
            "UpdatePrimaryRegion" => json!({ "PrimaryRegion": elsewhere }),
            "UpdatePrimaryRegion to it" => {
                return key.in_region(elsewhere).call("UpdatePrimaryRegion", json!({ "PrimaryRegion": own })).await;
            }
            "TagResource" => json!({ "Tags": [{ "TagKey": "k", "TagValue": "v" }] }),
            "UntagResource" => json!({ "TagKeys": ["k"] }),
            "UpdateKeyDescription" => json!({ "Description": "d" }),
            _ => json!({}),
        };
        match operation(row) {
            "CreateAlias" | "DeleteAlias" | "UpdateAlias" | "ReEncrypt" => {
                key.client.kms(operation(row), members).await
            }
            row => key.call(row, members).await,
        }
    }

    /// Checks an answer against its cell.
    fn check(&self, row: &str, answer: &Answer) {
        let Self { kind, state, key: Key { arn, .. }, .. } = self;
        let told = format!("{row} of {kind:?} in {state:?}: {}", answer.text());
        let (_, cells) = TABLE.iter().find(|(name, _)| *name == row).expect("it is one of the rows");
        let cell = cells[column(*state)];
        let (by_state, by_origin) = cell.split_once('/').unwrap_or((cell, cell));
        let refused_origin = if by_origin == "9" { Origin::AwsKms } else { Origin::External };
        let number = if kind.origin == refused_origin { by_origin } else { by_state };
        let (code, message) = if number == "ok" {
            let Some(unfit) = kind.unfit(row, arn) else {
                if *state == State::Creating && ["RetireGrant", "RevokeGrant"].contains(&row) {
                    // It has no grant yet; that is what it says, and nothing of its state.
                    assert_eq!(answer.fails().code, "NotFoundException", "{told}");
                } else {
                    assert_eq!(answer.status, 200, "{told}");
                }
                return;
            };
            unfit
        } else {
            let (code, words) = refusal(number, *state);
            (code, Message::Is(format!("{arn} {words}.")))
        };
        let refused = answer.fails();
        assert_eq!((refused.status, &*refused.code), (400, code), "{told}");
        match message {
            Message::Is(message) => assert_eq!(refused.message, Some(message), "{told}"),
            Message::None => assert_eq!(refused.message, None, "{told}"),
            Message::Unknown => {}
        }
    }

    /// An enabled key to encrypt with, and the algorithm: the other one, unless such keys do not encrypt.
    async fn partner(&self) -> (Key, &'static str) {
        if self.kind.usage == "ENCRYPT_DECRYPT" {
            (self.other.clone(), self.kind.algorithm())
        } else {
            (Key::create_in(self.key.client.clone(), json!({})).await, "SYMMETRIC_DEFAULT")
        }
    }

    /// The public key to agree with.
    async fn peer(&self) -> Value {
        if self.kind.usage == "KEY_AGREEMENT" {
            self.other.does("GetPublicKey", json!({})).await["PublicKey"].clone()
        } else {
            json!(HELLO)
        }
    }
}

/// The algorithm, or any that a key without one refuses for its usage.
fn encryption(algorithm: &str) -> &str {
    if algorithm.starts_with("RSAES") || algorithm == "SYMMETRIC_DEFAULT" { algorithm } else { "RSAES_OAEP_SHA_256" }
}

fn signing(algorithm: &str) -> &str {
    if algorithm.starts_with("RSAES") || algorithm == "SYMMETRIC_DEFAULT" { "ECDSA_SHA_256" } else { algorithm }
}

/// What the key made; anything where it makes something else.
fn or_hello(made: &Value) -> Value {
    if made.is_null() { json!(HELLO) } else { made.clone() }
}
