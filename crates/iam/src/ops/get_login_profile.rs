//! Shows a user's password settings: there is no console to sign in to here, so nobody has any. Whoever deletes a user
//! asks for it first.

use trent_shared::{ApiError, Context};

use crate::api::{GetLoginProfileRequest, GetLoginProfileResponse};
use crate::facts::Facts;
use crate::{Iam, messages};

pub(crate) async fn get_login_profile(
    iam: &Iam,
    cx: &Context,
    input: GetLoginProfileRequest,
) -> Result<GetLoginProfileResponse, ApiError> {
    let user = iam.user_or_caller(cx, "iam:GetLoginProfile", input.user_name.as_deref(), &Facts::none()).await?;
    Err(messages::login_profile_not_found(&user.record.name))
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{denies, make_user};

    #[tokio::test]
    async fn nobody_has_one() {
        let cloud = Cloud::new();
        let user = [("UserName", "alice")];
        let message = "The user with name alice cannot be found.";
        cloud.iam("GetLoginProfile", &user).await.is_refused(404, "NoSuchEntity", message);
        make_user(&cloud, "alice").await;
        let message = "Login Profile for User alice cannot be found.";
        cloud.iam("GetLoginProfile", &user).await.is_refused(404, "NoSuchEntity", message);
        denies(&cloud, "GetLoginProfile", &user, "user alice").await;
    }
}
