use crate::{AccountId, Arn, Partition};

/// Who sent a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub partition: Partition,
    pub account: AccountId,
    pub principal: Principal,
}

/// What kind of identity a caller has in its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account's root user: whoever calls without a known identity.
    Root,
}

impl Caller {
    pub fn root(partition: Partition, account: AccountId) -> Self {
        Self { partition, account, principal: Principal::Root }
    }

    /// The ARN that AWS would name in a denial. Made when asked for: most requests never are.
    pub fn arn(&self) -> Arn {
        let Principal::Root = self.principal;
        Arn {
            partition: self.partition.to_string(),
            service: "iam".to_owned(),
            region: String::new(),
            account: self.account.to_string(),
            resource: "root".to_owned(),
        }
    }

    /// STS's `UserId`: the account id for a root user.
    pub fn user_id(&self) -> String {
        let Principal::Root = self.principal;
        self.account.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_named_as_iam_names_it() {
        let account = "111122223333".parse().expect("valid");
        assert_eq!(Caller::root(Partition::AwsCn, account).arn().to_string(), "arn:aws-cn:iam::111122223333:root");
    }
}
