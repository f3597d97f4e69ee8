//! Every route on one page, grouped as in the contract, and the layers around them.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use axum::{Json, Router};
use tower_http::compression::{CompressionLayer, CompressionLevel};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use super::codes::Code;
use super::problem::Problem;
use super::{
    admission, auth, conditional, console, describe, health, imports, lists, observe, security_headers, uploads,
};
use crate::app::App;

type Routes = OpenApiRouter<Arc<App>>;

/// Routes that answer soon: JSON in, JSON out, within `server.request_timeout` and `server.max_body_bytes`.
fn requests() -> Routes {
    Routes::new()
        // lists
        .routes(routes!(lists::index, lists::create))
        .routes(routes!(lists::show, lists::update, lists::delete))
        .routes(routes!(lists::restore))
        .routes(routes!(lists::archive))
        .routes(routes!(lists::unarchive))
        // import
        .routes(routes!(uploads::create))
        .routes(routes!(imports::show))
        .routes(routes!(imports::cancel))
        .routes(routes!(imports::undo))
}

/// Routes that move files or stay open: limits of their own, no time limit.
fn transfers() -> Routes {
    Routes::new()
        // import
        .routes(routes!(uploads::show, uploads::append))
        .routes(routes!(imports::start_in_list))
        .routes(routes!(imports::index, imports::start_anywhere))
        .routes(routes!(imports::preview))
        .routes(routes!(imports::check::check))
        .routes(routes!(imports::rejected))
}

/// The API description, the same that `/api/openapi.json` serves.
pub fn openapi() -> OpenApi {
    let mut api = requests().merge(transfers()).into_openapi();
    describe::complete(&mut api);
    api
}

/// Everything the server answers.
pub fn router(app: Arc<App>) -> Router {
    let body_limit = DefaultBodyLimit::max(app.config.server.max_body_bytes.as_usize());
    let within = |layer| from_fn_with_state(Arc::clone(&app), layer);
    let requests = Router::from(requests())
        .layer(body_limit)
        .route_layer(from_fn_with_state(Arc::clone(&app), admission::time_limit));
    let transfers = Router::from(transfers()).layer(DefaultBodyLimit::disable());
    let api = requests
        .merge(transfers)
        .route_layer(from_fn_with_state(Arc::clone(&app), admission::admit))
        .route_layer(from_fn_with_state(Arc::clone(&app), auth::authenticate));

    let description = openapi();
    let described = description.clone();
    Router::new()
        .nest("/api/v1", api.clone())
        .nest("/api", api)
        .route("/api/openapi.json", get(|| async move { Json(described) }))
        .merge(SwaggerUi::new("/api/docs").config(utoipa_swagger_ui::Config::from("/api/openapi.json")))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::prometheus))
        .route("/", get(console::page))
        .fallback(|| async { Problem::new(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::new(Code::MethodNotAllowed) })
        .layer(from_fn(conditional::not_modified))
        .layer(CompressionLayer::new().br(true).quality(CompressionLevel::Precise(4)))
        .layer(from_fn(security_headers::secure))
        .layer(within(observe::observe))
        .with_state(app)
}
