//! Grant tokens: what CreateGrant hands out so that a grant counts at once. A token is its key's ARN and the grant's id,
//! sealed under a secret of this installation: nobody else can make one, and what it says is nobody's business.

use base64_simd::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use trent_kms_core::{CiphertextBlob, CiphertextKind, EncryptionContext, SymmetricMaterial, open, seal};
use trent_shared::{ApiError, Context, Entropy, SecretBytes};
use trent_store::{Batch, Expect, StoreError, Table};

use super::GrantId;
use crate::Kms;
use crate::api::errors;
use crate::change::MOST_ATTEMPTS;
use crate::identifier::KeyArn;
use crate::messages;
use crate::records::exposed;

/// () → what tokens are sealed with; made when the first one is.
static TOKEN_KEY: Table<TokenSecret> = Table::new("kms.grant-token-key", 1);

#[derive(Serialize, Deserialize)]
struct TokenSecret(#[serde(with = "exposed")] SecretBytes);

/// The secret as far as it has been read.
#[derive(Default)]
pub(crate) struct TokenKey(OnceCell<SymmetricMaterial>);

/// The grants whose tokens a request presents. Whether they still exist is not said: the token of a grant that is gone
/// allows nothing, and harms nothing either.
#[derive(Debug, Default)]
pub(crate) struct GrantTokens(Vec<(KeyArn, GrantId)>);

impl Kms {
    /// Reads the tokens that a request presents. One that was not made here, or is for another Region, is refused. One for
    /// another key is not, since ReEncrypt takes those of two keys.
    pub(crate) async fn grant_tokens(&self, cx: &Context, presented: &[String]) -> Result<GrantTokens, ApiError> {
        let mut tokens = Vec::with_capacity(presented.len());
        for token in presented {
            tokens.push(self.grant_of_token(cx, token).await?);
        }
        Ok(GrantTokens(tokens))
    }

    /// The key and the grant that a token is for, whether they still exist or not.
    pub(crate) async fn grant_of_token(&self, cx: &Context, token: &str) -> Result<(KeyArn, GrantId), ApiError> {
        let invalid = || errors::INVALID_GRANT_TOKEN.bare();
        let sealed = BASE64.decode_to_vec(token).map_err(|_| invalid())?;
        let blob = CiphertextBlob::parse(&sealed).map_err(|_| invalid())?;
        let opened = open(self.token_key().await?, &blob, &EncryptionContext::default()).map_err(|_| invalid())?;
        let (key, id) = read(opened.expose()).ok_or_else(invalid)?;
        if key.region == cx.region { Ok((key, id)) } else { Err(invalid()) }
    }

    /// A new token for a grant; each is another one.
    pub(crate) async fn new_grant_token(&self, key: &KeyArn, id: GrantId) -> Result<String, ApiError> {
        let material = self.token_key().await?;
        let said = [id.as_bytes(), format!("{} {} {}", key.region, key.account, key.id).as_bytes()].concat();
        let (named, context) = (material.id("grant-token"), EncryptionContext::default());
        let sealed = seal(material, &named, CiphertextKind::Message, &said, &context, &*self.entropy);
        sealed.map(|sealed| BASE64.encode_to_string(sealed)).map_err(|error| messages::crypto(&error))
    }

    async fn token_key(&self) -> Result<&SymmetricMaterial, ApiError> {
        self.grant_token_key.0.get_or_try_init(|| self.read_token_key()).await
    }

    async fn read_token_key(&self) -> Result<SymmetricMaterial, ApiError> {
        for _ in 0..MOST_ATTEMPTS {
            if let Some(kept) = TOKEN_KEY.get(&*self.engine, ()).await.map_err(messages::store)? {
                let damaged = |error| StoreError::DamagedRecord { table: TOKEN_KEY.name(), reason: format!("{error}") };
                let TokenSecret(bytes) = kept.record;
                let material = SymmetricMaterial::try_from(bytes.expose());
                return material.map_err(|error| messages::store(damaged(error)));
            }
            let mut batch = Batch::new();
            batch.expect(&TOKEN_KEY, (), Expect::Absent);
            batch.put(&TOKEN_KEY, (), &TokenSecret::new(&*self.entropy)).map_err(messages::store)?;
            self.try_commit(batch, Vec::new()).await?;
        }
        Err(messages::too_many_conflicts())
    }
}

impl TokenSecret {
    fn new(entropy: &dyn Entropy) -> Self {
        Self(SecretBytes::new(SymmetricMaterial::generate(entropy).expose().to_vec()))
    }
}

impl GrantTokens {
    pub(crate) fn include(&self, key: &KeyArn, id: GrantId) -> bool {
        self.0.iter().any(|(of, token)| *token == id && of == key)
    }
}

/// Takes apart what a token says.
fn read(said: &[u8]) -> Option<(KeyArn, GrantId)> {
    let (id, key) = said.split_at_checked(GrantId::LEN)?;
    let mut parts = str::from_utf8(key).ok()?.split(' ');
    let mut next = || parts.next();
    let arn = KeyArn { region: next()?.parse().ok()?, account: next()?.parse().ok()?, id: next()?.parse().ok()? };
    Some((arn, GrantId::try_from(id).ok()?))
}
