use std::io::Write as _;

use trent_sigv4::Signatures;

use super::*;

/// Loads with a file of this text, these variables and these arguments.
fn load(file: &str, environment: &[(&str, &str)], mut arguments: StartArguments) -> Result<Settings, String> {
    let mut config = tempfile::Builder::new().suffix(".yaml").tempfile().expect("a temporary file");
    config.write_all(file.as_bytes()).expect("written");
    if !file.is_empty() {
        arguments.config = Some(config.path().to_owned());
    }
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let path = config.path().display().to_string();
    Settings::load(&arguments, environment).map_err(|error| crate::sentence(&error).replace(&path, "FILE"))
}

fn listen(file: &str, environment: &[(&str, &str)], flag: Option<&str>) -> String {
    let listen = flag.map(|address| address.parse().expect("valid"));
    let arguments = StartArguments { listen, ..StartArguments::default() };
    load(file, environment, arguments).expect("valid").listen.to_string()
}

#[test]
fn the_built_in_configuration_is_whole_and_as_documented() {
    let settings = load("", &[], StartArguments::default()).expect("valid");
    assert_eq!(settings.listen.to_string(), "127.0.0.1:4566");
    assert_eq!(settings.data_dir, PathBuf::from("./trent-data"));
    assert!(!settings.ephemeral && settings.services.kms.is_enabled && settings.services.sts.is_enabled);
    assert_eq!((settings.log.level.as_str(), settings.log.format), ("info", LogFormat::Auto));
    let (read, built_in) = (Limits::from(&settings.limits), Limits::default());
    assert_eq!(format!("{read:?}"), format!("{built_in:?}"));
}

#[test]
fn quotas_rates_and_transitions_are_as_documented_unless_changed() {
    let options = |file, environment| {
        let settings = load(file, environment, StartArguments::default()).expect("valid");
        settings.kms.options().expect("no files are named")
    };
    let built_in = options("", &[]);
    assert_eq!((built_in.quotas, &built_in.request_rates), (Quotas::default(), &None));

    let lengths = |options: &trent_kms::Options| {
        let Transitions { replica_creation, primary_update, on_demand_rotation } = options.transitions;
        [replica_creation, primary_update, on_demand_rotation].map(|length| length.as_secs())
    };
    assert_eq!((lengths(&built_in), built_in.grant_propagation.as_secs()), ([2, 2, 2], 0));
    let slow = "kms: { transitions: { replica_creation_seconds: 60, on_demand_rotation_seconds: 120 } }";
    assert_eq!(lengths(&options(slow, &[])), [60, 2, 120]);
    let propagation = options("", &[("TRENT_KMS__GRANT_PROPAGATION_SECONDS", "5")]).grant_propagation;
    assert_eq!(propagation.as_secs(), 5);

    let environment = [("TRENT_KMS__QUOTAS__KEYS", "7"), ("TRENT_KMS__REQUEST_RATES__OVERRIDES__CREATE_KEY", "0.5")];
    let changed = options("kms: { request_rates: { enabled: true, overrides: { ListKeys: 3 } } }", &environment);
    assert_eq!(changed.quotas, Quotas { keys: 7, ..Quotas::default() });
    let overrides = [("create_key", 0.5), ("list_keys", 3.0)];
    let overrides = overrides
        .map(|(pool, rate)| (Pool::try_from(pool.to_owned()).expect("a pool"), Rate::try_from(rate).expect("a rate")));
    assert_eq!(changed.request_rates, Some(RequestRates { overrides: overrides.into() }));
}

#[test]
fn later_layers_win() {
    const FILE: &str = "listen: 127.0.0.1:1";
    let gateway_listen = ("GATEWAY_LISTEN", "0.0.0.0:2,0.0.0.0:443");
    let trent_listen = ("TRENT_LISTEN", "[::1]:3");
    assert_eq!(listen(FILE, &[], None), "127.0.0.1:1");
    assert_eq!(listen(FILE, &[gateway_listen], None), "0.0.0.0:2");
    assert_eq!(listen(FILE, &[trent_listen, gateway_listen], None), "[::1]:3");
    assert_eq!(listen(FILE, &[trent_listen, gateway_listen], Some("127.0.0.1:4")), "127.0.0.1:4");
    assert_eq!(listen("", &[("GATEWAY_LISTEN", ":5")], None), "0.0.0.0:5");
}

