//! The rules of tags. Keys of users' and roles' tags are the same whatever the case of their letters, those of other
//! resources are not (IAM User Guide, "Tags for IAM resources").

use std::collections::BTreeMap;

use trent_shared::ApiError;

use crate::api::Tag;
use crate::messages;

const MOST_TAGS: usize = 50;

/// Whether the case of the letters tells one key from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyCase {
    /// Of users and roles.
    Ignored,
    Matters,
}

/// The tags of something new.
pub(crate) fn of_new(tags: Option<&[Tag]>, case: KeyCase) -> Result<BTreeMap<String, String>, ApiError> {
    let mut made = BTreeMap::new();
    add(&mut made, tags.unwrap_or_default(), case)?;
    Ok(made)
}

/// Puts tags onto something: one that it has already gets the new value, and the new case of letters.
pub(crate) fn add(existing: &mut BTreeMap<String, String>, added: &[Tag], case: KeyCase) -> Result<(), ApiError> {
    for (index, Tag { key, .. }) in added.iter().enumerate() {
        refuse_reserved(key)?;
        if added.iter().skip(index + 1).any(|other| case.same(key, &other.key)) {
            return Err(messages::duplicate_tags(case));
        }
    }
    existing.retain(|key, _| !added.iter().any(|tag| case.same(key, &tag.key)));
    existing.extend(added.iter().map(|tag| (tag.key.clone(), tag.value.clone())));
    if existing.len() > MOST_TAGS { Err(messages::too_many_tags()) } else { Ok(()) }
}

/// Takes tags off something; one that it does not have is no error.
pub(crate) fn remove(existing: &mut BTreeMap<String, String>, removed: &[String], case: KeyCase) {
    existing.retain(|key, _| !removed.iter().any(|removed| case.same(key, removed)));
}

/// Tags as clients see them.
pub(crate) fn listed(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

/// The same, left out where there are none.
pub(crate) fn shown(tags: &BTreeMap<String, String>) -> Option<Vec<Tag>> {
    Some(listed(tags)).filter(|tags| !tags.is_empty())
}

impl KeyCase {
    fn same(self, one: &str, other: &str) -> bool {
        match self {
            Self::Matters => one == other,
            Self::Ignored => one.to_lowercase() == other.to_lowercase(),
        }
    }
}

/// `aws:` belongs to AWS, in any letter case.
fn refuse_reserved(key: &str) -> Result<(), ApiError> {
    match key.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("aws:") => Err(messages::reserved_tag()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag { key: key.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn fifty_tags_and_no_more() {
        let many: Vec<Tag> = (0..50).map(|n| tag(&n.to_string(), "v")).collect();
        let mut tags = of_new(Some(&many), KeyCase::Matters).expect("fifty");
        assert_eq!(add(&mut tags, &[tag("7", "w")], KeyCase::Matters), Ok(()), "an old tag takes no new place");
        assert_eq!(add(&mut tags, &[tag("one more", "v")], KeyCase::Matters), Err(messages::too_many_tags()));
    }

    #[test]
    fn the_case_of_a_key_tells_them_apart_or_not() {
        for (case, left) in
            [(KeyCase::Ignored, vec![tag("KEY", "2")]), (KeyCase::Matters, vec![tag("KEY", "2"), tag("key", "1")])]
        {
            let mut tags = of_new(Some(&[tag("key", "1")]), case).expect("valid");
            add(&mut tags, &[tag("KEY", "2")], case).expect("valid");
            assert_eq!(listed(&tags), left);
            let both = add(&mut tags, &[tag("a", "1"), tag("A", "2")], case);
            assert_eq!(both.is_ok(), case == KeyCase::Matters);
            remove(&mut tags, &["Key".to_owned()], case);
            assert_eq!(tags.keys().any(|key| key == "KEY"), case == KeyCase::Matters);
        }
    }

    #[test]
    fn reserved_and_repeated_tags_are_refused() {
        for reserved in ["aws:x", "AWS:x", "aWs:"] {
            assert_eq!(
                of_new(Some(&[tag(reserved, "v")]), KeyCase::Ignored),
                Err(messages::reserved_tag()),
                "{reserved}"
            );
        }
        assert!(of_new(Some(&[tag("aws", "v"), tag("äws:", "v")]), KeyCase::Ignored).is_ok());
        for case in [KeyCase::Ignored, KeyCase::Matters] {
            assert_eq!(of_new(Some(&[tag("a", "1"), tag("a", "2")]), case), Err(messages::duplicate_tags(case)));
        }
    }
}
