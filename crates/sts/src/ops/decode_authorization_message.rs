//! Tells what a denial was about: of messages that [`crate::encoded_message`] made.

use trent_shared::{ApiError, Context};

use crate::api::{DecodeAuthorizationMessageRequest, DecodeAuthorizationMessageResponse};
use crate::facts::Facts;
use crate::{Sts, messages};

pub(crate) async fn decode_authorization_message(
    sts: &Sts,
    cx: &Context,
    input: DecodeAuthorizationMessageRequest,
) -> Result<DecodeAuthorizationMessageResponse, ApiError> {
    let asked = sts.authorize(cx, "sts:DecodeAuthorizationMessage", "*", &Facts::default()).await?;
    asked.map_err(|refused| messages::not_authorized(&refused))?;
    let decoded = sts.decoded(cx.account(), &input.encoded_message);
    let decoded = decoded.ok_or_else(messages::invalid_authorization_message)?;
    Ok(DecodeAuthorizationMessageResponse { decoded_message: Some(decoded) })
}

#[cfg(test)]
mod tests {
    use base64_simd::URL_SAFE_NO_PAD as BASE64;
    use serde_json::{Value, json};
    use trent_shared::{Caller, Partition};

    use crate::testing::{ACCOUNT, Lab, OTHER, allowing, id, nothing, root, trusting};

    #[tokio::test]
    async fn a_denial_can_be_read() {
        let lab = Lab::new();
        let alice = lab.user("alice", nothing()).await;
        let role = "arn:aws:iam::111122223333:role/Missing";
        let parameters = [("RoleArn", role), ("RoleSessionName", "session")];
        let (request, denied) = lab.call_with_id(&alice, "AssumeRole", &parameters).await;
        assert_eq!(denied.status, 403);
        let message = lab.message(request).expect("a denial");
        let answer = lab.call(&root(), "DecodeAuthorizationMessage", &[("EncodedMessage", &message)]).await;
        let answer = answer.succeeds_in_xml();
        let decoded: Value = serde_json::from_str(answer.text("DecodedMessage")).expect("JSON");
        assert_eq!((&decoded["allowed"], &decoded["explicitDeny"]), (&json!(false), &json!(false)));
        let context = &decoded["context"];
        assert_eq!(context["principal"]["arn"], json!("arn:aws:iam::111122223333:user/alice"));
        assert_eq!((&context["action"], &context["resource"]), (&json!("sts:AssumeRole"), &json!(role)));

        let words = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: \
                     sts:DecodeAuthorizationMessage because no identity-based policy allows the \
                     sts:DecodeAuthorizationMessage action";
        let answer = lab.call(&alice, "DecodeAuthorizationMessage", &[("EncodedMessage", &message)]).await;
        answer.is_refused(403, "AccessDenied", words);
    }

    #[tokio::test]
    async fn other_messages_are_not_valid() {
        let lab = Lab::new();
        let (allowed, _) = lab.call_with_id(&root(), "GetFederationToken", &[("Name", "bob")]).await;
        assert_eq!(lab.message(allowed), None);
        let alice = lab.user("alice", nothing()).await;
        let (denied, _) = lab.call_with_id(&alice, "GetFederationToken", &[("Name", "bob")]).await;
        let guessed = BASE64.encode_to_string(denied.as_uuid().as_bytes());
        for wrong in ["a", "####", "AAAA", &guessed] {
            let answer = lab.call(&root(), "DecodeAuthorizationMessage", &[("EncodedMessage", wrong)]).await;
            answer.is_refused(400, "InvalidAuthorizationMessageException", "Message is not valid.");
        }
    }

    #[tokio::test]
    async fn no_account_learns_of_another() {
        let lab = Lab::new();
        let role = lab.role("Reader", trusting(ACCOUNT, &["sts:AssumeRole"], &Value::Null)).await;
        let stranger = lab.user_of(OTHER, "mallory", allowing(&["sts:*"])).await;
        let parameters = [("RoleArn", &*role), ("RoleSessionName", "session")];
        let (request, _) = lab.call_with_id(&stranger, "AssumeRole", &parameters).await;
        let message = lab.message(request).expect("a denial");
        let parameters = [("EncodedMessage", &*message)];
        let answer = lab.call(&root(), "DecodeAuthorizationMessage", &parameters).await;
        answer.is_refused(400, "InvalidAuthorizationMessageException", "Message is not valid.");

        let own_root = Caller::root(Partition::Aws, id(OTHER));
        let answer = lab.call(&own_root, "DecodeAuthorizationMessage", &parameters).await.succeeds_in_xml();
        let decoded: Value = serde_json::from_str(answer.text("DecodedMessage")).expect("JSON");
        assert_eq!(decoded["context"]["principal"]["arn"], json!("arn:aws:iam::999988887777:user/mallory"));
        assert!(decoded["explanation"].is_null() && decoded["context"]["resource"].is_null(), "{decoded}");
        assert!(!answer.text("DecodedMessage").contains(ACCOUNT), "{decoded}");
    }
}
