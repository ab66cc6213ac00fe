//! The clock that can be turned: real time plus an offset, or a moment at which it stands still.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use trent_shared::{Clock, Timestamp};
use trent_store::{Batch, CommitError, Engine, StoreError, Table};

/// A clock that never runs backwards, however it is turned and whatever the clock beneath it does.
///
/// Every request reads it, so reading takes no lock: all that readers share is one word, [`Face`], and they write that
/// only when a new millisecond has begun.
pub(crate) struct TurnableClock {
    base: Arc<dyn Clock>,
    engine: Arc<dyn Engine>,
    face: AtomicU64,
    /// Milliseconds that the clock is ahead of `base` while it runs.
    ///
    /// INVARIANT: written only by turns, and before the face that goes with it.
    offset: AtomicI64,
    /// Held by whoever turns the clock.
    turning: Mutex<()>,
}

/// What can be done to the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Advance(Duration),
    Set(Timestamp),
    /// Let it stand still; it can be advanced and set all the same.
    Freeze,
    /// Let it run on from the moment that it shows.
    Resume,
}

/// What the clock shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) now: Timestamp,
    pub(crate) is_frozen: bool,
    /// Whole seconds that it is ahead of real time, rounded down; it falls behind while it is frozen.
    pub(crate) offset_seconds: i64,
}

/// Why the clock was not turned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TurnError {
    #[error("the clock shows {} and cannot be set back: time does not run backwards", rfc3339(*now))]
    Backwards { now: Timestamp },
    #[error("the clock goes no further than {}", rfc3339(LATEST))]
    TooFar,
    #[error("the clock's new time cannot be stored")]
    Unstored(#[from] CommitError),
}

/// 9900-01-01T00:00:00Z: dates have four digits for the year, and a century is left for those that keys get.
const LATEST: Timestamp = Timestamp::from_millis(250_246_627_200_000);

/// How the clock was last turned, under the empty key; nothing if it never was.
const STORED: Table<Stored> = Table::new("trent.clock", 1);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stored {
    Frozen {
        at: Timestamp,
    },
    /// `since` is what the clock showed when it was turned: a floor, should the clock beneath have stepped back.
    Running {
        offset_millis: i64,
        since: Timestamp,
    },
}

/// The greatest time that was handed out, whether the clock stands still, and a count of its turns, in one word: so
/// that one comparison tells a reader that all three are as it found them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Face(u64);

impl TurnableClock {
    /// The clock as the store knows it; showing the time of `base` if it was never turned.
    pub(crate) async fn restore(base: Arc<dyn Clock>, engine: Arc<dyn Engine>) -> Result<Self, StoreError> {
        let stored = STORED.get(&*engine, ()).await?.map(|stored| stored.record);
        let clock = Self {
            base,
            engine,
            face: AtomicU64::new(Face::new(Timestamp::from_millis(0), false, 0).0),
            offset: AtomicI64::new(0),
            turning: Mutex::new(()),
        };
        if let Some(stored) = stored {
            clock.apply(stored);
        }
        Ok(clock)
    }

    pub(crate) fn reading(&self) -> Reading {
        // Before the time itself, which may move on in between: an offset of whole seconds must not lose one.
        let real = self.base.now();
        let now = self.now();
        let offset_seconds = (now.as_millis() - real.as_millis()).div_euclid(1000);
        Reading { now, is_frozen: self.face().is_frozen(), offset_seconds }
    }

    /// Turns the clock, for good: whoever reads it after the turn sees it, also after a restart. Not to be dropped before
    /// it is done, lest the store be ahead of the clock.
    pub(crate) async fn turn(&self, turn: Turn) -> Result<(), TurnError> {
        let _turning = self.turning.lock().await;
        let is_frozen = self.face().is_frozen();
        let now = self.now();
        let stored = match turn {
            // Only what stands still can be stored as it is shown.
            Turn::Freeze => return Ok(self.store(Stored::Frozen { at: self.freeze() }).await?),
            Turn::Resume if !is_frozen => return Ok(()),
            Turn::Resume => self.running_since(now),
            Turn::Set(to) if to < now => return Err(TurnError::Backwards { now }),
            Turn::Set(to) => self.standing_or_running_since(to, is_frozen)?,
            Turn::Advance(by) => self.standing_or_running_since(now.plus(by), is_frozen)?,
        };
        // First, so that no time is handed out that a restart after a crash would take back.
        self.store(stored).await?;
        self.apply(stored);
        Ok(())
    }

