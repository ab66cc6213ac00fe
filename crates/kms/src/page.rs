//! Pagination of the List operations: one page is one range scan, and a marker says after what it goes on.

use base64_simd::URL_SAFE_NO_PAD as BASE64;
use trent_shared::ApiError;

use crate::api::errors;

/// What a List request asks for.
#[derive(Debug)]
pub(crate) struct PageRequest {
    /// Ties a marker to the list that it came from.
    list: &'static str,
    limit: usize,
    /// The item after which the page begins.
    pub(crate) after: Option<String>,
}

/// The items of a page and the marker of the next one, if there is one.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next_marker: Option<String>,
}

impl PageRequest {
    /// `limits` are the operation's default and largest page (operations.md §1.4). A larger limit than that, which the
    /// model still allows, gets the largest page: AWS promises no page to be as long as its limit.
    pub(crate) fn new(
        list: &'static str,
        limit: Option<i32>,
        (default, largest): (usize, usize),
        marker: Option<&str>,
    ) -> Result<Self, ApiError> {
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(default).clamp(1, largest);
        let after = marker.map(|marker| read_marker(list, marker)).transpose()?;
        Ok(Self { list, limit, after })
    }

    /// How many items to look for: one more than the page holds tells whether another page follows.
    pub(crate) fn look_ahead(&self) -> usize {
        self.limit + 1
    }

    /// Makes the page out of what was found; `name` is what the next page's marker remembers of its last item.
    pub(crate) fn page<T>(&self, mut items: Vec<T>, name: impl Fn(&T) -> String) -> Page<T> {
        let is_truncated = items.len() > self.limit;
        items.truncate(self.limit);
        let last = items.last().filter(|_| is_truncated);
        let next_marker = last.map(|last| BASE64.encode_to_string(format!("{}\n{}", self.list, name(last))));
        Page { items, next_marker }
    }
}

impl<T> Page<T> {
    pub(crate) fn is_truncated(&self) -> bool {
        self.next_marker.is_some()
    }
}

/// AWS tells nothing about a bad marker (recorded).
fn read_marker(list: &str, marker: &str) -> Result<String, ApiError> {
    let text = BASE64.decode_to_vec(marker).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let after = text.as_deref().and_then(|text| text.strip_prefix(list)?.strip_prefix('\n'));
    after.map(str::to_owned).ok_or_else(|| errors::INVALID_MARKER.bare())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_goes_on_where_its_page_ended() {
        let request = PageRequest::new("keys", Some(2), (100, 1000), None).expect("valid");
        let page = request.page(vec!["a", "b", "c"], |item| (*item).to_owned());
        assert_eq!(page.items, ["a", "b"]);
        let next = PageRequest::new("keys", None, (100, 1000), page.next_marker.as_deref()).expect("valid");
        assert_eq!(next.after.as_deref(), Some("b"));
        assert!(!request.page(vec!["a", "b"], |item| (*item).to_owned()).is_truncated());
    }

    #[test]
    fn a_marker_of_another_list_is_refused() {
        let request = PageRequest::new("keys", Some(1), (100, 1000), None).expect("valid");
        let marker = request.page(vec!["a", "b"], |item| (*item).to_owned()).next_marker;
        for (list, marker) in [("aliases", marker.as_deref()), ("keys", Some("nonsense")), ("keys", Some(""))] {
            let refused = PageRequest::new(list, None, (50, 100), marker).expect_err("foreign marker");
            assert_eq!((refused.code.as_ref(), refused.message), ("InvalidMarkerException", None));
        }
    }
}
