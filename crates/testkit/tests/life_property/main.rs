//! Random lives of keys, told to Trent and to a naive model: operations, clock jumps, sweeps and restarts. After each step
//! both must agree on whether it went well, in which words it was refused, and on all that can be seen of the key.
//!
//! Every run takes the same sequences; `PROPTEST_CASES=5000` takes more of them.

mod model;
mod observe;
mod steps;

use std::collections::BTreeMap;

use base64_simd::STANDARD as BASE64;
use openssl::pkey::PKey;
use openssl::pkey_ctx::PkeyCtx;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use trent_shared::Clock;
use trent_testkit::{Answer, Cloud};

use crate::model::{At, DAY, HOUR, Message, Model, Moment, Outcome, REGIONS, SECOND};
use crate::steps::{Expiry, Kind, Place, Step, Target, Token, Which, a_life, import_type_name};

/// How many sequences, unless `PROPTEST_CASES` says.
const CASES: u32 = 500;
/// With more keys alive than that none of them would see much.
const MOST_KEYS: usize = 3;
/// Kept ciphertexts of each key.
const MOST_BLOBS: usize = 5;

#[test]
fn keys_live_as_the_facts_say() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 4000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let lived = runner.run(&a_life(), |steps| live(&runtime, &steps));
    lived.unwrap_or_else(|failure| panic!("{failure}"));
}

fn live(runtime: &Runtime, steps: &[Step]) -> Result<(), TestCaseError> {
    runtime.block_on(async {
        let mut life = Life::new();
        for (number, step) in steps.iter().enumerate() {
            let taken = life.take(step).await;
            taken.map_err(|difference| TestCaseError::fail(format!("step {number}, {step:?}: {difference}")))?;
        }
        life.look_at_everything().await.map_err(|difference| TestCaseError::fail(format!("in the end: {difference}")))
    })
}

/// Trent and its model, side by side.
struct Life {
    cloud: Cloud,
    model: Model,
    /// The last parameters for import of each key and Region: when they were handed out, and they.
    parameters: BTreeMap<(usize, usize), (Moment, Value)>,
    blobs: Vec<Blob>,
}

/// A ciphertext to come back to.
struct Blob {
    key: usize,
    /// The number of the material that encrypted it.
    material: usize,
    ciphertext: String,
}

/// How Trent and its model differ.
type Difference = String;

impl Life {
    fn new() -> Self {
        let cloud = Cloud::new();
        let model = Model { now: cloud.clock().now().as_millis(), ..Model::default() };
        Self { cloud, model, parameters: BTreeMap::new(), blobs: Vec::new() }
    }

    async fn take(&mut self, step: &Step) -> Result<(), Difference> {
        match *step {
            Step::CreateKey(kind) => return self.create_key(kind).await,
            Step::Advance(millis) => {
                self.advance(millis);
                return Ok(());
            }
            Step::AdvanceToNextDate(offset) => {
                let next = self.model.next_date().map_or(0, |date| date - self.model.now + offset);
                self.advance(next.max(0));
                return Ok(());
            }
            Step::Sweep => {
                self.cloud.sweep().await;
                return Ok(());
            }
            Step::Restart => {
                self.cloud = self.cloud.restarted();
                return Ok(());
            }
            Step::Look => return self.look_at_everything().await,
            Step::DeleteAlias { name, region } => {
                let answer = self.call(region, "DeleteAlias", json!({ "AliasName": name })).await;
                return compare(&answer, self.model.delete_alias(name, region));
            }
            _ => {}
        }
        // Everything else is done to a key.
        let Some(at) = step.at().and_then(|target| self.resolve(target)) else { return Ok(()) };
        self.take_at(step, at).await?;
        self.model.advance(self.model.now);
        self.look_at(at.key).await
    }

    /// What a step's target is by now; none as long as there is no key.
    fn resolve(&self, target: Target) -> Option<At> {
        let keys = &self.model.keys;
        let living: Vec<usize> = (0..keys.len()).filter(|key| !keys[*key].members.is_empty()).collect();
        let key = match target.key {
            Which::Living(number) => living[number.checked_rem(living.len())?],
            Which::Any(number) => number.checked_rem(keys.len())?,
        };
        Some(At { key, region: self.region(key, target.place) })
    }

    /// A single-Region key is only looked for where it was made.
    fn region(&self, key: usize, place: Place) -> usize {
        let key = &self.model.keys[key];
        let members: Vec<usize> = key.members.keys().copied().collect();
        match place {
            Place::Member(number) if !members.is_empty() => members[number % members.len()],
            Place::Any(number) if key.is_multi_region => number % REGIONS.len(),
            _ => key.primary,
        }
    }

