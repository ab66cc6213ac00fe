use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;

/// Watches for connections on which nothing happens: a client that sends no request, or only part of a head, for too long,
/// whatever it is that it sends or does not send. One timer per connection looks now and again, where a timer per request
/// would cost each request more than reading it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vigil(Arc<Requests>);

#[derive(Debug, Default)]
struct Requests {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A request that is being answered, until it is dropped.
pub(crate) struct InFlight(Vigil);

/// How often is looked within the time that nothing may happen; so it is at most this part longer.
const LOOKS: u32 = 4;

impl Vigil {
    /// A request has begun.
    pub(crate) fn begin(&self) -> InFlight {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        InFlight(self.clone())
    }

    /// Ends when no request has begun or been under way for that long.
    pub(crate) async fn until_idle_for(self, time: Duration) {
        let (mut seen, mut idle) = (0, 0);
        while idle < LOOKS {
            sleep(time / LOOKS).await;
            let (begun, ended) = (self.0.begun.load(Ordering::Relaxed), self.0.ended.load(Ordering::Relaxed));
            idle = if begun == seen && begun == ended { idle + 1 } else { 0 };
            seen = begun;
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::{Instant, advance, timeout};

    use super::*;

    const TIME: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_is_idle() {
        let started = Instant::now();
        Vigil::default().until_idle_for(TIME).await;
        assert_eq!(started.elapsed(), TIME);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_under_way_keeps_it_open_and_its_end_begins_anew() {
        let vigil = Vigil::default();
        let request = vigil.begin();
        let mut watching = Box::pin(vigil.clone().until_idle_for(TIME));
        timeout(TIME * 10, &mut watching).await.expect_err("under way");
        drop(request);
        let ended = Instant::now();
        watching.await;
        let look = TIME / LOOKS;
        assert!(ended.elapsed() + look >= TIME && ended.elapsed() <= TIME + look);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_now_and_again_keep_it_open() {
        let vigil = Vigil::default();
        let requests = async {
            loop {
                drop(vigil.begin());
                advance(TIME / 2).await;
            }
        };
        tokio::select! {
            () = requests => {}
            () = vigil.clone().until_idle_for(TIME) => panic!("idle"),
            _ = timeout(TIME * 10, pending::<()>()) => {}
        }
    }
}
