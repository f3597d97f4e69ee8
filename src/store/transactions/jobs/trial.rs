//! A call that a person makes to try a provider out: what is sent of a stored lead is on record before it is sent.

use crate::domain::enrichment::Operation;
use crate::domain::id::{AttemptId, ItemId, JobId, LeadId};
use crate::store::records::attempt::Attempt;
use crate::store::tables::Attempts;
use crate::store::transactions::leads::live_lead;
use crate::store::{Origin, Refusal, Transaction, Tx, WorkspaceScope};

/// Notes the call as one without a job. How it ended is told to who made it.
#[derive(Debug, Clone)]
pub struct NoteTrial {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub lead: LeadId,
    pub attempt: AttemptId,
    pub provider: String,
    pub operation: Operation,
    /// Names of what is sent.
    pub fields: Vec<String>,
}

impl Transaction for NoteTrial {
    type Out = ();
    const NAME: &'static str = "jobs.trial";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        live_lead(tx, &self.scope, self.lead)?;
        let points = self.operation.points();
        let row = Attempt {
            job: JobId::default(),
            item: ItemId::default(),
            provider: self.provider.clone(),
            operation: self.operation,
            point: points.first().copied().unwrap_or(crate::domain::enrichment::DataPoint::Email),
            started_at: self.origin.at,
            ended_at: Some(self.origin.at),
            outcome: Some("tried_out".to_owned()),
            detail: None,
            credits: 0,
            cost: 0,
            receipt: Some("not charged: tried out by hand".to_owned()),
            fields: self.fields.clone(),
            cached: false,
            external: true,
        };
        Ok(tx.put::<Attempts>(&self.scope, (self.lead, self.attempt), &row)?)
    }
}
