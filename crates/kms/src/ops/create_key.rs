//! Makes a key. Trent makes symmetric encryption keys with material of its own so far; what else AWS would accept is
//! answered with `NotImplemented`, after everything that AWS would refuse has been refused.

use std::collections::BTreeMap;

use trent_kms_core::{KeyOrigin, KeySpec, KeyState, KeyUsage, Lifecycle, SymmetricMaterial};
use trent_shared::{ApiError, Context, random_uuid};
use trent_store::{Batch, Expect};

use crate::action::Action;
use crate::api::{CreateKeyRequest, CreateKeyResponse, MODEL, OriginType};
use crate::identifier::{KeyArn, KeyId};
use crate::metadata::key_metadata;
use crate::names::same_name;
use crate::records::{
    KEY_IDS, KEYS, KeyRecord, MATERIAL_OWNERS, MaterialOwner, MaterialRecord, key_address, material_address,
};
use crate::tags::add_tags;
use crate::{Kms, api, messages, policy_document};

pub(crate) async fn create_key(
    kms: &Kms,
    cx: &Context,
    input: CreateKeyRequest,
) -> Result<CreateKeyResponse, ApiError> {
    kms.authorize_account(cx, Action::CreateKey)?;
    let (spec, usage) = spec_and_usage(&input)?;
    let origin = origin(&input, spec)?;
    let mut tags = BTreeMap::new();
    add_tags(&mut tags, input.tags.as_deref().unwrap_or_default())?;
    let policy = match &input.policy {
        Some(policy) => policy_document::normalise(policy)?,
        None => policy_document::default_policy(cx.partition(), cx.account()),
    };
    if spec != KeySpec::SymmetricDefault || origin != KeyOrigin::AwsKms || input.multi_region == Some(true) {
        return Err(not_built(spec, origin));
    }

    let id = KeyId::SingleRegion(random_uuid(&*kms.entropy));
    let arn = KeyArn { region: cx.region.clone(), account: cx.account(), id };
    let material = SymmetricMaterial::generate(&*kms.entropy);
    let record = KeyRecord {
        created: kms.now(),
        description: input.description.unwrap_or_default(),
        spec,
        usage,
        lifecycle: Lifecycle::new(origin),
        policy,
        tags,
        materials: vec![MaterialRecord { id: material.id(&id.to_string()), material }],
    };
    store(kms, &arn, &record).await?;
    Ok(CreateKeyResponse { key_metadata: Some(key_metadata(&arn, &record, KeyState::Enabled)?) })
}

fn spec_and_usage(input: &CreateKeyRequest) -> Result<(KeySpec, KeyUsage), ApiError> {
    let new_name = input.key_spec.map(api::KeySpec::as_str);
    let old_name = input.customer_master_key_spec.map(api::CustomerMasterKeySpec::as_str);
    let spec: KeySpec = match (new_name, old_name) {
        (Some(new), Some(old)) if new != old => return Err(messages::two_key_specs()),
        (Some(name), _) | (None, Some(name)) => same_name(name)?,
        (None, None) => KeySpec::SymmetricDefault,
    };
    let usage = match input.key_usage {
        Some(usage) => same_name(usage.as_str())?,
        None => spec.default_usage().ok_or_else(messages::key_usage_required)?,
    };
    if spec.allows_usage(usage) { Ok((spec, usage)) } else { Err(messages::usage_incompatible(usage, spec)) }
}

fn origin(input: &CreateKeyRequest, spec: KeySpec) -> Result<KeyOrigin, ApiError> {
    let origin: KeyOrigin = same_name(input.origin.unwrap_or(OriginType::AwsKms).as_str())?;
    if !spec.allows_origin(origin) {
        return Err(messages::origin_unsupported(spec, origin));
    }
    if input.custom_key_store_id.is_some() {
        return Err(messages::custom_key_store_not_found());
    }
    Ok(origin)
}

fn not_built(spec: KeySpec, origin: KeyOrigin) -> ApiError {
    let what = match (spec, origin) {
        (KeySpec::SymmetricDefault, KeyOrigin::AwsKms) => "CreateKey with MultiRegion".to_owned(),
        (KeySpec::SymmetricDefault, origin) => format!("CreateKey with Origin {origin}"),
        (spec, _) => format!("CreateKey with KeySpec {spec}"),
    };
    ApiError::not_implemented(MODEL.full_name, &what)
}

async fn store(kms: &Kms, arn: &KeyArn, record: &KeyRecord) -> Result<(), ApiError> {
    let mut batch = Batch::new();
    let address = key_address(arn);
    batch.expect(&KEYS, address.clone(), Expect::Absent);
    batch.put(&KEYS, address.clone(), record).map_err(messages::store)?;
    batch.put(&KEY_IDS, address, &()).map_err(messages::store)?;
    let owner = MaterialOwner { account: arn.account, key: arn.id };
    for material in &record.materials {
        batch.put(&MATERIAL_OWNERS, material_address(&arn.region, material.id), &owner).map_err(messages::store)?;
    }
    // Two equal random ids would be a broken source of entropy, so a conflict is not tried again.
    if kms.try_commit(batch, None).await? { Ok(()) } else { Err(messages::too_many_conflicts()) }
}
