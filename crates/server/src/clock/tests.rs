use std::sync::Mutex as StdMutex;
use std::sync::atomic::AtomicBool;
use std::thread;

use trent_store::{BoxFuture, KeyRange, MemoryEngine, Row, Rows};
use trent_testkit::ManualClock;

use super::*;

/// 2026-09-28T12:10:08.399Z.
const START: i64 = 1_790_597_408_399;
const DAY: i64 = 24 * 60 * 60 * 1000;

struct World {
    base: Arc<ManualClock>,
    engine: Arc<dyn Engine>,
    clock: TurnableClock,
}

impl World {
    async fn new() -> Self {
        Self::at(START).await
    }

    async fn at(start: i64) -> Self {
        let base = Arc::new(ManualClock::at(Timestamp::from_millis(start)));
        let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
        let clock = restored(base.clone(), engine.clone()).await;
        Self { base, engine, clock }
    }

    /// The clock of the next process over the same data.
    async fn restart(&mut self) {
        self.clock = restored(self.base.clone(), self.engine.clone()).await;
    }

    async fn turn(&self, turn: Turn) {
        self.clock.turn(turn).await.expect("it can be turned so");
    }

    async fn refuses(&self, turn: Turn) -> String {
        let before = self.clock.now();
        let refusal = self.clock.turn(turn).await.expect_err("refused").to_string();
        assert_eq!(self.clock.now(), before, "{refusal}");
        refusal
    }

    /// Milliseconds that the clock shows, counted from the start.
    fn shown(&self) -> i64 {
        self.clock.now().as_millis() - START
    }
}

async fn restored(base: Arc<dyn Clock>, engine: Arc<dyn Engine>) -> TurnableClock {
    TurnableClock::restore(base, engine).await.expect("the engine works")
}

const fn days(days: u64) -> Turn {
    Turn::Advance(Duration::from_secs(days * 24 * 60 * 60))
}

const fn to(shown: i64) -> Turn {
    Turn::Set(Timestamp::from_millis(START + shown))
}

#[tokio::test]
async fn nobody_has_to_turn_it() {
    let world = World::new().await;
    assert_eq!(world.shown(), 0);
    world.base.advance_millis(7);
    assert_eq!(world.shown(), 7);
    let now = Timestamp::from_millis(START + 7);
    assert_eq!(world.clock.reading(), Reading { now, is_frozen: false, offset_seconds: 0 });
    assert!(world.engine.scan(KeyRange::all(), 1).await.expect("the engine works").is_empty(), "nothing to store");
}

#[tokio::test]
async fn it_runs_on_from_where_it_was_turned_to() {
    let world = World::new().await;
    world.turn(days(31)).await;
    assert_eq!(world.shown(), 31 * DAY);
    world.base.advance_millis(5);
    assert_eq!(world.shown(), 31 * DAY + 5);
    assert_eq!(world.clock.reading().offset_seconds, 31 * 24 * 60 * 60);

    world.turn(to(40 * DAY)).await;
    assert_eq!(world.shown(), 40 * DAY);
    world.turn(Turn::Advance(Duration::from_micros(1999))).await;
    world.base.advance_millis(5);
    assert_eq!(world.shown(), 40 * DAY + 6);
}

#[tokio::test]
async fn frozen_it_stands_still_and_goes_on_without_a_jump() {
    let world = World::new().await;
    world.base.advance_millis(3);
    world.turn(Turn::Freeze).await;
    world.base.advance_millis(2500);
    world.turn(Turn::Freeze).await;
    assert_eq!(world.shown(), 3);
    let now = Timestamp::from_millis(START + 3);
    assert_eq!(world.clock.reading(), Reading { now, is_frozen: true, offset_seconds: -3 });

    world.turn(days(1)).await;
    world.base.advance_millis(100);
    assert_eq!(world.shown(), DAY + 3);
    world.turn(to(2 * DAY)).await;
    assert_eq!(world.shown(), 2 * DAY);
    assert!(world.clock.reading().is_frozen);

    world.turn(Turn::Resume).await;
    assert_eq!((world.shown(), world.clock.reading().is_frozen), (2 * DAY, false));
    world.base.advance_millis(4);
    world.turn(Turn::Resume).await;
    assert_eq!(world.shown(), 2 * DAY + 4);
}

