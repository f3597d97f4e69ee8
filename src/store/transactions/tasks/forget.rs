//! Forgetting tasks whose time for an undo is over, with what the leads were before them.

use std::ops::ControlFlow;

use crate::domain::id::{LeadId, TaskId, WorkspaceId};
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::tables::{TaskLeads, TaskOrders, Tasks};
use crate::store::transactions::lead_rows::within_window;
use crate::store::{Reads, Refusal, SystemScope, Transaction, Tx};

/// The most rows that one transaction removes.
const MOST: usize = 5_000;

/// Removes tasks that ended more than 30 days ago. Bulk work; true when there is more to do.
#[derive(Debug, Clone)]
pub struct ForgetTasks {
    pub house: SystemScope,
    pub at: Time,
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
        let mut leads: Vec<LeadId> = Vec::new();
        tx.scan::<TaskLeads>(&scope, &(task,), Order::Ascending, &mut |(_, lead), _| {
            leads.push(lead);
            if leads.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let is_last = leads.len() < MOST;
        for lead in leads {
            tx.remove::<TaskLeads>(&scope, (task, lead))?;
        }
        if is_last {
            tx.remove::<TaskOrders>(&scope, (task,))?;
            tx.remove::<Tasks>(&scope, (task,))?;
        }
        Ok(true)
    }
}