    async fn create_key(&mut self, kind: Kind) -> Result<(), Difference> {
        if self.model.keys.iter().filter(|key| !key.members.is_empty()).count() == MOST_KEYS {
            return Ok(());
        }
        let origin = if kind.is_external { "EXTERNAL" } else { "AWS_KMS" };
        let input = json!({ "Origin": origin, "MultiRegion": kind.is_multi_region });
        let made = self.call(0, "CreateKey", input).await.succeeds();
        let id = made["KeyMetadata"]["KeyId"].as_str().unwrap_or_default().to_owned();
        self.model.create(id, kind);
        self.look_at(self.model.keys.len() - 1).await
    }

    fn advance(&mut self, millis: Moment) {
        self.cloud.clock().advance_millis(millis);
        self.model.advance(self.model.now + millis);
        // What was handed out for a key is nothing to the one that may come in its place.
        let keys = &self.model.keys;
        self.parameters.retain(|(key, region), _| keys[*key].members.contains_key(region));
    }

    async fn take_at(&mut self, step: &Step, at: At) -> Result<(), Difference> {
        let id = self.model.keys[at.key].id.clone();
        let name = json!({ "KeyId": id });
        match *step {
            Step::EnableKey(_) => {
                let answer = self.call(at.region, "EnableKey", name).await;
                compare(&answer, self.model.enable(at, true))
            }
            Step::DisableKey(_) => {
                let answer = self.call(at.region, "DisableKey", name).await;
                compare(&answer, self.model.enable(at, false))
            }
            Step::ScheduleKeyDeletion(_, days) => {
                let input = json!({ "KeyId": id, "PendingWindowInDays": days });
                let answer = self.call(at.region, "ScheduleKeyDeletion", input).await;
                compare(&answer, self.model.schedule_deletion(at, days * DAY))
            }
            Step::CancelKeyDeletion(_) => {
                let answer = self.call(at.region, "CancelKeyDeletion", name).await;
                compare(&answer, self.model.cancel_deletion(at))
            }
            Step::EnableKeyRotation(_, days) => {
                let input = json!({ "KeyId": id, "RotationPeriodInDays": days });
                let answer = self.call(at.region, "EnableKeyRotation", input).await;
                compare(&answer, self.model.enable_rotation(at, days.map(|days| days * DAY)))
            }
            Step::DisableKeyRotation(_) => {
                let answer = self.call(at.region, "DisableKeyRotation", name).await;
                compare(&answer, self.model.disable_rotation(at))
            }
            Step::RotateKeyOnDemand(_, times) => {
                for _ in 1..times {
                    let answer = self.call(at.region, "RotateKeyOnDemand", name.clone()).await;
                    compare(&answer, self.model.rotate_on_demand(at))?;
                    self.advance(3 * SECOND);
                }
                let answer = self.call(at.region, "RotateKeyOnDemand", name).await;
                compare(&answer, self.model.rotate_on_demand(at))
            }
            Step::GetParametersForImport(_) => self.parameters_for_import(at).await,
            Step::ImportKeyMaterial { .. } => self.import(step, at).await,
            Step::DeleteImportedKeyMaterial(_, number) => {
                let unknown = "0".repeat(64);
                let material = number.map(|number| self.model.keys[at.key].ids.get(&number).unwrap_or(&unknown));
                let input = json!({ "KeyId": id, "KeyMaterialId": material });
                let answer = self.call(at.region, "DeleteImportedKeyMaterial", input).await;
                compare(&answer, self.model.delete_material(at, number))
            }
            Step::ReplicateKey(_, to) => {
                let answer =
                    self.call(at.region, "ReplicateKey", json!({ "KeyId": id, "ReplicaRegion": REGIONS[to] })).await;
                compare(&answer, self.model.replicate(at, to))
            }
            Step::UpdatePrimaryRegion(_, place) => {
                let to = self.region(at.key, place);
                let input = json!({ "KeyId": id, "PrimaryRegion": REGIONS[to] });
                let answer = self.call(at.region, "UpdatePrimaryRegion", input).await;
                compare(&answer, self.model.update_primary(at, to))
            }
            Step::Encrypt(_) => self.encrypt(at).await,
            Step::CreateAlias(_, name) => {
                let input = json!({ "AliasName": name, "TargetKeyId": id });
                let answer = self.call(at.region, "CreateAlias", input).await;
                compare(&answer, self.model.create_alias(name, at))
            }
            Step::UpdateAlias(_, name) => {
                let input = json!({ "AliasName": name, "TargetKeyId": id });
                let answer = self.call(at.region, "UpdateAlias", input).await;
                compare(&answer, self.model.update_alias(name, at))
            }
            _ => Ok(()),
        }
    }

