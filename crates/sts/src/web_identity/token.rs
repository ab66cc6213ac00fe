use base64_simd::URL_SAFE_NO_PAD as BASE64;
use serde::Deserialize;
use serde_json::{Map, Value};
use trent_shared::{ApiError, Timestamp};

use super::keys::{Algorithm, OidcProvider, url_of};
use crate::api::Tag;
use crate::facts::Facts;
use crate::messages;
use crate::tags::SessionTags;

/// An identity token: a JSON Web Token (RFC 7519) that nobody has verified yet.
pub(crate) struct Token<'t> {
    algorithm: Algorithm,
    key_id: Option<String>,
    claims: Claims,
    signed: &'t str,
    signature: Vec<u8>,
}

/// What a token says.
#[derive(Debug)]
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    audiences: Vec<String>,
    /// `azp`: whom it was issued for, if not for its audience.
    authorized_party: Option<String>,
    expires: i64,
    not_before: Option<i64>,
    all: Map<String, Value>,
}

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: Option<String>,
}

/// What the claim `https://aws.amazon.com/tags` holds.
#[derive(Deserialize)]
struct TagsClaim {
    #[serde(default)]
    principal_tags: std::collections::BTreeMap<String, OneOrMany>,
    #[serde(default)]
    transitive_tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

impl<'t> Token<'t> {
    /// Reads a token in the compact form.
    pub(crate) fn parse(text: &'t str) -> Result<Self, ApiError> {
        let (signed, signature) = text.rsplit_once('.').ok_or_else(messages::not_a_jwt)?;
        let (header, claims) = signed.split_once('.').ok_or_else(messages::not_a_jwt)?;
        let Header { alg, kid } = json(header).ok_or_else(messages::not_a_jwt)?;
        let claims = json(claims).ok_or_else(messages::not_a_jwt)?;
        let signature = BASE64.decode_to_vec(signature).map_err(|_| messages::not_a_jwt())?;
        Ok(Self { algorithm: alg, key_id: kid, claims: Claims::of(claims)?, signed, signature })
    }

    /// Who says that they have issued it: not yet to be believed.
    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// What the token says, if it is the provider's, and its time is now.
    pub(crate) fn verify(self, provider: Option<&OidcProvider>, now: Timestamp) -> Result<Claims, ApiError> {
        let keys = provider.map(|provider| provider.keys(self.algorithm, self.key_id.as_deref()));
        let mut keys = keys.into_iter().flatten().peekable();
        if keys.peek().is_none() {
            return Err(messages::no_verification_key());
        }
        if !keys.any(|key| key.verifies(self.signed.as_bytes(), &self.signature)) {
            return Err(messages::wrong_token_signature());
        }
        let seconds = now.as_millis() / 1000;
        if seconds >= self.claims.expires {
            return Err(messages::token_expired(now, self.claims.expires));
        }
        if let Some(begins) = self.claims.not_before.filter(|begins| seconds < *begins) {
            return Err(messages::token_not_valid_yet(now, begins));
        }
        Ok(self.claims)
    }
}

impl Claims {
    fn of(all: Map<String, Value>) -> Result<Self, ApiError> {
        let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
        let required = |name| text(name).ok_or_else(|| messages::missing_claim(name));
        let audiences = strings(all.get("aud"));
        if audiences.is_empty() {
            return Err(messages::missing_claim("aud"));
        }
        Ok(Self {
            issuer: required("iss")?,
            subject: required("sub")?,
            audiences,
            authorized_party: text("azp"),
            expires: all.get("exp").and_then(seconds).ok_or_else(|| messages::missing_claim("exp"))?,
            not_before: all.get("nbf").and_then(seconds),
            all,
        })
    }

    /// The issuer as IAM names it.
    pub(crate) fn url(&self) -> &str {
        url_of(&self.issuer)
    }

    /// Whom the token is for: the application that it was issued to, else its audience (documented).
    pub(crate) fn audiences(&self) -> &[String] {
        self.authorized_party.as_ref().map_or(&self.audiences, std::slice::from_ref)
    }

    /// The condition keys `<provider>:aud` and so on.
    pub(crate) fn facts(&self, facts: Facts) -> Facts {
        let key = |name: &str| format!("{}:{name}", self.url());
        let facts = facts
            .and(&key("sub"), Some(&self.subject))
            .and(&key("iss"), Some(&self.issuer))
            .and_many(&key("aud"), self.audiences().to_vec())
            .and(&key("email"), self.all.get("email").and_then(Value::as_str))
            .and_many(&key("amr"), strings(self.all.get("amr")));
        if self.authorized_party.is_some() { facts.and_many(&key("oaud"), self.audiences.clone()) } else { facts }
    }

    /// The session tags that the issuer gives.
    pub(crate) fn session_tags(&self) -> Result<SessionTags, ApiError> {
        let Some(claim) = self.all.get(TAGS) else { return Ok(SessionTags::default()) };
        let claim = TagsClaim::deserialize(claim).map_err(|_| messages::malformed_session_tags())?;
        let tags = claim.principal_tags.into_iter().map(|(key, value)| {
            let value = match value {
                OneOrMany::One(value) => Some(value),
                OneOrMany::Many(values) => <[String; 1]>::try_from(values).ok().map(|[value]| value),
            };
            value.map(|value| Tag { key, value }).ok_or_else(messages::malformed_session_tags)
        });
        SessionTags::of(Some(tags.collect::<Result<_, _>>()?), Some(claim.transitive_tag_keys))
    }

    pub(crate) fn source_identity(&self) -> Option<&str> {
        self.all.get(SOURCE_IDENTITY).and_then(Value::as_str)
    }
}

fn json<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64.decode_to_vec(part).ok()?).ok()
}

/// A text, or several.
fn strings(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A NumericDate (RFC 7519): seconds since 1970, perhaps with a fraction.
fn seconds(claim: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and no year is near")]
    claim.as_i64().or_else(|| claim.as_f64().map(|seconds| seconds as i64))
}
