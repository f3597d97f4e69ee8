//! The door that providers ring when they are done. It asks for no key: the address itself is the secret. Whatever is said
//! here, the only thing that happens is that the provider is asked again.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::app::App;
use crate::store::transactions::jobs::RingItem;
use crate::store::{Origin, Urgency};

/// Always 202: who made up an address learns nothing. A ring while the store is busy is lost: the provider is asked later.
pub async fn ring(State(app): State<Arc<App>>, Path(token): Path<String>) -> StatusCode {
    let Some(rung) = app.callbacks.read(&token) else { return StatusCode::ACCEPTED };
    let ring = RingItem {
        scope: app.planning.system.within(rung.workspace),
        origin: Origin::system(app.deps.clock.now()),
        job: rung.job,
        item: rung.item,
        attempt: rung.attempt,
    };
    match app.store.submit(ring, Urgency::Interactive).await {
        Ok(rang) if rang.out => app.wakes.scheduler.wake(),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "a ring of a provider was not taken"),
    }
    StatusCode::ACCEPTED
}
