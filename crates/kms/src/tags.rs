//! The rules of tags on keys (errors.md §9, cloudtrail-and-quotas.md B1).

use std::collections::BTreeMap;

use trent_shared::ApiError;

use crate::api::Tag;
use crate::messages;

const MOST_TAGS: usize = 50;

/// Puts tags onto a key: a tag that the key has already gets the new value.
pub(crate) fn add_tags(existing: &mut BTreeMap<String, String>, added: &[Tag]) -> Result<(), ApiError> {
    let mut tags = BTreeMap::new();
    for Tag { tag_key, tag_value } in added {
        refuse_reserved(tag_key)?;
        if tags.insert(tag_key.clone(), tag_value.clone()).is_some() {
            return Err(messages::duplicate_tags());
        }
    }
    existing.append(&mut tags);
    if existing.len() > MOST_TAGS { Err(messages::too_many_tags()) } else { Ok(()) }
}

/// Takes tags off a key; one that the key does not have is no error.
pub(crate) fn remove_tags(existing: &mut BTreeMap<String, String>, removed: &[String]) -> Result<(), ApiError> {
    removed.iter().try_for_each(|key| refuse_reserved(key))?;
    existing.retain(|key, _| !removed.contains(key));
    Ok(())
}

/// `aws:` belongs to AWS, in any letter case (recorded).
fn refuse_reserved(key: &str) -> Result<(), ApiError> {
    match key.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("aws:") => Err(messages::reserved_tag()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str) -> Tag {
        Tag { tag_key: key.to_owned(), tag_value: "v".to_owned() }
    }

    #[test]
    fn fifty_tags_and_no_more() {
        let many: Vec<Tag> = (0..50).map(|n| tag(&n.to_string())).collect();
        let mut tags = BTreeMap::new();
        assert_eq!(add_tags(&mut tags, &many), Ok(()));
        assert_eq!(add_tags(&mut tags, &[tag("7")]), Ok(()), "an old tag takes no new place");
        assert_eq!(add_tags(&mut tags, &[tag("one more")]), Err(messages::too_many_tags()));
    }

    #[test]
    fn reserved_and_repeated_tags_are_refused() {
        for reserved in ["aws:x", "AWS:x", "aWs:"] {
            assert_eq!(add_tags(&mut BTreeMap::new(), &[tag(reserved)]), Err(messages::reserved_tag()), "{reserved}");
        }
        assert_eq!(add_tags(&mut BTreeMap::new(), &[tag("aws"), tag("äws:")]), Ok(()));
        assert_eq!(add_tags(&mut BTreeMap::new(), &[tag("a"), tag("a")]), Err(messages::duplicate_tags()));
    }
}
