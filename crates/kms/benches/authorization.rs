//! What authorization adds to Encrypt: the same request by the root user under the default policy, and by callers for whom a
//! key policy of 20 statements, three identity policies and 50 grants on the key are asked.
//!
//! `cargo bench -p trent-kms`; the figures in docs/performance.md are the differences of the medians.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use tokio::runtime::Builder;
use trent_testkit::{Cloud, Somebody};

const OWNER: &str = "111122223333";

/// By which way a caller may encrypt.
#[derive(Debug, Clone, Copy)]
enum Way {
    KeyPolicy,
    IdentityPolicy,
    Grant,
}

/// A key with policies and grants, all of which are asked in vain but for one.
async fn furnished(cloud: &Cloud, way: Way) -> (Somebody<'_>, Value) {
    let caller = cloud.new_session(OWNER, &format!("{way:?}"), &identity_policies(way), None).await;
    let root = cloud.root_of(OWNER);
    let policy = key_policy(way, &caller.caller().principal_arn().to_string()).to_string();
    let made = root.kms("CreateKey", json!({ "Policy": policy })).await.expect("a key");
    let id = made["KeyMetadata"]["KeyId"].clone();
    for number in 0..50 {
        let grantee = if matches!(way, Way::Grant) && number == 49 {
            caller.arn()
        } else {
            format!("arn:aws:sts::{OWNER}:assumed-role/{way:?}/somebody{number}")
        };
        let grant = json!({
            "KeyId": id, "GranteePrincipal": grantee, "Operations": ["Encrypt", "Decrypt"],
            "Constraints": { "EncryptionContextSubset": { "Department": "Finance" } },
        });
        root.kms("CreateGrant", grant).await.expect("a grant");
    }
    (caller, id)
}

/// 19 statements that name others, other actions, or ask for other values, and one that delegates or allows.
fn key_policy(way: Way, caller: &str) -> Value {
    let mut statements: Vec<Value> = (0..19)
        .map(|number| {
            let department = if matches!(way, Way::KeyPolicy) && number == 18 { "Finance" } else { "Sales" };
            json!({
                "Sid": format!("s{number}"), "Effect": "Allow",
                "Principal": { "AWS": [format!("arn:aws:iam::{OWNER}:root"), caller] },
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "*",
                "Condition": {
                    "StringEquals": { "kms:EncryptionContext:Department": department, "kms:CallerAccount": OWNER },
                },
            })
        })
        .collect();
    statements.push(json!({
        "Sid": "root", "Effect": "Allow", "Principal": { "AWS": OWNER }, "Action": "kms:*", "Resource": "*",
    }));
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn identity_policies(way: Way) -> [Value; 3] {
    let statement = |actions: Value, department: &str| {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::bucket/*" },
            {
                "Effect": "Allow", "Action": actions, "Resource": format!("arn:aws:kms:*:{OWNER}:key/*"),
                "Condition": { "StringLike": { "kms:EncryptionContext:Department": department } },
            },
        ] })
    };
    let last = if matches!(way, Way::IdentityPolicy) { "Fin*" } else { "Hum*" };
    [
        statement(json!(["kms:Describe*", "kms:List*"]), "*"),
        statement(json!(["kms:Encrypt", "kms:Decrypt"]), "Sal*"),
        statement(json!("kms:*"), last),
    ]
}

fn encrypt(c: &mut Criterion) {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let cloud = Cloud::new();
    let mut group = c.benchmark_group("encrypt");
    let input =
        |id: &Value| json!({ "KeyId": id, "Plaintext": "aGVsbG8=", "EncryptionContext": { "Department": "Finance" } });
    let root = cloud.root_of(OWNER);
    let plain = runtime.block_on(root.kms("CreateKey", json!({}))).expect("a key")["KeyMetadata"]["KeyId"].clone();
    group.bench_function("root, default policy", |b| {
        b.iter(|| black_box(runtime.block_on(root.kms("Encrypt", input(&plain))).expect("allowed")));
    });
    for way in [Way::KeyPolicy, Way::IdentityPolicy, Way::Grant] {
        let (caller, id) = runtime.block_on(furnished(&cloud, way));
        group.bench_function(BenchmarkId::new("20 + 3 + 50", format!("{way:?}")), |b| {
            b.iter(|| black_box(runtime.block_on(caller.kms("Encrypt", input(&id))).expect("allowed")));
        });
    }
    group.finish();
}

criterion_group!(benches, encrypt);
criterion_main!(benches);
