use std::fmt;
use std::str::FromStr;

/// `arn:partition:service:region:account:resource`, parsed into its six parts and nothing more: what region, account
/// and resource may hold is each service's own rule, so they stay text here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    pub partition: String,
    pub service: String,
    pub region: String,
    pub account: String,
    pub resource: String,
}

/// The text is not `arn:` followed by five more colon-separated parts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an ARN is arn:partition:service:region:account:resource")]
pub struct InvalidArn;

impl FromStr for Arn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or(InvalidArn);
        if next()? != "arn" {
            return Err(InvalidArn);
        }
        let arn = Self {
            partition: next()?.to_owned(),
            service: next()?.to_owned(),
            region: next()?.to_owned(),
            account: next()?.to_owned(),
            resource: next()?.to_owned(),
        };
        if arn.partition.is_empty() || arn.service.is_empty() || arn.resource.is_empty() {
            return Err(InvalidArn);
        }
        Ok(arn)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_survives_the_round_trip() {
        let text = "arn:aws:kms:us-east-1:111122223333:alias/a:b/c";
        let arn: Arn = text.parse().expect("valid");
        assert_eq!(arn.resource, "alias/a:b/c");
        assert_eq!(arn.to_string(), text);
    }

    #[test]
    fn incomplete_arns_are_refused() {
        for wrong in
            ["", "arn", "arn:aws:kms:us-east-1:111122223333", "arn:aws:kms:::", "urn:aws:kms:r:a:x", "arn::kms:r:a:x"]
        {
            assert_eq!(wrong.parse::<Arn>(), Err(InvalidArn), "{wrong}");
        }
    }
}
