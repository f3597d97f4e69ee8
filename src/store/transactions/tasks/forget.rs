//! Forgetting tasks whose time for an undo is over, with what the leads were before them.

use std::ops::ControlFlow;

use crate::domain::id::{LeadId, TaskId, WorkspaceId};
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::records::task::Did;
use crate::store::tables::{Leads, TaskLeads, TaskOrders, Tasks};
use crate::store::transactions::jobs::forget_lead;
use crate::store::transactions::lead_rows::within_window;
use crate::store::{Reads, Refusal, SystemScope, Transaction, Tx};

/// Leads between two looks at the clock.
const STRIDE: usize = 16;

/// Removes tasks that ended more than 30 days ago, and with them all that was found out about the leads they deleted: until
/// then an undo brings it back. In portions; what is done is gone from the rows of the task, so that the next one goes on
/// there. Bulk work; true when there is more to do.
#[derive(Debug, Clone)]
pub struct ForgetTasks {
    pub house: SystemScope,
    pub at: Time,
    /// The most leads of one transaction.
    pub most: usize,
}

impl ForgetTasks {
    pub const MOST: usize = 5_000;
}

impl Transaction for ForgetTasks {
    type Out = bool;
    const NAME: &'static str = "tasks.forget";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<bool, Refusal> {
        let mut over: Option<(WorkspaceId, TaskId)> = None;
        tx.scan_all::<Tasks>(&mut |workspace, (id,), task| {
            let is_over = task.ended_at.is_some_and(|ended_at| !within_window(ended_at, self.at));
            over = is_over.then_some((workspace, id));
            if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let Some((workspace, task)) = over else { return Ok(false) };
        let scope = self.house.within(workspace);
        let mut leads: Vec<(LeadId, Did)> = Vec::new();
        tx.scan::<TaskLeads>(&scope, &(task,), Order::Ascending, &mut |(_, lead), record| {
            leads.push((lead, record.did));
            if leads.len() < self.most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let is_last = leads.len() < self.most;
        for (place, stride) in leads.chunks(STRIDE).enumerate() {
            if place > 0 && tx.time_is_up() {
                return Ok(true);
            }
            for (lead, did) in stride {
                if *did == Did::Removed && !tx.has::<Leads>(&scope, (*lead,))? {
                    forget_lead(tx, &scope, *lead)?;
                }
                tx.remove::<TaskLeads>(&scope, (task, *lead))?;
            }
        }
        if is_last {
            tx.remove::<TaskOrders>(&scope, (task,))?;
            tx.remove::<Tasks>(&scope, (task,))?;
        }
        Ok(true)
    }
}
