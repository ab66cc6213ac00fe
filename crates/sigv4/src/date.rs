//! ISO 8601's basic format, `20150830T123600Z`: how SigV4 writes dates.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use trent_shared::Timestamp;

/// Reads `20150830T123600Z`.
pub(crate) fn parse_basic(text: &str) -> Option<Timestamp> {
    let part = |range| text.get(range);
    if text.len() != 16 || part(8..9)? != "T" || part(15..16)? != "Z" {
        return None;
    }
    let extended = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0..4)?,
        part(4..6)?,
        part(6..8)?,
        part(9..11)?,
        part(11..13)?,
        part(13..15)?
    );
    timestamp(DateTime::from_str(&extended, Format::DateTime).ok()?)
}

/// Reads `Sun, 30 Aug 2015 12:36:00 GMT`, which the `Date` header may hold as well.
pub(crate) fn parse_http(text: &str) -> Option<Timestamp> {
    timestamp(DateTime::from_str(text, Format::HttpDate).ok()?)
}

/// `20150830T123600Z`; what is less than a second is left out.
pub(crate) fn basic(at: Timestamp) -> String {
    let seconds = DateTime::from_secs(at.as_millis().div_euclid(1000));
    // Only years beyond 9999 cannot be written.
    let extended = seconds.fmt(Format::DateTime).unwrap_or_default();
    extended.chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

fn timestamp(at: DateTime) -> Option<Timestamp> {
    at.to_millis().ok().map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_basic_format_reads_and_writes_seconds() {
        let at = Timestamp::from_millis(1_440_938_160_000);
        assert_eq!(parse_basic("20150830T123600Z"), Some(at));
        assert_eq!(parse_http("Sun, 30 Aug 2015 12:36:00 GMT"), Some(at));
        assert_eq!(basic(at.plus(std::time::Duration::from_millis(999))), "20150830T123600Z");
    }

    #[test]
    fn nothing_else_is_a_date() {
        for wrong in [
            "",
            "20150830",
            "2015-08-30T12:36:00Z",
            "20150830T123600",
            "20150830T1236000",
            "20150830t123600Z",
            "20151330T123600Z",
            "20150830T250000Z",
            "+0150830T123600Z",
            "2015083éT12360Z",
            "１２",
        ] {
            assert_eq!(parse_basic(wrong), None, "{wrong}");
        }
    }
}
