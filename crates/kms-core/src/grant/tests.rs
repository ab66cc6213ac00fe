use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use trent_shared::{AssumedRole, FederatedUser, Partition, Principal, User, WebIdentity};

use super::*;

/// Transcribed from authz.md §5.2.
const TABLE: [(KeySpec, KeyUsage, &str); 9] = [
    (
        KeySpec::SymmetricDefault,
        KeyUsage::EncryptDecrypt,
        "Decrypt, Encrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateDataKeyPair, \
         GenerateDataKeyPairWithoutPlaintext, ReEncryptFrom, ReEncryptTo",
    ),
    (KeySpec::Rsa2048, KeyUsage::EncryptDecrypt, "Decrypt, Encrypt, ReEncryptFrom, ReEncryptTo, GetPublicKey"),
    (KeySpec::Sm2, KeyUsage::EncryptDecrypt, "Decrypt, Encrypt, ReEncryptFrom, ReEncryptTo, GetPublicKey"),
    (KeySpec::Rsa4096, KeyUsage::SignVerify, "Sign, Verify, GetPublicKey"),
    (KeySpec::MlDsa65, KeyUsage::SignVerify, "Sign, Verify, GetPublicKey"),
    (KeySpec::EccNistP256, KeyUsage::KeyAgreement, "DeriveSharedSecret, GetPublicKey"),
    (KeySpec::MlKem768, KeyUsage::EncapsulateDecapsulate, "Encapsulate, Decapsulate, GetPublicKey"),
    (KeySpec::Hmac224, KeyUsage::GenerateVerifyMac, "GenerateMac, VerifyMac"),
    (KeySpec::Hmac512, KeyUsage::GenerateVerifyMac, "GenerateMac, VerifyMac"),
];

#[test]
fn each_kind_of_key_has_its_operations() {
    for (spec, usage, own) in TABLE {
        let expected = format!("CreateGrant, RetireGrant, DescribeKey, {own}");
        let listed: Vec<&str> = GrantOperation::of_key(spec, usage).map(GrantOperation::as_str).collect();
        assert_eq!(listed.join(", "), expected, "{spec} {usage}");
        for operation in GrantOperation::ALL {
            assert_eq!(operation.fits(spec, usage), listed.contains(&operation.as_str()), "{operation} {spec} {usage}");
        }
    }
}

