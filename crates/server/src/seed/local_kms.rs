//! The seed files of local-kms (<https://github.com/nsmithuk/local-kms>), in each of its three shapes:
//!
//! | `Keys` | entries |
//! |---|---|
//! | a mapping `Symmetric: {Aes, Hmac}`, `Asymmetric: {Rsa, Ecc}` | `Metadata: {KeyId, …}`, `BackingKeys` or `PrivateKeyPem` |
//! | a list (before version 3) | the same, `BackingKeys` only |
//! | a list, beside `Version: 2` | `KeyId`, `Metadata`, `Material: {BackingKeys, PrivateKeyPem}` |
//!
//! Members that local-kms does not know it ignores, and so it is here.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_saphyr::Spanned;
use trent_kms::seed::{SeedKey, SeedRotation};
use trent_kms_core::{KeyMaterial, KeyOrigin, KeySpec, KeyType};
use trent_shared::{SecretBytes, Timestamp};

use super::Home;
use super::document::{self, Outline, Wrong, from_yaml, named};
use super::material::MaterialText;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document<K> {
    keys: Option<K>,
    aliases: Option<Vec<Spanned<Alias>>>,
}

/// What `Keys` is since version 3.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "E: DeserializeOwned")]
struct Groups<E> {
    symmetric: Option<Symmetric<E>>,
    asymmetric: Option<Asymmetric<E>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "E: DeserializeOwned")]
struct Symmetric<E> {
    aes: Option<Vec<Spanned<E>>>,
    hmac: Option<Vec<Spanned<E>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "E: DeserializeOwned")]
