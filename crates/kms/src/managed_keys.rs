//! AWS managed keys: one per service, account and Region, behind the predefined alias of the service
//! (multi-region-and-aliases.md B3). The alias is listed from the start; the key comes into being when it is first used.

use std::collections::BTreeMap;

use trent_kms_core::{KeyOrigin, KeySpec, KeyUsage, Lifecycle, RotationPeriod};
use trent_shared::{AccountId, ApiError, Context, Region, random_uuid};
use trent_store::{Batch, Entry, Expect, StoreError};

use crate::Kms;
use crate::access::was_first;
use crate::action::Action;
use crate::cache::StoredKey;
use crate::change::{Edited, MOST_ATTEMPTS};
use crate::identifier::{AliasArn, KeyArn, KeyId, KeyIdentifier};
use crate::messages;
use crate::records::{
    ALIASES, ALIASES_OF_KEY, AliasRecord, KeyManager, KeyRecord, account_address, alias_address, alias_of_key_address,
};

/// What predefined aliases begin with, and no others.
pub(crate) const PREFIX: &str = "alias/aws/";

/// A service that has keys of its own.
struct Service {
    /// Its predefined alias.
    alias: &'static str,
    /// How the key policy calls it in full.
    title: &'static str,
    /// How policy and description call it in short.
    name: &'static str,
    /// What the key protects.
    data: &'static str,
}

/// By the names of their aliases. Recorded are the words of SQS and S3's policy; which other services there are, and
/// their words, is inferred from those and from what accounts list.
static SERVICES: [Service; 30] = [
    service("alias/aws/acm", "Certificate Manager (ACM)", "ACM", "private keys"),
    service("alias/aws/backup", "Backup", "Backup", "data"),
    service("alias/aws/codeartifact", "CodeArtifact", "CodeArtifact", "data"),
    service("alias/aws/codecommit", "CodeCommit", "CodeCommit", "repositories"),
    service("alias/aws/connect", "Connect", "Connect", "data"),
    service("alias/aws/dms", "Database Migration Service (DMS)", "DMS", "replication data"),
    service("alias/aws/dynamodb", "DynamoDB", "DynamoDB", "data"),
    service("alias/aws/ebs", "EBS", "EBS", "volumes"),
    service("alias/aws/elasticfilesystem", "Elastic File System (EFS)", "EFS", "filesystems"),
    service("alias/aws/es", "Elasticsearch", "Elasticsearch", "data"),
    service("alias/aws/fsx", "FSx", "FSx", "resources"),
    service("alias/aws/glue", "Glue", "Glue", "data"),
    service("alias/aws/kinesis", "Kinesis", "Kinesis", "data"),
    service("alias/aws/kinesisvideo", "Kinesis Video Streams", "Kinesis Video Streams", "data"),
    service("alias/aws/lambda", "Lambda", "Lambda", "functions"),
    service("alias/aws/lightsail", "Lightsail", "Lightsail", "data"),
    service("alias/aws/mgn", "Application Migration Service (MGN)", "MGN", "data"),
    service("alias/aws/mq", "MQ", "MQ", "data"),
    service("alias/aws/qldb", "QLDB", "QLDB", "data"),
    service("alias/aws/rds", "RDS", "RDS", "database volumes"),
    service("alias/aws/redshift", "Redshift", "Redshift", "clusters"),
    service("alias/aws/s3", "S3", "S3", "objects"),
    service("alias/aws/secretsmanager", "Secrets Manager", "Secrets Manager", "data"),
    service("alias/aws/sns", "Simple Notification Service (SNS)", "SNS", "data"),
    service("alias/aws/sqs", "Simple Queue Service (SQS)", "SQS", "messages"),
    service("alias/aws/ssm", "Systems Manager (SSM)", "SSM", "parameters"),
    service("alias/aws/timestream", "Timestream", "Timestream", "data"),
    service("alias/aws/workmail", "WorkMail", "WorkMail", "data"),
    service("alias/aws/workspaces", "WorkSpaces", "WorkSpaces", "data"),
    service("alias/aws/xray", "X-Ray", "X-Ray", "data"),
];

const fn service(alias: &'static str, title: &'static str, name: &'static str, data: &'static str) -> Service {
    Service { alias, title, name, data }
}

/// The names of the predefined aliases, in their order.
pub(crate) fn predefined_aliases() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|service| service.alias)
}

