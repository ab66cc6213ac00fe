//! Pagination of the List operations: a marker says after what the next page begins.

use base64_simd::URL_SAFE_NO_PAD as BASE64;
use trent_shared::{ApiError, Context};
use trent_store::Versioned;

use crate::access::Named;
use crate::{Iam, messages};

const DEFAULT_LIMIT: usize = 100;
const LARGEST_LIMIT: usize = 1000;

/// How many are read at a time while those of a path are looked for.
const BATCH: usize = 256;

/// What a List request asks for.
#[derive(Debug)]
pub(crate) struct PageRequest {
    /// Ties a marker to the list that it came from.
    list: &'static str,
    limit: usize,
    /// The item after which the page begins.
    after: Option<String>,
}

/// The items of a page and the marker of the next one, if there is one.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) marker: Option<String>,
}

impl PageRequest {
    /// `list` is the operation's name.
    pub(crate) fn new(list: &'static str, marker: Option<&str>, max_items: Option<i32>) -> Result<Self, ApiError> {
        let limit = max_items.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(DEFAULT_LIMIT);
        let after = marker.map(|marker| read_marker(list, marker)).transpose()?;
        Ok(Self { list, limit: limit.clamp(1, LARGEST_LIMIT), after })
    }

    /// The page, out of all there are. `name` is unique among them; they come in its order, whatever the case of its
    /// letters.
    pub(crate) fn page<T>(&self, all: impl IntoIterator<Item = T>, name: impl Fn(&T) -> String) -> Page<T> {
        let mut keyed: Vec<(SortKey, T)> = all.into_iter().map(|item| (sort_key(name(&item)), item)).collect();
        let after = self.after.clone().map(sort_key);
        keyed.retain(|(key, _)| after.as_ref().is_none_or(|after| key > after));
        keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
        let is_truncated = keyed.len() > self.limit;
        keyed.truncate(self.limit);
        let last = keyed.last().filter(|_| is_truncated);
        let marker = last.map(|((_, name), _)| BASE64.encode_to_string(format!("{}\n{name}", self.list)));
        Page { items: keyed.into_iter().map(|(_, item)| item).collect(), marker }
    }
}

impl<T> Page<T> {
    pub(crate) fn is_truncated(&self) -> bool {
        self.marker.is_some()
    }

    /// The same page as clients see it.
    pub(crate) fn map<U>(self, answer: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(answer).collect(), marker: self.marker }
    }
}

impl Iam {
    /// A page of an account's entities under a path; without one, of all.
    pub(crate) async fn page_of<E: Named>(
        &self,
        cx: &Context,
        request: &PageRequest,
        prefix: Option<&str>,
    ) -> Result<Page<E>, ApiError> {
        let (mut found, mut after) = (Vec::new(), request.after.clone());
        loop {
            let batch: Vec<Versioned<E>> = self.directory().list(cx.account(), after.as_deref(), BATCH).await?;
            let is_last = batch.len() < BATCH;
            after = batch.last().map(|last| last.record.name().to_owned());
            let fits = |entity: &E| prefix.is_none_or(|prefix| entity.path().starts_with(prefix));
            found.extend(batch.into_iter().map(|entity| entity.record).filter(fits));
            // One more than the page holds tells whether another one follows.
            if is_last || found.len() > request.limit {
                return Ok(request.page(found, |entity| entity.name().to_owned()));
            }
        }
    }
}

/// The name in lower case, and as it is.
type SortKey = (String, String);

fn sort_key(name: String) -> SortKey {
    (name.to_lowercase(), name)
}

fn read_marker(list: &str, marker: &str) -> Result<String, ApiError> {
    let text = BASE64.decode_to_vec(marker).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let after = text.as_deref().and_then(|text| text.strip_prefix(list)?.strip_prefix('\n'));
    after.map(str::to_owned).ok_or_else(messages::invalid_marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(page: &Page<&str>) -> Vec<String> {
        page.items.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_marker_goes_on_where_its_page_ended() {
        let all = || ["c", "A", "b"];
        let first = PageRequest::new("ListUsers", None, Some(2)).expect("valid").page(all(), |name| (*name).to_owned());
        assert_eq!((names(&first), first.is_truncated()), (vec!["A".to_owned(), "b".to_owned()], true));
        let next = PageRequest::new("ListUsers", first.marker.as_deref(), None).expect("valid");
        let next = next.page(all(), |name| (*name).to_owned());
        assert_eq!((names(&next), next.is_truncated()), (vec!["c".to_owned()], false));
    }

    #[test]
    fn a_marker_of_another_list_is_refused() {
        let request = PageRequest::new("ListUsers", None, Some(1)).expect("valid");
        let marker = request.page(["a", "b"], |name| (*name).to_owned()).marker;
        for (list, marker) in
            [("ListRoles", marker.as_deref()), ("ListUsers", Some("nonsense")), ("ListUsers", Some(""))]
        {
            assert_eq!(PageRequest::new(list, marker, None).expect_err("foreign marker"), messages::invalid_marker());
        }
    }
}
