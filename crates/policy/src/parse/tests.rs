use crate::policy::{Policy, PolicyKind};

fn error(text: &str, kind: PolicyKind) -> String {
    Policy::parse(text, kind).map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
}

const SYNTAX: &str = "Syntax errors in policy.";

fn assert_identity(statement: &str, expected: &str) {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#);
    assert_eq!(error(&text, PolicyKind::Identity), expected, "{statement}");
}

#[test]
fn what_is_not_of_the_grammar_is_a_syntax_error() {
    for (statement, expected) in [
        (r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#, "accepted"),
        (
            r#"[{"Sid": "", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}, {"Sid": "", "Effect": "Deny", "NotAction": ["*"], "NotResource": ["*"]}]"#,
            "accepted",
        ),
        ("[]", SYNTAX),
        ("1", SYNTAX),
        (r#"{"Effect": "Allow", "Action": 1, "Resource": "*"}"#, SYNTAX),
        (r#"{"Effect": "Allow", "Action": ["s3:*", null], "Resource": "*"}"#, SYNTAX),
        (r#"{"Effect": "Allow", "Action": "s3:*", "NotAction": "s3:*", "Resource": "*"}"#, SYNTAX),
        (r#"{"Effect": "Allow", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}"#, SYNTAX),
        (r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Why": "x"}"#, SYNTAX),
        (r#"{"Effect": "Maybe", "Action": "s3:*", "Resource": "*"}"#, SYNTAX),
        (r#"{"Action": "s3:*", "Resource": "*"}"#, SYNTAX),
        (r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringIs": {"a": "b"}}}"#, SYNTAX),
        (r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringIs": {}}}"#, "accepted"),
        (
            r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"NullIfExists": {"a": "true"}}}"#,
            SYNTAX,
        ),
        (r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"a": {"b": "c"}}}}"#, SYNTAX),
        (r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": "x"}"#, SYNTAX),
    ] {
        assert_identity(statement, expected);
    }
}

#[test]
fn malformed_identity_policies_are_told_in_iams_words() {
    for (statement, expected) in [
        (r#"{"Effect": "allow", "Action": "s3:*", "Resource": "*"}"#, "The policy failed legacy parsing"),
        (
            r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"DateLessThan": {"a": "soon"}}}"#,
            "The policy failed legacy parsing",
        ),
        (r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3::x"}"#, "The policy failed legacy parsing"),
        (
            r#"[{"Sid": "a", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}, {"Sid": "a", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]"#,
            "Statement IDs (SID) in a single policy must be unique.",
        ),
        (
            r#"{"Sid": "a b", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#,
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ),
        (
            r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#,
            "Policy document should not specify a principal.",
        ),
        (r#"{"Effect": "Allow", "Resource": "*"}"#, "Policy statement must contain actions."),
        (r#"{"Effect": "Allow", "Action": [], "Resource": "*"}"#, "Policy statement must contain actions."),
        (r#"{"Effect": "Allow", "Action": "s3:*"}"#, "Policy statement must contain resources."),
        (
            r#"{"Effect": "Allow", "Action": "invalid", "Resource": "*"}"#,
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (r#"{"Effect": "Allow", "Action": "a:b:c", "Resource": "*"}"#, "Actions/Condition can contain only one colon."),
        (r#"{"Effect": "Allow", "NotAction": "a_b:c", "Resource": "*"}"#, "Vendor a_b is not valid"),
        (
            r#"{"Effect": "Allow", "Action": "x", "Resource": "bucket"}"#,
            r#"Resource bucket must be in ARN format or "*"."#,
        ),
        (
            r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:gcp:s3:::b"}"#,
            r#"Partition "gcp" is not valid for resource "arn:gcp:s3:::b"."#,
        ),
        (
            r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:gcp"}"#,
            r#"Partition "gcp" is not valid for resource "arn:gcp:*:*:*:*"."#,
        ),
        (
            r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws"}"#,
            "Resource vendor must be fully qualified and cannot contain regexes.",
        ),
        (
            r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:us-east-1::b"}"#,
            "Resource arn:aws:s3:us-east-1::b can not contain region information.",
        ),
        (
            r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3"}"#,
            "Resource arn:aws:s3 can not contain region information.",
        ),
        (r#"{"Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws:iam::111122223333:*"}"#, "accepted"),
        (
            r#"{"Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws:iam::111122223333:root"}"#,
            "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, instance-profile/, \
             mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.",
        ),
        (
            r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:iam:r::user/a"}"#,
            "IAM resource arn:aws:iam:r::user/a cannot contain region information.",
        ),
    ] {
        assert_identity(statement, expected);
    }
}

#[test]
fn documents_are_checked_before_their_statements() {
    let one = r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#;
    for (document, expected) in [
        (
            format!(r#"{{"Version": "2008-10-17", "Statement": {one}}}"#),
            "Policy document must be version 2012-10-17 or greater.",
        ),
        (format!(r#"{{"Statement": {one}}}"#), "Policy document must be version 2012-10-17 or greater."),
        (
            r#"{"Statement": {"Effect": "allow", "Action": "a", "Resource": "b", "Condition": {"X": {"a": "b"}}}}"#
                .to_owned(),
            SYNTAX,
        ),
        (format!(r#"{{"Version": "2013-01-01", "Statement": {one}}}"#), SYNTAX),
        (format!(r#"{{"Version": "2012-10-17", "Statement": {one}, "Extra": 1}}"#), SYNTAX),
        (r#"{"Version": "2012-10-17"}"#.to_owned(), SYNTAX),
        ("[]".to_owned(), SYNTAX),
        ("no".to_owned(), SYNTAX),
    ] {
        assert_eq!(error(&document, PolicyKind::Identity), expected, "{document}");
    }
}

#[test]
fn malformed_trust_policies_are_told_in_iams_words() {
    for (statement, expected) in [
        (r#""Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole""#, "accepted"),
        (r#""Principal": {"AWS": "111122223333"}, "Action": ["sts:AssumeRole", "sts:TagSession"]"#, "accepted"),
        (r#""Action": "sts:AssumeRole""#, "Missing required field Principal"),
        (r#""Principal": {}, "Action": "sts:AssumeRole""#, "Missing required field Principal cannot be empty!"),
        (r#""Principal": "*""#, "Missing required field Action"),
        (r#""NotPrincipal": {"AWS": "*"}, "Action": "sts:AssumeRole""#, "Allow with NotPrincipal is not allowed."),
        (r#""Principal": "*", "Action": "sts:AssumeRole", "Resource": "*""#, "Has prohibited field Resource"),
        (
            r#""Principal": "*", "Action": "sts:AssumeRole", "NotResource": "*""#,
            "AssumeRole policy must not contain resources.",
        ),
        (r#""Principal": "*", "Action": "*""#, "AssumeRole policy may only specify STS AssumeRole actions."),
        (
            r#""Principal": "*", "Action": "sts:GetCallerIdentity""#,
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (r#""Principal": "Alice", "Action": "sts:AssumeRole""#, SYNTAX),
        (r#""Principal": {"Who": "Alice"}, "Action": "sts:AssumeRole""#, SYNTAX),
    ] {
        let text = format!(r#"{{"Version": "2008-10-17", "Statement": [{{"Effect": "Allow", {statement}}}]}}"#);
        assert_eq!(error(&text, PolicyKind::Trust), expected, "{statement}");
    }
}
