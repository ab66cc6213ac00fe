//! What the tests of the operations share: keys and ciphertexts to work on, and the refusals that many operations have in
//! common.

use base64_simd::STANDARD as BASE64;
use openssl::encrypt::Encrypter;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Padding;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use trent_kms_core::{Algorithm, KeySpec, KeyUsage};
use trent_testkit::{Answer, Client, Cloud, MadeKey, Refusal};

/// An id that is well-formed and no key's.
pub(crate) const ABSENT: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

pub(crate) const DRY_RUN: &str = "The request would have succeeded, but the DryRun option is set.";

pub(crate) const INCORRECT_KEY: &str =
    "The key ID in the request does not identify a CMK that can perform this operation.";

pub(crate) const INACCESSIBLE: &str = "The ciphertext refers to a customer master key that does not exist, does not \
                                       exist in this region, or you are not allowed to access.";

/// How long a replica's creation, a change of the primary Region and a rotation on demand take.
pub(crate) const MOMENT_MILLIS: i64 = 2000;

/// `Hello` in base64.
pub(crate) const HELLO: &str = "SGVsbG8=";

/// Whether an operation works on a key in some state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    Works,
    Refused,
}

/// A cloud with a key of every spec for each of its usages. All tests share it, because RSA keys are slow to make; so
/// nobody may change anything in it.
pub(crate) struct EveryKey {
    cloud: Cloud,
    keys: Vec<SharedKey>,
}

#[derive(Debug)]
pub(crate) struct SharedKey {
    pub(crate) spec: KeySpec,
    pub(crate) usage: KeyUsage,
    pub(crate) id: String,
    pub(crate) arn: String,
}

/// What a customer imports material with: the wrapping key and the token of one key in one Region.
pub(crate) struct Importer {
    client: Client,
    key: MadeKey,
    parameters: Value,
}

pub(crate) async fn every_key() -> &'static EveryKey {
    static EVERY_KEY: OnceCell<EveryKey> = OnceCell::const_new();
    EVERY_KEY.get_or_init(EveryKey::make).await
}

