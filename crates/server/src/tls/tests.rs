use std::os::unix::fs::PermissionsExt;

use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509PurposeId, X509StoreContext, X509StoreContextRef};

use super::*;

fn names(names: &[&str]) -> Vec<ServerName> {
    names.iter().map(|name| ServerName::try_from((*name).to_owned()).expect("a name")).collect()
}

fn trusted(authority: &LocalAuthority) -> X509 {
    X509::from_pem(&authority.certificate_pem().expect("a CA")).expect("PEM")
}

/// Whether a client that trusts this root and is strict takes the certificate for a server that it calls so.
fn proves(root: &X509, shown: &ServerCertificate, name: &str) -> bool {
    let verify = || {
        let mut param = X509VerifyParam::new()?;
        param.set_flags(X509VerifyFlags::X509_STRICT)?;
        param.set_purpose(X509PurposeId::SSL_SERVER)?;
        match name.parse() {
            Ok(address) => param.set_ip(address)?,
            Err(_) => param.set_host(name)?,
        }
        let mut store = X509StoreBuilder::new()?;
        store.set_param(&param)?;
        store.add_cert(root.clone())?;
        X509StoreContext::new()?.init(
            &store.build(),
            &shown.certificate,
            &*Stack::new()?,
            X509StoreContextRef::verify_cert,
        )
    };
    verify().expect("OpenSSL works")
}

#[test]
fn a_server_proves_its_names_and_no_others() {
    let configured = names(&["kms.internal", "*.wild.internal", "10.0.0.7", "fd00::7"]);
    let all = ServerName::of_this_machine([192, 168, 0, 9].into()).chain(configured).collect();
    let authority = LocalAuthority::new(None, all);
    let (root, shown) = (trusted(&authority), authority.issue().expect("issued"));
    for name in [
        "localhost",
        "trent",
        "host.docker.internal",
        "localhost.localstack.cloud",
        "127.0.0.1",
        "::1",
        "0.0.0.0",
        "192.168.0.9",
        "kms.internal",
        "KMS.internal",
        "a.wild.internal",
        "10.0.0.7",
        "fd00::7",
    ] {
        assert!(proves(&root, &shown, name), "{name}");
    }
    for name in ["kms.us-east-1.amazonaws.com", "internal", "a.b.wild.internal", "wild.internal", "10.0.0.8", "::2"] {
        assert!(!proves(&root, &shown, name), "{name}");
    }
    let stranger = LocalAuthority::new(None, names(&["localhost"]));
    assert!(!proves(&trusted(&stranger), &shown, "localhost"), "another CA of the same name");
}

#[test]
fn a_ca_is_kept_in_a_file_of_its_owner_alone() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join(AUTHORITY_FILE);
    let open = || LocalAuthority::new(Some(path.clone()), names(&["localhost"]));
    // What is left of a start that was killed while it wrote.
    fs::write(path.with_extension("part"), "half").expect("written");
    let (first, second) = (open(), open());
    let root = trusted(&first);
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(directory.path()).expect("there").count(), 1);
    assert_eq!(trusted(&second), root);
    let shown = [&first, &first, &second].map(|authority| authority.issue().expect("issued"));
    for shown in &shown {
        assert!(proves(&root, shown, "localhost"));
    }
    assert_ne!(shown[0].certificate, shown[1].certificate);
}

#[test]
fn a_ca_that_cannot_be_used_is_named_and_left_alone() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join(AUTHORITY_FILE);
    let other = Authority::generate(SystemClock.now()).expect("a CA");
    let made = Authority::generate(SystemClock.now()).expect("a CA");
    let keyless = made.certificate_pem().expect("PEM");
    let mismatched = [
        &*keyless,
        &*private_key(&other.to_pem().expect("PEM")).expect("a key").private_key_to_pem_pkcs8().expect("PEM"),
    ]
    .concat();
    for (content, reason) in [
        (&b""[..], "it holds no certificate in PEM"),
        (&keyless, "it holds no private key in PEM that belongs to the certificate"),
        (&mismatched, "it holds no private key in PEM that belongs to the certificate"),
    ] {
        fs::write(&path, content).expect("written");
        let refused = LocalAuthority::new(Some(path.clone()), Vec::new()).certificate_pem().expect_err(reason);
        assert_eq!(crate::sentence(&refused), format!("{} is no CA: {reason}", path.display()));
        assert_eq!(fs::read(&path).expect("there"), content);
    }
}

#[test]
fn a_ca_at_its_end_is_made_anew() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join(AUTHORITY_FILE);
    let years = |count: i64| Timestamp::from_millis(SystemClock.now().as_millis() - count * 365 * 24 * 60 * 60 * 1000);
    for (age, is_kept) in [(17, true), (18, false), (21, false)] {
        let old = Authority::generate(years(age)).expect("a CA");
        fs::write(&path, old.to_pem().expect("PEM")).expect("written");
        let authority = LocalAuthority::new(Some(path.clone()), names(&["localhost"]));
        assert_eq!(trusted(&authority).to_pem().expect("PEM") == old.certificate_pem().expect("PEM"), is_kept, "{age}");
        assert!(proves(&trusted(&authority), &authority.issue().expect("issued"), "localhost"));
    }
}
