//! Keys as a client in their Region sees them, and the customer's side of an import.

use base64_simd::STANDARD as BASE64;
use openssl::encrypt::Encrypter;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Padding;
use serde_json::{Value, json};
use trent_testkit::{Answer, Client, Cloud};

pub(crate) const HERE: &str = "us-east-1";
pub(crate) const THERE: &str = "us-west-2";

/// How long a replica's creation, a change of the primary Region and a rotation on demand take.
pub(crate) const MOMENT_MILLIS: i64 = 2000;

pub(crate) const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// `Hello` in base64.
pub(crate) const HELLO: &str = "SGVsbG8=";

/// A key in one Region.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) client: Client,
    pub(crate) id: String,
    pub(crate) arn: String,
}

/// What material is imported with: a wrapping key and a token.
#[derive(Clone)]
pub(crate) struct ImportParameters(Value);

impl Key {
    /// Makes a key as CreateKey is told to.
    pub(crate) async fn create(cloud: &Cloud, input: Value) -> Self {
        Self::create_in(cloud.client().in_region(HERE), input).await
    }

    /// Makes a key in the Region of a client.
    pub(crate) async fn create_in(client: Client, input: Value) -> Self {
        let made = client.kms("CreateKey", input).await.succeeds();
        let text = |member: &str| made["KeyMetadata"][member].as_str().expect("CreateKey tells it").to_owned();
        Self { id: text("KeyId"), arn: text("Arn"), client }
    }

    /// The related key in another Region.
    pub(crate) fn in_region(&self, region: &str) -> Self {
        let own = self.arn.split(':').nth(3).expect("the Region of an ARN");
        Self { client: self.client.in_region(region), id: self.id.clone(), arn: self.arn.replace(own, region) }
    }

    /// Replicates the key and waits until the replica has been created.
    pub(crate) async fn replicate(&self, cloud: &Cloud, region: &str) -> Self {
        self.does("ReplicateKey", json!({ "ReplicaRegion": region })).await;
        cloud.clock().advance_millis(MOMENT_MILLIS);
        self.in_region(region)
    }

    /// Calls an operation on the key, with these members besides `KeyId`.
    pub(crate) async fn call(&self, operation: &str, mut members: Value) -> Answer {
        members["KeyId"] = json!(self.id);
        self.client.kms(operation, members).await
    }

    /// The same of an operation that succeeds.
    pub(crate) async fn does(&self, operation: &str, members: Value) -> Value {
        self.call(operation, members).await.succeeds()
    }

    /// Plans the key's deletion.
    pub(crate) async fn schedule(&self, days: u32) -> Value {
        self.does("ScheduleKeyDeletion", json!({ "PendingWindowInDays": days })).await
    }

    pub(crate) async fn metadata(&self) -> Value {
        self.does("DescribeKey", json!({})).await["KeyMetadata"].clone()
    }

    pub(crate) async fn state(&self) -> Value {
        self.metadata().await["KeyState"].clone()
    }

    /// Whether the key is not there at all.
    pub(crate) async fn is_gone(&self) -> bool {
        let answer = self.call("DescribeKey", json!({})).await;
        if answer.status == 200 {
            return false;
        }
        answer.fails_with("NotFoundException", Some(&format!("Key '{}' does not exist", self.arn)));
        true
    }

    /// [`HELLO`], encrypted.
    pub(crate) async fn encrypt(&self) -> Value {
        self.does("Encrypt", json!({ "Plaintext": HELLO })).await["CiphertextBlob"].clone()
    }

    /// Checks that the key, found by the ciphertext alone, opens it. Returns the id of the material that did.
    pub(crate) async fn opens(&self, blob: &Value) -> Value {
        let opened = self.client.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds();
        assert_eq!((&opened["Plaintext"], &opened["KeyId"]), (&json!(HELLO), &json!(self.arn)));
        opened["KeyMaterialId"].clone()
    }

    /// Type and date of each rotation, the oldest first.
    pub(crate) async fn rotations(&self) -> Vec<(Value, Value)> {
        let listed = self.does("ListKeyRotations", json!({})).await;
        let rotations = listed["Rotations"].as_array().expect("a list").iter();
        rotations.map(|rotation| (rotation["RotationType"].clone(), rotation["RotationDate"].clone())).collect()
    }

    pub(crate) async fn import_parameters(&self) -> ImportParameters {
        let members = json!({ "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" });
        ImportParameters(self.does("GetParametersForImport", members).await)
    }
}

impl ImportParameters {
    /// Members of ImportKeyMaterial: material that does not expire.
    pub(crate) fn members(&self, material: &[u8]) -> Value {
        json!({
            "ImportToken": self.0["ImportToken"],
            "EncryptedKeyMaterial": self.wrap(material),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        })
    }

    /// Encrypts material as a customer would, with OpenSSL and the wrapping key.
    fn wrap(&self, material: &[u8]) -> String {
        let public = self.0["PublicKey"].as_str().expect("present");
        let public = BASE64.decode_to_vec(public).expect("base64");
        let key = PKey::public_key_from_der(&public).expect("SPKI");
        let mut encrypter = Encrypter::new(&key).expect("OpenSSL");
        encrypter.set_rsa_padding(Padding::PKCS1_OAEP).expect("OpenSSL");
        encrypter.set_rsa_oaep_md(MessageDigest::sha256()).expect("OpenSSL");
        encrypter.set_rsa_mgf1_md(MessageDigest::sha256()).expect("OpenSSL");
        let mut wrapped = vec![0; encrypter.encrypt_len(material).expect("OpenSSL")];
        let length = encrypter.encrypt(material, &mut wrapped).expect("OpenSSL");
        BASE64.encode_to_string(&wrapped[..length])
    }
}
