//! Replaces the policy of a key, in whichever state the key is.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::PutKeyPolicyRequest;
use crate::messages;
use crate::policy_document::{POLICY_NAME, normalise};

pub(crate) async fn put_key_policy(kms: &Kms, cx: &Context, input: PutKeyPolicyRequest) -> Result<(), ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::PutKeyPolicy, |change| {
        match input.policy_name.as_deref() {
            None | Some(POLICY_NAME) => {}
            Some("AWS_RAM") => return Err(messages::ram_policy()),
            Some(_) => return Err(messages::no_such_policy()),
        }
        change.record.policy = normalise(&input.policy)?;
        Ok(())
    });
    changed.await.map(|_| ())
}
