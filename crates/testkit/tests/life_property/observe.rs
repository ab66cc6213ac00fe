//! What a customer can see of a life, compared with the model.

use serde_json::{Map, Value, json};

use crate::model::{At, DAY, Deletion, Key, Moment, REGIONS, Refused, State, alias_arn};
use crate::{Difference, Life, compare};

/// What AWS says where a ciphertext tells of a key that is not there.
const INACCESSIBLE: &str = "The ciphertext refers to a customer master key that does not exist, does not exist in this \
                            region, or you are not allowed to access.";

impl Life {
    pub(crate) async fn look_at_everything(&mut self) -> Result<(), Difference> {
        for key in 0..self.model.keys.len() {
            self.look_at(key).await?;
        }
        // A list may show what is gone until the sweep has been there.
        self.cloud.sweep().await;
        for region in 0..REGIONS.len() {
            self.look_at_lists(region).await?;
        }
        Ok(())
    }

    pub(crate) async fn look_at(&mut self, key: usize) -> Result<(), Difference> {
        for region in 0..REGIONS.len() {
            if region == 0 || self.model.keys[key].is_multi_region {
                let at = At { key, region };
                let seen = self.look_at_member(at).await;
                seen.map_err(|difference| format!("{}: {difference}", self.model.arn(at)))?;
            }
        }
        Ok(())
    }

    async fn look_at_member(&mut self, at: At) -> Result<(), Difference> {
        let name = json!({ "KeyId": self.model.keys[at.key].id });
        let described = self.call(at.region, "DescribeKey", name.clone()).await;
        let Some(state) = self.model.keys[at.key].state(at.region, self.model.now) else {
            let gone = format!("Key '{}' does not exist", self.model.arn(at));
            if described.status == 200 || described.fails().message.as_ref() != Some(&gone) {
                return Err(format!("should be gone, but {}", described.text()));
            }
            return self.look_at_blobs(at).await;
        };
        if described.status != 200 {
            return Err(format!("should be {state:?}, but {}", described.text()));
        }
        // The lists come first, since only they tell the ids of new material.
        self.look_at_materials(at).await?;
        let key = &self.model.keys[at.key];
        let mut metadata = described.succeeds()["KeyMetadata"].take();
        for member in ["CreationDate", "Description"] {
            metadata[member].take();
        }
        same("DescribeKey", &metadata, &metadata_of(key, at.region, state, self.model.now))?;

        let status = self.call(at.region, "GetKeyRotationStatus", name).await.succeeds();
        same("GetKeyRotationStatus", &status, &rotation_status_of(key, at.region, state))?;
        self.look_at_blobs(at).await
    }

