//! Key policies as documents: what AWS takes, and how it gives them back (authz.md §2.1, recorded): parsed, its
//! elements in AWS's order, and printed as Jackson's pretty printer does.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::{fmt, io};

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::ser::Formatter;
use trent_policy::{Policy, PolicyKind};
use trent_shared::{AccountId, ApiError, Partition};

use crate::conditions::is_multivalued;
use crate::messages;

/// The name of a key's only policy.
pub(crate) const POLICY_NAME: &str = "default";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(deserialize_with = "one_or_many")]
    statement: Vec<Object<Statement>>,
}

/// A structure written as a JSON object. serde alone would also take a list of its members for it.
#[derive(Serialize)]
#[serde(transparent)]
struct Object<T>(T);

/// A statement; an absent Action or Resource is accepted and makes it inert, as on AWS.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    effect: Effect,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Principal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_principal: Option<Principal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Texts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<Texts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Texts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_resource: Option<Texts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<BTreeMap<String, BTreeMap<String, Value>>>,
}

#[derive(Serialize, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Principal {
    Named(BTreeMap<String, Texts>),
    #[serde(serialize_with = "anyone")]
    Anyone(Star),
}

#[derive(Deserialize)]
enum Star {
    #[serde(rename = "*")]
    Star,
}

/// Texts that may be written as one or as a list, and are given back alone where there is just one.
#[derive(Deserialize)]
#[serde(transparent)]
struct Texts(#[serde(deserialize_with = "one_or_many")] Vec<String>);

/// The policy of a key that was given none: the account may use it, and delegates that to IAM.
pub(crate) fn default_policy(partition: Partition, account: AccountId) -> String {
    format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:{partition}:iam::{account}:root"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#
    )
}

/// A key policy that somebody wants.
pub(crate) struct WantedPolicy {
    /// In the form in which it is given back.
    pub(crate) text: String,
    /// `None` of the default, which needs no checking.
    pub(crate) given: Option<Arc<Policy>>,
}

impl WantedPolicy {
    /// The policy of a request, of at most `most_bytes`, or else the default of the account.
    pub(crate) fn read(
        given: Option<&str>,
        most_bytes: usize,
        partition: Partition,
        account: AccountId,
    ) -> Result<Self, ApiError> {
        match given {
            Some(policy) => {
                let (text, given) = accept(policy, most_bytes)?;
                Ok(Self { text, given: Some(Arc::new(given)) })
            }
            None => Ok(Self { text: default_policy(partition, account), given: None }),
        }
    }
}

/// Takes a policy of at most `most_bytes` in. Returns it in the form in which it is given back, and ready to be asked.
pub(crate) fn accept(policy: &str, most_bytes: usize) -> Result<(String, Policy), ApiError> {
    if policy.len() > most_bytes {
        return Err(messages::policy_too_large(most_bytes));
    }
    let parsed = Policy::parse(policy, PolicyKind::Key).map_err(|error| messages::malformed_policy(&error))?;
    parsed.check_set_operators(is_multivalued).map_err(|error| messages::malformed_policy(&error))?;
    let Object(document): Object<Document> = serde_json::from_str(policy).map_err(|error| unreadable(&error))?;
    Ok((render(&document).map_err(|error| unreadable(&error))?, parsed))
}

/// A policy in the form in which it is given back, with other names for principals that it names where there are such. What
/// else it says, even if it is the same text, stays.
pub(crate) fn with_principals_replaced(
    policy: &str,
    replacement: impl Fn(&str) -> Option<String>,
) -> Result<String, ApiError> {
    let Object(mut document): Object<Document> = serde_json::from_str(policy).map_err(|error| unreadable(&error))?;
    for Object(statement) in &mut document.statement {
        for principal in statement.principal.iter_mut().chain(&mut statement.not_principal) {
            let Principal::Named(kinds) = principal else { continue };
            for name in kinds.get_mut("AWS").into_iter().flat_map(|Texts(names)| names) {
                if let Some(other) = replacement(name) {
                    *name = other;
                }
            }
        }
    }
    render(&document).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> ApiError {
    tracing::error!(%error, "a policy that was parsed could not be printed");
    ApiError::internal_failure()
}

fn render(document: &Document) -> Result<String, serde_json::Error> {
    let mut json = Vec::new();
    document.serialize(&mut serde_json::Serializer::with_formatter(&mut json, Jackson::default()))?;
    String::from_utf8(json).map_err(serde_json::Error::custom)
}

fn one_or_many<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany<T> {
        Many(Vec<T>),
        One(T),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::Many(many) => many,
        OneOrMany::One(one) => vec![one],
    })
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }

        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

