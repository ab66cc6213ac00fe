//! Every condition key that KMS sets (authz.md §6): it has the value that the request or the key has, and no other.

use serde_json::{Value, json};
use trent_testkit::{Cloud, Enclave, MadeKey};

use crate::support::{HELLO, OWNER, document, key, make, statement};

/// What a key is worth in a request: which operator compares it, a value that it equals, and one that it does not.
struct Case {
    operation: &'static str,
    input: Value,
    key: &'static str,
    operator: &'static str,
    right: &'static str,
    wrong: &'static str,
}

fn case(
    operation: &'static str,
    input: Value,
    key: &'static str,
    operator: &'static str,
    right: &'static str,
    wrong: &'static str,
) -> Case {
    Case { operation, input, key, operator, right, wrong }
}

/// Users who may do everything to keys, but the operation only under a condition.
struct Judge<'a> {
    cloud: &'a Cloud,
    users: usize,
}

impl Judge<'_> {
    async fn is_denied(&mut self, case: &Case, operator: &str, value: &str, via: Option<&'static str>) -> bool {
        self.users += 1;
        let condition = json!({ operator: { case.key: value } });
        // ReEncrypt is asked about by both of its sides.
        let own = json!([format!("kms:{}", case.operation), format!("kms:{}*", case.operation)]);
        let policy = document(&[
            json!({ "Effect": "Allow", "NotAction": own, "Resource": "*" }),
            json!({ "Effect": "Allow", "Action": own, "Resource": "*", "Condition": condition }),
        ]);
        let user = self.cloud.new_user(OWNER, &format!("user{}", self.users), &[policy]).await;
        let user = via.map_or(user.clone(), |service| user.via(service));
        user.is_denied(case.operation, case.input.clone()).await
    }

    /// Checks that a key has the right value, and that it is there at all.
    async fn check(&mut self, case: &Case) {
        self.check_via(case, None).await;
    }

    async fn check_via(&mut self, case: &Case, via: Option<&'static str>) {
        let Case { operation, key, operator, right, wrong, .. } = case;
        assert!(self.is_denied(case, operator, wrong, via).await, "{operation} {key} {operator} {wrong}");
        assert!(!self.is_denied(case, operator, right, via).await, "{operation} {key} {operator} {right}");
        assert!(self.is_denied(case, "Null", "true", via).await, "{operation} {key} is there");
    }

    /// Checks that a request does not have a key.
    async fn is_absent(&mut self, operation: &'static str, input: Value, key: &'static str) {
        let case = case(operation, input, key, "Null", "true", "false");
        assert!(self.is_denied(&case, "Null", "false", None).await, "{operation} {key} is absent");
        assert!(!self.is_denied(&case, "Null", "true", None).await, "{operation} {key} is absent");
    }
}

async fn check_all(cloud: &Cloud, cases: impl IntoIterator<Item = Case>) {
    let mut judge = Judge { cloud, users: 10_000 };
    for case in cases {
        judge.check(&case).await;
    }
}

fn encrypt(key: &MadeKey) -> Value {
    json!({ "KeyId": key.id, "Plaintext": HELLO, "EncryptionContext": { "Department": "Finance", "b": "c" } })
}

