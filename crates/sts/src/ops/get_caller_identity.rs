//! Names the caller. Needs no permission, and cannot be denied (wire.md §7).

use trent_shared::{ApiError, Context};

use crate::Sts;
use crate::api::{GetCallerIdentityRequest, GetCallerIdentityResponse};

#[expect(clippy::unused_async, reason = "the generated dispatch awaits every operation alike")]
pub(crate) async fn get_caller_identity(
    _: &Sts,
    cx: &Context,
    _: GetCallerIdentityRequest,
) -> Result<GetCallerIdentityResponse, ApiError> {
    Ok(GetCallerIdentityResponse {
        user_id: Some(cx.caller.user_id()),
        account: Some(cx.caller.account.to_string()),
        arn: Some(cx.caller.arn().to_string()),
    })
}