/// `"*"` comes back as `{ "AWS" : "*" }` (recorded).
fn anyone<S: Serializer>(Star::Star: &Star, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map([("AWS", "*")])
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }
}

/// Jackson's `DefaultPrettyPrinter`: objects on lines of their own, arrays on one line, ` : ` after names.
#[derive(Default)]
struct Jackson {
    depth: usize,
}

impl Jackson {
    fn new_line<W: io::Write + ?Sized>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }
}

impl Formatter for Jackson {
    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"[ ")
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b" ]")
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.new_line(writer)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b" : ")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        self.new_line(writer)?;
        writer.write_all(b"}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST_BYTES: usize = 32_768;

    fn normalised(policy: &str) -> Result<String, ApiError> {
        accept(policy, MOST_BYTES).map(|(text, _)| text)
    }

    #[test]
    fn the_default_policy_is_its_own_normal_form() {
        let policy = default_policy(Partition::Aws, "111122223333".parse().expect("valid"));
        assert_eq!(normalised(&policy).as_deref(), Ok(policy.as_str()));
    }

    #[test]
    fn a_policy_comes_back_in_awss_order_and_form() {
        let given = r#"{"Statement":{"Resource":["*"],"Action":["kms:Encrypt","kms:Decrypt"],"Principal":"*",
            "Effect":"Deny","Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}},"Version":"2012-10-17"}"#;
        let expected = r#"{
  "Version" : "2012-10-17",
  "Statement" : [ {
    "Effect" : "Deny",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Encrypt", "kms:Decrypt" ],
    "Resource" : "*",
    "Condition" : {
      "Bool" : {
        "kms:GrantIsForAWSResource" : true
      }
    }
  } ]
}"#;
        assert_eq!(normalised(given).as_deref(), Ok(expected));
    }

    #[test]
    fn principals_alone_are_replaced() {
        let policy = |name: &str| {
            let statement = |element: &str, names: &str| {
                format!(
                    r#"{{ "Sid": "old", "Effect": "Deny", "{element}": {{ "AWS": {names}, "Service": "old" }},
                        "Action": "kms:*", "Resource": "old",
                        "Condition": {{ "StringEquals": {{ "aws:PrincipalArn": [ "old" ], "old": "old" }} }} }}"#
                )
            };
            let (one, many) = (format!("\"{name}\""), format!(r#"[ "other", "{name}" ]"#));
            let statements = [statement("Principal", &one), statement("NotPrincipal", &many)].join(", ");
            let text = format!(r#"{{ "Version": "2012-10-17", "Id": "old", "Statement": [ {statements} ] }}"#);
            let Object(document): Object<Document> = serde_json::from_str(&text).expect("a document");
            render(&document).expect("JSON")
        };
        let replaced = with_principals_replaced(&policy("old"), |name| (name == "old").then(|| "new".to_owned()));
        assert_eq!(replaced.as_deref(), Ok(policy("new").as_str()));
        let kept = with_principals_replaced(&policy("old"), |_| None);
        assert_eq!(kept.as_deref(), Ok(policy("old").as_str()));
        let anyone = normalised(r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}]}"#);
        let anyone = anyone.expect("a policy");
        assert_eq!(with_principals_replaced(&anyone, |_| None).as_deref(), Ok(anyone.as_str()));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for wrong in
            ["", "{}", "[]", "null", r#"{"Statement":[{"Effect":"Perhaps"}]}"#, r#"{"Statement":[],"Extra":1}"#]
        {
            let refused = normalised(wrong).expect_err(wrong);
            assert_eq!(refused.code, "MalformedPolicyDocumentException", "{wrong}");
        }
        let large = format!(r#"{{"Statement":[],"Id":"{}"}}"#, "x".repeat(MOST_BYTES));
        assert_eq!(normalised(&large), Err(messages::policy_too_large(MOST_BYTES)));
    }
}
