use http::{HeaderName, HeaderValue, Request};
use trent_shared::{SecretString, Timestamp};
use trent_sigv4::{Dialect, Gate, Refusal, Signatures, SignedRequest, SigningRules, Step, Style};

/// 2015-08-30T12:36:00Z, when AWS's examples are signed.
const NOW: Timestamp = Timestamp::from_millis(1_440_938_160_000);

/// A request, written as `<method> <target>`, then a header in each line, an empty line, and the body. Nobody gets in with
/// a secret that nobody has, and whoever is kept out is told why.
pub fn sigv4(data: &[u8]) {
    let Some(request) = request(data) else { return };
    let rules = SigningRules::of("service", Dialect::Query);
    for style in [Style::Standard, Style::S3] {
        let rules = SigningRules { style, ..rules };
        let nobodys = SecretString::new("nobody's".to_owned());
        let outcome = SignedRequest::parse(&request, &rules, NOW).and_then(|signed| signed.verify(&nobodys));
        assert_is_told(&outcome.expect_err("no signature is right"));
    }
    let accepted = Gate::new(Signatures::Accept, []).receive(&request, "Operation", &rules, NOW);
    let accepted = match accepted {
        Step::Decided(outcome) => outcome,
        Step::Ask(question) => question.answer(None),
    };
    match accepted {
        Ok(sender) => assert!(sender.caller.is_root()),
        Err(refusal) => assert_is_told(&refusal),
    }
}

fn request(data: &[u8]) -> Option<Request<&[u8]>> {
    let end = data.windows(2).position(|two| two == b"\n\n").unwrap_or(data.len());
    let (head, body) = data.split_at(end);
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = lines.next()?;
    let (method, target) = line.split_at(line.iter().position(|byte| *byte == b' ')?);
    let mut request = Request::builder().method(method).uri(target.trim_ascii_start());
    for header in lines {
        let (name, value) = header.split_at(header.iter().position(|byte| *byte == b':')?);
        let name = HeaderName::from_bytes(name).ok()?;
        request = request.header(name, HeaderValue::from_bytes(value.get(1..)?.trim_ascii()).ok()?);
    }
    request.body(body.get(2..).unwrap_or_default()).ok()
}

fn assert_is_told(refusal: &Refusal) {
    for dialect in [Dialect::Json, Dialect::Query] {
        let error = refusal.clone().into_error(dialect);
        assert!([400, 403].contains(&error.status) && error.message.is_some_and(|message| !message.is_empty()));
    }
}
