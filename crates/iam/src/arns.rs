//! The ARNs of what IAM keeps, and of what a request is about when there is no such thing.

use trent_shared::{Arn, Context};

/// `/`, the path of what is made without one.
pub(crate) const NO_PATH: &str = "/";

/// The ARN of a resource of the caller's account: `kind` is `user`, `policy`, `oidc-provider`. With an empty name it is
/// what a list is about: `arn:aws:iam::111122223333:user/division/`.
pub(crate) fn arn(cx: &Context, kind: &str, path: &str, name: &str) -> Arn {
    Arn {
        partition: cx.partition().to_string(),
        service: "iam".to_owned(),
        region: String::new(),
        account: cx.account().to_string(),
        resource: format!("{kind}{path}{name}"),
    }
}