/// Refuses what an AWS managed key is not for, should nobody ask its policy: services use it on the account's behalf, and
/// its account looks at it.
pub(crate) fn guard(cx: &Context, action: Action, key: &StoredKey) -> Result<(), ApiError> {
    let is_harmless = |prefix| action.name().starts_with(prefix);
    let is_free = key.record.manager == KeyManager::Customer || cx.via.is_some();
    if is_free || action == Action::RevokeGrant || ["Describe", "Get", "List"].into_iter().any(is_harmless) {
        return Ok(());
    }
    Err(messages::denied_by_key_policy(cx, action, &key.arn))
}

impl Kms {
    /// Makes the AWS managed key whose predefined alias this is, if it is one in the caller's account, there is none
    /// yet, and its policy would allow the caller the action that it is wanted for.
    pub(crate) async fn ensure_managed_key(
        &self,
        cx: &Context,
        action: Action,
        identifier: &str,
    ) -> Result<(), ApiError> {
        if !identifier.contains(PREFIX) {
            return Ok(());
        }
        let Ok(KeyIdentifier::Alias(alias)) = KeyIdentifier::parse(identifier, cx) else { return Ok(()) };
        let service = SERVICES.iter().find(|service| service.alias == alias.name);
        let Some(service) = service.filter(|_| alias.account == cx.account()) else { return Ok(()) };
        for _ in 0..MOST_ATTEMPTS {
            if self.stored_alias(&alias).await?.is_some() {
                return Ok(());
            }
            let policy = service.policy(&alias.region, alias.account);
            self.authorize_by_policy(cx, action, &alias, &policy).await?;
            if self.make_managed_key(&alias, service).await? {
                return Ok(());
            }
        }
        Err(messages::too_many_conflicts())
    }

    /// The predefined aliases that have a key.
    pub(crate) async fn managed_aliases(
        &self,
        region: &Region,
        account: AccountId,
    ) -> Result<Vec<Entry<AliasRecord>>, StoreError> {
        let account = account_address(region, account);
        let after = account.clone().with(PREFIX);
        let mut found = ALIASES.scan(&*self.engine, account, Some(&after), SERVICES.len()).await?;
        found.retain(|entry| entry.key.text(2).is_ok_and(|name| name.starts_with(PREFIX)));
        Ok(found)
    }

    /// Makes a key with its alias; `false` tells that somebody else was first.
    async fn make_managed_key(&self, alias: &AliasArn, service: &Service) -> Result<bool, ApiError> {
        let id = KeyId::SingleRegion(random_uuid(&*self.entropy));
        let arn = KeyArn { region: alias.region.clone(), account: alias.account, id };
        let spec = KeySpec::SymmetricDefault;
        let material = self.factory.make(spec).await?;
        let material_id = material.id(&id.to_string());
        let (now, yearly) = (self.now(), RotationPeriod::default());
        let record = KeyRecord {
            created: now,
            description: service.description(),
            spec,
            usage: KeyUsage::EncryptDecrypt,
            lifecycle: Lifecycle::made(KeyOrigin::AwsKms, material_id).rotating(yearly, now.plus_days(yearly.days())),
            policy: service.policy(&alias.region, alias.account),
            policy_principals: BTreeMap::new(),
            tags: BTreeMap::new(),
            manager: KeyManager::Aws,
            secrets: BTreeMap::from([(material_id, material.to_bytes())]),
        };
        let change = self.place_for_managed_key(&arn).await;
        let mut batch = Batch::new();
        let alias_record = AliasRecord { target: id, created: now, updated: now };
        batch.expect(&ALIASES, alias_address(alias), Expect::Absent);
        batch.put(&ALIASES, alias_address(alias), &alias_record).map_err(messages::store)?;
        batch.put(&ALIASES_OF_KEY, alias_of_key_address(&arn, &alias.name), &()).map_err(messages::store)?;
        Edited::new(arn, record).write(&mut batch).map_err(messages::store)?;
        was_first(self.commit_counted(batch, Vec::new(), vec![change]).await)
    }
}

