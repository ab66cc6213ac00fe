//! Lists a key's rotations, the oldest first; if asked for with the first material and what waits for a rotation.

use trent_kms_core::{KeyOrigin, KeySpec, Lifecycle, MaterialId, Rotated};
use trent_shared::{ApiError, Context, Timestamp};

use crate::access::AuthorizedKey;
use crate::action::Action;
use crate::api::{
    ImportState, IncludeKeyMaterial, KeyMaterialState, ListKeyRotationsRequest, ListKeyRotationsResponse,
    RotationsListEntry,
};
use crate::metadata::expiration_model;
use crate::names::same_name;
use crate::page::PageRequest;
use crate::{Kms, messages};

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (100, 1000);

pub(crate) async fn list_key_rotations(
    kms: &Kms,
    cx: &Context,
    input: ListKeyRotationsRequest,
) -> Result<ListKeyRotationsResponse, ApiError> {
    let request = PageRequest::new("ListKeyRotations", input.limit, LIMITS, input.marker.as_deref())?;
    let key = kms.key(cx, &input.key_id).for_action(Action::ListKeyRotations).await?;
    let wants_all = input.include_key_material == Some(IncludeKeyMaterial::AllKeyMaterial);
    if wants_all && key.record().spec != KeySpec::SymmetricDefault {
        return Err(messages::material_of_asymmetric());
    }
    let mut materials = materials(&key.record().lifecycle);
    // A material comes up once, so that its id says where a page ended; one that is not there any more was pending, and so
    // last.
    let end = |after: &String| materials.iter().position(|material| material.id.to_string() == *after);
    let start = request.after.as_ref().map_or(0, |after| end(after).map_or(materials.len(), |end| end + 1));
    let mut rest = materials.split_off(start);
    if !wants_all {
        rest.retain(|material| material.rotated.is_some());
    }
    let page = request.page(rest, |material| material.id.to_string());
    Ok(ListKeyRotationsResponse {
        truncated: Some(page.is_truncated()),
        next_marker: page.next_marker,
        rotations: Some(page.items.iter().map(|material| entry(&key, material)).collect::<Result<_, _>>()?),
    })
}

struct Listed<'a> {
    id: MaterialId,
    description: Option<&'a String>,
    state: KeyMaterialState,
    rotated: Option<Rotated>,
}

fn materials(life: &Lifecycle) -> Vec<Listed<'_>> {
    let current = life.current_material().map(|material| material.id);
    let used = life.materials().iter().map(|material| Listed {
        id: material.id,
        description: material.description.as_ref(),
        state: if Some(material.id) == current { KeyMaterialState::Current } else { KeyMaterialState::NonCurrent },
        rotated: material.rotated,
    });
    let pending = life.pending_material().map(|pending| Listed {
        id: pending.id,
        description: pending.description.as_ref(),
        state: if pending.awaited_in.is_empty() {
            KeyMaterialState::PendingRotation
        } else {
            KeyMaterialState::PendingMultiRegionImportAndRotation
        },
        rotated: None,
    });
    used.chain(pending).collect()
}

