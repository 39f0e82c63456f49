//! All routes, on one page.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{Any, CorsLayer};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi, openapi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use ytempire_core::Code;

use crate::error::ApiError;
use crate::parts::Api;
use crate::{caller, endpoints as e, extract, idempotency, traffic};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "YTEMPIRE Pipeline",
        description = "A brief in, a finished video out. Every error is a problem with a stable code.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/", description = "Where this document comes from")),
    tags(
        (name = "videos", description = "Order videos, watch them, fetch them"),
        (name = "events", description = "What happens, as it happens"),
        (name = "money", description = "What was spent"),
        (name = "line", description = "What all accounts share: the queue and its nodes"),
        (name = "keys", description = "Who may ask"),
        (name = "health", description = "For supervisors and Prometheus"),
        (name = "companion", description = "Paths of the first design, for programs that know them"),
    ),
    modifiers(&Keys, &Briefs)
)]
struct Document;

/// Keys are shown as bearer tokens.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", bearer);
    }
}

/// A brief has its schema already.
struct Briefs;

impl Modify for Briefs {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let mut schema = ytempire_core::brief::schema();
        // Definitions inside are found from the document's root.
        let inner = schema.as_object_mut().and_then(|root| {
            root.remove("$schema");
            root.remove("$defs")
        });
        let components = document.components.get_or_insert_default();
        let schemas = inner.as_ref().and_then(serde_json::Value::as_object);
        let inside = schemas.into_iter().flatten();
        let brief = "Brief".to_owned();
        let all = inside.chain([(&brief, &schema)]).map(moved);
        components.schemas.extend(all.collect::<Vec<_>>());
    }
}

fn moved(
    (name, schema): (&String, &serde_json::Value),
) -> (String, openapi::RefOr<openapi::Schema>) {
    let text = schema
        .to_string()
        .replace("#/$defs/", "#/components/schemas/");
    let schema = serde_json::from_str(&text).unwrap_or_default();
    (name.clone(), openapi::RefOr::T(schema))
}

fn table() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(
            e::videos::list::handler,
            e::videos::submit::handler
        ))
        .routes(routes!(
            e::videos::show::handler,
            e::videos::delete::handler
        ))
        .routes(routes!(e::videos::cancel::handler))
        .routes(routes!(e::videos::retry::handler))
        .routes(routes!(e::videos::receipt::handler))
        .routes(routes!(e::videos::files::handler))
        .routes(routes!(e::videos::file::handler))
        .routes(routes!(e::videos::events::handler))
        .routes(routes!(e::events::handler))
        .routes(routes!(e::costs::handler))
        .routes(routes!(e::line::show::handler))
        .routes(routes!(e::line::pause::handler))
        .routes(routes!(e::line::resume::handler))
        .routes(routes!(e::line::halt::handler))
        .routes(routes!(e::line::drain::handler))
        .routes(routes!(e::line::nodes::handler))
        .routes(routes!(e::line::node_drain::handler))
        .routes(routes!(e::keys::list::handler, e::keys::add::handler))
        .routes(routes!(e::keys::revoke::handler))
        .routes(routes!(e::keys::rotate::handler))
        .routes(routes!(e::health::live))
        .routes(routes!(e::health::ready))
        .routes(routes!(e::health::health))
        .routes(routes!(e::metrics::handler))
        .routes(routes!(e::document::json))
        .routes(routes!(e::document::reference))
        .routes(routes!(e::document::style))
        .routes(routes!(e::companion::submit))
        .routes(routes!(e::companion::status))
        .routes(routes!(e::companion::metrics))
        .routes(routes!(e::companion::pause))
        .routes(routes!(e::companion::resume))
        .routes(routes!(e::companion::halt))
        .routes(routes!(e::companion::cost))
}

/// The document of all routes, in the form of `OpenAPI` 3.1.
pub fn document() -> openapi::OpenApi {
    table().into_openapi()
}

/// All routes, with what every request passes through: the last layer is met first.
pub(crate) fn router(api: Api) -> Router {
    let (router, _) = table().split_for_parts();
    let body_max = api.parts.options.body_bytes_max;
    let with = |api: &Api| Api::clone(api);
    router
        .fallback(async || {
            let text = "there is nothing at this path";
            ApiError::new(StatusCode::NOT_FOUND, Code::RouteUnknown, text)
        })
        .method_not_allowed_fallback(async || {
            let text = "this path doesn't take that method";
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, Code::RequestMalformed, text)
        })
        .layer(from_fn_with_state(with(&api), idempotency::once))
        .layer(from_fn_with_state(with(&api), extract::refuse_large))
        .layer(from_fn_with_state(with(&api), caller::recognise))
        .layer(DefaultBodyLimit::max(body_max))
        .layer(CatchPanicLayer::custom(|_| panicked()))
        .layer(CompressionLayer::new())
        .layer(cors(&api.parts.options.origins))
        .layer(from_fn(guard))
        .layer(from_fn_with_state(with(&api), traffic::count))
        .with_state(api)
}

fn panicked() -> Response {
    use axum::response::IntoResponse;
    ApiError::bug("the server is wrong; please report it").into_response()
}

/// What browsers shall not do with our answers.
async fn guard(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let set = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
        ),
    ];
    for (name, value) in set {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Which web pages may ask. None, unless it is configured.
fn cors(origins: &[String]) -> CorsLayer {
    let headers = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        HeaderName::from_static("idempotency-key"),
        HeaderName::from_static("last-event-id"),
        HeaderName::from_static("x-api-key"),
    ];
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(headers)
        .expose_headers([header::LOCATION, header::RETRY_AFTER, header::ETAG]);
    if origins.iter().any(|origin| origin == "*") {
        return layer.allow_origin(Any);
    }
    let known = origins.iter().filter_map(|origin| origin.parse().ok());
    layer.allow_origin(known.collect::<Vec<HeaderValue>>())
}
