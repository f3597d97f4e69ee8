//! Every route on one page, grouped as in the contract, and the layers around them.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use axum::{Json, Router};
use tower_http::compression::{CompressionLayer, CompressionLevel};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use super::codes::Code;
use super::problem::Problem;
use super::{
    admission, api_keys, audit, auth, bulk, callbacks, check, companies, conditional, console, credits, describe,
    enrichment, events, exports, health, imports, leads, lists, manifests, observe, privacy, providers, search,
    security_headers, session, settings, setup, suppressions, timeline, uploads, usage, users, workspaces,
};
use crate::app::App;

/// Bytes of a ring that are taken.
const RING_BYTES: usize = 64 * 1024;

type Routes = OpenApiRouter<Arc<App>>;

/// Routes that answer soon: JSON in, JSON out, within `server.request_timeout` and `server.max_body_bytes`.
fn requests() -> Routes {
    Routes::new()
        // setup, session
        .routes(routes!(setup::show, setup::create))
        .routes(routes!(session::show, session::create, session::delete))
        .routes(routes!(session::change_password))
        // lists
        .routes(routes!(lists::index, lists::create))
        .routes(routes!(lists::show, lists::update, lists::delete))
        .routes(routes!(lists::restore))
        .routes(routes!(lists::archive))
        .routes(routes!(lists::unarchive))
        .routes(routes!(bulk::lists::duplicate))
        .routes(routes!(bulk::lists::merge))
        .routes(routes!(timeline::of_list))
        // import
        .routes(routes!(uploads::create))
        .routes(routes!(imports::show))
        .routes(routes!(imports::recipes::index, imports::recipes::create))
        .routes(routes!(imports::recipes::show, imports::recipes::delete))
        .routes(routes!(imports::cancel))
        .routes(routes!(imports::undo))
        // leads
        .routes(routes!(leads::index, leads::create))
        .routes(routes!(leads::show, leads::update, leads::delete))
        .routes(routes!(leads::relocate))
        .routes(routes!(timeline::of_lead))
        .routes(routes!(search::create))
        .routes(routes!(companies::index))
        .routes(routes!(companies::show))
        .routes(routes!(companies::leads))
        // acts on many leads
        .routes(routes!(bulk::index, bulk::create))
        .routes(routes!(bulk::show))
        .routes(routes!(bulk::skipped))
        .routes(routes!(bulk::cancel))
        .routes(routes!(bulk::undo))
        // enrichment
        .routes(routes!(enrichment::index, enrichment::create))
        .routes(routes!(enrichment::estimate))
        .routes(routes!(enrichment::show))
        .routes(routes!(enrichment::items))
        .routes(routes!(enrichment::pause))
        .routes(routes!(enrichment::resume))
        .routes(routes!(enrichment::cancel))
        .routes(routes!(enrichment::retry))
        .routes(routes!(enrichment::rest::create))
        .routes(routes!(enrichment::of_lead))
        .routes(routes!(enrichment::templates::index, enrichment::templates::create))
        .routes(routes!(enrichment::templates::show, enrichment::templates::update, enrichment::templates::delete))
        .routes(routes!(enrichment::dead_letters::index))
        .routes(routes!(enrichment::dead_letters::replay))
        .routes(routes!(usage::show))
        .routes(routes!(enrichment::lookup::show))
        .routes(routes!(enrichment::verify::show))
        // providers
        .routes(routes!(providers::index, manifests::create))
        .routes(routes!(manifests::show, providers::choices::update, manifests::delete))
        .routes(routes!(manifests::test))
        .routes(routes!(providers::put_credential, providers::delete_credential))
        // credits
        .routes(routes!(credits::show))
        .routes(routes!(credits::transactions))
        // export
        .routes(routes!(exports::index, exports::create))
        .routes(routes!(exports::show))
        // people
        .routes(routes!(workspaces::index, workspaces::create))
        .routes(routes!(workspaces::show))
        .routes(routes!(users::index, users::create))
        .routes(routes!(users::show, users::update, users::delete))
        .routes(routes!(api_keys::index, api_keys::create))
        .routes(routes!(api_keys::show, api_keys::delete))
        .routes(routes!(audit::index))
        .routes(routes!(settings::show, settings::update))
        .routes(routes!(settings::accept_terms))
        // privacy
        .routes(routes!(suppressions::index, suppressions::replace, suppressions::delete))
        .routes(routes!(privacy::outbound))
}

/// Routes that move files or stay open: limits of their own, no time limit.
fn transfers() -> Routes {
    Routes::new()
        // import
        .routes(routes!(uploads::show, uploads::append))
        .routes(routes!(imports::preview))
        .routes(routes!(imports::start_in_list))
        .routes(routes!(imports::index, imports::start_anywhere))
        .routes(routes!(imports::check::check))
        .routes(routes!(imports::rejected))
        // enrichment of one lead: waits for its result
        .routes(routes!(enrichment::single::create))
        .routes(routes!(enrichment::lookup::create))
        .routes(routes!(enrichment::verify::create))
        // export
        .routes(routes!(exports::download))
        // live
        .routes(routes!(events::follow))
        // for commands on the box, through the socket alone
        .route("/check", post(check::run))
}

/// The API description, the same that `/api/openapi.json` serves.
pub fn openapi() -> OpenApi {
    let mut api = requests().merge(transfers()).into_openapi();
    describe::complete(&mut api);
    api
}

/// Everything the server answers.
pub fn router(app: Arc<App>) -> Router {
    layered(requests().into(), transfers().into(), app)
}

/// The routes of both kinds with the layers around them, and the pages that need no caller.
fn layered(requests: Router<Arc<App>>, transfers: Router<Arc<App>>, app: Arc<App>) -> Router {
    let body_limit = DefaultBodyLimit::max(app.config.server.max_body_bytes.as_usize());
    let within = |layer| from_fn_with_state(Arc::clone(&app), layer);
    let admit = from_fn_with_state(Arc::clone(&app), admission::admit);
    // The time limit stands outside of the admission: it gives up waiting for a write, and does not cut it.
    let requests = requests
        .layer(body_limit)
        .route_layer(admit.clone())
        .route_layer(from_fn_with_state(Arc::clone(&app), admission::time_limit));
    let transfers = transfers.layer(DefaultBodyLimit::disable()).layer(admit);
    let api = requests.merge(transfers).route_layer(from_fn_with_state(Arc::clone(&app), auth::authenticate));

    // Providers ring with either; what they say is thrown away, and not much of it is listened to.
    let rung = get(callbacks::ring).post(callbacks::ring).layer(DefaultBodyLimit::max(RING_BYTES));
    let description = openapi();
    Router::new()
        .nest("/api/v1", api.clone())
        .nest("/api", api)
        .route("/api/openapi.json", get(|| async move { Json(description) }))
        .merge(SwaggerUi::new("/api/docs").config(utoipa_swagger_ui::Config::from("/api/openapi.json")))
        .route("/callbacks/{token}", rung)
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::prometheus))
        .merge(console::pages())
        .fallback(|| async { Problem::new(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::new(Code::MethodNotAllowed) })
        .layer(from_fn(conditional::not_modified))
        .layer(CompressionLayer::new().br(true).quality(CompressionLevel::Precise(4)))
        .layer(from_fn(security_headers::secure))
        .layer(within(observe::observe))
        .with_state(app)
}

#[cfg(test)]
mod tests;
