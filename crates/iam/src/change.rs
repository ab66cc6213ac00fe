//! How the directory is changed: read, decide, commit, and start over if somebody else was first.
//!
//! ```ignore
//! for mut change in attempts(cx) {
//!     let user = iam.named::<UserRecord>(cx, "iam:UpdateUser", &input.user_name, &Facts::none()).await?;
//!     change.replace(&user, &UserRecord { path, ..user.record.clone() })?;
//!     if iam.directory().commit(change).await? {
//!         return Ok(());
//!     }
//! }
//! Err(too_many_conflicts())
//! ```

use trent_identity::{Change, DirectoryError};
use trent_shared::{ApiError, Context};

/// Empty changes of the caller's account, one for each attempt.
pub(crate) fn attempts(cx: &Context) -> impl Iterator<Item = Change> + use<> {
    Change::attempts(cx.account())
}

/// Others were first, again and again.
pub(crate) fn too_many_conflicts() -> ApiError {
    DirectoryError::TooManyConflicts.into()
}