fn entry(key: &AuthorizedKey, material: &Listed<'_>) -> Result<RotationsListEntry, ApiError> {
    let life = &key.record().lifecycle;
    let is_external = life.origin() == KeyOrigin::External;
    // What is pending rotation is listed as imported even when it has expired (recorded), which `holds` reflects.
    let is_here = is_external && life.holds(material.id);
    let expiry = life.expiry(material.id);
    Ok(RotationsListEntry {
        key_id: Some(key.arn_text()),
        key_material_id: Some(material.id.to_string()),
        key_material_description: material.description.cloned(),
        import_state: is_external.then_some(if is_here { ImportState::Imported } else { ImportState::PendingImport }),
        key_material_state: Some(material.state),
        expiration_model: is_here.then(|| expiration_model(expiry)),
        valid_to: expiry.filter(|_| is_here).map(Timestamp::into),
        rotation_date: material.rotated.map(|rotated| rotated.date.into()),
        rotation_type: material.rotated.map(|rotated| same_name(rotated.rotation_type.as_str())).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::KeySpec;
    use trent_testkit::{Cloud, MadeKey};

    use crate::testing::{
        Fit, all_materials, create_key, every_key, imported_key, metadata, obeys_states, refuses_aliases,
        refuses_identifiers, rotate, with,
    };

    async fn list(cloud: &Cloud, key: &MadeKey, members: Value) -> String {
        let mut input = members;
        input["KeyId"] = json!(key.id);
        let answer = cloud.kms("ListKeyRotations", input).await;
        answer.succeeds();
        answer.text()
    }

    async fn material(cloud: &Cloud, key: &MadeKey) -> String {
        metadata(&cloud.client(), key).await["CurrentKeyMaterialId"].as_str().expect("symmetric").to_owned()
    }

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let arn = &key.arn;
        let all = || json!({ "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
        let first = material(&cloud, &key).await;
        assert_eq!(list(&cloud, &key, json!({})).await, r#"{"Rotations":[],"Truncated":false}"#);
        let entry =
            |state: &str| format!(r#"{{"KeyId":"{arn}","KeyMaterialId":"{first}","KeyMaterialState":"{state}"}}"#);
        assert_eq!(
            list(&cloud, &key, all()).await,
            format!(r#"{{"Rotations":[{}],"Truncated":false}}"#, entry("CURRENT"))
        );

        rotate(&cloud, &key).await;
        let rotated = format!(
            concat!(
                r#"{{"KeyId":"{}","KeyMaterialId":"{}","KeyMaterialState":"CURRENT","#,
                r#""RotationDate":1.790597410399E9,"RotationType":"ON_DEMAND"}}"#,
            ),
            arn,
            material(&cloud, &key).await
        );
        for only in [json!({}), json!({ "IncludeKeyMaterial": "ROTATIONS_ONLY" })] {
            assert_eq!(list(&cloud, &key, only).await, format!(r#"{{"Rotations":[{rotated}],"Truncated":false}}"#));
        }
        assert_eq!(
            list(&cloud, &key, all()).await,
            format!(r#"{{"Rotations":[{},{rotated}],"Truncated":false}}"#, entry("NON_CURRENT"))
        );
    }

    #[tokio::test]
    async fn imported_material_tells_whether_it_is_there_and_until_when() {
        let cloud = Cloud::new();
        let key = create_key(&cloud, json!({ "Origin": "EXTERNAL" })).await;
        assert_eq!(all_materials(&cloud.client(), &key).await, Vec::<Value>::new(), "it never had any");
        let importer = crate::testing::Importer::of(cloud.client(), &key).await;
        let first = importer.import(1, json!({ "KeyMaterialDescription": "the first" })).await;
        let valid_to = 1_790_700_000;
        let new = json!({
            "ImportType": "NEW_KEY_MATERIAL", "ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": valid_to,
        });
        let second = importer.import(2, new).await;
        let all = || json!({ "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
        let arn = &key.arn;
        let entries = [
            format!(
                concat!(
                    r#"{{"KeyId":"{}","KeyMaterialId":"{}","KeyMaterialDescription":"the first","ImportState":"IMPORTED","#,
                    r#""KeyMaterialState":"CURRENT","ExpirationModel":"KEY_MATERIAL_DOES_NOT_EXPIRE"}}"#,
                ),
                arn, first
            ),
            format!(
                concat!(
                    r#"{{"KeyId":"{}","KeyMaterialId":"{}","ImportState":"IMPORTED","KeyMaterialState":"PENDING_ROTATION","#,
                    r#""ExpirationModel":"KEY_MATERIAL_EXPIRES","ValidTo":1.7907E9}}"#,
                ),
                arn, second
            ),
        ];
        assert_eq!(
            list(&cloud, &key, all()).await,
            format!(r#"{{"Rotations":[{}],"Truncated":false}}"#, entries.join(","))
        );
        assert_eq!(list(&cloud, &key, json!({})).await, r#"{"Rotations":[],"Truncated":false}"#, "none is over");

        rotate(&cloud, &key).await;
        cloud.kms("DeleteImportedKeyMaterial", json!({ "KeyId": key.id, "KeyMaterialId": first })).await.succeeds();
        let entries = [
            format!(
                concat!(
                    r#"{{"KeyId":"{}","KeyMaterialId":"{}","KeyMaterialDescription":"the first","#,
                    r#""ImportState":"PENDING_IMPORT","KeyMaterialState":"NON_CURRENT"}}"#,
                ),
                arn, first
            ),
            format!(
                concat!(
                    r#"{{"KeyId":"{}","KeyMaterialId":"{}","ImportState":"IMPORTED","KeyMaterialState":"CURRENT","#,
                    r#""ExpirationModel":"KEY_MATERIAL_EXPIRES","ValidTo":1.7907E9,"#,
                    r#""RotationDate":1.790597410399E9,"RotationType":"ON_DEMAND"}}"#,
                ),
                arn, second
            ),
        ];
        assert_eq!(
            list(&cloud, &key, all()).await,
            format!(r#"{{"Rotations":[{}],"Truncated":false}}"#, entries.join(","))
        );
    }

    #[tokio::test]
    async fn pages_lose_and_repeat_nothing() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for _ in 0..4 {
            rotate(&cloud, &key).await;
        }
        for (include, count) in [("ROTATIONS_ONLY", 4), ("ALL_KEY_MATERIAL", 5)] {
            let input = json!({ "KeyId": key.id, "IncludeKeyMaterial": include });
            let whole = cloud.kms("ListKeyRotations", input.clone()).await.succeeds()["Rotations"].clone();
            assert_eq!(whole.as_array().map(Vec::len), Some(count));
            for limit in [1, 2, 4, 5, 1000] {
                let (mut seen, mut input) = (Vec::new(), input.clone());
                input["Limit"] = json!(limit);
                loop {
                    let page = cloud.kms("ListKeyRotations", input.clone()).await.succeeds();
                    let items = page["Rotations"].as_array().expect("a list");
                    assert!(!items.is_empty() && items.len() <= limit);
                    seen.extend(items.iter().cloned());
                    assert_eq!(page["Truncated"] == json!(true), page.get("NextMarker").is_some());
                    let Some(marker) = page.get("NextMarker") else { break };
                    input["Marker"] = marker.clone();
                }
                assert_eq!(json!(seen), whole);
            }
        }
    }

    #[tokio::test]
    async fn what_rotates_between_two_pages_comes_with_the_later_one() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL", "Limit": 1 });
        rotate(&cloud, &key).await;
        let page = cloud.kms("ListKeyRotations", input.clone()).await.succeeds();
        rotate(&cloud, &key).await;
        let input = with(&input, "Marker", page["NextMarker"].as_str().expect("there is more"));
        let page = cloud.kms("ListKeyRotations", input.clone()).await.succeeds();
        let rest = with(&input, "Marker", page["NextMarker"].as_str().expect("there is more"));
        let last = cloud.kms("ListKeyRotations", rest).await.succeeds();
        let ids = all_materials(&cloud.client(), &key).await.into_iter().map(|entry| entry["KeyMaterialId"].clone());
        let found = [&page, &last].map(|page| page["Rotations"][0]["KeyMaterialId"].clone());
        assert_eq!(ids.skip(1).collect::<Vec<_>>(), found);
        assert_eq!(last["Truncated"], json!(false));
    }

    #[tokio::test]
    async fn bad_markers_and_limits_are_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "Marker": "nonsense" });
        cloud.refuses("ListKeyRotations", input, "InvalidMarkerException", None).await;
        for (limit, constraint) in [(0, "greater than or equal to 1"), (1001, "less than or equal to 1000")] {
            let message = format!(
                "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have \
                 value {constraint}"
            );
            let input = json!({ "KeyId": key.id, "Limit": limit });
            cloud.refuses("ListKeyRotations", input, "ValidationException", Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn keys_that_never_rotate_have_no_rotations_and_do_not_show_their_material() {
        let keys = every_key().await;
        for key in keys.iter().filter(|key| key.spec != KeySpec::SymmetricDefault) {
            let input = json!({ "KeyId": key.id });
            let listed = keys.call("ListKeyRotations", input.clone()).await;
            assert_eq!(listed.text(), r#"{"Rotations":[],"Truncated":false}"#);
            let all = with(&input, "IncludeKeyMaterial", "ALL_KEY_MATERIAL");
            let message = Some("Input parameter includeKeyMaterial can only be used with symmetric keys.");
            keys.refuses("ListKeyRotations", all, "ValidationException", message).await;
        }
    }

    #[tokio::test]
    async fn it_works_in_every_state() {
        let input = json!({ "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
        obeys_states("ListKeyRotations", &input, Fit::Works, Fit::Works).await;
        let cloud = Cloud::new();
        let (key, _) = imported_key(&cloud, false).await;
        cloud.kms("DeleteImportedKeyMaterial", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(all_materials(&cloud.client(), &key).await.len(), 1);
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "ListKeyRotations", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "ListKeyRotations", &json!({})).await;
    }
}