#[tokio::test]
async fn it_cannot_be_set_back() {
    let world = World::new().await;
    assert_eq!(
        world.refuses(to(-1)).await,
        "the clock shows 2026-09-28T12:10:08.399Z and cannot be set back: time does not run backwards"
    );
    world.turn(to(0)).await;
    world.turn(Turn::Freeze).await;
    world.base.advance_millis(DAY);
    world.refuses(to(-1)).await;
    world.turn(to(0)).await;
}

#[tokio::test]
async fn it_waits_for_a_base_that_stepped_back() {
    let world = World::new().await;
    world.turn(days(1)).await;
    world.base.advance_millis(10);
    assert_eq!(world.shown(), DAY + 10);
    world.base.advance_millis(-8);
    assert_eq!(world.shown(), DAY + 10);
    world.base.advance_millis(9);
    assert_eq!(world.shown(), DAY + 11);

    world.base.advance_millis(-2 * DAY);
    world.turn(days(1)).await;
    assert_eq!(world.shown(), 2 * DAY + 11, "a turn starts from what was shown");
    world.base.advance_millis(1);
    assert_eq!(world.shown(), 2 * DAY + 12);
    world.base.advance_millis(-1);
    world.turn(Turn::Freeze).await;
    assert_eq!(world.shown(), 2 * DAY + 12);
}

#[tokio::test]
async fn it_ends_with_the_99th_century() {
    const TOO_FAR: &str = "the clock goes no further than 9900-01-01T00:00:00.000Z";
    let last = LATEST.as_millis() - START;
    let world = World::new().await;
    for turn in [to(last + 1), Turn::Set(Timestamp::from_millis(i64::MAX)), Turn::Advance(Duration::MAX)] {
        assert_eq!(world.refuses(turn).await, TOO_FAR);
    }
    world.turn(to(last)).await;
    world.base.advance_millis(DAY);
    assert_eq!(rfc3339(world.clock.now()), "9900-01-01T00:00:00.000Z");
    assert_eq!(world.refuses(Turn::Advance(Duration::from_millis(1))).await, TOO_FAR);
    world.turn(days(0)).await;
    world.turn(Turn::Freeze).await;
    world.turn(Turn::Resume).await;
    assert_eq!(world.shown(), last);

    assert_eq!(World::at(i64::MAX).await.clock.now(), LATEST);
    assert_eq!(World::at(i64::MIN).await.clock.now(), Timestamp::from_millis(0));
}

#[tokio::test]
async fn a_restart_goes_on_in_the_same_time() {
    let mut world = World::new().await;
    world.turn(days(31)).await;
    world.base.advance_millis(10);
    world.restart().await;
    assert_eq!(world.shown(), 31 * DAY + 10);

    world.base.advance_millis(-DAY);
    world.restart().await;
    assert_eq!(world.shown(), 31 * DAY, "not before the turn, though the base stepped back");

    world.base.advance_millis(DAY);
    world.turn(Turn::Freeze).await;
    world.base.advance_millis(DAY);
    world.restart().await;
    assert_eq!((world.shown(), world.clock.reading().is_frozen), (31 * DAY + 10, true));
    world.turn(days(1)).await;
    world.restart().await;
    assert_eq!((world.shown(), world.clock.reading().is_frozen), (32 * DAY + 10, true));

    world.turn(Turn::Resume).await;
    world.base.advance_millis(1);
    world.restart().await;
    assert_eq!((world.shown(), world.clock.reading().is_frozen), (32 * DAY + 11, false));
}