#[test]
fn services_are_turned_on_and_off_by_every_layer() {
    let enabled = |file, environment| {
        let Services { kms, sts, .. } = load(file, environment, StartArguments::default()).expect("valid").services;
        (kms.is_enabled, sts.is_enabled)
    };
    assert_eq!(enabled("services: { sts: { enabled: false } }", &[]), (true, false));
    assert_eq!(enabled("services: { sts: { enabled: false } }", &[("SERVICES", "kms,sts")]), (true, true));
    assert_eq!(enabled("", &[("SERVICES", "s3, sts:4592")]), (false, true));
    assert_eq!(enabled("", &[("SERVICES", "")]), (true, true));
    assert_eq!(enabled("", &[("SERVICES", "sts"), ("TRENT_SERVICES__KMS__ENABLED", "true")]), (true, true));
    assert_eq!(enabled("# only a comment", &[("TRENT_SERVICES__KMS__ENABLED", "false")]), (false, true));
}

#[test]
fn a_data_directory_on_the_command_line_is_used() {
    let with = |data_dir: Option<&str>, ephemeral| StartArguments {
        data_dir: data_dir.map(PathBuf::from),
        ephemeral,
        ..StartArguments::default()
    };
    let ephemeral = [("TRENT_EPHEMERAL", "true")];
    let kept = load("", &ephemeral, with(Some("/here"), false)).expect("valid");
    assert_eq!((kept.ephemeral, kept.data_dir), (false, PathBuf::from("/here")));
    assert!(load("", &ephemeral, with(None, false)).expect("valid").ephemeral);
    assert!(load("", &[], with(None, true)).expect("valid").ephemeral);
}

#[test]
fn seed_files_are_one_or_many() {
    let seed = |file, environment, arguments| {
        let paths = load(file, environment, arguments).expect("valid").seed;
        paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
    };
    let flags = |paths: &[&str]| StartArguments {
        seed: paths.iter().map(PathBuf::from).collect(),
        ..StartArguments::default()
    };
    let variables = [("TRENT_SEED", "/by/variable"), ("KMS_SEED_PATH", "/by/local-kms")];
    assert_eq!(seed("", &[], flags(&[])), [""; 0]);
    assert_eq!(seed("seed: a.yaml", &[], flags(&[])), ["a.yaml"]);
    assert_eq!(seed("seed: [a.yaml, b]", &[], flags(&[])), ["a.yaml", "b"]);
    assert_eq!(seed("seed: a.yaml", &variables[1..], flags(&[])), ["/by/local-kms"]);
    assert_eq!(seed("seed: [a.yaml, b]", &variables, flags(&[])), ["/by/variable"]);
    assert_eq!(seed("seed: a.yaml", &variables, flags(&["/by/flag", "/and/flag"])), ["/by/flag", "/and/flag"]);
}

#[test]
fn servers_have_names() {
    let names = |file, environment: &[(&str, &str)]| {
        let tls = load(file, environment, StartArguments::default()).expect("valid").tls;
        assert_eq!((tls.is_enabled, tls.certificate, tls.private_key), (true, None, None));
        tls.names
    };
    let dns = |name: &str| ServerName::Dns(name.to_owned());
    let address = ServerName::Address([10, 0, 0, 7].into());
    assert_eq!(names("", &[]), []);
    assert_eq!(names("tls: { names: kms.internal }", &[]), [dns("kms.internal")]);
    let list = "tls: { names: [kms.internal, 10.0.0.7] }";
    assert_eq!(names(list, &[]), [dns("kms.internal"), address.clone()]);
    assert_eq!(names(list, &[("TRENT_TLS__NAMES", "a, 10.0.0.7,*.b")]), [dns("a"), address, dns("*.b")]);
}

#[test]
fn keys_have_a_home() {
    let home = |file, environment: &[(&str, &str)]| {
        let Home { account, region } = load(file, environment, StartArguments::default()).expect("valid").seed_home();
        (account.to_string(), region.to_string())
    };
    let of = |account: &str, region: &str| (account.to_owned(), region.to_owned());
    assert_eq!(home("", &[]), of("000000000000", "us-east-1"));
    assert_eq!(home("{ seed_account: 111122223333, seed_region: eu-west-1 }", &[]), of("111122223333", "eu-west-1"));
    let local_kms = [("KMS_ACCOUNT_ID", "000000000001"), ("KMS_REGION", "eu-west-2")];
    assert_eq!(home("seed_region: eu-west-1", &local_kms), of("000000000001", "eu-west-2"));
}

#[test]
fn variables_that_are_no_settings_are_left_alone() {
    let environment = [
        ("TRENT_ENDPOINT", "http://localhost:1"),
        ("TRENT_PORT", "tcp://10.0.0.1:4566"),
        ("TRENT_PORT_4566_TCP_ADDR", "10.0.0.1"),
        ("TRENT_SERVICE_HOST", "10.0.0.1"),
        ("TRENT_LISTEN", ""),
        ("PATH", "/bin"),
    ];
    assert_eq!(load("", &environment, StartArguments::default()), load("", &[], StartArguments::default()));
    let settings = load("", &[("TRENT_LOG", "warn,trent_kms=debug")], StartArguments::default()).expect("valid");
    assert_eq!(settings.log.level.as_str(), "warn,trent_kms=debug");
}