#[test]
fn operations_keep_their_order_and_come_once() {
    use GrantOperation::{Decrypt, DescribeKey, Encrypt};
    let grant = Grant::new([Encrypt, DescribeKey, Encrypt, Decrypt, DescribeKey], GrantConstraints::default());
    assert_eq!(grant.operations(), [Encrypt, DescribeKey, Decrypt]);
    let stored = serde_json::to_string(&grant).expect("serialises");
    assert_eq!(serde_json::from_str::<Grant>(&stored).expect("reads back"), grant);
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn equals<const N: usize>(context: [(&str, &str); N]) -> GrantConstraints {
    GrantConstraints::new(Some(pairs(context)), None, None).expect("valid")
}

fn subset<const N: usize>(context: [(&str, &str); N]) -> GrantConstraints {
    GrantConstraints::new(None, Some(pairs(context)), None).expect("valid")
}

fn source(arn: &str) -> GrantConstraints {
    GrantConstraints::new(None, None, Some(arn.to_owned())).expect("valid")
}

/// Whether a grant with these constraints, of everything, allows the operation.
fn allows(
    constraints: &GrantConstraints,
    operation: GrantOperation,
    context: &EncryptionContext,
    source_arn: Option<&str>,
) -> bool {
    let grant = Grant::new(GrantOperation::ALL.iter().copied(), constraints.clone());
    grant.allows(&GrantedRequest { operation, context, source_arn })
}

#[test]
fn what_is_not_granted_is_not_allowed() {
    for granted in GrantOperation::ALL {
        let grant = Grant::new([*granted], GrantConstraints::default());
        for operation in GrantOperation::ALL {
            let request =
                GrantedRequest { operation: *operation, context: &EncryptionContext::default(), source_arn: None };
            assert_eq!(grant.allows(&request), operation == granted, "{operation} by {granted}");
        }
    }
}

#[test]
fn a_context_is_compared_as_the_constraint_says() {
    type Pairs = &'static [(&'static str, &'static str)];
    // The context of a request; whether it equals a:1 b:2; whether it includes them.
    let cases: [(Pairs, bool, bool); 9] = [
        (&[("a", "1"), ("b", "2")], true, true),
        (&[("b", "2"), ("A", "1")], true, true),
        (&[("a", "1"), ("b", "2"), ("c", "3")], false, true),
        (&[("a", "1")], false, false),
        (&[("a", "1"), ("b", "3")], false, false),
        (&[("a", "1"), ("B", "2"), ("b", "3")], false, true),
        (&[("1", "a"), ("2", "b")], false, false),
        (&[("a", "1 "), ("b", "2")], false, false),
        (&[], false, false),
    ];
    for (context, is_equal, is_included) in cases {
        let context: EncryptionContext = context.iter().copied().collect();
        let constraint = [("a", "1"), ("b", "2")];
        for operation in [GrantOperation::Decrypt, GrantOperation::ReEncryptTo, GrantOperation::GenerateDataKeyPair] {
            assert_eq!(allows(&equals(constraint), operation, &context, None), is_equal, "{context:?}");
            assert_eq!(allows(&subset(constraint), operation, &context, None), is_included, "{context:?}");
        }
        // Of these the constraint says nothing.
        for operation in [GrantOperation::DescribeKey, GrantOperation::RetireGrant, GrantOperation::CreateGrant] {
            assert!(allows(&equals(constraint), operation, &context, None));
        }
    }
    let upper_case = EncryptionContext::from_iter([("a", "x")]);
    assert!(!allows(&equals([("a", "X")]), GrantOperation::Encrypt, &upper_case, None), "values are case-sensitive");
    assert!(allows(&equals([]), GrantOperation::Encrypt, &EncryptionContext::default(), None));
    assert!(!allows(&equals([]), GrantOperation::Encrypt, &upper_case, None));
    assert!(allows(&subset([]), GrantOperation::Encrypt, &upper_case, None));
}

#[test]
fn a_source_must_be_the_one_for_everything_but_retiring() {
    let bucket = "arn:aws:s3:::bucket";
    for operation in GrantOperation::ALL {
        let told = |arn| allows(&source(bucket), *operation, &EncryptionContext::default(), arn);
        assert!(told(Some(bucket)), "{operation}");
        for other in [None, Some("arn:aws:s3:::other"), Some("arn:aws:s3:::Bucket")] {
            assert_eq!(told(other), *operation == GrantOperation::RetireGrant, "{operation}");
        }
    }
}

#[test]
fn constraints_have_their_bounds() {
    let nine = (0..9).map(|n| (n.to_string(), String::new())).collect::<BTreeMap<_, _>>();
    let eight = nine.clone().into_iter().take(8).collect::<BTreeMap<_, _>>();
    // Characters, not bytes.
    let value = |length: usize| BTreeMap::from([("a".to_owned(), "é".repeat(length))]);
    for (context, expected) in [
        (eight, Ok(())),
        (nine, Err(InvalidConstraints::TooManyPairs)),
        (value(384), Ok(())),
        (value(385), Err(InvalidConstraints::TooLong)),
    ] {
        assert_eq!(GrantConstraints::new(Some(context.clone()), None, None).map(drop), expected);
        assert_eq!(GrantConstraints::new(None, Some(context), None).map(drop), expected);
    }
    let both = GrantConstraints::new(Some(BTreeMap::new()), Some(BTreeMap::new()), None);
    assert_eq!(both.map_err(|error| error.to_string()), Err("More than one constraint supplied".to_owned()));
}

#[test]
fn a_child_grant_is_as_strict_as_its_parent() {
    let none = GrantConstraints::default();
    let (ab, abc) = ([("a", "1"), ("b", "2")], [("a", "1"), ("b", "2"), ("c", "3")]);
    let cases = [
        (none.clone(), equals(ab), true),
        (none.clone(), none.clone(), true),
        (equals(ab), equals(ab), true),
        (equals(ab), none.clone(), false),
        (equals(ab), subset(ab), false),
        (equals(ab), equals(abc), false),
        (equals(abc), equals(ab), false),
        (subset(ab), equals(ab), true),
        (subset(ab), equals(abc), true),
        (subset(ab), subset(abc), true),
        (subset(ab), subset(ab), true),
        (subset(abc), subset(ab), false),
        (subset(abc), equals(ab), false),
        (subset(ab), none.clone(), false),
        (subset([]), none.clone(), false),
        (source("x"), source("x"), true),
        (source("x"), source("y"), false),
        (source("x"), none.clone(), false),
        (none, source("y"), true),
    ];
    let of = |constraints| Grant::new([GrantOperation::CreateGrant, GrantOperation::Decrypt], constraints);
    for (parent, child, expected) in cases {
        assert_eq!(of(parent.clone()).may_issue(&of(child.clone())), expected, "{child:?} by {parent:?}");
    }
}

#[test]
fn a_child_grant_allows_nothing_new() {
    use GrantOperation::{CreateGrant, Decrypt, Encrypt};
    let of = |operations: &[GrantOperation]| Grant::new(operations.iter().copied(), GrantConstraints::default());
    assert!(of(&[CreateGrant, Decrypt]).may_issue(&of(&[Decrypt])));
    assert!(of(&[CreateGrant, Decrypt]).may_issue(&of(&[Decrypt, CreateGrant])));
    assert!(!of(&[CreateGrant, Decrypt]).may_issue(&of(&[Decrypt, Encrypt])));
    assert!(!of(&[Decrypt]).may_issue(&of(&[Decrypt])), "it allows no grants");
}

const ACCOUNT: &str = "111122223333";

fn caller(principal: Principal) -> Caller {
    Caller { principal, ..Caller::root(Partition::Aws, ACCOUNT.parse().expect("valid")) }
}

fn user(id: &str) -> Caller {
    let user = User { id: id.to_owned(), path: "/team/".to_owned(), name: "Alice".to_owned() };
    caller(Principal::User(Arc::new(user)))
}

fn session(role_id: &str, session_name: &str) -> Caller {
    caller(Principal::AssumedRole(Arc::new(AssumedRole {
        role_id: role_id.to_owned(),
        role_path: "/team/".to_owned(),
        role_name: "App".to_owned(),
        session_name: session_name.to_owned(),
    })))
}

fn federated(name: &str) -> Caller {
    caller(Principal::FederatedUser(Arc::new(FederatedUser { name: name.to_owned() })))
}

fn principal(text: &str) -> GrantPrincipal {
    GrantPrincipal::parse(text, Partition::Aws).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

#[test]
fn a_caller_comes_under_its_own_names_only() {
    let root = Caller::root(Partition::Aws, ACCOUNT.parse().expect("valid"));
    let (itself, role, account) = (Some(Standing::Itself), Some(Standing::OfRole), Some(Standing::OfAccount));
    // Standing of the root, the user, the session and the federated user.
    let cases = [
        ("111122223333", [itself, account, account, account]),
        ("arn:aws:iam::111122223333:root", [itself, account, account, account]),
        ("arn:aws:iam::444455556666:root", [None; 4]),
        ("arn:aws:iam::111122223333:user/team/Alice", [None, itself, None, None]),
        ("arn:aws:iam::111122223333:user/Alice", [None; 4]),
        ("AIDAALICE", [None, itself, None, None]),
        ("arn:aws:iam::111122223333:role/team/App", [None, None, role, None]),
        ("arn:aws:iam::111122223333:role/App", [None; 4]),
        ("AROAAPP", [None, None, role, None]),
        ("arn:aws:sts::111122223333:assumed-role/App/s", [None, None, itself, None]),
        ("arn:aws:sts::111122223333:assumed-role/App/other", [None; 4]),
        ("AROAAPP:s", [None, None, itself, None]),
        ("arn:aws:sts::111122223333:federated-user/bob", [None, None, None, itself]),
    ];
    for (name, expected) in cases {
        let callers = [&root, &user("AIDAALICE"), &session("AROAAPP", "s"), &federated("bob")];
        assert_eq!(callers.map(|caller| principal(name).standing_of(caller)), expected, "{name}");
    }
    let nobody = WebIdentity { provider: "accounts.google.com".to_owned(), subject: "x".to_owned() };
    assert!(names_of(&caller(Principal::WebIdentity(Arc::new(nobody)))).is_empty());
}

#[test]
fn who_comes_by_an_arn_later_is_not_meant() {
    let bound = |name: &str, id: &str| principal(name).bound_to(Some(id.to_owned()));
    for name in ["arn:aws:iam::111122223333:role/team/App", "arn:aws:sts::111122223333:assumed-role/App/s"] {
        assert!(bound(name, "AROAAPP").standing_of(&session("AROAAPP", "s")).is_some());
        assert_eq!(bound(name, "AROAAPP").standing_of(&session("AROANEW", "s")), None, "{name}");
    }
    let name = "arn:aws:iam::111122223333:user/team/Alice";
    assert!(bound(name, "AIDAALICE").standing_of(&user("AIDAALICE")).is_some());
    assert_eq!(bound(name, "AIDAALICE").standing_of(&user("AIDANEW")), None);
}

#[test]
fn who_gets_another_name_is_still_meant() {
    let bound = |name: &str, id: &str| principal(name).bound_to(Some(id.to_owned()));
    let (itself, role) = (Some(Standing::Itself), Some(Standing::OfRole));
    for (name, id, caller, expected) in [
        ("arn:aws:iam::111122223333:user/Before", "AIDAALICE", user("AIDAALICE"), itself),
        ("arn:aws:iam::111122223333:role/Before", "AROAAPP", session("AROAAPP", "s"), role),
        ("arn:aws:sts::111122223333:assumed-role/Before/s", "AROAAPP", session("AROAAPP", "s"), itself),
        ("arn:aws:sts::111122223333:assumed-role/Before/t", "AROAAPP", session("AROAAPP", "s"), None),
    ] {
        assert_eq!(bound(name, id).standing_of(&caller), expected, "{name}");
    }
    let (before, after) = (
        bound("arn:aws:iam::111122223333:user/Before", "AIDAALICE"),
        bound("arn:aws:iam::111122223333:user/After", "AIDAALICE"),
    );
    assert!(before.is_same_as(&after));
}

#[test]
fn a_principal_outlasts_its_arn_by_its_unique_id() {
    let named = |name: &str, id: Option<&str>| principal(name).bound_to(id.map(str::to_owned));
    let (role, session) = ("arn:aws:iam::111122223333:role/team/App", "arn:aws:sts::111122223333:assumed-role/App/s");
    for (name, id, expected) in [
        (role, Some("AROAAPP"), "AROAAPP"),
        (session, Some("AROAAPP"), "AROAAPP:s"),
        ("arn:aws:iam::111122223333:user/Alice", Some("AIDAALICE"), "AIDAALICE"),
        (role, None, role),
        ("AROAAPP:s", None, "AROAAPP:s"),
    ] {
        assert_eq!(named(name, id).lasting_name(), expected);
    }
    let (old, new) = (named(role, Some("AROAOLD")), named(role, Some("AROANEW")));
    assert!(old.is_same_as(&old) && !old.is_same_as(&new));
    assert!(named(role, None).is_same_as(&new) && new.is_same_as(&named(role, None)));
    assert!(!named(role, None).is_same_as(&named(session, None)));
}

#[test]
fn what_is_no_principal_of_a_grant_is_told_apart() {
    use InvalidPrincipal::{MalformedArn, NoArn, OtherArn};
    for (text, expected) in [
        ("Alice", NoArn),
        ("11112222333", NoArn),
        ("AROAAPP:", NoArn),
        ("AROAAPP:a:b", NoArn),
        ("AIDAALICE:s", NoArn),
        ("ASIAALICE", NoArn),
        ("AROAaPP", NoArn),
        ("arn:aws:iam::111122223333", MalformedArn),
        ("arn:aws:iam::x:root", MalformedArn),
        ("arn:aws:iam:us-east-1:111122223333:root", MalformedArn),
        ("arn:aws:iam::111122223333:root/x", MalformedArn),
        ("arn:aws:iam::111122223333:user/", MalformedArn),
        ("arn:aws:iam::111122223333:user", MalformedArn),
        ("arn:aws:iam::111122223333:role/a//b", MalformedArn),
        ("arn:aws:sts::111122223333:assumed-role/App", MalformedArn),
        ("arn:aws:sts::111122223333:assumed-role/team/App/s", MalformedArn),
        ("arn:aws:sts::111122223333:federated-user/a/b", MalformedArn),
        ("arn:aws:iam::111122223333:group/Admins", OtherArn),
        ("arn:aws:sts::111122223333:user/Alice", OtherArn),
        ("arn:aws:s3::111122223333:bucket", OtherArn),
        ("arn:aws-cn:iam::111122223333:root", OtherArn),
    ] {
        assert_eq!(GrantPrincipal::parse(text, Partition::Aws), Err(expected), "{text}");
    }
    assert_eq!(principal("arn:aws:iam::111122223333:user/Alice").account(), ACCOUNT.parse().ok());
    assert_eq!(principal("AROAAPP:s").account(), None);
}

#[test]
fn what_else_must_allow_follows_from_who_gave_the_grant_to_whom() {
    let (own, other): (AccountId, AccountId) =
        (ACCOUNT.parse().expect("valid"), "444455556666".parse().expect("valid"));
    let caller = session("AROAAPP", "s");
    let of = |standing, issuer, key_account| {
        let Backing { needs_identity, is_limited } = Backing::of(standing, &caller, issuer, key_account);
        (needs_identity, is_limited)
    };
    assert_eq!(of(Standing::Itself, own, own), (false, false));
    assert_eq!(of(Standing::OfRole, own, own), (false, true));
    assert_eq!(of(Standing::OfAccount, own, own), (true, true));
    assert_eq!(of(Standing::Itself, other, own), (false, false), "a foreign issuer on an own key");
    assert_eq!(of(Standing::Itself, other, other), (true, false), "given by the key's account");
    assert_eq!(of(Standing::OfRole, own, other), (false, true), "given by the grantee's account");
    assert_eq!(of(Standing::Itself, "777788889999".parse().expect("valid"), other), (true, false));
}

fn context() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map("[aAb]", "[12]", 0..3)
}

fn constraints() -> impl Strategy<Value = GrantConstraints> {
    (option::of((any::<bool>(), context())), option::of("[xy]")).prop_map(|(context, source)| {
        let (equals, subset) = match context {
            Some((true, pairs)) => (Some(pairs), None),
            Some((false, pairs)) => (None, Some(pairs)),
            None => (None, None),
        };
        GrantConstraints::new(equals, subset, source).expect("valid")
    })
}

fn operations() -> impl Strategy<Value = Vec<GrantOperation>> {
    use GrantOperation::{CreateGrant, Decrypt, DescribeKey, Encrypt, RetireGrant};
    vec(proptest::sample::select(vec![CreateGrant, Decrypt, DescribeKey, Encrypt, RetireGrant]), 0..5)
}

fn grant() -> impl Strategy<Value = Grant> {
    (operations(), constraints()).prop_map(|(operations, constraints)| Grant::new(operations, constraints))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever a grant that was made by another allows, that other one allows too; and so it is along a chain.
    #[test]
    fn nothing_is_won_by_handing_it_on(
        parent in grant(), child in grant(), grandchild in grant(), context in context(), source in option::of("[xy]"),
    ) {
        let context = EncryptionContext::from(context);
        if parent.may_issue(&child) {
            for operation in GrantOperation::ALL {
                let request = GrantedRequest { operation: *operation, context: &context, source_arn: source.as_deref() };
                prop_assert!(!child.allows(&request) || parent.allows(&request), "{operation}");
            }
            prop_assert!(!child.may_issue(&grandchild) || parent.may_issue(&grandchild));
        }
    }

    /// The stricter a grant the fewer can be made by it, and each can be made by itself.
    #[test]
    fn strictness_is_an_order(grant in grant(), source in option::of("[xy]"), context in context()) {
        let may_issue = grant.operations().contains(&GrantOperation::CreateGrant);
        prop_assert_eq!(grant.may_issue(&grant), may_issue);
        let exact = GrantConstraints::new(Some(context.clone()), None, source.clone()).expect("valid");
        let at_least = GrantConstraints::new(None, Some(context), source).expect("valid");
        let of = |constraints| Grant::new([GrantOperation::CreateGrant], constraints);
        prop_assert!(of(at_least.clone()).may_issue(&of(exact.clone())));
        prop_assert!(!of(exact).may_issue(&of(at_least)));
    }

    /// A request within `EncryptionContextEquals` is within `EncryptionContextSubset` of the same pairs, and a further pair
    /// takes it out of the first only.
    #[test]
    fn equal_is_more_than_included(pairs in context()) {
        let equals = GrantConstraints::new(Some(pairs.clone()), None, None).expect("valid");
        let subset = GrantConstraints::new(None, Some(pairs.clone()), None).expect("valid");
        let own = EncryptionContext::from(pairs.clone());
        let more: EncryptionContext = pairs.into_iter().chain([("c".to_owned(), String::new())]).collect();
        for (context, is_equal) in [(&own, true), (&more, false)] {
            prop_assert_eq!(allows(&equals, GrantOperation::Decrypt, context, None), is_equal);
            prop_assert!(allows(&subset, GrantOperation::Decrypt, context, None));
        }
    }

    #[test]
    fn no_text_is_too_strange_for_a_principal(text in "\\PC{0,40}|(arn:aws:(iam|sts)::111122223333:[a-z/-]{0,20})") {
        if let Ok(principal) = GrantPrincipal::parse(&text, Partition::Aws) {
            prop_assert_eq!(GrantPrincipal::parse(principal.name(), Partition::Aws), Ok(principal.clone()));
        }
    }
}
