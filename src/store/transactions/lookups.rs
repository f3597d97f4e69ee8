//! Taking in those who are only asked about, and letting go of them when the order for them was refused.

use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::domain::time::Time;
use crate::store::records::lookup::Lookup;
use crate::store::tables::Lookups;
use crate::store::{Refusal, Transaction, Tx, WorkspaceScope};

/// Keeps them until they are forgotten.
#[derive(Debug, Clone)]
pub struct AddLookups {
    pub scope: WorkspaceScope,
    pub at: Time,
    /// In no list.
    pub rows: Vec<(LeadId, Lookup)>,
}

impl Transaction for AddLookups {
    type Out = ();
    const NAME: &'static str = "lookups.add";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        for (id, row) in &self.rows {
            let quality_score = tx.quality(&row.lead);
            let lead = Lead { quality_score, created_at: self.at, updated_at: self.at, ..row.lead.clone() };
            tx.put::<Lookups>(&self.scope, (*id,), &Lookup { lead, at: self.at, ..row.clone() })?;
        }
        Ok(())
    }
}

/// Nobody works on them: their order was refused, or was made before.
#[derive(Debug, Clone)]
pub struct DropLookups {
    pub scope: WorkspaceScope,
    pub ids: Vec<LeadId>,
}

impl Transaction for DropLookups {
    type Out = ();
    const NAME: &'static str = "lookups.drop";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        for id in &self.ids {
            tx.remove::<Lookups>(&self.scope, (*id,))?;
        }
        Ok(())
    }
}