#[test]
fn signatures_are_accepted_unless_they_are_to_be_verified() {
    let auth = |file: &str, environment: &[(&str, &str)]| {
        load(file, environment, StartArguments::default()).expect("valid").auth
    };
    let built_in = auth("", &[]);
    assert_eq!(built_in.signatures(), Signatures::Accept);
    assert!(built_in.credentials().expect("none").is_empty());
    assert_eq!(auth("", &[("TRENT_AUTH__SIGNATURES", "verify")]).signatures(), Signatures::Verify);

    let with_principal = |principal: &str| {
        let secret = "wJalrXUtnFEMI/K7MDENG";
        let one = format!("access_key_id: AKIAEXAMPLE, secret_access_key: {secret}, principal: \"{principal}\"");
        auth(&format!("auth: {{ credentials: [{{ {one} }}] }}"), &[])
    };
    let alice = with_principal("arn:aws:iam::111122223333:user/Alice");
    assert!(!format!("{alice:?}").contains("wJalr"), "secrets are not printed");
    let alice = alice.credentials().expect("a user");
    assert_eq!((&*alice[0].access_key_id, alice[0].secret.expose()), ("AKIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG"));
    let refused = SettingsError::from(with_principal("Alice").credentials().expect_err("nobody"));
    assert_eq!(
        crate::sentence(&refused),
        "auth.credentials: \"Alice\" is neither an account id nor the ARN of a root user, a user, a role's session or a \
         federated user"
    );
}

