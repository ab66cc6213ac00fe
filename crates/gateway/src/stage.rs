use tower::Service;

/// One step of a tier, as its layers see what lies inside them. Every step is ready at all times, since nothing here
/// queues; so layers call without asking, and need no boxed futures.
pub(crate) trait Stage<Request, Response, Error>:
    Service<Request, Response = Response, Error = Error, Future: Send> + Clone + Send + 'static
{
}

impl<S, Request, Response, Error> Stage<Request, Response, Error> for S where
    S: Service<Request, Response = Response, Error = Error, Future: Send> + Clone + Send + 'static
{
}
