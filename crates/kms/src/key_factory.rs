//! Makes key material without holding anybody up. An RSA key takes from tens of milliseconds to seconds; so a few
//! threads of low priority make them, on demand first, and keep a small stock of ready ones while nobody waits.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};
use tokio::sync::oneshot;
use trent_kms_core::{KeyMaterial, KeySpec, OpenSslFailure};
use trent_shared::{ApiError, Entropy};

use crate::messages;

/// The specs whose keys are worth keeping ready, those asked for most first.
const SLOW: [KeySpec; 3] = [KeySpec::Rsa2048, KeySpec::Rsa4096, KeySpec::Rsa3072];

/// Of 0 to 99; on Linux a nice value of 10. Low enough that requests go first, high enough to get on under load.
const PRIORITY: u8 = 25;

pub(crate) struct KeyFactory {
    entropy: Arc<dyn Entropy>,
    floor: Arc<Floor>,
}

/// What the workers share.
struct Floor {
    work: Mutex<Work>,
    /// Signalled when a job comes, when stock was taken, and at the end.
    changed: Condvar,
    /// How many keys of each slow spec to keep ready.
    stock_of_each: usize,
}

#[derive(Default)]
struct Work {
    jobs: VecDeque<Job>,
    stock: Vec<KeyMaterial>,
    /// Stock that a worker is making right now.
    in_the_making: Vec<KeySpec>,
    is_closed: bool,
}

struct Job {
    spec: KeySpec,
    reply: oneshot::Sender<Result<KeyMaterial, OpenSslFailure>>,
}

enum Task {
    Job(Job),
    Stock(KeySpec),
}

impl KeyFactory {
    /// A factory that keeps so many keys of each RSA spec ready.
    pub(crate) fn new(entropy: Arc<dyn Entropy>, stock_of_each: usize) -> Self {
        let workers = thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        Self::with_workers(workers, entropy, stock_of_each)
    }

    fn with_workers(workers: usize, entropy: Arc<dyn Entropy>, stock_of_each: usize) -> Self {
        let floor = Arc::new(Floor { work: Mutex::default(), changed: Condvar::new(), stock_of_each });
        let start = || {
            let (floor, entropy) = (Arc::clone(&floor), Arc::clone(&entropy));
            let worker = move || floor.work_until_closed(&*entropy);
            thread::Builder::new().name("trent-keys".to_owned()).spawn(worker)
        };
        let failed = (0..workers).filter_map(|_| start().err());
        let failures =
            failed.inspect(|error| tracing::error!(%error, "cannot start a thread that makes RSA keys")).count();
        // Without workers, RSA keys are refused when asked for, and nobody waits for one; nothing else suffers.
        if failures == workers {
            floor.lock().is_closed = true;
        }
        Self { entropy, floor }
    }

    /// Fresh material for a key of this spec.
    pub(crate) async fn make(&self, spec: KeySpec) -> Result<KeyMaterial, ApiError> {
        let made = if SLOW.contains(&spec) {
            match self.floor.order(spec) {
                Ok(ready) => Ok(ready),
                Err(promise) => promise.await.map_err(|_| ApiError::internal_failure())?,
            }
        } else {
            KeyMaterial::generate(spec, &*self.entropy)
        };
        made.map_err(|error| messages::crypto(&error))
    }
}

impl Drop for KeyFactory {
    fn drop(&mut self) {
        self.floor.lock().is_closed = true;
        self.floor.changed.notify_all();
    }
}

impl Floor {
    /// A ready key, or the promise of one, which is broken where nobody works.
    fn order(&self, spec: KeySpec) -> Result<KeyMaterial, oneshot::Receiver<Result<KeyMaterial, OpenSslFailure>>> {
        let mut work = self.lock();
        let ready = work.stock.iter().position(|key| key.spec() == spec).map(|place| work.stock.swap_remove(place));
        let outcome = ready.ok_or_else(|| {
            let (reply, promise) = oneshot::channel();
            if !work.is_closed {
                work.jobs.push_back(Job { spec, reply });
            }
            promise
        });
        drop(work);
        self.changed.notify_one();
        outcome
    }