#[tokio::test]
async fn what_is_stored_stays_readable() {
    for (stored, json) in [
        (Stored::Frozen { at: LATEST }, r#"{"frozen":{"at":250246627200000}}"#),
        (
            Stored::Running { offset_millis: -5, since: Timestamp::from_millis(7) },
            r#"{"running":{"offset_millis":-5,"since":7}}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&stored).expect("JSON"), json);
        assert_eq!(serde_json::from_str::<Stored>(json).expect("readable"), stored);
    }
}

/// An engine that stores nothing more.
struct Full;

impl Engine for Full {
    fn get<'a>(&'a self, _: &'a [u8]) -> BoxFuture<'a, Result<Option<Row>, StoreError>> {
        Box::pin(async { Ok(None) })
    }

    fn scan(&self, _: KeyRange, _: usize) -> BoxFuture<'_, Result<Rows, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn commit(&self, _: Batch) -> BoxFuture<'_, Result<(), CommitError>> {
        Box::pin(async { Err(StoreError::Stopped.into()) })
    }
}

#[tokio::test]
async fn no_time_is_shown_that_a_restart_would_take_back() {
    let base = Arc::new(ManualClock::at(Timestamp::from_millis(START)));
    let engine: Arc<dyn Engine> = Arc::new(Full);
    let world = World { clock: restored(base.clone(), engine.clone()).await, base, engine };
    for turn in [days(1), to(DAY)] {
        assert_eq!(world.refuses(turn).await, "the clock's new time cannot be stored");
    }
}

#[test]
fn a_turn_changes_the_face_and_keeps_the_time() {
    let first = Face::new(LATEST, false, 0);
    let mut face = first;
    for _ in 1..(1 << Face::TURN_BITS) {
        let turned = face.turned(LATEST, !face.is_frozen());
        assert_eq!((turned.time(), turned.is_frozen()), (LATEST, !face.is_frozen()));
        assert!(turned != first && turned != face);
        face = turned;
    }
}

/// A base that does something just when it is read next.
struct Interrupted {
    base: ManualClock,
    interruption: StdMutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Clock for Interrupted {
    fn now(&self) -> Timestamp {
        let interruption = self.interruption.lock().expect("no panic").take();
        if let Some(interrupt) = interruption {
            interrupt();
        }
        self.base.now()
    }
}

/// The reader has seen a running clock and its offset; by the time that it reads the base, an hour of standing still
/// has come and gone, which must not become part of the time.
#[tokio::test]
async fn a_reader_that_slept_through_turns_sees_no_jump() {
    let base = Arc::new(Interrupted {
        base: ManualClock::at(Timestamp::from_millis(START)),
        interruption: StdMutex::new(None),
    });
    let clock = Arc::new(restored(base.clone(), Arc::new(MemoryEngine::new())).await);
    assert_eq!(clock.now().as_millis(), START);
    let interruption = {
        let (base, clock) = (base.clone(), clock.clone());
        move || {
            assert_eq!(clock.freeze().as_millis(), START);
            base.base.advance_millis(60 * 60 * 1000);
            clock.apply(clock.running_since(Timestamp::from_millis(START)));
        }
    };
    *base.interruption.lock().expect("no panic") = Some(Box::new(interruption));
    assert_eq!(clock.now().as_millis(), START);
    base.base.advance_millis(1);
    assert_eq!(clock.now().as_millis(), START + 1);
}

#[tokio::test]
async fn readers_never_see_time_run_backwards() {
    let World { base, clock, .. } = World::new().await;
    let (clock, stop) = (Arc::new(clock), Arc::new(AtomicBool::new(false)));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (clock, stop) = (clock.clone(), stop.clone());
            thread::spawn(move || {
                let mut last = clock.now();
                while !stop.load(Ordering::Relaxed) {
                    let now = clock.now();
                    assert!(last <= now, "{last:?}, then {now:?}");
                    last = now;
                }
            })
        })
        .collect();
    for round in 0..2000 {
        base.advance_millis(if round % 3 == 0 { -2 } else { 5 });
        clock.turn(Turn::Freeze).await.expect("frozen");
        let frozen = clock.now();
        base.advance_millis(3);
        assert_eq!(clock.now(), frozen);
        clock.turn(Turn::Resume).await.expect("resumed");
        clock.turn(Turn::Advance(Duration::from_millis(4))).await.expect("advanced");
        assert!(clock.now() >= frozen.plus(Duration::from_millis(4)));
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.join().expect("time ran forwards");
    }
}

#[test]
fn moments_are_written_with_milliseconds() {
    for (millis, text) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (START, "2026-09-28T12:10:08.399Z"),
        (1_798_761_600_070, "2027-01-01T00:00:00.070Z"),
    ] {
        assert_eq!(rfc3339(Timestamp::from_millis(millis)), text);
    }
}
