//! Answers for enclaves: what was meant for one goes out to it alone.

use base64_simd::STANDARD as BASE64;
use openssl::pkey::PKey;
use serde_json::{Value, json};
use trent_shared::Clock;
use trent_testkit::{Cloud, Enclave};

struct Stage {
    cloud: Cloud,
    enclave: Enclave,
}

impl Stage {
    fn new() -> Self {
        let enclave = Enclave::new(Cloud::START);
        Self { cloud: Cloud::with_options(enclave.options()), enclave }
    }

    /// Calls an operation for the enclave. Returns its answer, and what the enclave finds in it.
    async fn call(&self, operation: &str, mut input: Value) -> (Value, Vec<u8>) {
        input["Recipient"] = self.enclave.recipient(self.cloud.clock().now());
        let answer = self.cloud.kms(operation, input).await.succeeds();
        let opened = self.enclave.open(&answer["CiphertextForRecipient"]);
        (answer, opened)
    }

    async fn key(&self, spec: &str, usage: &str) -> Value {
        let input = json!({ "KeySpec": spec, "KeyUsage": usage });
        self.cloud.kms("CreateKey", input).await.succeeds()["KeyMetadata"]["KeyId"].clone()
    }

    async fn symmetric(&self) -> Value {
        self.key("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await
    }

    async fn decrypt(&self, blob: &Value) -> Vec<u8> {
        bytes(&self.cloud.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds()["Plaintext"])
    }
}

fn bytes(blob: &Value) -> Vec<u8> {
    BASE64.decode_to_vec(blob.as_str().expect("a blob")).expect("base64")
}

fn members(answer: &Value) -> Vec<&str> {
    answer.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test]
async fn decrypt_tells_the_enclave_and_nobody_else() {
    let stage = Stage::new();
    let input = json!({ "KeyId": stage.symmetric().await, "Plaintext": BASE64.encode_to_string("secret") });
    let sealed = stage.cloud.kms("Encrypt", input).await.succeeds();
    let (answer, opened) = stage.call("Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] })).await;
    assert_eq!(opened, b"secret");
    assert_eq!(members(&answer), ["CiphertextForRecipient", "EncryptionAlgorithm", "KeyId"]);
}

#[tokio::test]
async fn data_keys_go_to_the_enclave_in_the_same_words() {
    let stage = Stage::new();
    let input = json!({ "KeyId": stage.symmetric().await, "KeySpec": "AES_256" });
    let (answer, opened) = stage.call("GenerateDataKey", input).await;
    assert_eq!(opened.len(), 32);
    assert_eq!(members(&answer), ["CiphertextBlob", "CiphertextForRecipient", "KeyId"]);
    assert_eq!(stage.decrypt(&answer["CiphertextBlob"]).await, opened);
}

#[tokio::test]
async fn private_keys_of_data_key_pairs_go_to_the_enclave() {
    let stage = Stage::new();
    let input = json!({ "KeyId": stage.symmetric().await, "KeyPairSpec": "ECC_NIST_P256" });
    let (answer, opened) = stage.call("GenerateDataKeyPair", input).await;
    let private_key = PKey::private_key_from_der(&opened).expect("PKCS#8");
    assert_eq!(private_key.public_key_to_der().expect("SPKI"), bytes(&answer["PublicKey"]));
    assert_eq!(
        members(&answer),
        ["CiphertextForRecipient", "KeyId", "KeyPairSpec", "PrivateKeyCiphertextBlob", "PublicKey"]
    );
}

#[tokio::test]
async fn random_bytes_and_shared_secrets_go_to_the_enclave() {
    let stage = Stage::new();
    let (answer, opened) = stage.call("GenerateRandom", json!({ "NumberOfBytes": 40 })).await;
    assert_eq!((opened.len(), members(&answer)), (40, vec!["CiphertextForRecipient"]));

    let key = stage.key("ECC_NIST_P384", "KEY_AGREEMENT").await;
    let public_key = stage.cloud.kms("GetPublicKey", json!({ "KeyId": key })).await.succeeds()["PublicKey"].clone();
    let input = json!({ "KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": public_key });
    let (answer, opened) = stage.call("DeriveSharedSecret", input.clone()).await;
    assert_eq!(members(&answer), ["CiphertextForRecipient", "KeyAgreementAlgorithm", "KeyId", "KeyOrigin"]);
    let told = stage.cloud.kms("DeriveSharedSecret", input).await.succeeds();
    assert_eq!(opened, bytes(&told["SharedSecret"]));
}

#[tokio::test]
async fn documents_that_prove_nothing_are_refused_and_nothing_goes_out() {
    let stage = Stage::new();
    let good = stage.enclave.recipient(Cloud::START);
    let with = |document: Vec<u8>| {
        let mut recipient = good.clone();
        recipient["AttestationDocument"] = BASE64.encode_to_string(document).into();
        recipient
    };
    let document = stage.enclave.document(Cloud::START);
    let mut changed = document.clone();
    // Somewhere within PCR0, which is 48 sevens.
    let register = changed.windows(48).position(|window| window == [7; 48]).expect("PCR0");
    changed[register] = 8;
    let stranger = Enclave::new(Cloud::START);
    let refused = [
        with(vec![0]),
        with(document[..document.len() - 1].to_vec()),
        with([document.clone(), vec![0]].concat()),
        with(changed),
        stranger.recipient(Cloud::START),
        stage.enclave.recipient(Cloud::START.plus_days(2)),
        json!({}),
        json!({ "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256" }),
        json!({ "AttestationDocument": BASE64.encode_to_string(&document) }),
    ];
    for (number, recipient) in refused.into_iter().enumerate() {
        let input = json!({ "NumberOfBytes": 1, "Recipient": recipient });
        let refusal = stage.cloud.kms("GenerateRandom", input).await.fails();
        assert_eq!((refusal.status, &*refusal.code), (400, "ValidationException"), "{number}: {refusal:?}");
    }
    // A document is good for hours, not for days.
    stage.cloud.clock().advance_days(1);
    let old = json!({ "NumberOfBytes": 1, "Recipient": good });
    assert_eq!(stage.cloud.kms("GenerateRandom", old).await.fails().code, "ValidationException");
}
