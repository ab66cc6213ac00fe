//! Walks the table of operations: none can be called without permission, and each needs exactly the actions that the
//! service authorization reference names for it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trent_kms::api::MODEL;
use trent_protocol::Operation;
use trent_testkit::{Cloud, MadeKey, inputs};

use crate::support::{HELLO, OWNER, identity, key, make};

/// What an operation asks for that is not the action of its own name (operations.md).
const OTHER_ACTIONS: [(&str, &[&str]); 3] = [
    ("ReEncrypt", &["ReEncryptFrom", "ReEncryptTo"]),
    ("ReplicateKey", &["CreateKey", "ReplicateKey", "TagResource"]),
    ("CreateKey", &["CreateKey", "TagResource"]),
];

/// More actions than any operation asks for.
const MOST_ACTIONS: usize = 4;

struct Stage {
    cloud: Cloud,
    key: MadeKey,
    multi_region: MadeKey,
    ciphertext: Value,
    grant: Value,
}

impl Stage {
    async fn set() -> Self {
        let cloud = Cloud::new();
        let (key, root) = (key(&cloud).await, cloud.root_of(OWNER));
        let multi_region = make(&cloud, json!({ "MultiRegion": true })).await;
        let alias = json!({ "AliasName": "alias/there", "TargetKeyId": key.id });
        root.kms("CreateAlias", alias).await.expect("an alias");
        let encrypted = root.kms("Encrypt", json!({ "KeyId": key.id, "Plaintext": HELLO })).await.expect("encrypted");
        let ciphertext = encrypted["CiphertextBlob"].clone();
        let grant = json!({ "KeyId": key.id, "GranteePrincipal": OWNER, "Operations": ["Decrypt"] });
        let grant = root.kms("CreateGrant", grant).await.expect("a grant")["GrantId"].clone();
        Self { cloud, key, multi_region, ciphertext, grant }
    }

    /// An input that names things that are there, so that nothing comes before the permission.
    fn input(&self, operation: &'static Operation) -> Value {
        let mut input = inputs::minimal(operation.input);
        let known = [
            ("KeyId", json!(self.key.id)),
            ("TargetKeyId", json!(self.key.id)),
            ("SourceKeyId", json!(self.key.id)),
            ("DestinationKeyId", json!(self.key.id)),
            ("CiphertextBlob", self.ciphertext.clone()),
            ("AliasName", json!("alias/there")),
            ("GranteePrincipal", json!(OWNER)),
            ("RetiringPrincipal", json!(format!("arn:aws:iam::{OWNER}:root"))),
            ("GrantId", self.grant.clone()),
            ("Tags", json!([{ "TagKey": "k", "TagValue": "v" }])),
            ("ReplicaRegion", json!("eu-west-1")),
            ("NumberOfBytes", json!(16)),
            ("Operations", json!(["Decrypt"])),
        ];
        let members = operation.input.members;
        let is_member = |name: &str| members.iter().any(|member| member.name == name);
        for (name, value) in known {
            if is_member(name) {
                input[name] = value;
            }
        }
        match operation.name {
            "CreateAlias" => input["AliasName"] = json!("alias/new"),
            "ReplicateKey" => input["KeyId"] = json!(self.multi_region.id),
            // One or the other.
            "ListGrants" => drop(input.as_object_mut().and_then(|members| members.remove("GrantId"))),
            "CreateGrant" => drop(input.as_object_mut().and_then(|members| members.remove("RetiringPrincipal"))),
            _ => {}
        }
        input
    }
}

/// The action that a denial names.
fn denied_action(message: &str) -> String {
    let rest = message.split("is not authorized to perform: kms:").nth(1).expect("a denial names its action");
    rest.split(' ').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn every_operation_asks_for_its_actions_and_for_nothing_else() {
    let (mut walked, mut not_built) = (0, 0);
    for operation in MODEL.operations {
        let stage = Stage::set().await;
        let name = operation.name;
        let expected: BTreeSet<String> = match OTHER_ACTIONS.iter().find(|(other, _)| *other == name) {
            Some((_, actions)) => actions.iter().map(|action| (*action).to_owned()).collect(),
            None => BTreeSet::from([name.to_owned()]),
        };
        let mut found = BTreeSet::new();
        for attempt in 0..=MOST_ACTIONS {
            let allowed: Vec<String> = found.iter().map(|action| format!("kms:{action}")).collect();
            let policies: Vec<Value> =
                if allowed.is_empty() { Vec::new() } else { vec![identity("Allow", allowed, "*")] };
            let user = stage.cloud.new_user(OWNER, &format!("{name}-{attempt}"), &policies).await;
            let outcome = user.kms(name, stage.input(operation)).await;
            match outcome {
                Err(error) if error.code == "AccessDeniedException" => {
                    let message = error.message.expect("denials say why");
                    assert!(found.insert(denied_action(&message)), "{name}: {message}");
                }
                Err(error) if error.code == "NotImplemented" => {
                    not_built += 1;
                    break;
                }
                _ => {
                    assert_eq!(found, expected, "{name}");
                    walked += 1;
                    break;
                }
            }
        }
    }
    assert_eq!(walked + not_built, MODEL.operations.len(), "some operation never stopped asking");
    assert!(walked >= 49, "{walked}");
}

#[tokio::test]
async fn whoever_may_do_everything_else_may_not_do_this() {
    let stage = Stage::set().await;
    for operation in MODEL.operations {
        let name = operation.name;
        let other = OTHER_ACTIONS.iter().find(|(other, _)| *other == name);
        for action in other.map_or(&[name][..], |(_, actions)| *actions) {
            let rest = crate::support::document(&[json!({
                "Effect": "Allow", "NotAction": format!("kms:{action}"), "Resource": "*",
            })]);
            let user = stage.cloud.new_user(OWNER, &format!("{name}-{action}"), &[rest]).await;
            let error = user.kms(name, stage.input(operation)).await.expect_err("a denial, or nothing is there yet");
            assert!(matches!(&*error.code, "AccessDeniedException" | "NotImplemented"), "{name} {action}: {error}");
        }
    }
}