impl Service {
    /// The service as policies' identifiers name it: `sqs`.
    fn id(&self) -> &'static str {
        self.alias.strip_prefix(PREFIX).unwrap_or_default()
    }

    /// The service as it calls KMS: EBS does so as EC2.
    fn endpoint(&self) -> &'static str {
        if self.id() == "ebs" { "ec2" } else { self.id() }
    }

    fn description(&self) -> String {
        let Self { name, data, .. } = self;
        format!("Default key that protects my {name} {data} when no other key is defined")
    }

    /// The key policy, printed as [`crate::policy_document`] prints any. The recorded one of S3 grants less.
    fn policy(&self, region: &Region, account: AccountId) -> String {
        let Self { title, name, .. } = self;
        let (id, endpoint, partition) = (self.id(), self.endpoint(), region.partition());
        let (number, create_grant, revoke_grant) = match id {
            "s3" => (2, "", ""),
            _ => (1, r#""kms:CreateGrant", "#, r#", "kms:RevokeGrant""#),
        };
        format!(
            r#"{{
  "Version" : "2012-10-17",
  "Id" : "auto-{id}-{number}",
  "Statement" : [ {{
    "Sid" : "Allow access through {title} for all principals in the account that are authorized to use {name}",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "*"
    }},
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", {create_grant}"kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {{
      "StringEquals" : {{
        "kms:CallerAccount" : "{account}",
        "kms:ViaService" : "{endpoint}.{region}.amazonaws.com"
      }}
    }}
  }}, {{
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:{partition}:iam::{account}:root"
    }},
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*"{revoke_grant} ],
    "Resource" : "*"
  }} ]
}}"#
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};
    use tokio::task::JoinSet;
    use trent_testkit::Cloud;

    use super::*;
    use crate::policy_document;
    use crate::testing::{ABSENT, HELLO, base64, with};

    async fn describe(cloud: &Cloud, id: &str) -> Value {
        cloud.kms("DescribeKey", json!({ "KeyId": id })).await.succeeds()["KeyMetadata"].clone()
    }

    fn service(id: &str) -> &'static Service {
        SERVICES.iter().find(|service| service.id() == id).expect("known")
    }

    #[tokio::test]
    async fn describing_a_predefined_alias_makes_its_key_once() {
        let cloud = Cloud::new();
        let made = describe(&cloud, "alias/aws/sqs").await;
        let expected = json!({
            "AWSAccountId": "000000000000",
            "KeyId": made["KeyId"],
            "Arn": format!("arn:aws:kms:us-east-1:000000000000:key/{}", made["KeyId"].as_str().expect("present")),
            "CreationDate": 1_790_597_408.399,
            "Enabled": true,
            "Description": "Default key that protects my SQS messages when no other key is defined",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": "Enabled",
            "Origin": "AWS_KMS",
            "KeyManager": "AWS",
            "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "MultiRegion": false,
            "CurrentKeyMaterialId": made["CurrentKeyMaterialId"],
        });
        assert_eq!(made, expected);
        let id = made["KeyId"].as_str().expect("present");
        for same in ["alias/aws/sqs", "arn:aws:kms:us-east-1:000000000000:alias/aws/sqs", id] {
            assert_eq!(describe(&cloud, same).await, made);
        }
        let keys = cloud.kms("ListKeys", json!({})).await.succeeds();
        assert_eq!(keys["Keys"], json!([{ "KeyId": id, "KeyArn": made["Arn"] }]));
        let entry = json!({
            "AliasName": "alias/aws/sqs",
            "AliasArn": "arn:aws:kms:us-east-1:000000000000:alias/aws/sqs",
            "TargetKeyId": id,
            "CreationDate": 1_790_597_408.399,
            "LastUpdatedDate": 1_790_597_408.399,
        });
        let aliases = cloud.kms("ListAliases", json!({})).await.succeeds()["Aliases"].clone();
        let with_keys: Vec<&Value> =
            aliases.as_array().expect("a list").iter().filter(|alias| alias.get("TargetKeyId").is_some()).collect();
        assert_eq!(with_keys, [&entry]);
        assert_eq!(aliases.as_array().map(Vec::len), Some(SERVICES.len()));
        assert_eq!(cloud.kms("ListAliases", json!({ "KeyId": id })).await.succeeds()["Aliases"], json!([entry]));
    }

    #[tokio::test]
    async fn each_account_has_keys_of_its_own_in_each_region() {
        let cloud = Cloud::new();
        let base = cloud.client();
        let mut arns = BTreeSet::new();
        for client in [base.clone(), base.in_region("eu-west-1"), base.in_account("111122223333")] {
            let made = client.kms("DescribeKey", json!({ "KeyId": "alias/aws/s3" })).await.succeeds();
            arns.insert(made["KeyMetadata"]["Arn"].to_string());
        }
        assert_eq!(arns.len(), 3);
    }

    #[tokio::test]
    async fn only_describing_a_predefined_alias_of_ones_own_makes_a_key() {
        let cloud = Cloud::new();
        for (operation, input) in [
            ("DescribeKey", json!({ "KeyId": "alias/aws/nothing" })),
            ("DescribeKey", json!({ "KeyId": "alias/aws/SQS" })),
            ("Encrypt", json!({ "KeyId": "alias/aws/sqs", "Plaintext": HELLO })),
            ("GetPublicKey", json!({ "KeyId": "alias/aws/sqs" })),
        ] {
            let alias = format!("arn:aws:kms:us-east-1:000000000000:{}", input["KeyId"].as_str().expect("a name"));
            let message = format!("Alias {alias} is not found.");
            cloud.refuses(operation, input, "NotFoundException", Some(&message)).await;
        }
        let foreign = json!({ "KeyId": "arn:aws:kms:us-east-1:111122223333:alias/aws/sqs" });
        assert_eq!(cloud.kms("DescribeKey", foreign).await.fails().code, "AccessDeniedException");
        let owner = cloud.client().in_account("111122223333");
        assert_eq!(owner.kms("ListKeys", json!({})).await.succeeds()["Keys"], json!([]));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn many_that_ask_at_once_get_the_same_key() {
        let cloud = Cloud::new();
        let clients = (0..32).map(|_| {
            let client = cloud.client();
            async move { client.kms("DescribeKey", json!({ "KeyId": "alias/aws/ebs" })).await.text() }
        });
        let answers: BTreeSet<String> = clients.collect::<JoinSet<_>>().join_all().await.into_iter().collect();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(cloud.kms("ListKeys", json!({})).await.succeeds()["Keys"].as_array().map(Vec::len), Some(1));
    }

    #[tokio::test]
    async fn it_can_be_looked_at_in_every_way() {
        let cloud = Cloud::new();
        let key = json!({ "KeyId": describe(&cloud, "alias/aws/s3").await["KeyId"] });
        for operation in ["GetKeyPolicy", "GetKeyLastUsage", "ListKeyPolicies", "ListResourceTags", "ListAliases"] {
            cloud.kms(operation, key.clone()).await.succeeds();
        }
    }

    #[tokio::test]
    async fn nobody_can_change_it_or_use_it_directly() {
        let cloud = Cloud::new();
        let made = describe(&cloud, "alias/aws/sqs").await;
        let (id, arn) = (made["KeyId"].as_str().expect("present"), made["Arn"].as_str().expect("present"));
        let own = cloud.make_key().await;
        let blob = cloud.kms("Encrypt", json!({ "KeyId": own.id, "Plaintext": HELLO })).await.succeeds();
        let blob = &blob["CiphertextBlob"];
        cloud.kms("CreateAlias", json!({ "AliasName": "alias/own", "TargetKeyId": own.id })).await.succeeds();
        let mac = json!({ "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256", "Mac": base64([0; 32]) });
        for (operation, member, input) in [
            ("CancelKeyDeletion", "KeyId", json!({})),
            ("CreateAlias", "TargetKeyId", json!({ "AliasName": "alias/mine" })),
            ("Decrypt", "KeyId", json!({ "CiphertextBlob": blob })),
            ("DisableKey", "KeyId", json!({})),
            ("EnableKey", "KeyId", json!({})),
            ("Encrypt", "KeyId", json!({ "Plaintext": HELLO })),
            ("Encrypt", "KeyId", json!({ "Plaintext": HELLO, "DryRun": true })),
            ("GenerateDataKey", "KeyId", json!({ "KeySpec": "AES_256" })),
            ("GenerateDataKeyPair", "KeyId", json!({ "KeyPairSpec": "ECC_NIST_P256" })),
            ("GenerateDataKeyPairWithoutPlaintext", "KeyId", json!({ "KeyPairSpec": "ECC_NIST_P256" })),
            ("GenerateDataKeyWithoutPlaintext", "KeyId", json!({ "KeySpec": "AES_256" })),
            ("GenerateMac", "KeyId", json!({ "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256" })),
            ("PutKeyPolicy", "KeyId", json!({ "Policy": r#"{"Statement":[]}"# })),
            ("ReEncrypt", "DestinationKeyId", json!({ "CiphertextBlob": blob })),
            ("ReEncrypt", "SourceKeyId", json!({ "CiphertextBlob": blob, "DestinationKeyId": own.id })),
            ("ScheduleKeyDeletion", "KeyId", json!({ "PendingWindowInDays": 7 })),
            ("TagResource", "KeyId", json!({ "Tags": [] })),
            ("UntagResource", "KeyId", json!({ "TagKeys": ["a"] })),
            ("UpdateAlias", "TargetKeyId", json!({ "AliasName": "alias/own" })),
            ("UpdateKeyDescription", "KeyId", json!({ "Description": "mine" })),
            ("VerifyMac", "KeyId", mac),
        ] {
            let action = match (operation, member) {
                ("ReEncrypt", "SourceKeyId") => "ReEncryptFrom",
                ("ReEncrypt", _) => "ReEncryptTo",
                _ => operation,
            };
            let message = format!(
                "User: arn:aws:iam::000000000000:root is not authorized to perform: kms:{action} on resource: {arn} because \
                 no resource-based policy allows the kms:{action} action"
            );
            cloud.refuses(operation, with(&input, member, id), "AccessDeniedException", Some(&message)).await;
        }
        // The names are AWS's, too.
        for operation in ["CreateAlias", "UpdateAlias"] {
            let input = json!({ "AliasName": "alias/aws/sqs", "TargetKeyId": own.id });
            cloud.refuses(operation, input, "NotAuthorizedException", None).await;
        }
        cloud.refuses("DeleteAlias", json!({ "AliasName": "alias/aws/sqs" }), "NotAuthorizedException", None).await;
        let message = format!("Key 'arn:aws:kms:us-east-1:000000000000:key/{ABSENT}' does not exist");
        cloud.refuses("DisableKey", json!({ "KeyId": ABSENT }), "NotFoundException", Some(&message)).await;
    }

    #[tokio::test]
    async fn the_policy_lets_the_account_use_it_through_the_service_only() {
        let cloud = Cloud::new();
        let client = cloud.client().in_region("eu-west-1");
        let made = client.kms("DescribeKey", json!({ "KeyId": "alias/aws/sqs" })).await.succeeds();
        let policy = client.kms("GetKeyPolicy", json!({ "KeyId": made["KeyMetadata"]["KeyId"] })).await.succeeds();
        let expected = r#"{
  "Version" : "2012-10-17",
  "Id" : "auto-sqs-1",
  "Statement" : [ {
    "Sid" : "Allow access through Simple Queue Service (SQS) for all principals in the account that are authorized to use SQS",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "000000000000",
        "kms:ViaService" : "sqs.eu-west-1.amazonaws.com"
      }
    }
  }, {
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::000000000000:root"
    },
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant" ],
    "Resource" : "*"
  } ]
}"#;
        assert_eq!(policy["Policy"], expected);
    }

    #[test]
    fn s3_grants_less_and_ebs_calls_as_ec2() {
        let (region, account) = (Region::default(), AccountId::DEFAULT);
        let s3 = service("s3").policy(&region, account);
        assert!(s3.contains(r#""Id" : "auto-s3-2""#) && s3.contains("s3.us-east-1.amazonaws.com"), "{s3}");
        assert!(!s3.contains("kms:CreateGrant") && !s3.contains("kms:RevokeGrant"), "{s3}");
        let ebs = service("ebs").policy(&region, account);
        assert!(ebs.contains(r#""Id" : "auto-ebs-1""#) && ebs.contains("ec2.us-east-1.amazonaws.com"), "{ebs}");
    }

    #[test]
    fn aliases_are_in_order_and_policies_in_the_form_in_which_they_are_given_back() {
        assert!(predefined_aliases().is_sorted() && predefined_aliases().all(|alias| alias.starts_with(PREFIX)));
        for service in &SERVICES {
            let policy = service.policy(&Region::default(), AccountId::DEFAULT);
            assert_eq!(
                policy_document::accept(&policy, usize::MAX).map(|(text, _)| text).as_deref(),
                Ok(policy.as_str())
            );
        }
    }
}
