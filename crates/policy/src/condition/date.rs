use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// Reads a date: seconds since 1970, or what the W3C's profile of ISO 8601 has, from `2020-04`
/// to `2020-04-01T12:30:15.5+02:00`. Without a zone it is UTC (inferred).
pub(super) fn parse(text: &str) -> Option<DateTime> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(DateTime::from_secs);
    }
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let day = if date.len() == 7 { "-01" } else { "" };
    let (time, zone) = match time {
        None => ("00:00:00", "Z"),
        Some(time) => match time.find(['Z', 'z', '+', '-']) {
            Some(at) => time.split_at_checked(at)?,
            None => (time, "Z"),
        },
    };
    let seconds = if time.len() == 5 { ":00" } else { "" };
    let zone = zone.to_ascii_uppercase();
    DateTime::from_str(&format!("{date}{day}T{time}{seconds}{zone}"), Format::DateTimeWithOffset).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_all_their_forms() {
        for (text, seconds) in [
            ("0", 0),
            ("1585742400", 1_585_742_400),
            ("2020", 2020),
            ("2020-04", 1_585_699_200),
            ("2020-04-01", 1_585_699_200),
            ("2020-04-01T12:00Z", 1_585_742_400),
            ("2020-04-01t12:00:00z", 1_585_742_400),
            ("2020-04-01T12:00:00", 1_585_742_400),
            ("2020-04-01T14:00:00+02:00", 1_585_742_400),
            ("2020-04-01T10:00:00.000-02:00", 1_585_742_400),
        ] {
            assert_eq!(parse(text), Some(DateTime::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("2020-04-01T12:00:00.5Z"), Some(DateTime::from_fractional_secs(1_585_742_400, 0.5)));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "x",
            "-1",
            "2020-13-01",
            "2020-04-31",
            "T",
            "2020T",
            "99999999999999999999",
            "ééT",
            "2020-04-01T+",
            "1.5",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
