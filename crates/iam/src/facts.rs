//! The condition keys of IAM: what a policy can ask about a request and about the resource that it is for.

use std::borrow::Cow;
use std::collections::BTreeMap;

use trent_policy::Values;

use crate::api::Tag;

/// The names of keys that requests set, in lower case, as policies are asked for them.
pub(crate) mod key {
    pub(crate) const AWS_SERVICE_NAME: &str = "iam:awsservicename";
    pub(crate) const PASSED_TO_SERVICE: &str = "iam:passedtoservice";
    pub(crate) const PERMISSIONS_BOUNDARY: &str = "iam:permissionsboundary";
    pub(crate) const POLICY_ARN: &str = "iam:policyarn";
}

/// What is known of one request. Nothing unless said.
#[derive(Default)]
pub(crate) struct Facts<'a> {
    resource_tags: Option<&'a BTreeMap<String, String>>,
    /// `aws:RequestTag/…` and `aws:TagKeys`.
    request_tags: &'a [Tag],
    /// `aws:TagKeys` of tags that are taken away.
    tag_keys: &'a [String],
    /// Other keys, in lower case, and their values.
    others: Vec<(&'static str, &'a str)>,
}

impl<'a> Facts<'a> {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// The tags that the request brings.
    pub(crate) fn adding(tags: Option<&'a [Tag]>) -> Self {
        Self { request_tags: tags.unwrap_or_default(), ..Self::default() }
    }

    /// The keys of the tags that the request takes away.
    pub(crate) fn removing(keys: &'a [String]) -> Self {
        Self { tag_keys: keys, ..Self::default() }
    }

    /// One more key, if it has a value in the request.
    #[must_use]
    pub(crate) fn and(mut self, key: &'static str, value: Option<&'a str>) -> Self {
        self.others.extend(value.map(|value| (key, value)));
        self
    }

    /// The same, of a resource with these tags.
    pub(crate) fn about(&self, tags: Option<&'a BTreeMap<String, String>>) -> Self {
        Self { resource_tags: tags, others: self.others.clone(), ..*self }
    }
}

impl trent_policy::Facts for Facts<'_> {
    fn values(&self, key: &str) -> Values<'_> {
        let of_resource = ["aws:resourcetag/", "iam:resourcetag/"].iter().find_map(|prefix| key.strip_prefix(prefix));
        if let Some(name) = of_resource {
            let mut tags = self.resource_tags.into_iter().flatten();
            return one(tags.find(|(key, _)| key.to_lowercase() == name).map(|(_, value)| value.as_str()));
        }
        if let Some(name) = key.strip_prefix("aws:requesttag/") {
            let tag = self.request_tags.iter().find(|tag| tag.key.to_lowercase() == name);
            return one(tag.map(|tag| tag.value.as_str()));
        }
        if key == "aws:tagkeys" {
            let added = self.request_tags.iter().map(|tag| tag.key.as_str());
            return Values::Many(added.chain(self.tag_keys.iter().map(String::as_str)).map(Cow::Borrowed).collect());
        }
        one(self.others.iter().find(|(name, _)| *name == key).map(|(_, value)| *value))
    }
}

fn one(value: Option<&str>) -> Values<'_> {
    value.map_or(Values::Absent, |value| Values::One(Cow::Borrowed(value)))
}

#[cfg(test)]
mod tests {
    use trent_policy::Facts as _;

    use super::*;

    #[test]
    fn tags_are_told_of_the_request_and_of_the_resource_whatever_the_case_of_their_keys() {
        let tags = [Tag { key: "Team".to_owned(), value: "Red".to_owned() }];
        let had = BTreeMap::from([("Stage".to_owned(), "Test".to_owned())]);
        let facts = Facts::adding(Some(&tags)).and(key::PERMISSIONS_BOUNDARY, Some("arn"));
        let facts = facts.about(Some(&had));
        let told = |value| Values::One(Cow::Borrowed(value));
        assert_eq!(facts.values("aws:requesttag/team"), told("Red"));
        assert_eq!(facts.values("aws:resourcetag/stage"), told("Test"));
        assert_eq!(facts.values("iam:resourcetag/stage"), told("Test"));
        assert_eq!(facts.values("iam:permissionsboundary"), told("arn"));
        assert_eq!(facts.values("aws:tagkeys"), Values::Many(vec!["Team".into()]));
        assert_eq!(facts.values("aws:requesttag/stage"), Values::Absent);
        let removed = ["Team".to_owned()];
        assert_eq!(Facts::removing(&removed).values("aws:tagkeys"), Values::Many(vec!["Team".into()]));
    }
}