    fn standing_or_running_since(&self, at: Timestamp, is_frozen: bool) -> Result<Stored, TurnError> {
        if at > LATEST {
            return Err(TurnError::TooFar);
        }
        Ok(if is_frozen { Stored::Frozen { at } } else { self.running_since(at) })
    }

    fn running_since(&self, since: Timestamp) -> Stored {
        Stored::Running { offset_millis: since.as_millis().saturating_sub(self.base.now().as_millis()), since }
    }

    async fn store(&self, stored: Stored) -> Result<(), CommitError> {
        let mut batch = Batch::new();
        batch.put(&STORED, (), &stored)?;
        batch.commit(&*self.engine).await
    }

    fn apply(&self, stored: Stored) {
        let (at, is_frozen) = match stored {
            Stored::Frozen { at } => (at, true),
            Stored::Running { offset_millis, since } => {
                self.offset.store(offset_millis, Ordering::Relaxed);
                (since, false)
            }
        };
        self.update(|face| face.turned(at, is_frozen));
    }

    /// Stops the clock and returns the time that it shows from now on.
    fn freeze(&self) -> Timestamp {
        self.update(|face| if face.is_frozen() { face } else { face.turned(self.running(), true) }).time()
    }

    fn update(&self, change: impl Fn(Face) -> Face) -> Face {
        let mut found = self.face();
        loop {
            let changed = change(found);
            match self.face.compare_exchange_weak(found.0, changed.0, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return changed,
                Err(other) => found = Face(other),
            }
        }
    }

    fn face(&self) -> Face {
        Face(self.face.load(Ordering::Acquire))
    }

    /// What the clock would show if it ran and had never shown anything later.
    fn running(&self) -> Timestamp {
        let offset = self.offset.load(Ordering::Relaxed);
        Timestamp::from_millis(self.base.now().as_millis().saturating_add(offset))
    }
}

impl Clock for TurnableClock {
    fn now(&self) -> Timestamp {
        let mut face = self.face();
        loop {
            if face.is_frozen() {
                return face.time();
            }
            let next = face.showing(self.running());
            if next == face {
                return face.time();
            }
            match self.face.compare_exchange_weak(face.0, next.0, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return next.time(),
                Err(found) => face = Face(found),
            }
        }
    }
}

impl Face {
    /// Bit 0: frozen. Bits 1 to 15: the turns, modulo 2¹⁵. The rest: milliseconds, of which [`LATEST`] has 48 bits.
    const TURN_BITS: u32 = 15;
    const TIME_SHIFT: u32 = Self::TURN_BITS + 1;

    /// A time out of bounds becomes the nearest within.
    fn new(at: Timestamp, is_frozen: bool, turns: u64) -> Self {
        let millis = at.as_millis().clamp(0, LATEST.as_millis()).unsigned_abs();
        let turns = turns & ((1 << Self::TURN_BITS) - 1);
        Self((millis << Self::TIME_SHIFT) | (turns << 1) | u64::from(is_frozen))
    }

    fn time(self) -> Timestamp {
        Timestamp::from_millis((self.0 >> Self::TIME_SHIFT).cast_signed())
    }

    fn is_frozen(self) -> bool {
        self.0 & 1 == 1
    }

    fn turns(self) -> u64 {
        self.0 >> 1
    }

    /// The same with a time that is not earlier.
    fn showing(self, at: Timestamp) -> Self {
        Self::new(at.max(self.time()), self.is_frozen(), self.turns())
    }

    /// After one more turn, which makes this face differ from every one before, even if it shows the same.
    fn turned(self, at: Timestamp, is_frozen: bool) -> Self {
        Self::new(at.max(self.time()), is_frozen, self.turns() + 1)
    }
}

/// RFC 3339 in UTC with milliseconds: 2027-01-01T00:00:00.000Z.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let (seconds, millis) = (at.as_millis().div_euclid(1000), at.as_millis().rem_euclid(1000));
    // Whatever the clock shows has four digits of year.
    let text = DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap_or_default();
    format!("{}.{millis:03}Z", text.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests;