    async fn parameters_for_import(&mut self, at: At) -> Result<(), Difference> {
        let id = &self.model.keys[at.key].id;
        // A wrapping key of SM2 is made in no time, one of RSA takes a tenth of a second.
        let input = json!({ "KeyId": id, "WrappingAlgorithm": "SM2PKE", "WrappingKeySpec": "SM2" });
        let answer = self.call(at.region, "GetParametersForImport", input).await;
        if answer.status == 200 {
            self.parameters.insert((at.key, at.region), (self.model.now, answer.succeeds()));
        }
        compare(&answer, self.model.parameters_for_import(at))
    }

    async fn import(&mut self, step: &Step, at: At) -> Result<(), Difference> {
        let Step::ImportKeyMaterial { material, import_type, expiry, token, .. } = *step else { return Ok(()) };
        if token == Token::Fresh || !self.parameters.contains_key(&(at.key, at.region)) {
            self.parameters_for_import(at).await?;
        }
        let Some((handed_out, parameters)) = self.parameters.get(&(at.key, at.region)).cloned() else { return Ok(()) };
        let expires = match expiry {
            Expiry::Never => None,
            Expiry::InHours(hours) => Some((self.model.now + hours * HOUR) / SECOND * SECOND),
        };
        let input = json!({
            "KeyId": self.model.keys[at.key].id,
            "ImportToken": parameters["ImportToken"],
            "EncryptedKeyMaterial": wrap(&parameters, &[u8::try_from(material).expect("small"); 32]),
            "ImportType": import_type_name(import_type),
            "ExpirationModel":
                if expires.is_some() { "KEY_MATERIAL_EXPIRES" } else { "KEY_MATERIAL_DOES_NOT_EXPIRE" },
            "ValidTo": expires.map(|expires| expires / SECOND),
        });
        let answer = self.call(at.region, "ImportKeyMaterial", input).await;
        compare(&answer, self.model.import(at, material, import_type, expires, handed_out))?;
        if answer.status == 200 {
            let id = answer.succeeds()["KeyMaterialId"].as_str().unwrap_or_default().to_owned();
            let known = self.model.keys[at.key].ids.entry(material).or_insert_with(|| id.clone());
            if *known != id {
                return Err(format!("the same material was {known} and is {id}"));
            }
        }
        Ok(())
    }

    async fn encrypt(&mut self, at: At) -> Result<(), Difference> {
        let id = &self.model.keys[at.key].id;
        let answer = self.call(at.region, "Encrypt", json!({ "KeyId": id, "Plaintext": "SGVsbG8=" })).await;
        compare(&answer, self.model.use_key(at))?;
        if answer.status == 200 {
            let of_key = || self.blobs.iter().enumerate().filter(|(_, blob)| blob.key == at.key);
            if of_key().count() == MOST_BLOBS
                && let Some((second, _)) = of_key().nth(1)
            {
                self.blobs.remove(second);
            }
            let material = self.model.keys[at.key].materials.last().map_or(0, |material| material.number);
            let ciphertext = answer.succeeds()["CiphertextBlob"].as_str().unwrap_or_default().to_owned();
            self.blobs.push(Blob { key: at.key, material, ciphertext });
        }
        Ok(())
    }

    async fn call(&self, region: usize, operation: &str, mut input: Value) -> Answer {
        if let Some(members) = input.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        self.cloud.client().in_region(REGIONS[region]).kms(operation, input).await
    }
}

/// Compares how a call went with how it should have gone.
fn compare(answer: &Answer, outcome: Outcome) -> Result<(), Difference> {
    match outcome {
        Ok(()) if answer.status == 200 => Ok(()),
        Ok(()) => Err(format!("should go well, but {}", answer.text())),
        Err(refused) if answer.status == 200 => Err(format!("should be {refused:?}, but went well")),
        Err(refused) => {
            let refusal = answer.fails();
            let has_message = match &refused.message {
                Message::Unknown => true,
                Message::Is(message) => refusal.message.as_ref() == Some(message),
            };
            if refusal.code == refused.code && has_message {
                return Ok(());
            }
            Err(format!("should be {refused:?}, but is {}", answer.text()))
        }
    }
}

/// Encrypts material as a customer would, with OpenSSL and the wrapping key.
fn wrap(parameters: &Value, material: &[u8]) -> String {
    let public_key = BASE64.decode_to_vec(parameters["PublicKey"].as_str().expect("text")).expect("base64");
    let public_key = PKey::public_key_from_der(&public_key).expect("a public key");
    let mut wrapped = Vec::new();
    let mut context = PkeyCtx::new(&public_key).expect("OpenSSL");
    context.encrypt_init().expect("OpenSSL");
    context.encrypt_to_vec(material, &mut wrapped).expect("OpenSSL");
    BASE64.encode_to_string(wrapped)
}
