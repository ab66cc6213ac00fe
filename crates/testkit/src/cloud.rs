use std::sync::Arc;

use serde_json::Value;
use trent_gateway::{Gateway, Limits};
use trent_kms::Kms;
use trent_protocol::{Service, ServiceModel};
use trent_shared::Timestamp;
use trent_store::{Engine, MemoryEngine};
use trent_sts::Sts;

use crate::{Answer, Client, KmsOptions, MadeKey, ManualClock, Refusal, SeededEntropy};

/// Every service of Trent behind one gateway, without a socket.
pub struct Cloud {
    gateway: Gateway,
    kms: Arc<Kms>,
    clock: Arc<ManualClock>,
}

impl Cloud {
    /// The instant that a new cloud's clock shows: 2026-09-28T12:10:08.399Z, that of a recorded CreateKey (wire.md §3.1).
    pub const START: Timestamp = Timestamp::from_millis(1_790_597_408_399);

    /// A cloud that keeps everything in memory.
    pub fn new() -> Self {
        Self::over(Arc::new(MemoryEngine::new()))
    }

    /// A cloud over an engine, which may have lived under another cloud before.
    ///
    /// # Panics
    /// Panics if two services answer the same request, which no test can go on from.
    pub fn over(engine: Arc<dyn Engine>) -> Self {
        Self::build(engine, KmsOptions::default())
    }

    /// A cloud that keeps everything in memory, with settings of the test's choice.
    ///
    /// # Panics
    /// As [`Cloud::over`].
    pub fn with_options(options: KmsOptions) -> Self {
        Self::build(Arc::new(MemoryEngine::new()), options)
    }

    fn build(engine: Arc<dyn Engine>, options: KmsOptions) -> Self {
        let clock = Arc::new(ManualClock::at(Self::START));
        let entropy = Arc::new(SeededEntropy::new(2026));
        let kms = Arc::new(Kms::new(engine, clock.clone(), entropy.clone(), options));
        let services: [Arc<dyn Service>; 2] = [kms.clone(), Arc::new(Sts::new())];
        let services = services.map(|service| (service.model(), Some(service)));
        let gateway =
            Gateway::new(services, clock.clone(), &*entropy, Limits::default()).expect("services are told apart");
        Self { gateway, kms, clock }
    }

    /// The models of all services.
    pub fn models() -> [&'static ServiceModel; 2] {
        [&trent_kms::api::MODEL, &trent_sts::api::MODEL]
    }

    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Makes permanent what fell due by the clock.
    ///
    /// # Panics
    /// Panics if the engine fails.
    pub async fn sweep(&self) {
        while self.kms.sweep().await.expect("the engine works") > 0 {}
    }

    /// A client without credentials: the default account and Region.
    pub fn client(&self) -> Client {
        Client::new(self.gateway.clone())
    }

    /// A KMS call of the default account.
    pub async fn kms(&self, operation: &str, input: Value) -> Answer {
        self.client().kms(operation, input).await
    }

    /// A new key of the default account.
    pub async fn make_key(&self) -> MadeKey {
        self.client().make_key().await
    }

    /// A new key of the default account, of a spec and for one of its usages.
    pub async fn make_key_of(&self, spec: &str, usage: &str) -> MadeKey {
        self.client().make_key_of(spec, usage).await
    }

    /// Checks that a KMS call of the default account is refused with this code and exactly this message, and that it
    /// has changed nothing.
    ///
    /// # Panics
    /// Panics if it is not, or has.
    pub async fn refuses(&self, operation: &str, input: Value, code: &str, message: Option<&str>) {
        let before = self.client().everything().await;
        let told = format!("{operation} {input}");
        let refusal = self.kms(operation, input).await.fails();
        let expected = Refusal { status: 400, code: code.to_owned(), message: message.map(str::to_owned) };
        assert_eq!(refusal, expected, "{told}");
        assert_eq!(self.client().everything().await, before, "{told} was refused and yet changed something");
    }
}

impl Default for Cloud {
    fn default() -> Self {
        Self::new()
    }
}
