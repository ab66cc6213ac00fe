use std::fs;

use trent_kms::seed::SeedGrant;
use trent_kms_core::{KeyOrigin, KeySpec, KeyUsage};
use trent_shared::{SecretBytes, Timestamp};

use super::*;

const ID: &str = "11111111-2222-4333-8444-555555555555";
const OTHER_ID: &str = "99999999-2222-4333-8444-555555555555";

fn home() -> Home {
    Home { account: AccountId::DEFAULT, region: Region::default() }
}

/// What the file says.
fn keys(text: &str) -> Vec<SeedKey> {
    let seeds = parse(Path::new("FILE"), text, &home()).unwrap_or_else(|error| panic!("{text}\n{error}"));
    seeds.into_iter().map(|seed| seed.key).collect()
}

/// The sentence that stops the start.
fn refusal(text: &str) -> String {
    parse(Path::new("FILE"), text, &home()).expect_err(text).to_string()
}

fn local_kms(entry: &str) -> String {
    format!("Keys:\n  Symmetric:\n    Aes:\n      - Metadata:\n          KeyId: {ID}\n        {entry}\n")
}

#[test]
fn an_id_is_all_that_a_key_needs() {
    let read = keys(&format!("keys:\n  - id: {ID}\n"));
    let expected = SeedKey {
        account: AccountId::DEFAULT,
        region: Region::default(),
        id: ID.parse().expect("valid"),
        spec: KeySpec::SymmetricDefault,
        usage: None,
        origin: KeyOrigin::AwsKms,
        description: String::new(),
        is_enabled: true,
        materials: Vec::new(),
        aliases: Vec::new(),
        policy: None,
        tags: BTreeMap::new(),
        rotation: None,
        grants: Vec::new(),
    };
    assert_eq!(read, [expected]);
    assert_eq!(keys("keys: []"), []);
}

