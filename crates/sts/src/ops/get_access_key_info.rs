//! Tells the account of an access key, be there such a key or not: the id itself names it.

use trent_identity::account_of_access_key;
use trent_shared::{ApiError, Context};

use crate::api::{GetAccessKeyInfoRequest, GetAccessKeyInfoResponse};
use crate::facts::Facts;
use crate::{Sts, messages};

pub(crate) async fn get_access_key_info(
    sts: &Sts,
    cx: &Context,
    input: GetAccessKeyInfoRequest,
) -> Result<GetAccessKeyInfoResponse, ApiError> {
    let asked = sts.authorize(cx, "sts:GetAccessKeyInfo", "*", &Facts::default()).await?;
    asked.map_err(|refused| messages::not_authorized(&refused))?;
    // The ids of configured credentials are whatever somebody chose.
    let known = sts.directory().credentials(&input.access_key_id).await?;
    let account = known.map(|known| known.caller(cx.partition()).account);
    let account = account.or_else(|| account_of_access_key(&input.access_key_id));
    let account = account.ok_or_else(messages::unknown_access_key)?;
    Ok(GetAccessKeyInfoResponse { account: Some(account.to_string()) })
}

#[cfg(test)]
mod tests {
    use trent_identity::{DirectoryOptions, Mode, StaticCredentials};
    use trent_shared::SecretString;

    use crate::Options;
    use crate::testing::{Lab, nothing, root};

    async fn account(lab: &Lab, key: &str) -> String {
        let answer = lab.call(&root(), "GetAccessKeyInfo", &[("AccessKeyId", key)]).await.succeeds_in_xml();
        answer.text("Account").to_owned()
    }

    #[tokio::test]
    async fn a_key_names_its_account() {
        let secret = SecretString::new("secret".to_owned());
        let one =
            StaticCredentials::new("AKIAIOSFODNN7EXAMPLE".to_owned(), secret, "999988887777").expect("an account");
        let options = DirectoryOptions { credentials: vec![one], ..DirectoryOptions::default() };
        let lab = Lab::with(options, Mode::Enforce, Options::default());
        assert_eq!(account(&lab, "ASIAY34FZKBOKMUTVV7A").await, "609629065308");
        assert_eq!(account(&lab, "AKIAIOSFODNN7EXAMPLE").await, "999988887777");
        let session = lab.call(&root(), "GetSessionToken", &[]).await.succeeds_in_xml();
        assert_eq!(account(&lab, session.text("Credentials/AccessKeyId")).await, "111122223333");
        let words = "The access key ID names no account.";
        let answer = lab.call(&root(), "GetAccessKeyInfo", &[("AccessKeyId", "AKIAAAAAAAAAAAAAAAAA")]).await;
        answer.is_refused(400, "ValidationError", words);
    }

    #[tokio::test]
    async fn it_needs_a_permission() {
        let lab = Lab::new();
        let alice = lab.user("alice", nothing()).await;
        let words = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: sts:GetAccessKeyInfo \
                     because no identity-based policy allows the sts:GetAccessKeyInfo action";
        let answer = lab.call(&alice, "GetAccessKeyInfo", &[("AccessKeyId", "ASIAY34FZKBOKMUTVV7A")]).await;
        answer.is_refused(403, "AccessDenied", words);
    }
}