    async fn look_at_materials(&mut self, at: At) -> Result<(), Difference> {
        let key = &mut self.model.keys[at.key];
        let all = json!({ "KeyId": key.id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
        let id = key.id.clone();
        let listed = self.call(at.region, "ListKeyRotations", all).await.succeeds();
        let key = &mut self.model.keys[at.key];
        let entries = listed["Rotations"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (material, entry) in key.materials.iter().zip(entries) {
            let id = entry["KeyMaterialId"].as_str().unwrap_or_default().to_owned();
            key.ids.entry(material.number).or_insert(id);
        }
        if key.has_repeated_id() {
            return Err(format!("two materials have the same id: {listed}"));
        }
        let mut wanted = materials_of(key, at.region, self.model.now);
        same("ListKeyRotations of all", &listed["Rotations"], &json!(wanted))?;
        wanted.retain(|entry| entry.get("RotationDate").is_some());
        let listed = self.call(at.region, "ListKeyRotations", json!({ "KeyId": id })).await.succeeds();
        same("ListKeyRotations", &listed["Rotations"], &json!(wanted))
    }

    /// Every ciphertext that was kept is opened exactly where the key can be used, wherever it was made.
    async fn look_at_blobs(&mut self, at: At) -> Result<(), Difference> {
        let is_gone = self.model.keys[at.key].state(at.region, self.model.now).is_none();
        for blob in self.blobs.iter().filter(|blob| blob.key == at.key) {
            let key = &self.model.keys[at.key];
            let (arn, material) = (key.arn(at.region), key.ids.get(&blob.material).cloned());
            let name = json!({ "CiphertextBlob": blob.ciphertext, "KeyId": key.id });
            let unnamed = json!({ "CiphertextBlob": blob.ciphertext });
            let outcome = self.model.use_key(at);
            let answer = self.call(at.region, "Decrypt", name).await;
            compare(&answer, outcome.clone()).map_err(|difference| format!("Decrypt: {difference}"))?;
            if answer.status == 200 {
                let wanted = json!({
                    "KeyId": arn,
                    "Plaintext": "SGVsbG8=",
                    "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
                    "KeyMaterialId": material,
                });
                same("Decrypt", &answer.succeeds(), &wanted)?;
            }
            let answer = self.call(at.region, "Decrypt", unnamed).await;
            let message = crate::Message::Is(INACCESSIBLE.to_owned());
            let inaccessible = Err(Refused { code: "AccessDeniedException", message });
            let outcome = if is_gone { inaccessible } else { outcome };
            compare(&answer, outcome).map_err(|difference| format!("Decrypt without KeyId: {difference}"))?;
        }
        Ok(())
    }

    async fn look_at_lists(&self, region: usize) -> Result<(), Difference> {
        let listed = self.call(region, "ListKeys", json!({})).await.succeeds();
        let mut listed = texts(&listed["Keys"], "KeyId");
        let with_member = self.model.keys.iter().filter(|key| key.members.contains_key(&region));
        let mut wanted: Vec<&str> = with_member.map(|key| &*key.id).collect();
        listed.sort_unstable();
        wanted.sort_unstable();
        same("ListKeys", &json!(listed), &json!(wanted))?;

        let listed = self.call(region, "ListAliases", json!({})).await.succeeds();
        let aliases = self.model.aliases.iter().filter(|((at, _), _)| *at == region);
        let wanted = aliases.map(|((_, name), key)| (name.as_str(), self.model.keys[*key].id.as_str()));
        let (wanted_names, wanted_targets): (Vec<_>, Vec<_>) = wanted.unzip();
        // What AWS predefines is none of this test's.
        let own = listed["Aliases"].as_array().into_iter().flatten();
        let own: Vec<&Value> = own.filter(|alias| !text(&alias["AliasName"]).starts_with("alias/aws/")).collect();
        let names: Vec<_> = own.iter().map(|alias| &alias["AliasName"]).collect();
        let targets: Vec<_> = own.iter().map(|alias| &alias["TargetKeyId"]).collect();
        same("names of ListAliases", &json!(names), &json!(wanted_names))?;
        same("targets of ListAliases", &json!(targets), &json!(wanted_targets))?;
        for name in ["alias/a", "alias/b"] {
            let described = self.call(region, "DescribeKey", json!({ "KeyId": name })).await;
            if let Some(key) = self.model.aliases.get(&(region, name.to_owned())) {
                let arn = json!(self.model.keys[*key].arn(region));
                same("DescribeKey by alias", &described.succeeds()["KeyMetadata"]["Arn"], &arn)?;
            } else {
                let message = Some(format!("Alias {} is not found.", alias_arn(name, region)));
                same("DescribeKey by alias", &json!(described.fails().message), &json!(message))?;
            }
        }
        Ok(())
    }
}

fn metadata_of(key: &Key, region: usize, state: State, now: Moment) -> Value {
    let mut metadata = json!({
        "AWSAccountId": "000000000000",
        "KeyId": key.id,
        "Arn": key.arn(region),
        "CreationDate": null,
        "Description": null,
        "Enabled": state == State::Enabled,
        "KeyState": format!("{state:?}"),
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyManager": "CUSTOMER",
        "Origin": if key.is_external { "EXTERNAL" } else { "AWS_KMS" },
        "KeySpec": "SYMMETRIC_DEFAULT",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": key.is_multi_region,
    });
    if key.is_multi_region {
        let place = |region: usize| json!({ "Arn": key.arn(region), "Region": REGIONS[region] });
        let mut replicas: Vec<usize> = key.members.keys().copied().filter(|region| *region != key.primary).collect();
        replicas.sort_unstable_by_key(|region| REGIONS[*region]);
        metadata["MultiRegionConfiguration"] = json!({
            "MultiRegionKeyType": if region == key.primary { "PRIMARY" } else { "REPLICA" },
            "PrimaryKey": place(key.primary),
            "ReplicaKeys": replicas.into_iter().map(place).collect::<Vec<_>>(),
        });
    }
    let member = &key.members[&region];
    match member.deletion {
        Some(Deletion::On(date)) => metadata["DeletionDate"] = seconds(date),
        Some(Deletion::AfterReplicas(window)) => metadata["PendingDeletionWindowInDays"] = json!(window / DAY),
        None => {}
    }
    if let Some(current) = key.materials.last().filter(|_| state != State::Creating) {
        metadata["CurrentKeyMaterialId"] = json!(key.ids.get(&current.number));
        // It goes as soon as any material is missing, be it another one (recorded).
        if key.is_external && key.has_all_material(region, now) {
            add_expiry(&mut metadata, member.imported[&current.number]);
        }
    }
    metadata
}

fn rotation_status_of(key: &Key, region: usize, state: State) -> Value {
    let mut status = json!({ "KeyRotationEnabled": false, "KeyId": key.arn(region) });
    if let Some(rotation) = key.rotation.filter(|_| state != State::PendingDeletion) {
        status["KeyRotationEnabled"] = json!(true);
        status["RotationPeriodInDays"] = json!(rotation.period / DAY);
        status["NextRotationDate"] = seconds(rotation.next);
    }
    if let Some(since) = key.rotating_since {
        status["OnDemandRotationStartDate"] = seconds(since);
    }
    status
}

/// The entries of ListKeyRotations with all material.
fn materials_of(key: &Key, region: usize, now: Moment) -> Vec<Value> {
    let entry = |number: usize, state: &str, is_here: bool| {
        let mut entry = json!({
            "KeyId": key.arn(region),
            "KeyMaterialId": key.ids.get(&number),
            "KeyMaterialState": state,
        });
        if key.is_external {
            entry["ImportState"] = json!(if is_here { "IMPORTED" } else { "PENDING_IMPORT" });
            if is_here {
                add_expiry(&mut entry, key.members[&region].imported[&number]);
            }
        }
        entry
    };
    let used = key.materials.iter().enumerate().map(|(position, material)| {
        let state = if position + 1 == key.materials.len() { "CURRENT" } else { "NON_CURRENT" };
        let mut entry = entry(material.number, state, key.has_material(region, material.number, now));
        if let Some((date, rotation_type)) = material.rotated {
            entry["RotationDate"] = seconds(date);
            entry["RotationType"] = json!(rotation_type);
        }
        entry
    });
    // Pending material is listed as imported even when it has expired (recorded).
    let pending = key.pending.map(|pending| {
        let is_awaited = key.awaited_in(pending) > 0;
        let state = if is_awaited { "PENDING_MULTI_REGION_IMPORT_AND_ROTATION" } else { "PENDING_ROTATION" };
        entry(pending, state, key.members[&region].imported.contains_key(&pending))
    });
    used.chain(pending).collect()
}

fn add_expiry(to: &mut Value, expires: Option<Moment>) {
    let model = if expires.is_some() { "KEY_MATERIAL_EXPIRES" } else { "KEY_MATERIAL_DOES_NOT_EXPIRE" };
    to["ExpirationModel"] = json!(model);
    if let Some(expires) = expires {
        to["ValidTo"] = seconds(expires);
    }
}

#[expect(clippy::cast_precision_loss, reason = "dates of this millennium are exact to the millisecond")]
fn seconds(moment: Moment) -> Value {
    json!(moment as f64 / 1000.0)
}

fn texts<'a>(items: &'a Value, member: &str) -> Vec<&'a str> {
    items.as_array().into_iter().flatten().map(|item| text(&item[member])).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn same(what: &str, seen: &Value, wanted: &Value) -> Result<(), Difference> {
    if seen == wanted {
        return Ok(());
    }
    if let (Value::Object(seen), Value::Object(wanted)) = (seen, wanted) {
        return Err(format!("{what} has {}, not {}", other_than(seen, wanted), other_than(wanted, seen)));
    }
    Err(format!("{what} is {seen}, not {wanted}"))
}

/// The members that differ from those of the other.
fn other_than(one: &Map<String, Value>, other: &Map<String, Value>) -> Value {
    let differing = one.iter().filter(|(name, value)| other.get(*name) != Some(value));
    differing.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into()
}