    fn work_until_closed(&self, entropy: &dyn Entropy) {
        lower_priority();
        while let Some(task) = self.next_task() {
            match task {
                Task::Job(Job { spec, reply }) => {
                    if !reply.is_closed() {
                        // Whoever asked may be gone by now; then the key is wiped.
                        let _ = reply.send(KeyMaterial::generate(spec, entropy));
                    }
                }
                Task::Stock(spec) => {
                    match KeyMaterial::generate(spec, entropy) {
                        Ok(key) => self.lock().put(key),
                        // It stays counted as in the making, so that the failure is not repeated without end.
                        Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "no key for the stock"),
                    }
                }
            }
        }
    }

    /// The next thing to do: what is waited for, then what is missing from the stock. Waits while there is neither.
    fn next_task(&self) -> Option<Task> {
        let mut work = self.lock();
        loop {
            if work.is_closed {
                return None;
            }
            if let Some(job) = work.jobs.pop_front() {
                return Some(Task::Job(job));
            }
            if let Some(spec) = SLOW.into_iter().find(|spec| work.count(*spec) < self.stock_of_each) {
                work.in_the_making.push(spec);
                return Some(Task::Stock(spec));
            }
            work = self.changed.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work {
    fn put(&mut self, key: KeyMaterial) {
        if let Some(place) = self.in_the_making.iter().position(|making| *making == key.spec()) {
            self.in_the_making.swap_remove(place);
        }
        self.stock.push(key);
    }

    /// The keys of a spec that are in stock or soon will be.
    fn count(&self, spec: KeySpec) -> usize {
        let ready = self.stock.iter().filter(|key| key.spec() == spec).count();
        ready + self.in_the_making.iter().filter(|making| **making == spec).count()
    }
}

/// Lets the current thread run after those that answer requests, unless the system refuses.
pub fn lower_priority() {
    if let Ok(priority) = ThreadPriorityValue::try_from(PRIORITY) {
        let _ = set_current_thread_priority(ThreadPriority::Crossplatform(priority));
    }
}

#[cfg(test)]
mod tests {
    use trent_testkit::SeededEntropy;

    use super::*;

    fn entropy() -> Arc<dyn Entropy> {
        Arc::new(SeededEntropy::new(1))
    }

    #[tokio::test]
    async fn every_order_is_filled_whether_from_stock_or_not() {
        for stock in [0, 1] {
            let factory = KeyFactory::new(entropy(), stock);
            let (one, other, symmetric) = tokio::join!(
                factory.make(KeySpec::Rsa2048),
                factory.make(KeySpec::Rsa2048),
                factory.make(KeySpec::SymmetricDefault)
            );
            let (one, other) = (one.expect("made"), other.expect("made"));
            assert_eq!([one.spec(), other.spec()], [KeySpec::Rsa2048; 2]);
            assert_ne!(one.public_key(), other.public_key());
            assert_eq!(symmetric.expect("made").spec(), KeySpec::SymmetricDefault);
        }
    }

    #[tokio::test]
    async fn the_stock_is_filled_while_nobody_waits_and_filled_up_again() {
        let factory = KeyFactory::new(entropy(), 1);
        for _ in 0..2 {
            let in_stock = |spec| factory.floor.lock().stock.iter().filter(|key| key.spec() == spec).count();
            while !SLOW.into_iter().all(|spec| in_stock(spec) == 1) {
                assert!(SLOW.into_iter().all(|spec| factory.floor.lock().count(spec) <= 1), "more than was wanted");
                thread::yield_now();
            }
            let ready = factory.floor.order(KeySpec::Rsa2048).ok();
            assert_eq!(ready.map(|key| key.spec()), Some(KeySpec::Rsa2048));
        }
    }

    #[tokio::test]
    async fn an_order_that_nobody_waits_for_any_more_holds_nobody_up() {
        let factory = KeyFactory::new(entropy(), 0);
        for _ in 0..100 {
            drop(factory.floor.order(KeySpec::Rsa4096));
        }
        assert_eq!(factory.make(KeySpec::Rsa2048).await.expect("made").spec(), KeySpec::Rsa2048);
    }

    #[tokio::test]
    async fn without_workers_rsa_keys_are_refused_and_others_made() {
        let factory = KeyFactory::with_workers(0, entropy(), 1);
        assert_eq!(factory.make(KeySpec::Rsa2048).await.err(), Some(ApiError::internal_failure()));
        assert_eq!(factory.make(KeySpec::EccNistP256).await.expect("made").spec(), KeySpec::EccNistP256);
    }

    #[test]
    fn the_workers_end_with_the_factory() {
        let factory = KeyFactory::new(entropy(), 0);
        let floor = Arc::clone(&factory.floor);
        drop(factory);
        while Arc::strong_count(&floor) > 1 {
            thread::yield_now();
        }
        assert!(floor.lock().is_closed);
    }
}
