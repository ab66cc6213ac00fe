//! Who is let in as whom.

use http::Request;
use trent_shared::{Caller, SecretString};
use trent_sigv4::{Dialect, Gate, Known, Refusal, Sender, Signatures, SigningRules, Step};

use crate::signer::{Form, NOW, Signer, arrived, encrypt, known, root, secret};

const TOKEN: &str = "FwoGZXIvYXdzEXAMPLE";

fn other_account() -> Caller {
    Caller { account: "111122223333".parse().expect("valid"), ..root() }
}

fn kms() -> SigningRules {
    SigningRules::of("kms", Dialect::Json)
}

/// What becomes of a request when `credentials` are known under its access key id.
fn sender(gate: &Gate, request: &Request<Vec<u8>>, credentials: Option<Known<'_>>) -> Result<Sender, Refusal> {
    match gate.receive(request, "Encrypt", &kms(), NOW) {
        Step::Decided(outcome) => outcome,
        Step::Ask(question) => question.answer(credentials),
    }
}

fn signed_by(access_key_id: &'static str, token: Option<&'static str>) -> Request<Vec<u8>> {
    arrived(Signer { access_key_id, token, region: "eu-west-1", ..Signer::default() }.sign(encrypt()))
}

#[test]
fn accept_decides_at_once_about_what_aws_would_not_hand_out() {
    let gate = Gate::new(Signatures::Accept, []);
    for (request, account) in [
        (arrived(encrypt()), "000000000000"),
        (signed_by("111122223333", None), "111122223333"),
        (signed_by("test", None), "000000000000"),
    ] {
        let Step::Decided(Ok(sender)) = gate.receive(&request, "Encrypt", &kms(), NOW) else { panic!("{request:?}") };
        assert_eq!((sender.caller.account.as_str(), sender.caller.is_root()), (account, true));
    }
}

#[test]
fn accept_gives_known_keys_to_their_owners_whatever_the_signature() {
    let gate = Gate::new(Signatures::Accept, []);
    let (alice, wrong) = (other_account(), SecretString::new("wrong".to_owned()));
    for id in ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"] {
        let request = signed_by(id, None);
        let found = sender(&gate, &request, Some(known(alice.clone(), &wrong))).expect("accepted");
        assert_eq!((found.caller, found.region.as_str()), (alice.clone(), "eu-west-1"));
        let unknown = sender(&gate, &request, None).expect("accepted");
        assert_eq!(unknown.caller, root());
    }
}

#[test]
fn a_session_that_is_over_is_over_in_either_mode() {
    let (alice, secret, token) = (other_account(), secret(), SecretString::new(TOKEN.to_owned()));
    let session = |expires_at| Known {
        session_token: Some(&token),
        expires_at: Some(expires_at),
        ..known(alice.clone(), &secret)
    };
    let request = signed_by("ASIAIOSFODNN7EXAMPLE", Some(TOKEN));
    for signatures in [Signatures::Accept, Signatures::Verify] {
        let gate = Gate::new(signatures, []);
        assert_eq!(sender(&gate, &request, Some(session(NOW))), Err(Refusal::ExpiredToken));
        let later = NOW.plus(std::time::Duration::from_millis(1));
        assert_eq!(sender(&gate, &request, Some(session(later))).map(|sender| sender.caller), Ok(alice.clone()));
        let inactive = Known { is_active: false, ..session(later) };
        assert_eq!(sender(&gate, &request, Some(inactive)), Err(Refusal::UnknownCredentials));
    }
}

#[test]
fn verify_takes_known_credentials_only() {
    let gate = Gate::new(Signatures::Verify, []);
    let (alice, secret) = (other_account(), secret());
    let request = signed_by("AKIAIOSFODNN7EXAMPLE", None);
    let found = sender(&gate, &request, Some(known(alice.clone(), &secret))).expect("verified");
    assert_eq!((found.caller, found.region.as_str()), (alice.clone(), "eu-west-1"));
    assert_eq!(sender(&gate, &request, None), Err(Refusal::UnknownCredentials));
    assert_eq!(sender(&gate, &signed_by("111122223333", None), None), Err(Refusal::UnknownCredentials));
    assert_eq!(sender(&gate, &arrived(encrypt()), None), Err(Refusal::Unsigned));

    let wrong = SecretString::new("wrong".to_owned());
    assert!(matches!(sender(&gate, &request, Some(known(alice.clone(), &wrong))), Err(Refusal::Invalid(_))));
}

#[test]
fn a_session_token_is_there_exactly_where_it_belongs() {
    let gate = Gate::new(Signatures::Verify, []);
    let (alice, secret) = (other_account(), secret());
    let [right, wrong] = [TOKEN, "another"].map(|token| SecretString::new(token.to_owned()));
    for form in [Form::Header, Form::Presigned] {
        let sign = |token| {
            let signer = Signer { form, access_key_id: "ASIAIOSFODNN7EXAMPLE", token, ..Signer::default() };
            arrived(signer.sign(encrypt()))
        };
        for (sent, expected, is_right) in [
            (Some(TOKEN), Some(&right), true),
            (Some(TOKEN), Some(&wrong), false),
            (Some(TOKEN), None, false),
            (None, Some(&right), false),
        ] {
            let session = Known { session_token: expected, ..known(alice.clone(), &secret) };
            let outcome = sender(&gate, &sign(sent), Some(session)).map(|sender| sender.caller);
            let wanted = if is_right { Ok(alice.clone()) } else { Err(Refusal::UnknownCredentials) };
            assert_eq!(outcome, wanted, "{form:?} {sent:?} {expected:?}");
        }
    }
}

#[test]
fn configured_access_key_ids_may_have_any_form() {
    let (alice, secret) = (other_account(), secret());
    for signatures in [Signatures::Accept, Signatures::Verify] {
        let gate = Gate::new(signatures, ["ci".to_owned()]);
        let found = sender(&gate, &signed_by("ci", None), Some(known(alice.clone(), &secret)));
        assert_eq!(found.map(|sender| sender.caller), Ok(alice.clone()));
    }
}

#[test]
fn operations_for_those_without_credentials_need_no_signature() {
    let gate = Gate::new(Signatures::Verify, []);
    let sts = SigningRules::of("sts", Dialect::Query);
    let request = arrived(encrypt());
    for (operation, is_let_in) in
        [("AssumeRoleWithWebIdentity", true), ("AssumeRoleWithSAML", true), ("AssumeRole", false)]
    {
        let Step::Decided(outcome) = gate.receive(&request, operation, &sts, NOW) else { panic!("asked") };
        assert_eq!(outcome.is_ok(), is_let_in, "{operation}");
    }
    // What is not signed names no account either.
    let claim = "/?X-Amz-Credential=111122223333/20150830/eu-west-1/sts/aws4_request";
    let request = Request::post(claim).body(Vec::new()).expect("valid");
    let Step::Decided(outcome) = gate.receive(&request, "AssumeRoleWithSAML", &sts, NOW) else { panic!("asked") };
    assert_eq!(outcome.map(|sender| sender.caller), Ok(root()));
}
