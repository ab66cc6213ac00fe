//! Keys of every kind, brought into every state that they can have.

use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use serde_json::{Value, json};
use trent_testkit::Cloud;

use crate::support::{HELLO, HERE, Key, MOMENT_MILLIS, THERE};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Enabled,
    Disabled,
    PendingDeletion,
    PendingReplicaDeletion,
    PendingImport,
    Creating,
    Updating,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Single,
    Primary,
    Replica,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    AwsKms,
    External,
}

/// A kind of key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) spec: &'static str,
    pub(crate) usage: &'static str,
    pub(crate) origin: Origin,
    pub(crate) role: Role,
}

/// A key of some kind in some state, and what operations need besides it.
pub(crate) struct Specimen {
    pub(crate) kind: Kind,
    pub(crate) state: State,
    /// With the aliases `alias/of-it` and `alias/of-it/too`.
    pub(crate) key: Key,
    /// Another key of the same spec and usage in the same Region, enabled; with the alias `alias/of-other`.
    pub(crate) other: Key,
    /// What the key made while it worked, as members of the operation that takes it: Decrypt, Verify, VerifyMac or
    /// Decapsulate.
    pub(crate) made: Value,
    /// Ids of grants: one to retire and one to revoke. A key that is being created has none.
    pub(crate) grants: [Value; 2],
    /// Members of ImportKeyMaterial with the key's material, where a token can be had.
    pub(crate) import: Option<Value>,
}

impl State {
    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }
}

impl Kind {
    /// The states that keys of this kind can have.
    pub(crate) fn states(self) -> Vec<State> {
        let mut states = vec![State::Enabled, State::Disabled, State::PendingDeletion];
        let more = [
            (self.role == Role::Primary, State::PendingReplicaDeletion),
            (self.origin == Origin::External, State::PendingImport),
            (self.role == Role::Replica, State::Creating),
            (self.role != Role::Single, State::Updating),
        ];
        states.extend(more.into_iter().filter(|(has, _)| *has).map(|(_, state)| state));
        states
    }

    pub(crate) fn is_symmetric(self) -> bool {
        self.spec == "SYMMETRIC_DEFAULT"
    }

    pub(crate) fn is_asymmetric(self) -> bool {
        !self.is_symmetric() && !self.spec.starts_with("HMAC")
    }

    /// An algorithm of the key's usage; for encryption one that is refused for its usage, where the key does not encrypt.
    pub(crate) fn algorithm(self) -> &'static str {
        match (self.spec, self.usage) {
            ("SYMMETRIC_DEFAULT", _) => "SYMMETRIC_DEFAULT",
            ("ECC_NIST_P256", "SIGN_VERIFY") => "ECDSA_SHA_256",
            ("ML_DSA_44", _) => "ML_DSA_SHAKE_256",
            ("RSA_2048", "SIGN_VERIFY") => "RSASSA_PSS_SHA_256",
            _ => "RSAES_OAEP_SHA_256",
        }
    }

    fn material(self) -> Vec<u8> {
        if self.spec != "ECC_NIST_P256" {
            return vec![7; 32];
        }
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("OpenSSL has it");
        let key = PKey::from_ec_key(EcKey::generate(&group).expect("OpenSSL")).expect("OpenSSL");
        key.private_key_to_pkcs8().expect("OpenSSL")
    }

    /// Lets a key make what only a key of its usage can open or check.
    async fn made_by(self, key: &Key) -> Value {
        let (operation, members, made) = match self.usage {
            "ENCRYPT_DECRYPT" => {
                ("Encrypt", json!({ "Plaintext": HELLO, "EncryptionAlgorithm": self.algorithm() }), "CiphertextBlob")
            }
            "SIGN_VERIFY" => ("Sign", json!({ "Message": HELLO, "SigningAlgorithm": self.algorithm() }), "Signature"),
            "GENERATE_VERIFY_MAC" => {
                ("GenerateMac", json!({ "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256" }), "Mac")
            }
            "ENCAPSULATE_DECAPSULATE" => {
                ("Encapsulate", json!({ "EncapsulationAlgorithm": "ML_KEM" }), "SharedSecretCiphertextBlob")
            }
            _ => return json!({}),
        };
        json!({ made: key.does(operation, members).await[made] })
    }
}

impl Specimen {
    /// Brings a key of this kind into this state, by the operations that do so.
    pub(crate) async fn make(kind: Kind, state: State) -> Self {
        let cloud = Cloud::new();
        let input = |origin: &str, is_multi_region: bool| {
            json!({
                "KeySpec": kind.spec, "KeyUsage": kind.usage, "Origin": origin, "MultiRegion": is_multi_region,
            })
        };
        let (material, is_external) = (kind.material(), kind.origin == Origin::External);
        let origin = if is_external { "EXTERNAL" } else { "AWS_KMS" };
        let home = Key::create(&cloud, input(origin, kind.role != Role::Single)).await;
        let import_at = async |key: &Key| {
            let members = key.import_parameters().await.members(&material);
            key.does("ImportKeyMaterial", members.clone()).await;
            members
        };
        let mut import = if is_external { Some(import_at(&home).await) } else { None };
        let made = kind.made_by(&home).await;

        // A primary key whose deletion has a date has no replica any more.
        let mut key = home.clone();
        if kind.role == Role::Replica || kind.role == Role::Primary && state != State::PendingDeletion {
            home.does("ReplicateKey", json!({ "ReplicaRegion": THERE })).await;
            let away = home.in_region(THERE);
            let is_away = (kind.role == Role::Replica) != (state == State::Updating);
            if state == State::Creating {
                import = None;
            } else {
                cloud.clock().advance_millis(MOMENT_MILLIS);
                if is_external {
                    let imported = import_at(&away).await;
                    import = if is_away { Some(imported) } else { import };
                }
            }
            key = if is_away { away } else { home.clone() };
        }
        let other = Key::create_in(key.client.clone(), input("AWS_KMS", false)).await;
        for (alias, target) in [("alias/of-it", &key), ("alias/of-it/too", &key), ("alias/of-other", &other)] {
            let input = json!({ "AliasName": alias, "TargetKeyId": target.id });
            key.client.kms("CreateAlias", input).await.succeeds();
        }
        let mut grants = [json!("0".repeat(64)), json!("0".repeat(64))];
        for grant in grants.iter_mut().filter(|_| state != State::Creating) {
            let input = json!({ "GranteePrincipal": "000000000000", "Operations": ["DescribeKey"] });
            *grant = key.does("CreateGrant", input).await["GrantId"].take();
        }
        match state {
            State::Enabled | State::Creating => {}
            State::Disabled => drop(key.does("DisableKey", json!({})).await),
            State::PendingDeletion | State::PendingReplicaDeletion => drop(key.schedule(7).await),
            State::PendingImport => drop(key.does("DeleteImportedKeyMaterial", json!({})).await),
            // The keys change places: the one that was at home is the replica now.
            State::Updating => drop(home.does("UpdatePrimaryRegion", json!({ "PrimaryRegion": THERE })).await),
        }
        assert_eq!(key.state().await, state.name(), "{kind:?}");
        Self { kind, state, key, other, made, grants, import }
    }

    /// The Region where the key is, and the other one of a multi-Region key.
    pub(crate) fn regions(&self) -> (&'static str, &'static str) {
        if self.key.arn.contains(HERE) { (HERE, THERE) } else { (THERE, HERE) }
    }
}
