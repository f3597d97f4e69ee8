//! `enrichAfterImport`: when an import is complete, its leads are ordered like any others, in the name of who imported.

use std::time::Duration;

use super::order::{Order, Prepared, prepare};
use crate::app::App;
use crate::domain::enrichment::JobOptions;
use crate::domain::id::ImportId;
use crate::store::records::import::{Import, NotEnriched};
use crate::store::records::job::Selection;
use crate::store::transactions::enrich_imported::{Decided, EnrichImported, imports_to_enrich};
use crate::store::transactions::imports::origin_of;
use crate::store::transactions::jobs::{CreateJob, LEASE_ITEMS};
use crate::store::{Reject, StoreError, SubmitError, SystemScope, Urgency, WorkspaceScope};

/// Between two looks while much is committed.
const PACE: Duration = Duration::from_millis(500);

/// Looks for imports that are complete, after every commit and at the start, as long as the store lives.
pub async fn enrich_imported(app: &App, system: SystemScope) {
    let mut committed = app.store.committed();
    loop {
        committed.mark_unchanged();
        if let Err(error) = look(app, system).await {
            tracing::warn!(%error, "imports that are to be enriched could not be looked at; later");
        }
        app.deps.clock.sleep(PACE).await;
        if committed.changed().await.is_err() {
            return;
        }
    }
}

async fn look(app: &App, system: SystemScope) -> Result<(), StoreError> {
    let waiting = app.store.read(move |view| imports_to_enrich(view, system)).await?;
    for (scope, id, import) in waiting {
        if let Err(error) = order(app, scope, id, &import).await {
            tracing::warn!(import = %id, %error, "the leads of an import could not be ordered; later");
        }
    }
    Ok(())
}

async fn order(app: &App, scope: WorkspaceScope, id: ImportId, import: &Import) -> Result<(), SubmitError> {
    let origin = origin_of(import, app.deps.clock.now());
    let selection = Selection { list: Some(import.list), import: Some(id), ..Selection::default() };
    let new = Order { selection, options: JobOptions::default(), ..Order::default() };
    let decided = match prepare(app, (scope, origin.at), new).await.and_then(Prepared::allowed) {
        Ok(prepared) => Decided::Job(Box::new(CreateJob {
            scope,
            origin: origin.clone(),
            id: app.deps.ids.next(),
            new: prepared.new,
            items: app.deps.ids.next_block(u32::try_from(LEASE_ITEMS).unwrap_or(u32::MAX)),
        })),
        // What broke on our side is tried again.
        Err(problem) if problem.code.status().is_server_error() => {
            tracing::warn!(import = %id, code = problem.code.text(), "an order could not be prepared; later");
            return Ok(());
        }
        Err(problem) => Decided::Refused(NotEnriched { code: problem.code.text().to_owned(), detail: problem.detail }),
    };
    let enrich = EnrichImported { scope, origin, import: id, decided };
    match app.store.submit(enrich.clone(), Urgency::Interactive).await {
        Ok(_) => {}
        Err(SubmitError::Rejected(reject)) => {
            let decided = Decided::Refused(why(&reject));
            app.store.submit(EnrichImported { decided, ..enrich }, Urgency::Interactive).await?;
        }
        Err(error) => return Err(error),
    }
    app.wakes.scheduler.wake();
    Ok(())
}

/// As the API would say it.
fn why(reject: &Reject) -> NotEnriched {
    let problem = crate::http::problem::Problem::from(reject.clone());
    NotEnriched { code: problem.code.text().to_owned(), detail: problem.detail }
}