#[tokio::test]
async fn what_the_key_is() {
    let cloud = Cloud::new();
    let tagged = json!({ "MultiRegion": true, "Tags": [
        { "TagKey": "Team", "TagValue": "Red" }, { "TagKey": "Über", "TagValue": "x" },
    ] });
    let key = make(&cloud, tagged).await;
    for name in ["alias/a", "alias/b"] {
        let alias = json!({ "AliasName": name, "TargetKeyId": key.id });
        cloud.root_of(OWNER).kms("CreateAlias", alias).await.expect("an alias");
    }
    let describe = || json!({ "KeyId": key.id });
    check_all(
        &cloud,
        [
            case("Encrypt", encrypt(&key), "kms:CallerAccount", "StringEquals", OWNER, "444455556666"),
            case("Encrypt", encrypt(&key), "kms:KeySpec", "StringEquals", "SYMMETRIC_DEFAULT", "RSA_2048"),
            case(
                "Encrypt",
                encrypt(&key),
                "kms:CustomerMasterKeySpec",
                "StringEquals",
                "SYMMETRIC_DEFAULT",
                "RSA_2048",
            ),
            case("DescribeKey", describe(), "kms:KeyUsage", "StringEquals", "ENCRYPT_DECRYPT", "SIGN_VERIFY"),
            case("DescribeKey", describe(), "kms:CustomerMasterKeyUsage", "StringLike", "ENCRYPT*", "SIGN*"),
            case("EnableKey", describe(), "kms:KeyOrigin", "StringEquals", "AWS_KMS", "EXTERNAL"),
            case("DescribeKey", describe(), "kms:MultiRegion", "Bool", "true", "false"),
            case("DescribeKey", describe(), "kms:MultiRegionKeyType", "StringEquals", "PRIMARY", "REPLICA"),
            case("DescribeKey", describe(), "kms:ResourceAliases", "ForAnyValue:StringEquals", "alias/b", "alias/c"),
            case("DescribeKey", describe(), "aws:ResourceTag/Team", "StringEquals", "Red", "red"),
            case("DescribeKey", describe(), "aws:ResourceTag/Über", "StringEquals", "x", "y"),
            case("DescribeKey", describe(), "aws:resourcetag/team", "StringEquals", "Red", "Blue"),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_a_new_key_shall_be() {
    let cloud = Cloud::new();
    let input = json!({
        "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC", "MultiRegion": true,
        "Tags": [{ "TagKey": "Team", "TagValue": "Red" }], "BypassPolicyLockoutSafetyCheck": false,
    });
    check_all(
        &cloud,
        [
            case("CreateKey", input.clone(), "kms:KeySpec", "StringEquals", "HMAC_256", "HMAC_512"),
            case("CreateKey", input.clone(), "kms:KeyUsage", "StringEquals", "GENERATE_VERIFY_MAC", "SIGN_VERIFY"),
            case("CreateKey", input.clone(), "kms:MultiRegion", "Bool", "true", "false"),
            case("CreateKey", input.clone(), "kms:MultiRegionKeyType", "StringEquals", "PRIMARY", "REPLICA"),
            case("CreateKey", input.clone(), "kms:BypassPolicyLockoutSafetyCheck", "Bool", "false", "true"),
            case("CreateKey", input.clone(), "aws:RequestTag/Team", "StringEquals", "Red", "Blue"),
            case("CreateKey", input.clone(), "aws:TagKeys", "ForAllValues:StringEquals", "Team", "Cost"),
            // What is left out has its default.
            case("CreateKey", json!({}), "kms:KeySpec", "StringEquals", "SYMMETRIC_DEFAULT", "RSA_2048"),
            case("CreateKey", json!({}), "kms:KeyUsage", "StringEquals", "ENCRYPT_DECRYPT", "SIGN_VERIFY"),
            case("CreateKey", json!({}), "kms:KeyOrigin", "StringEquals", "AWS_KMS", "EXTERNAL"),
        ],
    )
    .await;
    let mut judge = Judge { cloud: &cloud, users: 1000 };
    judge.is_absent("CreateKey", json!({}), "kms:BypassPolicyLockoutSafetyCheck").await;
    judge.is_absent("CreateKey", json!({}), "kms:ResourceAliases").await;
    judge.is_absent("ListKeys", json!({}), "kms:CallerAccount").await;
}

#[tokio::test]
async fn what_cryptographic_requests_say() {
    let cloud = Cloud::new();
    let key = key(&cloud).await;
    let of = |spec: &'static str, usage: &'static str| make(&cloud, json!({ "KeySpec": spec, "KeyUsage": usage }));
    let signing = of("ECC_NIST_P256", "SIGN_VERIFY").await;
    let mac = of("HMAC_256", "GENERATE_VERIFY_MAC").await;
    let agreement = of("ECC_NIST_P256", "KEY_AGREEMENT").await;
    let alias = json!({ "AliasName": "alias/a", "TargetKeyId": key.id });
    cloud.root_of(OWNER).kms("CreateAlias", alias).await.expect("an alias");
    let by_alias = json!({ "KeyId": format!("arn:aws:kms:us-east-1:{OWNER}:alias/a"), "Plaintext": HELLO });
    let pair = json!({ "KeyId": key.id, "KeyPairSpec": "ECC_NIST_P256" });
    let sign = json!({ "KeyId": signing.id, "Message": HELLO, "SigningAlgorithm": "ECDSA_SHA_256" });
    let make_mac = json!({ "KeyId": mac.id, "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256" });
    let derive = json!({ "KeyId": agreement.id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": HELLO });
    let again = json!({
        "CiphertextBlob": HELLO, "SourceKeyId": key.id, "DestinationKeyId": key.id,
        "SourceEncryptionContext": { "side": "both" }, "DestinationEncryptionContext": { "side": "both" },
    });
    let elsewhere = json!({ "CiphertextBlob": HELLO, "SourceKeyId": key.id, "DestinationKeyId": signing.id });
    check_all(
        &cloud,
        [
            case("Encrypt", encrypt(&key), "kms:EncryptionAlgorithm", "StringEquals", "SYMMETRIC_DEFAULT", "SM2PKE"),
            // The key within the context counts in any letter case, the value as the operator says.
            case("Encrypt", encrypt(&key), "kms:EncryptionContext:department", "StringEquals", "Finance", "finance"),
            case("Encrypt", encrypt(&key), "kms:EncryptionContext:b", "StringEqualsIgnoreCase", "C", "d"),
            case("Encrypt", encrypt(&key), "kms:EncryptionContextKeys", "ForAnyValue:StringEquals", "Department", "x"),
            case("Encrypt", by_alias, "kms:RequestAlias", "StringEquals", "alias/a", "alias/b"),
            case("GenerateDataKeyPair", pair, "kms:DataKeyPairSpec", "StringEquals", "ECC_NIST_P256", "RSA_2048"),
            case("Sign", sign.clone(), "kms:SigningAlgorithm", "StringEquals", "ECDSA_SHA_256", "SM2DSA"),
            case("Sign", sign, "kms:MessageType", "StringEquals", "RAW", "DIGEST"),
            case("GenerateMac", make_mac, "kms:MacAlgorithm", "StringEquals", "HMAC_SHA_256", "HMAC_SHA_512"),
            case("DeriveSharedSecret", derive, "kms:KeyAgreementAlgorithm", "StringEquals", "ECDH", "none"),
            case("ReEncrypt", again.clone(), "kms:ReEncryptOnSameKey", "Bool", "true", "false"),
            case("ReEncrypt", again, "kms:EncryptionContext:side", "StringEquals", "both", "one"),
            case("ReEncrypt", elsewhere, "kms:ReEncryptOnSameKey", "Bool", "false", "true"),
        ],
    )
    .await;
    let mut judge = Judge { cloud: &cloud, users: 1000 };
    judge.is_absent("Encrypt", encrypt(&key), "kms:RequestAlias").await;
    judge.is_absent("Encrypt", encrypt(&key), "kms:ViaService").await;
    judge.is_absent("Encrypt", encrypt(&key), "kms:EncryptionContext:c").await;
    judge.is_absent("Encrypt", json!({ "KeyId": key.id, "Plaintext": HELLO }), "kms:EncryptionContextKeys").await;
}

#[tokio::test]
async fn what_administration_says() {
    let cloud = Cloud::new();
    let key = key(&cloud).await;
    let id = || json!({ "KeyId": key.id });
    let external = make(&cloud, json!({ "Origin": "EXTERNAL" })).await;
    let primary = make(&cloud, json!({ "MultiRegion": true })).await;
    let with = |members: Value| {
        let mut input = members;
        input["KeyId"] = json!(key.id);
        input
    };
    let parameters = json!({
        "KeyId": external.id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048",
    });
    let import = json!({
        "KeyId": external.id, "ImportToken": HELLO, "EncryptedKeyMaterial": HELLO,
        "ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": 1_800_000_000,
    });
    let policy = |bypass: bool| {
        let policy = document(&[statement("Allow", OWNER, "kms:*")]).to_string();
        with(json!({ "Policy": policy, "BypassPolicyLockoutSafetyCheck": bypass }))
    };
    let replicate = json!({ "KeyId": primary.id, "ReplicaRegion": "eu-west-1" });
    let update = json!({ "KeyId": primary.id, "PrimaryRegion": "eu-central-1" });
    let tag = with(json!({ "Tags": [{ "TagKey": "Cost", "TagValue": "1" }] }));
    let untag = with(json!({ "TagKeys": ["Cost"] }));
    let window = with(json!({ "PendingWindowInDays": 7 }));
    check_all(
        &cloud,
        [
            case("EnableKeyRotation", id(), "kms:RotationPeriodInDays", "NumericEquals", "365", "90"),
            case("GetKeyPolicy", id(), "kms:PolicyName", "StringEquals", "default", "other"),
            case("PutKeyPolicy", policy(true), "kms:PolicyName", "StringEquals", "default", "other"),
            case("GetParametersForImport", parameters.clone(), "kms:WrappingAlgorithm", "StringLike", "RSAES*", "SM2*"),
            case("GetParametersForImport", parameters, "kms:WrappingKeySpec", "StringEquals", "RSA_2048", "SM2"),
            case("ImportKeyMaterial", import.clone(), "kms:ExpirationModel", "StringLike", "*_EXPIRES", "*_NOT_EXPIRE"),
            case(
                "ImportKeyMaterial",
                import,
                "kms:ValidTo",
                "DateLessThan",
                "2028-01-01T00:00:00Z",
                "2026-01-01T00:00:00Z",
            ),
            case("ReplicateKey", replicate, "kms:ReplicaRegion", "StringEquals", "eu-west-1", "us-east-1"),
            case("UpdatePrimaryRegion", update, "kms:PrimaryRegion", "StringEquals", "eu-central-1", "us-east-1"),
            case("TagResource", tag.clone(), "aws:RequestTag/Cost", "StringEquals", "1", "2"),
            case("TagResource", tag, "aws:TagKeys", "ForAllValues:StringEquals", "Cost", "Team"),
            case("UntagResource", untag, "aws:TagKeys", "ForAnyValue:StringEquals", "Cost", "Team"),
            case("DisableKey", id(), "kms:TrailingDaysWithoutKeyUsage", "NumericLessThan", "1", "0"),
        ],
    )
    .await;
    cloud.clock().advance_days(100);
    let mut judge = Judge { cloud: &cloud, users: 1000 };
    let bypass = "kms:BypassPolicyLockoutSafetyCheck";
    judge.check(&case("PutKeyPolicy", policy(true), bypass, "Bool", "true", "false")).await;
    let unused = "kms:TrailingDaysWithoutKeyUsage";
    judge.check(&case("ScheduleKeyDeletion", window, unused, "NumericGreaterThanEquals", "100", "101")).await;
    let window = "kms:ScheduleKeyDeletionPendingWindowInDays";
    judge.check(&case("ScheduleKeyDeletion", id(), window, "NumericEquals", "30", "7")).await;
}

#[tokio::test]
async fn what_grants_say() {
    let cloud = Cloud::new();
    let key = key(&cloud).await;
    let source = "arn:aws:s3:us-east-1:111122223333:bucket";
    let root = "arn:aws:iam::111122223333:root";
    let grant = json!({
        "KeyId": key.id, "GranteePrincipal": root, "RetiringPrincipal": root, "Operations": ["Decrypt", "Encrypt"],
        "Constraints": { "EncryptionContextSubset": { "Department": "Finance" }, "SourceArn": source },
    });
    let service = json!({
        "KeyId": key.id, "GranteeServicePrincipal": "s3.amazonaws.com", "RetiringServicePrincipal": "s3.amazonaws.com",
        "Operations": ["Decrypt"], "Constraints": { "SourceArn": source },
    });
    check_all(
        &cloud,
        [
            case("CreateGrant", grant.clone(), "kms:GranteePrincipal", "StringEquals", root, "x"),
            case("CreateGrant", grant.clone(), "kms:RetiringPrincipal", "StringEquals", root, "x"),
            case("CreateGrant", grant.clone(), "kms:GrantOperations", "ForAnyValue:StringEquals", "Encrypt", "Sign"),
            case(
                "CreateGrant",
                grant.clone(),
                "kms:GrantConstraintType",
                "StringEquals",
                "EncryptionContextSubset",
                "x",
            ),
            case("CreateGrant", grant.clone(), "kms:GrantConstraintSourceArn", "ArnEquals", source, "arn:aws:s3:::x"),
            case("CreateGrant", grant.clone(), "kms:EncryptionContext:Department", "StringEquals", "Finance", "x"),
            case("CreateGrant", grant.clone(), "kms:GrantIsForAWSResource", "Bool", "false", "true"),
            case("CreateGrant", service.clone(), "kms:GranteeServicePrincipal", "StringLike", "s3.*", "sqs.*"),
            case("CreateGrant", service, "kms:RetiringServicePrincipal", "StringLike", "s3.*", "sqs.*"),
            case("ListGrants", json!({ "KeyId": key.id }), "kms:GrantIsForAWSResource", "Bool", "false", "true"),
        ],
    )
    .await;
    let mut judge = Judge { cloud: &cloud, users: 1000 };
    let is_for_resource = case("CreateGrant", grant, "kms:GrantIsForAWSResource", "Bool", "true", "false");
    judge.check_via(&is_for_resource, Some("ec2")).await;
}

#[tokio::test]
async fn what_enclaves_attest() {
    let enclave = Enclave::new(Cloud::START);
    let cloud = Cloud::with_options(enclave.options());
    let key = key(&cloud).await;
    let recipient = enclave.recipient(Cloud::START);
    let data_key = json!({ "KeyId": key.id, "KeySpec": "AES_256", "Recipient": recipient });
    let random = json!({ "NumberOfBytes": 16, "Recipient": recipient });
    let (measured, other): (&str, &str) = ("07".repeat(48).leak(), "08".repeat(48).leak());
    check_all(
        &cloud,
        ["kms:RecipientAttestation:ImageSha384", "kms:RecipientAttestation:PCR0"].into_iter().flat_map(|name| {
            [
                case("GenerateDataKey", data_key.clone(), name, "StringEqualsIgnoreCase", measured, other),
                case("GenerateRandom", random.clone(), name, "StringEqualsIgnoreCase", measured, other),
            ]
        }),
    )
    .await;
    let mut judge = Judge { cloud: &cloud, users: 1000 };
    let plain = json!({ "KeyId": key.id, "KeySpec": "AES_256" });
    judge.is_absent("GenerateDataKey", plain, "kms:RecipientAttestation:PCR0").await;
}

#[tokio::test]
async fn what_services_and_everybody_say() {
    let cloud = Cloud::new();
    let key = key(&cloud).await;
    let mut judge = Judge { cloud: &cloud, users: 0 };
    let via = case("Encrypt", encrypt(&key), "kms:ViaService", "StringEquals", "s3.us-east-1.amazonaws.com", "s3");
    judge.check_via(&via, Some("s3")).await;
    let via = case("Encrypt", encrypt(&key), "aws:ViaAWSService", "Bool", "true", "false");
    judge.check_via(&via, Some("s3")).await;
    check_all(
        &cloud,
        [
            case("Encrypt", encrypt(&key), "aws:PrincipalAccount", "StringEquals", OWNER, "444455556666"),
            case("Encrypt", encrypt(&key), "aws:PrincipalType", "StringEquals", "User", "AssumedRole"),
            case("Encrypt", encrypt(&key), "aws:username", "StringLike", "user*", "other*"),
            case("Encrypt", encrypt(&key), "aws:userid", "StringLike", "AIDA*", "AROA*"),
            case(
                "Encrypt",
                encrypt(&key),
                "aws:PrincipalArn",
                "ArnLike",
                "arn:aws:iam::*:user/user*",
                "arn:aws:iam::*:role/*",
            ),
            case("Encrypt", encrypt(&key), "aws:RequestedRegion", "StringEquals", "us-east-1", "eu-west-1"),
            case("Encrypt", encrypt(&key), "aws:SecureTransport", "Bool", "false", "true"),
            case(
                "Encrypt",
                encrypt(&key),
                "aws:CurrentTime",
                "DateGreaterThan",
                "2026-01-01T00:00:00Z",
                "2030-01-01T00:00:00Z",
            ),
        ],
    )
    .await;
    judge.is_absent("Encrypt", encrypt(&key), "aws:PrincipalOrgID").await;
    judge.is_absent("Encrypt", encrypt(&key), "aws:MultiFactorAuthPresent").await;
}
