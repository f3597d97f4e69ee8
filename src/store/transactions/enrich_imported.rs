//! The job that an import asked for: made once, when the import is complete, whatever crashes in between.
//!
//! The end of the import leaves a row in `imports_to_enrich`; the transaction that makes the job, or notes why there is
//! none, takes it away.

use std::ops::ControlFlow;

use crate::domain::id::{ImportId, JobId};
use crate::store::engine::Order;
use crate::store::records::import::{Import, NotEnriched};
use crate::store::tables::{Imports, ImportsToEnrich};
use crate::store::transactions::jobs::CreateJob;
use crate::store::{Fact, Origin, Reads, Refusal, StoreError, Subject, SystemScope, Transaction, Tx, WorkspaceScope};

/// What becomes of the leads of an import.
#[derive(Debug, Clone)]
pub enum Decided {
    Job(Box<CreateJob>),
    Refused(NotEnriched),
}

/// Makes the job, or notes why there is none; nothing when that was done before.
#[derive(Debug, Clone)]
pub struct EnrichImported {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub import: ImportId,
    pub decided: Decided,
}

impl Transaction for EnrichImported {
    type Out = Option<JobId>;
    const NAME: &'static str = "imports.enrich";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Option<JobId>, Refusal> {
        let place = (self.scope.workspace(), self.import);
        if !tx.remove_install::<ImportsToEnrich>(place)? {
            return Ok(None);
        }
        let Some(mut row) = tx.get::<Imports>(&self.scope, (self.import,))? else { return Ok(None) };
        let made = match &self.decided {
            Decided::Job(create) => {
                create.apply(tx)?;
                row.enrichment_job = Some(create.id);
                Some(create.id)
            }
            Decided::Refused(reason) => {
                row.not_enriched = Some(reason.clone());
                let after = serde_json::json!({ "code": reason.code });
                let fact = Fact::new("import.not_enriched", Subject::import(self.import)).also(Subject::list(row.list));
                tx.event(&self.scope, &self.origin, fact.change(None, Some(&after)))?;
                None
            }
        };
        tx.put::<Imports>(&self.scope, (self.import,), &row)?;
        Ok(made)
    }
}

/// The imports whose leads wait to be enriched.
///
/// # Errors
/// When rows cannot be read.
pub fn imports_to_enrich(
    reads: &impl Reads,
    system: SystemScope,
) -> Result<Vec<(WorkspaceScope, ImportId, Import)>, StoreError> {
    let mut places = Vec::new();
    reads.scan_install::<ImportsToEnrich>(&(), Order::Ascending, &mut |(workspace, id), ()| {
        places.push((system.within(workspace), id));
        ControlFlow::Continue(())
    })?;
    let mut found = Vec::with_capacity(places.len());
    for (scope, id) in places {
        found.push((scope, id, reads.get::<Imports>(&scope, (id,))?.unwrap_or_default()));
    }
    Ok(found)
}
