//! What the import operations share: the parameters that GetParametersForImport hands out, and what they are good for.
//!
//! An import token is nothing but a random name for parameters that are kept here: so it cannot be forged, and works for
//! the key it was made for and no other.

use aws_smithy_types::Blob;
use serde::{Deserialize, Serialize};
use trent_kms_core::{KeyMaterial, KeySpec, WrappingAlgorithm, WrappingKeySpec};
use trent_shared::{ApiError, SecretBytes, Timestamp};
use trent_store::{Batch, Key, Table};

use crate::Kms;
use crate::api::errors;
use crate::identifier::KeyArn;
use crate::messages;
use crate::records::{exposed, key_address};

/// (Region, account, key id, token) → what the token stands for.
pub(crate) static IMPORT_PARAMETERS: Table<ImportParameters> = Table::new("kms.import-parameters", 1);

const TOKEN_LEN: usize = 64;

/// Tokens kept per key; AWS names no limit, and nobody needs as many within a day.
const MOST_TOKENS: usize = 1000;

/// How long expired tokens are known for what they were.
const DAYS_REMEMBERED: u32 = 30;

/// One answer of GetParametersForImport.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ImportParameters {
    pub(crate) algorithm: WrappingAlgorithm,
    pub(crate) wrapping_key_spec: WrappingKeySpec,
    #[serde(with = "exposed")]
    wrapping_key: SecretBytes,
    pub(crate) valid_to: Timestamp,
}

impl Kms {
    /// Keeps new parameters for a key. Returns the token that names them.
    pub(crate) async fn keep_import_parameters(
        &self,
        arn: &KeyArn,
        algorithm: WrappingAlgorithm,
        wrapping_key_spec: WrappingKeySpec,
        wrapping_key: &KeyMaterial,
        valid_to: Timestamp,
    ) -> Result<Blob, ApiError> {
        let mut token = vec![0; TOKEN_LEN];
        self.entropy.fill(&mut token);
        let mut batch = Batch::new();
        self.drop_expired_parameters(&mut batch, arn).await?;
        let wrapping_key = wrapping_key.to_bytes();
        let parameters = ImportParameters { algorithm, wrapping_key_spec, wrapping_key, valid_to };
        batch.put(&IMPORT_PARAMETERS, address(arn, &token), &parameters).map_err(messages::store)?;
        // Nothing is expected, so nothing can conflict.
        if self.try_commit(batch, Vec::new()).await? {
            Ok(Blob::new(token))
        } else {
            Err(messages::too_many_conflicts())
        }
    }

    /// Unwraps key material as a token says. A token may be used again as long as it lives (recorded).
    pub(crate) async fn unwrap_material(
        &self,
        arn: &KeyArn,
        spec: KeySpec,
        token: &Blob,
        wrapped: &Blob,
    ) -> Result<KeyMaterial, ApiError> {
        let stored = IMPORT_PARAMETERS.get(&*self.engine, address(arn, token.as_ref())).await;
        let stored = stored.map_err(messages::store)?.ok_or_else(|| errors::INVALID_IMPORT_TOKEN.bare())?;
        let ImportParameters { algorithm, wrapping_key_spec, wrapping_key, valid_to } = stored.record;
        if valid_to <= self.now() {
            return Err(errors::EXPIRED_IMPORT_TOKEN.bare());
        }
        let wrapping_key = KeyMaterial::from_bytes(wrapping_key_spec.key_spec(), wrapping_key.expose());
        let wrapping_key = wrapping_key.map_err(|error| messages::crypto(&error))?;
        // What is wrong with the material is not told, be it the wrapping or the length (recorded).
        let invalid = || errors::INVALID_CIPHERTEXT.bare();
        let material = algorithm.unwrap(&wrapping_key, wrapped.as_ref()).map_err(|_| invalid())?;
        KeyMaterial::import(spec, material.expose()).map_err(|_| invalid())
    }

    /// Wipes the wrapping keys of expired parameters. That there were any is remembered for a while, so that their tokens are
    /// told to have expired rather than to be false.
    async fn drop_expired_parameters(&self, batch: &mut Batch, arn: &KeyArn) -> Result<(), ApiError> {
        let now = self.now();
        let kept = IMPORT_PARAMETERS.scan(&*self.engine, key_address(arn), None, MOST_TOKENS).await;
        for mut entry in kept.map_err(messages::store)?.into_iter().filter(|entry| entry.record.valid_to <= now) {
            if entry.record.valid_to.plus_days(DAYS_REMEMBERED) <= now {
                batch.delete(&IMPORT_PARAMETERS, entry.key);
            } else if !entry.record.wrapping_key.expose().is_empty() {
                entry.record.wrapping_key = SecretBytes::new(Vec::new());
                batch.put(&IMPORT_PARAMETERS, entry.key, &entry.record).map_err(messages::store)?;
            }
        }
        Ok(())
    }
}

/// Where the parameters that a token names are kept; a token that was made for another key names nothing here.
fn address(arn: &KeyArn, token: &[u8]) -> Key {
    key_address(arn).with(token)
}
