//! What IAM says of an input that breaks its model's constraints. Names and paths of the wrong form get a sentence of
//! their own, and other violations do not repeat the value (both recorded).

use trent_protocol::{Operation, Shape, Value, validate};
use trent_shared::ApiError;

use crate::{api, messages};

/// The characters of names, as the model has them.
const NAME: [&str; 2] = [r"[\w+=,.@-]+", r"[\w+=,.@-]*"];
const PATH: &str = r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)";

/// Decodes an input, or tells what is wrong with it as IAM does.
pub(crate) fn decode(operation: &'static Operation, body: &[u8]) -> Result<Value, ApiError> {
    let protocol = api::MODEL.protocol;
    protocol.decode(operation, body).map_err(|refusal| match protocol.parse(operation, body) {
        Ok(input) => refused(operation, input).unwrap_or(refusal),
        Err(_) => refusal,
    })
}

fn refused(operation: &'static Operation, input: Value) -> Option<ApiError> {
    let Value::Structure(values) = &input else { return None };
    let mut members = operation.input.members.iter().zip(values);
    let malformed = members.find_map(|(member, value)| {
        let (Some(Value::String(text)), Shape::String { pattern: Some(pattern), .. }) = (value, member.shape) else {
            return None;
        };
        if pattern.matches(text) {
            return None;
        }
        match pattern.source() {
            source if NAME.contains(&source) => Some(messages::invalid_name(member.name)),
            PATH => Some(messages::invalid_path(member.name)),
            _ => None,
        }
    });
    malformed.or_else(|| {
        let message = validate(&hidden(input), operation.input).err()?.message?;
        Some(messages::validation(message.replace("Value null at '", "Value at '")))
    })
}

/// The same input, whose texts are not shown.
fn hidden(value: Value) -> Value {
    match value {
        Value::String(text) => Value::SecretString(text.into()),
        Value::Structure(members) => Value::Structure(members.into_iter().map(|member| member.map(hidden)).collect()),
        Value::List(items) => Value::List(items.into_iter().map(hidden).collect()),
        Value::Map(entries) => Value::Map(entries.into_iter().map(|(key, value)| (key, hidden(value))).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    async fn refused(action: &str, parameters: &[(&str, &str)]) -> String {
        let refusal = Cloud::new().iam(action, parameters).await.fails();
        assert_eq!((refusal.status, &*refusal.code), (400, "ValidationError"), "{refusal:?}");
        refusal.message.expect("words")
    }

    #[tokio::test]
    async fn names_and_paths_of_the_wrong_form_get_a_sentence_of_their_own() {
        for name in ["a/b", "", "ä"] {
            assert_eq!(
                refused("CreateUser", &[("UserName", name)]).await,
                "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the \
                 following: +=,.@_-"
            );
        }
        for path in ["a", "/a", "a/", ""] {
            assert_eq!(
                refused("CreateUser", &[("UserName", "alice"), ("Path", path)]).await,
                "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
                 characters and/or / characters."
            );
        }
        let group = refused("UpdateGroup", &[("GroupName", "team"), ("NewGroupName", "a b")]).await;
        assert!(group.starts_with("The specified value for newGroupName is invalid."), "{group}");
    }

    #[tokio::test]
    async fn other_violations_do_not_repeat_the_value() {
        let long = "a".repeat(65);
        assert_eq!(
            refused("CreateUser", &[("UserName", &long)]).await,
            "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must have length \
             less than or equal to 64"
        );
        assert_eq!(
            refused("CreateUser", &[]).await,
            "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must not be null"
        );
        let tag = [("UserName", "alice"), ("Tags.member.1.Key", "a#b"), ("Tags.member.1.Value", "v")];
        let message = refused("TagUser", &tag).await;
        assert!(message.contains("Value at 'tags.1.member.key' failed"), "{message}");
    }
}
