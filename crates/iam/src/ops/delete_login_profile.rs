//! Takes a user's password away: there is no console to sign in to here, so nobody has any. Whoever deletes a user asks
//! for it first.

use trent_shared::{ApiError, Context};

use crate::api::DeleteLoginProfileRequest;
use crate::facts::Facts;
use crate::{Iam, messages};

pub(crate) async fn delete_login_profile(
    iam: &Iam,
    cx: &Context,
    input: DeleteLoginProfileRequest,
) -> Result<(), ApiError> {
    let user = iam.user_or_caller(cx, "iam:DeleteLoginProfile", input.user_name.as_deref(), &Facts::none()).await?;
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
        cloud.iam("DeleteLoginProfile", &user).await.is_refused(404, "NoSuchEntity", message);
        make_user(&cloud, "alice").await;
        let message = "Login Profile for User alice cannot be found.";
        cloud.iam("DeleteLoginProfile", &user).await.is_refused(404, "NoSuchEntity", message);
        denies(&cloud, "DeleteLoginProfile", &user, "user alice").await;
    }
}
