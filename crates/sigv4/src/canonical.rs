//! The canonical request: the text that client and service both make of a request, and whose hash is signed.
//!
//! Source: "Create a signed AWS API request" in the IAM User Guide; where that is silent, the `aws-sigv4` crate.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::header::{HOST, HeaderMap};
use http::{Method, Request, Uri};
use openssl::sha::sha256;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

use crate::Style;

const UNRESERVED_LEFT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: AsciiSet = UNRESERVED_LEFT.remove(b'/');

const SIGNATURE: &str = "X-Amz-Signature";
const SECURITY_TOKEN: &str = "X-Amz-Security-Token";
const CONTENT_SHA256: &str = "x-amz-content-sha256";
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// A request as its signature sees it.
#[derive(Clone, Copy)]
pub(crate) struct Signable<'r> {
    pub(crate) method: &'r Method,
    pub(crate) uri: &'r Uri,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) body: &'r [u8],
}

/// Which parameters of the query the signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameters {
    /// All of them: the signature is in a header.
    All,
    /// All but the signature itself.
    Presigned,
    /// Nor the session token, which some clients add to a URL that is signed already.
    PresignedBeforeToken,
}

impl<'r> Signable<'r> {
    pub(crate) fn of<B: AsRef<[u8]>>(request: &'r Request<B>) -> Self {
        Self { method: request.method(), uri: request.uri(), headers: request.headers(), body: request.body().as_ref() }
    }

    /// The whole text. `signed_headers` are in lower case, sorted, and name no header twice, which bounds the text by
    /// the request.
    pub(crate) fn canonical(&self, signed_headers: &[&str], parameters: Parameters, style: Style) -> String {
        let mut text = String::with_capacity(1024);
        text.push_str(self.method.as_str());
        text.push('\n');
        match style {
            Style::Standard => text.extend(percent_encode(normalized(self.uri.path()).as_bytes(), &PATH)),
            Style::S3 => text.push_str(self.uri.path()),
        }
        text.push('\n');
        write_query(&mut text, self.uri.query().unwrap_or_default(), parameters);
        text.push('\n');
        for name in signed_headers {
            text.push_str(name);
            text.push(':');
            self.write_header(&mut text, name);
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&signed_headers.join(";"));
        text.push('\n');
        text.push_str(&self.payload(parameters, style));
        text
    }

    fn write_header(&self, text: &mut String, name: &str) {
        for (place, value) in self.headers.get_all(name).iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            let value = String::from_utf8_lossy(value.as_bytes());
            for (place, word) in value.split_ascii_whitespace().enumerate() {
                if place > 0 {
                    text.push(' ');
                }
                text.push_str(word);
            }
        }
        // HTTP/2 says `:authority` instead.
        if name == HOST && !self.headers.contains_key(HOST) {
            text.push_str(self.uri.authority().map_or("", |authority| authority.as_str()));
        }
    }

    fn payload(&self, parameters: Parameters, style: Style) -> Cow<'r, str> {
        let hashed = || Cow::Owned(hex::encode(sha256(self.body)));
        if style == Style::Standard {
            return hashed();
        }
        let declared = self.headers.get(CONTENT_SHA256).and_then(|value| value.to_str().ok());
        match (declared, parameters) {
            // Whoever declares a hash is held to it; what else may be declared says that the body is not hashed here.
            (Some(declared), _) if declared.len() == 64 => hashed(),
            (Some(declared), _) => Cow::Borrowed(declared),
            (None, Parameters::All) => hashed(),
            (None, _) => Cow::Borrowed(UNSIGNED_PAYLOAD),
        }
    }
}

/// Takes `.`, `..` and empty segments out of a path.
fn normalized(path: &str) -> String {
    let mut kept = Vec::new();
    let mut is_directory = false;
    for segment in path.split('/') {
        is_directory = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let end = if is_directory && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

/// Every parameter encoded anew, so that it does not matter how the client encoded it; sorted by name, then by value.
fn write_query(text: &mut String, query: &str, parameters: Parameters) {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encoded_anew(name), encoded_anew(value)))
        .filter(|(name, _)| match parameters {
            Parameters::All => true,
            Parameters::Presigned => name != SIGNATURE,
            Parameters::PresignedBeforeToken => name != SIGNATURE && name != SECURITY_TOKEN,
        })
        .collect();
    pairs.sort_unstable();
    for (place, (name, value)) in pairs.iter().enumerate() {
        let and = if place > 0 { "&" } else { "" };
        // A String takes everything that is written to it.
        let _ = write!(text, "{and}{name}={value}");
    }
}

fn encoded_anew(part: &str) -> String {
    let part = part.replace('+', " ");
    let decoded: Cow<'_, [u8]> = percent_decode(part.as_bytes()).into();
    percent_encode(&decoded, &UNRESERVED_LEFT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(query: &str, parameters: Parameters) -> String {
        let mut text = String::new();
        write_query(&mut text, query, parameters);
        text
    }

    #[test]
    fn paths_are_normalized() {
        for (path, expected) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/a", "/a"),
            ("/a/", "/a/"),
            ("//a//b", "/a/b"),
            ("/a/./b", "/a/b"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/../../a", "/a"),
            ("/a/.", "/a/"),
            ("*", "/*"),
        ] {
            assert_eq!(normalized(path), expected, "{path}");
        }
    }

    #[test]
    fn a_query_is_decoded_encoded_and_sorted() {
        let all = Parameters::All;
        assert_eq!(query("", all), "");
        assert_eq!(query("b&a=2&a=1&&=x", all), "=x&a=1&a=2&b=");
        // By name before by value: "-" sorts before "=".
        assert_eq!(query("Param-3=3&Param=2", all), "Param=2&Param-3=3");
        assert_eq!(query("k=a+b%20c%2fd~%e1%88%b4%FF", all), "k=a%20b%20c%2Fd~%E1%88%B4%FF");
        assert_eq!(query("k=100%&l=%zz", all), "k=100%25&l=%25zz");
        assert_eq!(query("k=a=b", all), "k=a%3Db");
    }

    #[test]
    fn the_signature_is_no_part_of_what_is_signed() {
        let presigned = "X-Amz-Signature=1&X-Amz-Security-Token=2&X-Amz-Date=3";
        assert_eq!(query(presigned, Parameters::Presigned), "X-Amz-Date=3&X-Amz-Security-Token=2");
        assert_eq!(query(presigned, Parameters::PresignedBeforeToken), "X-Amz-Date=3");
    }
}
