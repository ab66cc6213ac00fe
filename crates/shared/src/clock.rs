use std::time::Duration;

use aws_smithy_types::DateTime;
use serde::{Deserialize, Serialize};

/// An instant in whole milliseconds since the Unix epoch, the precision that KMS stores; stored as that number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// Where time comes from. The server passes the real clock in; tests and the admin API pass one that can be turned.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The instant `days` × 24 hours later; KMS counts days so, without calendars or time zones.
    #[must_use]
    pub const fn plus_days(self, days: u32) -> Self {
        const MILLIS_PER_DAY: i64 = 24 * 60 * 60 * 1000;
        Self(self.0.saturating_add(days as i64 * MILLIS_PER_DAY))
    }
}

impl Timestamp {
    /// The instant that much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl From<Timestamp> for DateTime {
    fn from(at: Timestamp) -> Self {
        Self::from_millis(at.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_24_hours() {
        assert_eq!(Timestamp::from_millis(5).plus_days(7).as_millis(), 5 + 604_800_000);
        assert_eq!(Timestamp::from_millis(i64::MAX).plus_days(1).as_millis(), i64::MAX);
    }
}
