use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// An AWS Region such as `us-east-1`: lower-case groups and a number joined by dashes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Arc<str>);

/// The text does not have the form of a Region name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a Region is named like us-east-1")]
pub struct InvalidRegion;

/// A partition: a group of Regions with its own ARN prefix (source: botocore endpoints.json).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Partition {
    Aws,
    AwsCn,
    AwsUsGov,
    AwsIso,
    AwsIsoB,
    AwsIsoE,
    AwsIsoF,
    AwsEusc,
}

impl Region {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that a Region belongs to, told by the prefix of its name.
    pub fn partition(&self) -> Partition {
        const PREFIXES: [(&str, Partition); 7] = [
            ("cn-", Partition::AwsCn),
            ("us-gov-", Partition::AwsUsGov),
            ("us-isob-", Partition::AwsIsoB),
            ("us-isof-", Partition::AwsIsoF),
            ("us-iso-", Partition::AwsIso),
            ("eu-isoe-", Partition::AwsIsoE),
            ("eusc-", Partition::AwsEusc),
        ];
        PREFIXES
            .iter()
            .find(|(prefix, _)| self.0.starts_with(prefix))
            .map_or(Partition::Aws, |(_, partition)| *partition)
    }
}

impl Default for Region {
    /// The Region of requests that name none: `us-east-1`.
    fn default() -> Self {
        Self("us-east-1".into())
    }
}

impl Partition {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsIso => "aws-iso",
            Self::AwsIsoB => "aws-iso-b",
            Self::AwsIsoE => "aws-iso-e",
            Self::AwsIsoF => "aws-iso-f",
            Self::AwsEusc => "aws-eusc",
        }
    }
}

impl FromStr for Region {
    type Err = InvalidRegion;

    /// The KMS model's `RegionType`: `^([a-z]+-){2,3}\d+$`, 1 to 32 characters.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (names, number) = text.rsplit_once('-').ok_or(InvalidRegion)?;
        let is_region = text.len() <= 32
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
            && (2..=3).contains(&names.split('-').count())
            && names.split('-').all(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase()));
        if is_region { Ok(Self(text.into())) } else { Err(InvalidRegion) }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_know_their_partition() {
        for (name, partition) in [
            ("us-east-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            let region: Region = name.parse().expect(name);
            assert_eq!(region.partition().as_str(), partition);
        }
    }

    #[test]
    fn only_the_form_of_a_region_is_accepted() {
        for wrong in ["", "us", "us-1", "us-east-", "us-east-1a", "US-east-1", "a-b-c-d-1", "us--1", "us-east-1-"] {
            assert_eq!(wrong.parse::<Region>(), Err(InvalidRegion), "{wrong}");
        }
    }
}