impl EveryKey {
    async fn make() -> Self {
        let cloud = Cloud::new();
        let mut keys = Vec::new();
        for spec in KeySpec::ALL.iter().copied() {
            for usage in KeyUsage::ALL.iter().copied().filter(|usage| spec.allows_usage(*usage)) {
                let MadeKey { id, arn } = cloud.make_key_of(spec.as_str(), usage.as_str()).await;
                keys.push(SharedKey { spec, usage, id, arn });
            }
        }
        Self { cloud, keys }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &SharedKey> {
        self.keys.iter()
    }

    pub(crate) fn of(&self, spec: KeySpec, usage: KeyUsage) -> &SharedKey {
        self.keys.iter().find(|key| (key.spec, key.usage) == (spec, usage)).expect("the two go together")
    }

    pub(crate) async fn call(&self, operation: &str, input: Value) -> Answer {
        self.cloud.kms(operation, input).await
    }

    /// Checks that a call is refused with this code and exactly this message; `None` where AWS sends none.
    pub(crate) async fn refuses(&self, operation: &str, input: Value, code: &str, message: Option<&str>) {
        let told = format!("{operation} {input}");
        let refusal = self.call(operation, input).await.fails();
        let expected = Refusal { status: 400, code: code.to_owned(), message: message.map(str::to_owned) };
        assert_eq!(refusal, expected, "{told}");
    }

    /// Checks that an operation refuses each key that is for something else, and each algorithm that its spec does not
    /// offer. `input` is what else the operation needs; `member` names the algorithm, one of `algorithms`.
    pub(crate) async fn refuses_unfit<A: Algorithm>(
        &self,
        operation: &str,
        member: &str,
        algorithms: &[A],
        input: &Value,
    ) {
        let code = "InvalidKeyUsageException";
        for key in &self.keys {
            for algorithm in algorithms.iter().filter(|algorithm| key.usage != A::USAGE || !algorithm.fits(key.spec)) {
                let input = with(&with(input, "KeyId", &key.id), member, algorithm.name());
                let message = if key.usage == A::USAGE {
                    format!("Algorithm {} is incompatible with key spec {}.", algorithm.name(), key.spec)
                } else {
                    format!("{} key usage is {} which is not valid for {operation}.", key.arn, key.usage)
                };
                self.refuses(operation, input, code, Some(&message)).await;
            }
        }
    }
}

impl Importer {
    pub(crate) async fn of(client: Client, key: &MadeKey) -> Self {
        let input =
            json!({ "KeyId": key.id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" });
        let parameters = client.kms("GetParametersForImport", input).await.succeeds();
        Self { client, key: key.clone(), parameters }
    }

    /// An input of ImportKeyMaterial: material that does not expire.
    pub(crate) fn input(&self, material: &[u8]) -> Value {
        json!({
            "KeyId": self.key.id,
            "ImportToken": self.parameters["ImportToken"],
            "EncryptedKeyMaterial": self.wrap(material),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        })
    }

    /// The same with other members, of 32 bytes of this value.
    pub(crate) fn symmetric(&self, material: u8, members: &Value) -> Value {
        let mut input = self.input(&[material; 32]);
        for (name, value) in members.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        input
    }

    /// Imports 32 bytes of this value, as these members say. Returns the material's id.
    pub(crate) async fn import(&self, material: u8, members: Value) -> String {
        let imported = self.client.kms("ImportKeyMaterial", self.symmetric(material, &members)).await.succeeds();
        imported["KeyMaterialId"].as_str().expect("it is a symmetric encryption key").to_owned()
    }

    /// Encrypts material as a customer would, with OpenSSL and the wrapping key.
    fn wrap(&self, material: &[u8]) -> String {
        let key = PKey::public_key_from_der(&bytes(&self.parameters["PublicKey"])).expect("SPKI");
        let mut encrypter = Encrypter::new(&key).expect("OpenSSL");
        encrypter.set_rsa_padding(Padding::PKCS1_OAEP).expect("OpenSSL");
        encrypter.set_rsa_oaep_md(MessageDigest::sha256()).expect("OpenSSL");
        encrypter.set_rsa_mgf1_md(MessageDigest::sha256()).expect("OpenSSL");
        let mut wrapped = vec![0; encrypter.encrypt_len(material).expect("OpenSSL")];
        let length = encrypter.encrypt(material, &mut wrapped).expect("OpenSSL");
        base64(&wrapped[..length])
    }
}

/// Makes a key as CreateKey is told to.
pub(crate) async fn create_key(cloud: &Cloud, input: Value) -> MadeKey {
    let made = cloud.kms("CreateKey", input).await.succeeds();
    let text = |member: &str| made["KeyMetadata"][member].as_str().expect("CreateKey tells it").to_owned();
    MadeKey { id: text("KeyId"), arn: text("Arn") }
}

/// Makes a key of origin `EXTERNAL`, for one Region or several, with its first material.
pub(crate) async fn imported_key(cloud: &Cloud, is_multi_region: bool) -> (MadeKey, Importer) {
    let key = create_key(cloud, json!({ "Origin": "EXTERNAL", "MultiRegion": is_multi_region })).await;
    let importer = Importer::of(cloud.client(), &key).await;
    importer.import(1, json!({})).await;
    (key, importer)
}

/// Makes a multi-Region primary key.
pub(crate) async fn primary_key(cloud: &Cloud) -> MadeKey {
    create_key(cloud, json!({ "MultiRegion": true })).await
}

/// Replicates a key to another Region and waits until the replica has been created.
pub(crate) async fn replicate(cloud: &Cloud, key: &MadeKey, region: &str) -> MadeKey {
    cloud.kms("ReplicateKey", json!({ "KeyId": key.id, "ReplicaRegion": region })).await.succeeds();
    cloud.clock().advance_millis(MOMENT_MILLIS);
    MadeKey { id: key.id.clone(), arn: key.arn.replace("us-east-1", region) }
}

/// Rotates a key on demand and waits until that is over.
pub(crate) async fn rotate(cloud: &Cloud, key: &MadeKey) {
    cloud.kms("RotateKeyOnDemand", json!({ "KeyId": key.id })).await.succeeds();
    cloud.clock().advance_millis(MOMENT_MILLIS);
}

/// Every material of a key, as ListKeyRotations tells it.
pub(crate) async fn all_materials(client: &Client, key: &MadeKey) -> Vec<Value> {
    let input = json!({ "KeyId": key.id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
    let listed = client.kms("ListKeyRotations", input).await.succeeds();
    listed["Rotations"].as_array().expect("a list").clone()
}

/// What DescribeKey tells.
pub(crate) async fn metadata(client: &Client, key: &MadeKey) -> Value {
    client.kms("DescribeKey", json!({ "KeyId": key.id })).await.succeeds()["KeyMetadata"].clone()
}

/// Bytes as they stand on the wire.
pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64.encode_to_string(bytes.as_ref())
}

/// The bytes of a member.
#[track_caller]
pub(crate) fn bytes(member: &Value) -> Vec<u8> {
    BASE64.decode_to_vec(member.as_str().expect("present")).expect("base64")
}

/// What AWS says of a message, or plaintext, that is too short or too long.
pub(crate) fn length_violation(member: &str, constraint: &str) -> String {
    format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length {constraint}"
    )
}

/// [`HELLO`], encrypted without a context.
pub(crate) async fn ciphertext(cloud: &Cloud, key: &MadeKey) -> Value {
    let encrypted = cloud.kms("Encrypt", json!({ "KeyId": key.id, "Plaintext": HELLO })).await;
    encrypted.succeeds()["CiphertextBlob"].clone()
}

/// The key's state, as DescribeKey tells it.
pub(crate) async fn state(cloud: &Cloud, key: &MadeKey) -> Value {
    cloud.kms("DescribeKey", json!({ "KeyId": key.id })).await.succeeds()["KeyMetadata"]["KeyState"].clone()
}

pub(crate) async fn alias(cloud: &Cloud, name: &str, key: &MadeKey) {
    cloud.kms("CreateAlias", json!({ "AliasName": name, "TargetKeyId": key.id })).await.succeeds();
}

pub(crate) async fn schedule(cloud: &Cloud, key: &MadeKey, days: u32) {
    let input = json!({ "KeyId": key.id, "PendingWindowInDays": days });
    cloud.kms("ScheduleKeyDeletion", input).await.succeeds();
}

/// Checks that an operation refuses everything in `member` that names no key of the caller in this Region; `input` is
/// what else the operation needs.
pub(crate) async fn refuses_identifiers(cloud: &Cloud, operation: &str, member: &str, input: &Value) {
    let malformed = [
        "x",
        "1234abcd12ab34cd56ef1234567890ab",
        "1234ABCD-12AB-34CD-56EF-1234567890AB",
        "mrk-fake",
        "arn:aws:kms:us-east-1:000000000000:key/x",
        "arn:aws:s3:::x",
    ];
    for id in malformed {
        let message = format!("Invalid keyId '{id}'");
        cloud.refuses(operation, with(input, member, id), "NotFoundException", Some(&message)).await;
    }
    for id in [ABSENT, "mrk-1234abcd12ab34cd56ef1234567890ab"] {
        let arn = format!("arn:aws:kms:us-east-1:000000000000:key/{id}");
        let message = format!("Key '{arn}' does not exist");
        cloud.refuses(operation, with(input, member, id), "NotFoundException", Some(&message)).await;
        cloud.refuses(operation, with(input, member, &arn), "NotFoundException", Some(&message)).await;
    }

    let elsewhere = cloud.client().in_region("eu-west-1").make_key().await.arn;
    let message = Some("Invalid arn eu-west-1");
    cloud.refuses(operation, with(input, member, &elsewhere), "NotFoundException", message).await;

    // Whether another account's key exists is not told.
    let foreign = cloud.client().in_account("111122223333").make_key().await.arn;
    for foreign in [foreign, format!("arn:aws:kms:us-east-1:111122223333:key/{ABSENT}")] {
        let message = denied(operation, member);
        cloud.refuses(operation, with(input, member, &foreign), "AccessDeniedException", Some(&message)).await;
    }
}

/// Checks that an operation takes no alias in `member`, neither a present nor an absent one.
pub(crate) async fn refuses_aliases(cloud: &Cloud, operation: &str, input: &Value) {
    let key = cloud.make_key().await;
    alias(cloud, "alias/present", &key).await;
    let aliases = ["alias/present", "alias/absent", "arn:aws:kms:us-east-1:000000000000:alias/present"];
    for alias in aliases {
        let message = Some("Key Aliases are not supported for this operation.");
        cloud.refuses(operation, with(input, "KeyId", alias), "InvalidArnException", message).await;
    }
}

/// Checks that an operation that takes aliases finds none where there is none.
pub(crate) async fn refuses_absent_aliases(cloud: &Cloud, operation: &str, member: &str, input: &Value) {
    let arn = "arn:aws:kms:us-east-1:000000000000:alias/absent";
    for alias in ["alias/absent", arn] {
        let message = format!("Alias {arn} is not found.");
        cloud.refuses(operation, with(input, member, alias), "NotFoundException", Some(&message)).await;
    }
    let foreign = "arn:aws:kms:us-east-1:111122223333:alias/absent";
    let message = denied(operation, member);
    cloud.refuses(operation, with(input, member, foreign), "AccessDeniedException", Some(&message)).await;
}

/// Checks what an operation does with a disabled key and with one that is pending deletion.
pub(crate) async fn obeys_states(operation: &str, input: &Value, disabled: Fit, pending_deletion: Fit) {
    let cloud = Cloud::new();
    let (key, other) = (cloud.make_key().await, cloud.make_key().await);
    let (input, other_input) = (with(input, "KeyId", &key.id), with(input, "KeyId", &other.id));

    cloud.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
    match disabled {
        Fit::Works => drop(cloud.kms(operation, input).await.succeeds()),
        Fit::Refused => {
            let message = format!("{} is disabled.", key.arn);
            cloud.refuses(operation, input, "DisabledException", Some(&message)).await;
        }
    }
    schedule(&cloud, &other, 7).await;
    match pending_deletion {
        Fit::Works => drop(cloud.kms(operation, other_input).await.succeeds()),
        Fit::Refused => {
            let message = format!("{} is pending deletion.", other.arn);
            cloud.refuses(operation, other_input, "KMSInvalidStateException", Some(&message)).await;
        }
    }
}

/// The input with one more member.
pub(crate) fn with(input: &Value, member: &str, value: &str) -> Value {
    let mut input = input.clone();
    input[member] = json!(value);
    input
}

fn denied(operation: &str, member: &str) -> String {
    let action = match (operation, member) {
        ("ReEncrypt", "SourceKeyId") => "ReEncryptFrom",
        ("ReEncrypt", _) => "ReEncryptTo",
        _ => operation,
    };
    format!(
        "User: arn:aws:iam::000000000000:root is not authorized to perform: kms:{action} on this resource because the \
         resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy \
         explicitly denies access"
    )
}
