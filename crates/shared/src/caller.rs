use crate::{AccountId, Arn, Partition};

/// Who sent a request: the principal that AWS would name in a denial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub account: AccountId,
    pub arn: Arn,
    /// STS's `UserId`: the account id for a root user, `AIDA…` for a user, `AROA…:session` for a role.
    pub user_id: String,
}

impl Caller {
    /// The account's root user: whoever calls without a known identity.
    pub fn root(partition: Partition, account: AccountId) -> Self {
        Self {
            account,
            arn: Arn {
                partition: partition.to_string(),
                service: "iam".to_owned(),
                region: String::new(),
                account: account.to_string(),
                resource: "root".to_owned(),
            },
            user_id: account.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_named_as_iam_names_it() {
        let account = "111122223333".parse().expect("valid");
        assert_eq!(Caller::root(Partition::AwsCn, account).arn.to_string(), "arn:aws-cn:iam::111122223333:root");
    }
}