struct Asymmetric<E> {
    rsa: Option<Vec<Spanned<E>>>,
    ecc: Option<Vec<Spanned<E>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    key_id: Option<String>,
    metadata: Option<Metadata>,
    /// Its members may also stand in the entry itself.
    material: Option<Material>,
    backing_keys: Option<Vec<MaterialText>>,
    private_key_pem: Option<MaterialText>,
    next_key_rotation: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    key_id: Option<String>,
    key_spec: Option<String>,
    key_usage: Option<String>,
    origin: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Material {
    backing_keys: Option<Vec<MaterialText>>,
    private_key_pem: Option<MaterialText>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alias {
    alias_name: String,
    target_key_id: String,
}

/// An entry as far as its name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Name {
    key_id: Option<String>,
    metadata: Option<NamingMetadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamingMetadata {
    key_id: Option<String>,
}

/// What `Keys` may be: something that holds entries.
trait Entries<E>: DeserializeOwned {
    /// Each entry, with the spec of those that name none.
    fn list(self) -> Vec<(Spanned<E>, Option<KeySpec>)>;
}

impl<E: DeserializeOwned> Entries<E> for Vec<Spanned<E>> {
    fn list(self) -> Vec<(Spanned<E>, Option<KeySpec>)> {
        self.into_iter().map(|entry| (entry, Some(KeySpec::SymmetricDefault))).collect()
    }
}

impl<E: DeserializeOwned> Entries<E> for Groups<E> {
    fn list(self) -> Vec<(Spanned<E>, Option<KeySpec>)> {
        let (aes, hmac) = self.symmetric.map_or((None, None), |group| (group.aes, group.hmac));
        let (rsa, ecc) = self.asymmetric.map_or((None, None), |group| (group.rsa, group.ecc));
        let others = [hmac, rsa, ecc].into_iter().flatten().flatten().map(|entry| (entry, None));
        aes.unwrap_or_default().list().into_iter().chain(others).collect()
    }
}

/// Only a file of local-kms has `Keys` or `Aliases`, spelt so.
pub(super) fn is_shape_of(text: &str) -> bool {
    from_yaml::<Document<IgnoredAny>>(text).is_ok_and(|document| document.keys.is_some() || document.aliases.is_some())
}

/// The keys, each with its line.
pub(super) fn parse(text: &str, home: &Home) -> Result<Vec<(u64, SeedKey)>, Wrong> {
    let is_list = from_yaml::<Document<Vec<IgnoredAny>>>(text).is_ok();
    let document = if is_list { read::<Vec<_>, Vec<_>>(text) } else { read::<Groups<_>, Groups<_>>(text) };
    let (entries, aliases) = document?;
    let mut keys = Vec::new();
    for (entry, spec) in entries {
        let line = document::line(&entry);
        let name = entry.value.name().map(|id| format!("key {id}"));
        let key = entry.value.seed(spec, home).map_err(|reason| Wrong { entry: name, line: Some(line), reason })?;
        keys.push((line, key));
    }
    for alias in aliases {
        let line = Some(document::line(&alias));
        let Alias { alias_name, target_key_id } = alias.value;
        let Some((_, key)) = keys.iter_mut().find(|(_, key)| key.id.to_string() == target_key_id) else {
            let reason = format!("`TargetKeyId`: the file has no key {target_key_id}");
            return Err(Wrong { entry: Some(alias_name), line, reason });
        };
        key.aliases.push(alias_name);
    }
    Ok(keys)
}

type Content = (Vec<(Spanned<Entry>, Option<KeySpec>)>, Vec<Spanned<Alias>>);

fn read<E: Entries<Entry>, N: Entries<Name>>(text: &str) -> Result<Content, Wrong> {
    let document = document::read::<Document<E>, Outlined<N>>(text)?;
    let entries = document.keys.map(E::list).unwrap_or_default();
    Ok((entries, document.aliases.unwrap_or_default()))
}

/// A document as far as the names of its entries.
#[derive(Deserialize)]
#[serde(transparent, bound = "N: Entries<Name>")]
struct Outlined<N>(Document<N>);

impl<N: Entries<Name>> Outline for Outlined<N> {
    fn entries(self) -> Vec<(u64, String)> {
        let entries = self.0.keys.map(N::list).unwrap_or_default().into_iter();
        entries.filter_map(|(entry, _)| Some((document::line(&entry), entry.value.name()?.to_owned()))).collect()
    }
}

impl Name {
    fn name(&self) -> Option<&str> {
        self.key_id.as_deref().or_else(|| self.metadata.as_ref()?.key_id.as_deref())
    }
}

impl Entry {
    fn name(&self) -> Option<&str> {
        self.key_id.as_deref().or_else(|| self.metadata.as_ref()?.key_id.as_deref())
    }

    fn seed(self, default_spec: Option<KeySpec>, home: &Home) -> Result<SeedKey, String> {
        let id = self.name().ok_or("`KeyId` is missing")?.parse().map_err(|error| format!("`KeyId`: {error}"))?;
        let inner = self.material.map_or((None, None), |material| (material.backing_keys, material.private_key_pem));
        let backing_keys = self.backing_keys.or(inner.0).unwrap_or_default();
        let private_key = self.private_key_pem.or(inner.1).map(|pem| pem.decode()).transpose();
        let private_key = private_key.map_err(|error| error.to_string())?;
        let metadata = self.metadata.unwrap_or_default();

        let origin = named("Origin", metadata.origin.as_deref())?.unwrap_or(KeyOrigin::AwsKms);
        let named_spec = named("KeySpec", metadata.key_spec.as_deref())?;
        let spec = named_spec.or(private_key.as_ref().and_then(spec_of)).or(default_spec);
        let materials = backing_keys.iter().map(MaterialText::decode).chain(private_key.map(Ok));
        let materials: Vec<_> = materials.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        if materials.is_empty() && origin != KeyOrigin::External {
            return Err("neither `BackingKeys` nor `PrivateKeyPem`".to_owned());
        }
        Ok(SeedKey {
            account: home.account,
            region: home.region.clone(),
            id,
            spec: spec.ok_or("no `KeySpec`, and no private key that would tell")?,
            usage: named("KeyUsage", metadata.key_usage.as_deref())?,
            origin,
            description: metadata.description.unwrap_or_default(),
            is_enabled: true,
            materials,
            aliases: Vec::new(),
            policy: None,
            tags: std::collections::BTreeMap::new(),
            rotation: self.next_key_rotation.map(|date| next_rotation(&date)).transpose()?,
            grants: Vec::new(),
        })
    }
}

/// The spec that a private key tells.
fn spec_of(private_key: &SecretBytes) -> Option<KeySpec> {
    let mut asymmetric = KeySpec::ALL.iter().copied().filter(|spec| spec.key_type() == KeyType::Asymmetric);
    asymmetric.find(|spec| KeyMaterial::from_any_encoding(*spec, private_key.expose()).is_ok())
}

fn next_rotation(date: &str) -> Result<SeedRotation, String> {
    let date = DateTime::from_str(date, Format::DateTimeWithOffset).ok().and_then(|date| date.to_millis().ok());
    let next = date.ok_or("`NextKeyRotation` is not like 2019-09-12T15:19:21+00:00")?;
    Ok(SeedRotation { period_days: None, next: Some(Timestamp::from_millis(next)) })
}
