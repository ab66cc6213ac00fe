use std::sync::Arc;

use http::HeaderMap;
use serde_json::Value;
use trent_gateway::{Gateway, Limits};
use trent_iam::Iam;
use trent_identity::{Authorizer, Directory, DirectoryOptions, Mode};
use trent_kms::Kms;
use trent_kms::seed::{Planted, RefusedSeed, SeedKey};
use trent_protocol::{Service, ServiceModel};
use trent_shared::{Caller, Context, RequestId, Timestamp, random_uuid};
use trent_sigv4::Signatures;
use trent_store::{Engine, MemoryEngine, StoreError};
use trent_sts::Sts;

use crate::authenticator::DirectoryAuthenticator;
use crate::client::iam_form;
use crate::{Answer, Client, KmsOptions, MadeKey, ManualClock, Refusal, SeededEntropy};

/// Every service of Trent behind one gateway, without a socket.
pub struct Cloud {
    gateway: Gateway,
    kms: Arc<Kms>,
    iam: Arc<Iam>,
    directory: Arc<Directory>,
    authorizer: Arc<Authorizer>,
    clock: Arc<ManualClock>,
    entropy: Arc<SeededEntropy>,
    engine: Arc<dyn Engine>,
    options: KmsOptions,
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

    /// A cloud over an engine, with settings of the test's choice.
    ///
    /// # Panics
    /// As [`Cloud::over`].
    pub fn build(engine: Arc<dyn Engine>, options: KmsOptions) -> Self {
        let clock = Arc::new(ManualClock::at(Self::START));
        Self::start(engine, options, clock, Arc::new(SeededEntropy::new(2026)))
    }

    /// The cloud as it is after a restart: it knows what its engine kept and nothing else. Time and chance go on.
    ///
    /// # Panics
    /// As [`Cloud::over`].
    #[must_use]
    pub fn restarted(&self) -> Self {
        Self::start(self.engine.clone(), self.options.clone(), self.clock.clone(), self.entropy.clone())
    }

    fn start(
        engine: Arc<dyn Engine>,
        options: KmsOptions,
        clock: Arc<ManualClock>,
        entropy: Arc<SeededEntropy>,
    ) -> Self {
        let directory = Directory::new(engine.clone(), clock.clone(), entropy.clone(), DirectoryOptions::default());
        let directory = Arc::new(directory);
        let authorizer = Arc::new(Authorizer::new(directory.clone(), clock.clone(), Mode::Enforce));
        let kms =
            Arc::new(Kms::new(engine.clone(), clock.clone(), entropy.clone(), authorizer.clone(), options.clone()));
        let iam = Arc::new(Iam::new(authorizer.clone()));
        let services: [Arc<dyn Service>; 3] =
            [kms.clone(), Arc::new(Sts::new(authorizer.clone(), trent_sts::Options::default())), iam.clone()];
        let services = services.map(|service| (service.model(), Some(service)));
        let authenticator = Arc::new(DirectoryAuthenticator::new(Signatures::Accept, directory.clone()));
        let gateway = Gateway::new(services, authenticator, clock.clone(), &*entropy, Limits::default());
        let gateway = gateway.expect("services are told apart");
        Self { gateway, kms, iam, directory, authorizer, clock, entropy, engine, options }
    }

    /// The models of all services.
    pub fn models() -> [&'static ServiceModel; 3] {
        [&trent_kms::api::MODEL, &trent_sts::api::MODEL, &trent_iam::api::MODEL]
    }

    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Who there is.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    pub(crate) fn kms_service(&self) -> &Kms {
        &self.kms
    }

    pub(crate) fn entropy(&self) -> &SeededEntropy {
        &self.entropy
    }

    /// Who decides, and remembers what was decided.
    pub fn authorizer(&self) -> &Authorizer {
        &self.authorizer
    }

    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Makes permanent what fell due by the clock.
    ///
    /// # Panics
    /// Panics if the engine fails.
    pub async fn sweep(&self) {
        self.try_sweep().await.expect("the engine works");
    }

    /// The same over an engine that may fail.
    pub async fn try_sweep(&self) -> Result<(), StoreError> {
        while self.kms.sweep().await? > 0 {}
        Ok(())
    }

    /// Makes those of the keys that are not there, as at a start with a seed file.
    pub async fn plant(&self, seeds: &[SeedKey]) -> Result<Planted, RefusedSeed> {
        self.kms.plant(seeds).await
    }

    /// Writes down what has only been noted, as at the end of the process.
    ///
    /// # Panics
    /// Panics if the engine fails.
    pub async fn flush(&self) {
        self.kms.flush_usage().await.expect("the engine works");
    }

    /// A client without credentials: the default account and Region.
    pub fn client(&self) -> Client {
        Client::new(self.gateway.clone())
    }

    /// A KMS call of the default account.
    pub async fn kms(&self, operation: &str, input: Value) -> Answer {
        self.client().kms(operation, input).await
    }

    /// An IAM call of the default account, which its root user makes.
    pub async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.client().iam(action, parameters).await
    }

    /// An IAM call that this caller makes, past the gateway, which must tell callers by their credentials.
    ///
    /// # Panics
    /// Panics if IAM has no such action.
    pub async fn iam_as(&self, caller: Caller, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let id = RequestId::new(random_uuid(&*self.entropy));
        let cx = Context::new(id, "us-east-1".parse().expect("a Region"), caller);
        let model = self.iam.model();
        let operation = model.operations.iter().find(|operation| operation.name == action).expect("an action of IAM");
        let output = match self.iam.decode(operation, iam_form(action, parameters).as_bytes()) {
            Ok(input) => self.iam.call(&cx, operation, input).await,
            Err(refusal) => Err(refusal),
        };
        let (status, payload) = match output {
            Ok(output) => (200, model.protocol.encode(model, operation, &*output, id)),
            Err(error) => (error.status, model.protocol.encode_error(&error, model.xml_namespace, id)),
        };
        Answer { status, headers: HeaderMap::new(), body: payload.body.into() }
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
