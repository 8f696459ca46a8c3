//! Traces to an OpenTelemetry collector, where one is named: spans of requests and of groups of commands.
//!
//! Spans have a target of their own, [`TARGET`]: where no collector is named nobody asks for them, and they
//! cost next to nothing.

use std::collections::HashMap;
use std::time::Duration;

use landfall_service::hand_on;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio::runtime::Runtime;
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Otlp, masked_url};
use crate::outcome::CliError;

/// The target of all spans that are traced.
pub(crate) const TARGET: &str = "landfall::trace";

/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What sends spans. Dropped, it sends those that it still has.
#[derive(Debug)]
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    /// Where requests to the collector are carried out.
    _runtime: Runtime,
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(PATIENCE) {
            tracing::warn!(%error, "the last spans did not reach the collector");
        }
    }
}

fn wrong(url: &str, error: &dyn std::fmt::Display) -> CliError {
    CliError::usage(format!("--otlp {}: {error}", masked_url(url)))
}

/// Refuses a collector that cannot be one.
pub(crate) fn check(Otlp { url, .. }: &Otlp) -> Result<(), CliError> {
    if url.starts_with("http://") {
        return Ok(());
    }
    let remedy = "must be the http:// URL of a collector near by, as in http://127.0.0.1:4318";
    Err(wrong(url, &remedy))
}

/// Starts sending to a collector. `replica` tells this process from others of the service.
pub(crate) fn start<S>(
    otlp: &Otlp,
    replica: &str,
) -> Result<(Traces, impl Layer<S> + Send + Sync + 'static), CliError>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    check(otlp)?;
    let Otlp { url, percent } = otlp;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("traces")
        .enable_all()
        .build()
        .map_err(|error| CliError::failed(format!("cannot start: {error}")))?;
    let client = Client {
        handle: runtime.handle().clone(),
        inner: HyperClient::with_default_connector(PATIENCE, None),
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(format!("{}/v1/traces", url.trim_end_matches('/')))
        .with_timeout(PATIENCE)
        .build()
        .map_err(|error| wrong(url, &error))?;
    let resource = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", "landfall"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", replica.to_owned()),
        ])
        .build();
    let sampler = Sampler::TraceIdRatioBased(f64::from(*percent) / 100.0);
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(sampler)))
        .with_resource(resource)
        .build();
    global::set_text_map_propagator(TraceContextPropagator::new());
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("landfall"))
        .with_location(false)
        .with_threads(false)
        .with_filter(Targets::new().with_target(TARGET, tracing::Level::TRACE));
    let traces = Traces {
        provider,
        _runtime: runtime,
    };
    Ok((traces, layer))
}

/// Whether anybody asked for traces.
pub(crate) fn wanted() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::TRACE)
}

/// Puts a request into a span, which belongs to the caller's trace where the caller has one.
pub(crate) async fn trace_request(
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> axum::response::Response {
    let headers = HeaderExtractor(request.headers());
    let parent = global::get_text_map_propagator(|propagator| propagator.extract(&headers));
    let route = request.extensions().get::<axum::extract::MatchedPath>();
    let route = route.map_or("none", axum::extract::MatchedPath::as_str);
    let method = request.method().as_str();
    let span = tracing::trace_span!(
        target: TARGET,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        http.response.status_code = tracing::field::Empty,
    );
    // It fails only where nobody traces.
    let _ = span.set_parent(parent);
    let response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    response
}

/// What a trace is told in, between services as between replicas (W3C Trace Context).
const TRACEPARENT: &str = "traceparent";

/// Lets traces go along with commands that are handed on to another replica.
pub(crate) fn handed_on() -> Option<hand_on::Traces> {
    wanted().then_some(hand_on::Traces { present, follow })
}

fn present() -> Option<String> {
    let context = tracing::Span::current().context();
    let mut said = HashMap::new();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut said));
    said.remove(TRACEPARENT)
}

fn follow(kind: &str, said: &str) -> tracing::Span {
    let said = HashMap::from([(TRACEPARENT.to_owned(), said.to_owned())]);
    let parent = global::get_text_map_propagator(|propagator| propagator.extract(&said));
    let span = tracing::trace_span!(
        target: TARGET,
        "handed on",
        otel.name = format!("handed on {kind}"),
        otel.kind = "server",
    );
    // It fails only where nobody traces.
    let _ = span.set_parent(parent);
    span
}

/// Carries requests out on a runtime, whoever waits for them: the exporter has a thread without one.
#[derive(Debug)]
struct Client {
    handle: tokio::runtime::Handle,
    inner: HyperClient,
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.inner.clone();
        self.handle
            .spawn(async move { client.send_bytes(request).await })
            .await?
    }
}
