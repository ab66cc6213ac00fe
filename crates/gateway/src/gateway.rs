use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body::Body;
use tower::{BoxError, Service as TowerService};
use trent_protocol::{Service, ServiceModel};
use trent_shared::{Clock, Connection, Entropy};

use crate::admin::{Admin, AdminEndpoint, HealthAlone};
use crate::http_tier::http_tier;
use crate::operation_tier::operation_tier;
use crate::request_ids::RequestIds;
use crate::{AmbiguousRoute, Authenticator, Limits, Response, Router};

/// All services behind one endpoint.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

/// What the layers of every connection have in common.
pub(crate) struct Shared {
    pub(crate) router: Router,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) admin: Admin,
    pub(crate) request_ids: RequestIds,
    pub(crate) limits: Limits,
}

impl Gateway {
    /// Puts these services behind one endpoint; `None` stands for one that is known but turned off. `clock` tells the
    /// uptime, `entropy` starts the request ids.
    pub fn new(
        services: impl IntoIterator<Item = (&'static ServiceModel, Option<Arc<dyn Service>>)>,
        authenticator: Arc<dyn Authenticator>,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
        limits: Limits,
    ) -> Result<Self, AmbiguousRoute> {
        Self::with_admin(services, authenticator, clock, entropy, limits, Arc::new(HealthAlone))
    }

    /// The same, with more than health under `/_trent/`.
    pub fn with_admin(
        services: impl IntoIterator<Item = (&'static ServiceModel, Option<Arc<dyn Service>>)>,
        authenticator: Arc<dyn Authenticator>,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
        limits: Limits,
        endpoint: Arc<dyn AdminEndpoint>,
    ) -> Result<Self, AmbiguousRoute> {
        let services: Vec<_> = services.into_iter().collect();
        let states = services.iter().map(|(model, service)| (model.id, service.is_some()));
        let admin = Admin::new(states, clock, endpoint);
        let router = Router::new(services)?;
        let request_ids = RequestIds::new(entropy);
        Ok(Self { shared: Arc::new(Shared { router, authenticator, admin, request_ids, limits }) })
    }

    /// The routing index.
    pub fn router(&self) -> &Router {
        &self.shared.router
    }

    /// Both tiers as one service from HTTP request to HTTP response, for callers in process.
    pub fn stack<B>(
        &self,
    ) -> impl TowerService<Request<B>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static + use<B>
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
    {
        self.stack_for(Connection::default())
    }

    /// The same for requests that arrive over this connection.
    pub fn stack_for<B>(
        &self,
        connection: Connection,
    ) -> impl TowerService<Request<B>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static + use<B>
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
    {
        http_tier(&self.shared, connection, operation_tier())
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.shared.limits
    }
}