#[test]
fn every_member_is_read() {
    let text = r#"
keys:
  - id: mrk-1234abcd12ab34cd56ef1234567890ab
    account: 000000000012
    region: eu-west-1
    spec: SYMMETRIC_DEFAULT
    usage: ENCRYPT_DECRYPT
    origin: EXTERNAL
    multi_region: true
    description: for "tests"
    enabled: false
    material: 0001
    older_materials: [AAI=, "0003"]
    aliases: [alias/a, alias/b]
    policy:
      Version: 2012-10-17
      Statement: { Effect: Allow, Principal: { AWS: 000000000012 }, Action: "kms:*", Resource: "*" }
    tags: { number: 007, empty: "" }
    rotation: true
    rotation_period_days: 90
    grants:
      - grantee_principal: 000000000012
        retiring_principal: arn:aws:iam::000000000012:role/app
        operations: [Encrypt, Decrypt]
        name: app
        constraints: { encryption_context_equals: { number: 007 } }
      - grantee_service_principal: service.amazonaws.com
        retiring_service_principal: service.amazonaws.com
        operations: []
        constraints: { encryption_context_subset: {}, source_arn: "arn:aws:s3:::bucket" }
"#;
    let [key] = &keys(text)[..] else { panic!("one key") };
    assert_eq!((key.account.as_str(), key.region.as_str()), ("000000000012", "eu-west-1"));
    assert_eq!(key.id.to_string(), "mrk-1234abcd12ab34cd56ef1234567890ab");
    assert_eq!((key.spec, key.usage), (KeySpec::SymmetricDefault, Some(KeyUsage::EncryptDecrypt)));
    assert_eq!((key.origin, key.is_enabled), (KeyOrigin::External, false));
    assert_eq!(key.description, "for \"tests\"");
    let materials: Vec<&[u8]> = key.materials.iter().map(SecretBytes::expose).collect();
    assert_eq!(materials, [[0, 2], [0, 3], [0, 1]]);
    assert_eq!(key.aliases, ["alias/a", "alias/b"]);
    assert_eq!(
        key.policy.as_deref(),
        Some(concat!(
            r#"{"Statement":{"Action":"kms:*","Effect":"Allow","Principal":{"AWS":"000000000012"},"Resource":"*"},"#,
            r#""Version":"2012-10-17"}"#
        ))
    );
    assert_eq!(key.tags, [("empty", ""), ("number", "007")].map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    assert_eq!(key.rotation, Some(trent_kms::seed::SeedRotation { period_days: Some(90), next: None }));
    let text = |text: &str| Some(text.to_owned());
    let of_principal = SeedGrant {
        grantee_principal: text("000000000012"),
        retiring_principal: text("arn:aws:iam::000000000012:role/app"),
        operations: vec!["Encrypt".to_owned(), "Decrypt".to_owned()],
        name: text("app"),
        encryption_context_equals: Some([("number".to_owned(), "007".to_owned())].into()),
        ..SeedGrant::default()
    };
    let of_service = SeedGrant {
        grantee_service_principal: text("service.amazonaws.com"),
        retiring_service_principal: text("service.amazonaws.com"),
        encryption_context_subset: Some(BTreeMap::new()),
        source_arn: text("arn:aws:s3:::bucket"),
        ..SeedGrant::default()
    };
    assert_eq!(key.grants, [of_principal, of_service]);
}

#[test]
fn a_policy_may_be_json_text() {
    let text = format!("keys: [{{ id: {ID}, policy: '{{\"Statement\": []}}' }}]");
    assert_eq!(keys(&text)[0].policy.as_deref(), Some(r#"{"Statement": []}"#));
}

#[test]
fn what_is_wrong_is_named_with_file_line_and_key() {
    for (members, line, reason) in [
        ("speck: RSA_2048", 3, "unknown field `speck`, expected one of "),
        ("grants: [{ grantee: a, operations: [Decrypt] }]", 3, "unknown field `grantee`, expected one of "),
        ("grants: [{ grantee_principal: a }]", 3, "missing field `operations`"),
        ("account: 1234", 2, "`account`: \"1234\": an account id is exactly 12 digits"),
        ("region: Ireland", 2, "`region`: \"Ireland\": a Region is named like us-east-1"),
        ("spec: RSA_1024", 2, "`spec`: \"RSA_1024\": not a known KeySpec"),
        ("usage: SIGN", 2, "`usage`: \"SIGN\": not a known KeyUsage"),
        ("origin: MOON", 2, "`origin`: \"MOON\": not a known KeyOrigin"),
        ("multi_region: true", 2, "`multi_region`: the ids of multi-Region keys, and of no others, begin with mrk-"),
        ("material: secret!", 2, "key material is written in hexadecimal or base64, or a private key in PEM"),
        ("older_materials: [\"00\"]", 2, "`older_materials` without `material`"),
        ("rotation_period_days: 90", 2, "`rotation_period_days` without `rotation: true`"),
        ("enabled: maybe", 3, "invalid boolean"),
        ("description: [a]", 3, "expected string scalar"),
        ("tags: [a]", 3, "expected mapping start"),
        ("description: a\n    description: b", 4, "duplicate mapping key `description` is not allowed here"),
    ] {
        let told = refusal(&format!("keys:\n  - id: {ID}\n    {members}\n  - id: {OTHER_ID}\n"));
        assert!(told.starts_with(&format!("FILE:{line}: key {ID}: {reason}")), "{told}");
        assert!(!told.contains('\n'), "{told}");
    }
    for (text, expected) in [
        ("keys: [{ account: a }]", "FILE:1: missing field `id`"),
        ("keys: [{ id: A }]", "FILE:1: key A: `id`: a key id is a lower-case UUID or mrk- and 32 hexadecimal digits"),
        ("keys:\n  - a", "FILE:2: expected mapping start"),
        ("keys: a", "FILE:1: expected sequence start"),
        ("key: []", "FILE:1: unknown field `key`, expected one of keys"),
        ("keys: [", "FILE:1: unclosed bracket '['"),
        ("", "FILE:1: unexpected end of file"),
    ] {
        assert_eq!(refusal(text), expected);
    }
}

#[test]
fn what_is_wrong_tells_no_secrets() {
    let secret = "5cdaead27fe7da2de47945d73cd6d79e";
    for text in [
        format!("keys:\n  - id: {ID}\n    material: {secret}\n    speck: a\n"),
        local_kms(&format!("BackingKeys: {secret}")),
    ] {
        let told = parse(Path::new("FILE"), &text, &home()).expect_err("wrong");
        assert!(!format!("{told} {told:?}").contains(secret), "{told:?}");
    }
}

/// The example of local-kms's documentation, shortened.
const LOCAL_KMS: &str = r#"
Keys:
  Symmetric:
    Aes:
      - Metadata:
          KeyId: bc436485-5092-42b8-92a3-0aa8b93536dc
          Description: "Your key description"
        NextKeyRotation: "2019-09-12T15:19:21+00:00"
        BackingKeys:
          - 34743777217A25432A46294A404E635266556A586E3272357538782F413F4428
          - 614E645267556B58703273357638792F423F4528472B4B6250655368566D5971
      - Metadata:
          KeyId: 5d05267f-bb87-4d0b-8594-295a4371d414
          Origin: EXTERNAL
    Hmac:
      - Metadata:
          KeyId: f3456789-abcd-ef01-2345-6789abcdef01
          KeyUsage: GENERATE_VERIFY_MAC
          KeySpec: HMAC_224
        BackingKeys:
          - fedcba0987654321fedcba0987654321fedcba0987654321fedcba09
  Asymmetric:
    Ecc:
      - Metadata:
          KeyId: 800d5768-3fd7-4edd-a4b8-4c81c3e4c147
          KeyUsage: SIGN_VERIFY
          Description: ECC key with curve secp256r1
          KeyState: ignored
        PrivateKeyPem: |
          -----BEGIN EC PRIVATE KEY-----
          MHcCAQEEIMnOrUrXr8rwne7d8f01cfwmpS/w+K7jcyWmmeLDgWKaoAoGCCqGSM49
          AwEHoUQDQgAEYNMBBZ3h1ipuph1iO5k+yLvTs94UN71quXN3f0P/tprs2Fp2FEas
          M7m7XZ2xlDK3wcEAs1QEIoQjjwnhcptQ6A==
          -----END EC PRIVATE KEY-----
Aliases:
  - AliasName: alias/testing
    TargetKeyId: bc436485-5092-42b8-92a3-0aa8b93536dc
"#;

#[test]
fn files_of_local_kms_are_read_as_they_are() {
    let [aes, external, hmac, ecc] = &keys(LOCAL_KMS)[..] else { panic!("four keys") };
    assert_eq!(
        (aes.spec, aes.origin, &*aes.description),
        (KeySpec::SymmetricDefault, KeyOrigin::AwsKms, "Your key description")
    );
    let lengths: Vec<usize> = aes.materials.iter().map(|material| material.expose().len()).collect();
    assert_eq!(lengths, [32, 32]);
    assert_eq!(aes.materials[1].expose()[..4], [0x61, 0x4e, 0x64, 0x52], "the last one is current");
    assert_eq!(aes.aliases, ["alias/testing"]);
    assert_eq!(aes.rotation.and_then(|rotation| rotation.next).map(Timestamp::as_millis), Some(1_568_301_561_000));
    assert_eq!((external.origin, external.materials.len()), (KeyOrigin::External, 0));
    assert_eq!((hmac.spec, hmac.usage), (KeySpec::Hmac224, Some(KeyUsage::GenerateVerifyMac)));
    assert_eq!((ecc.spec, ecc.usage), (KeySpec::EccNistP256, Some(KeyUsage::SignVerify)));
}

#[test]
fn so_are_those_of_its_other_versions() {
    let entry = format!("Metadata: {{ KeyId: {ID} }}, BackingKeys: [\"{}\"]", "00".repeat(32));
    let oldest = &keys(&format!("Keys: [{{ {entry} }}]\nAliases: []"))[0];
    assert_eq!(
        (oldest.id.to_string().as_str(), oldest.spec, oldest.materials.len()),
        (ID, KeySpec::SymmetricDefault, 1)
    );
    let entry = format!(
        "KeyId: {ID}, Metadata: {{ KeySpec: HMAC_224, KeyUsage: GENERATE_VERIFY_MAC }}, Material: {{ BackingKeys: [\"00\"] }}"
    );
    let newest = &keys(&format!("Version: 2\nKeys: [{{ {entry} }}]"))[0];
    assert_eq!((newest.id.to_string().as_str(), newest.spec, newest.materials.len()), (ID, KeySpec::Hmac224, 1));
}

#[test]
fn what_is_wrong_with_a_file_of_local_kms_is_named() {
    for (text, expected) in [
        (local_kms("BackingKeys: []"), format!("FILE:4: key {ID}: neither `BackingKeys` nor `PrivateKeyPem`")),
        (local_kms("BackingKeys: a"), format!("FILE:6: key {ID}: expected sequence start")),
        (
            local_kms("NextKeyRotation: soon\n        BackingKeys: [\"00\"]"),
            format!("FILE:4: key {ID}: `NextKeyRotation` is not like 2019-09-12T15:19:21+00:00"),
        ),
        (
            format!("Aliases:\n  - AliasName: alias/a\n    TargetKeyId: {ID}\n"),
            format!("FILE:2: alias/a: `TargetKeyId`: the file has no key {ID}"),
        ),
        ("Keys: [{}]".to_owned(), "FILE:1: `KeyId` is missing".to_owned()),
        (
            format!("Keys: {{ Asymmetric: {{ Rsa: [{{ KeyId: {ID}, PrivateKeyPem: AAAA }}] }} }}"),
            format!("FILE:1: key {ID}: no `KeySpec`, and no private key that would tell"),
        ),
    ] {
        assert_eq!(refusal(&text), expected);
    }
}

#[test]
fn directories_are_read_by_name_and_init_files_where_they_exist() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| dir.path().join(name);
    for (n, name) in ["init.yaml", "seeds/b.yml", "seeds/a.yaml", "seeds/c.txt"].into_iter().enumerate() {
        fs::create_dir_all(path("seeds")).expect("made");
        fs::write(path(name), format!("keys: [{{ id: {n}{} }}]", &ID[1..])).expect("written");
    }
    let init = path("init.yaml");
    // A path below a file, as /init/seed.yaml is where /init is a program.
    let impossible = init.join("seed.yaml");
    let seeds = load(&[&impossible, &init], &[path("seeds")], &home()).expect("valid");
    let ids: Vec<String> = seeds.iter().map(|seed| seed.key.id.to_string()[..1].to_owned()).collect();
    assert_eq!(ids, ["0", "2", "1"]);

    let missing = load(&[], &[path("absent.yaml")], &home()).expect_err("missing");
    assert!(crate::sentence(&missing).ends_with("absent.yaml: No such file or directory (os error 2)"), "{missing}");
}

#[test]
fn nothing_is_described_twice() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (first, second) = (dir.path().join("1.yaml"), dir.path().join("2.yaml"));
    let load = |one: String, two: String| {
        fs::write(&first, one).expect("written");
        fs::write(&second, two).expect("written");
        load(&[], &[dir.path().to_owned()], &home())
            .map(|seeds| seeds.len())
            .map_err(|error| error.to_string().replace(&dir.path().display().to_string(), "DIR"))
    };
    let key = |id: &str, more: &str| format!("keys: [{{ id: {id}, {more} }}]");
    assert_eq!(
        load(key(ID, ""), key(ID, "")),
        Err(format!(
            "DIR/2.yaml:1: key {ID}: key/{ID} of account 000000000000 in us-east-1 is there already: DIR/1.yaml:1: key {ID}"
        ))
    );
    assert_eq!(
        load(key(ID, "aliases: [alias/a]"), key(OTHER_ID, "aliases: [alias/a]")),
        Err(format!(
            "DIR/2.yaml:1: key {OTHER_ID}: alias/a of account 000000000000 in us-east-1 is there already: DIR/1.yaml:1: key {ID}"
        ))
    );
    assert_eq!(load(key(ID, "region: eu-west-1"), key(ID, "")), Ok(2));
    assert_eq!(load(key(ID, "account: 111122223333"), key(ID, "")), Ok(2));
}
