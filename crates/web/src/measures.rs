//! What is measured of pages, for whoever watches from outside (OpenMetrics). It names the route and never what stands in
//! its place: no tokens, no addresses.

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};
use tokio::time::Instant;

use crate::state::AppState;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

/// See the module. Clones count together.
#[derive(Clone, Debug)]
pub struct Measures {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabel, Histogram, fn() -> Histogram>,
    open: Gauge,
}

/// From half a millisecond to eight seconds.
fn times() -> Histogram {
    Histogram::new(exponential_buckets(0.000_5, 4.0, 8))
}

impl Default for Measures {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(times as fn() -> Histogram),
            open: Gauge::default(),
        }
    }
}

impl Measures {
    /// Gives them names.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "Requests that were answered", self.requests.clone());
        let help = "From a request to the beginning of its answer, by route";
        registry.register_with_unit("http_request", help, Unit::Seconds, self.seconds.clone());
        registry.register("http_requests_open", "Requests that wait for the beginning of an answer", self.open.clone());
    }
}

/// One that is being answered, also if whoever asked goes away.
struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The layer.
pub(crate) async fn layer(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    // Methods that nobody uses are made up by strangers.
    let method = match request.method().as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        _ => "other",
    };
    let measures = &app.measures;
    measures.open.inc();
    let open = Open(measures.open.clone());
    let response = next.run(request).await;
    drop(open);
    let (took, status) = (began.elapsed(), response.status().as_u16());
    measures.seconds.get_or_create(&RouteLabel { route: route.clone() }).observe(took.as_secs_f64());
    measures.requests.get_or_create(&RequestLabels { method, route, status }).inc();
    response
}
