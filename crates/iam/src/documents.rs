//! Policy documents on their way to clients: IAM answers them percent-encoded (RFC 3986), and SDKs decode them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A document as answers have it.
pub(crate) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn all_but_unreserved_characters_are_encoded() {
        assert_eq!(encoded(r#"{"a": "b*/~-._9Z é"}"#), "%7B%22a%22%3A%20%22b%2A%2F~-._9Z%20%C3%A9%22%7D");
    }
}
