//! Jobs that have had their time, and the raw answers of their calls, which have a shorter one.

use std::ops::ControlFlow;

use super::chore::until;
use super::errand::Errand;
use super::sweep::Sweep;
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::tables::{JobTrims, Jobs};
use crate::store::transactions::job_retention::{RemoveJob, TrimJob, has_had_its_time, is_walk_due};
use crate::store::{Origin, Reads, StoreError, View};

/// Items of one errand.
const ITEMS: usize = 500;
/// Errands of one look.
const ERRANDS: usize = 64;

impl Sweep {
    /// Jobs lie in the order in which they were made: the first one that is too young for anything ends the look at its
    /// workspace.
    pub(super) fn jobs(&self, view: &View, now: Time) -> Result<Vec<Errand>, StoreError> {
        let keeping = self.keeping;
        let shortest = keeping.jobs.min(keeping.raw_answers);
        let mut found = Vec::new();
        for workspace in self.workspaces(view)? {
            let scope = self.system.within(workspace);
            let remove =
                |job| Errand::RemoveJob(RemoveJob { scope, origin: Origin::system(now), keeping, job, most: ITEMS });
            view.scan::<JobTrims>(&scope, &(), Order::Ascending, &mut |(job,), trim| {
                if trim.removing {
                    found.push(remove(job));
                }
                until(found.len() >= ERRANDS)
            })?;
            let mut failed = None;
            view.scan::<Jobs>(&scope, &(), Order::Ascending, &mut |(id,), job| {
                if found.len() >= ERRANDS || now.since(job.created_at) < shortest {
                    return ControlFlow::Break(());
                }
                if has_had_its_time(&job, &keeping, now) {
                    found.push(remove(id));
                    return ControlFlow::Continue(());
                }
                match view.get::<JobTrims>(&scope, (id,)) {
                    Ok(trim) if is_walk_due(&job, &trim.unwrap_or_default(), &keeping, now) => {
                        found.push(Errand::TrimJob(TrimJob { scope, now, keeping, job: id, most: ITEMS }));
                    }
                    Ok(_) => {}
                    Err(error) => failed = Some(error),
                }
                until(failed.is_some())
            })?;
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(found)
    }
}