#[test]
fn what_is_wrong_is_named_with_its_file() {
    for (file, message) in [
        (
            "listne: a",
            "unknown field `listne`, expected one of `listen`, `tls`, `data_dir`, `ephemeral`, `seed`, `seed_account`, `seed_region`, `services`, `auth`, `authorization`, `organization`, `kms`, `sts`, `limits`, `log`",
        ),
        ("services: { s3: { enabled: true } }", "`services`: unknown field `s3`, expected one of `kms`, `sts`, `iam`"),
        ("services: { kms: { enabled: maybe } }", r#"`services.kms.enabled` must be a boolean, not string "maybe""#),
        ("services: kms", r#"`services`: invalid type: string "kms", expected a map of settings"#),
        ("services:", "`services`: invalid type: unit value, expected a map of settings"),
        (
            "limits: { max_body_bytes: -1 }",
            "`limits.max_body_bytes` must be an unsigned 64 bit or less integer, not 64-bit integer `-1`",
        ),
        ("limits: { max_header_bytes: 100 }", "`limits.max_header_bytes`: 100 is less than 8192"),
        ("listen: localhost", r#"`listen`: "localhost" is not ADDRESS:PORT, such as 127.0.0.1:4566"#),
        ("seed: { a: b }", "`seed`: expected a path or a list of paths"),
        ("seed_account: 1234", "`seed_account`: an account id is exactly 12 digits"),
        (
            "log: { level: inof }",
            r#"`log.level`: "inof" is neither off, error, warn, info, debug or trace, nor module=level"#,
        ),
        (
            "kms: { request_rates: { overrides: { encrypt: 5 } } }",
            r#"`kms.request_rates.overrides`: "encrypt" is neither an operation with a rate of its own nor a group of them"#,
        ),
        (
            "kms: { request_rates: { overrides: { create_key: 0 } } }",
            "`kms.request_rates.overrides.create_key`: 0 is no number of requests per second",
        ),
        (
            "kms: { quotas: { grants: 1 } }",
            "`kms.quotas`: unknown field `grants`, expected one of `keys`, `aliases_per_key`, `grants_per_key`, \
             `on_demand_rotations_per_key`, `key_policy_bytes`",
        ),
        ("tls: { names: [a b] }", r#"`tls.names`: "a b" is neither a host name nor an IP address"#),
        ("tls: { names: { a: b } }", "`tls.names`: expected a name or a list of names"),
        ("auth: { signatures: maybe }", r#"`auth.signatures`: "maybe" is neither accept nor verify"#),
        (
            "auth: { credentials: [{ access_key_id: a }] }",
            r#"missing configuration field "auth.credentials[0]secret_access_key""#,
        ),
        ("log: { format: xml }", r#"`log.format`: "xml" is neither auto, human nor json"#),
        ("- a list", "invalid type: sequence, expected a map"),
        ("listen: [", "while parsing a node, did not find expected node content at byte 9 line 2 column 1"),
    ] {
        let refused = load(file, &[], StartArguments::default()).expect_err(file);
        assert_eq!(refused, format!("FILE: {message}"), "{file}");
    }
    let missing = StartArguments { config: Some("/no/such/file".into()), ..StartArguments::default() };
    let refused = load("", &[], missing).expect_err("missing");
    assert_eq!(refused, "cannot read /no/such/file: No such file or directory (os error 2)");
}

#[test]
fn what_is_wrong_is_named_with_its_variable() {
    for (name, value, message) in [
        ("TRENT_LISTEN", "4566", r#"`listen`: "4566" is not ADDRESS:PORT, such as 127.0.0.1:4566"#),
        (
            "GATEWAY_LISTEN",
            "localhost:4566",
            r#"`listen`: "localhost:4566" is not ADDRESS:PORT, such as 127.0.0.1:4566"#,
        ),
        (
            "TRENT_LISTNE",
            "a",
            "unknown field `listne`, expected one of `listen`, `tls`, `data_dir`, `ephemeral`, `seed`, `seed_account`, `seed_region`, `services`, `auth`, `authorization`, `organization`, `kms`, `sts`, `limits`, `log`",
        ),
        ("TRENT_SERVICES__KMS__ENABLED", "maybe", r#"`services.kms.enabled` must be a boolean, not string "maybe""#),
        ("TRENT_SERVICES__S3__ENABLED", "true", "`services`: unknown field `s3`, expected one of `kms`, `sts`, `iam`"),
        ("KMS_REGION", "Ireland", "`seed_region`: a Region is named like us-east-1"),
        ("TRENT_LIMITS", "5", r#"`limits`: invalid type: string "5", expected a map of settings"#),
        ("TRENT_", "5", "^ invalid identifier expected ASCII alphanumeric, `_`, `-`"),
        (
            "TRENT_LOG",
            "loud",
            r#"`log.level`: "loud" is neither off, error, warn, info, debug or trace, nor module=level"#,
        ),
    ] {
        let refused = load("", &[(name, value)], StartArguments::default()).expect_err(name);
        assert_eq!(refused, format!("the environment variable {name}: {message}"));
    }
}

#[test]
fn the_one_to_blame_is_blamed() {
    let refused = load("listen: 127.0.0.1:1", &[("TRENT_A", "1"), ("TRENT_B", "1")], StartArguments::default());
    assert!(refused.expect_err("unknown").starts_with("the environment variable TRENT_A: "));
    let refused = load("listen: nowhere", &[("TRENT_LISTEN", "127.0.0.1:1")], StartArguments::default());
    assert!(refused.expect_err("wrong").starts_with("FILE: "));
}

#[test]
fn guardrails_are_read_from_files_of_policies() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("guardrail.json");
    let load = |document: &str| {
        std::fs::write(&path, document).expect("writable");
        let file = format!(
            "organization: {{ id: o-abc, guardrails: [{{ name: g, policy: {}, accounts: [\"111122223333\"] }}] }}",
            path.display()
        );
        load(&file, &[], StartArguments::default()).expect("valid").organization.organization()
    };
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let organization = load(document).expect("a policy");
    assert_eq!(organization.id.as_deref(), Some("o-abc"));
    let [guardrail] = &*organization.guardrails else { panic!("not one guardrail") };
    assert_eq!((&*guardrail.name, guardrail.accounts.len()), ("g", 1));
    let refused = load("{}").expect_err("no policy").to_string();
    assert_eq!(refused, format!("organization.guardrails: {}", path.display()));
}

#[test]
fn keys_of_identity_providers_come_from_a_file_or_stand_there() {
    let set = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(set.as_bytes()).expect("room");
    let options = |jwks: &str| {
        let settings = format!("sts: {{ oidc_providers: [{{ issuer: \"https://idp.example\", jwks: {jwks} }}] }}");
        load(&settings, &[], StartArguments::default()).expect("valid").sts.options()
    };
    for jwks in [&*file.path().display().to_string(), set, &format!("'{set}'")] {
        let options = options(jwks).expect("a key");
        assert_eq!(options.oidc_providers.len(), 1, "{jwks}");
    }
    let refused = options("{ keys: [] }").map(drop).map_err(|error| crate::sentence(&error));
    let words = "sts.oidc_providers: https://idp.example: there is no key for RS256 or ES256";
    assert_eq!(refused, Err(words.to_owned()));
    assert!(matches!(options("/nowhere/jwks.json"), Err(SettingsError::Unreadable { .. })));
}
