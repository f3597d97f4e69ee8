//! Which jobs take part when there are more than may run at the same time.
//!
//! Jobs of a single lead always do: they are over before anybody notices. Of the others a workspace has as many as its
//! plan allows, and when all together are too many, workspaces get places by weight, so that one with a hundred jobs
//! cannot keep another from beginning. A job that loses its place ends the slices it has in work and rests; its rows are
//! as they were.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::plans::Plans;
use crate::domain::id::{JobId, WorkspaceId};

/// What a plan gives its workspaces of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanShare {
    /// Beside other workspaces.
    pub weight: u32,
    /// Jobs at the same time; `None`: as many as there are.
    pub concurrency: Option<u32>,
}

impl Default for PlanShare {
    fn default() -> Self {
        Self { weight: 1, concurrency: None }
    }
}

/// Tells the share of a plan by its slug. One that is not known any more gets the least.
#[derive(Clone)]
pub struct PlanShares(Arc<dyn Fn(&str) -> PlanShare + Send + Sync>);

impl PlanShares {
    pub fn of(plans: Plans) -> Self {
        Self(Arc::new(move |slug| {
            let share =
                |plan: &crate::config::plans::Plan| PlanShare { weight: plan.weight, concurrency: plan.concurrency };
            plans.plan(slug).map(share).unwrap_or_default()
        }))
    }

    pub fn share(&self, slug: &str) -> PlanShare {
        (self.0)(slug)
    }
}

/// The same for every plan.
impl Default for PlanShares {
    fn default() -> Self {
        Self(Arc::new(|_| PlanShare::default()))
    }
}

/// A job that could run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub job: JobId,
    pub workspace: WorkspaceId,
    pub share: PlanShare,
    /// It is about one lead.
    pub is_single: bool,
    pub has_begun: bool,
}

/// Those that take part: at most `most` jobs of many leads, and as many of a single one.
pub(super) fn admitted(candidates: &[Candidate], most: usize) -> Vec<JobId> {
    let mut singles: Vec<JobId> = candidates.iter().filter(|one| one.is_single).map(|one| one.job).collect();
    singles.sort_unstable();
    singles.truncate(most);
    let mut by_workspace: BTreeMap<WorkspaceId, Vec<&Candidate>> = BTreeMap::new();
    for one in candidates.iter().filter(|one| !one.is_single) {
        by_workspace.entry(one.workspace).or_default().push(one);
    }
    let mut places: Vec<(f64, &Candidate)> = Vec::new();
    for jobs in by_workspace.values_mut() {
        // Who has begun goes on; who waits for longest begins next.
        jobs.sort_by_key(|one| (Reverse(one.has_begun), one.job));
        for (place, one) in jobs.iter().enumerate() {
            if one.share.concurrency.is_some_and(|most| place >= most.max(1) as usize) {
                break;
            }
            #[expect(clippy::cast_precision_loss, reason = "a number of jobs")]
            let turn = (place + 1) as f64 / f64::from(one.share.weight.max(1));
            places.push((turn, *one));
        }
    }
    places.sort_by(|(turn, one), (other_turn, other)| turn.total_cmp(other_turn).then(one.job.cmp(&other.job)));
    singles.into_iter().chain(places.into_iter().take(most).map(|(_, one)| one.job)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    fn job(number: u64, workspace: u64) -> Candidate {
        Candidate {
            job: JobId::from_u64(number),
            workspace: WorkspaceId::from_u64(workspace),
            share: PlanShare::default(),
            is_single: false,
            has_begun: true,
        }
    }

    fn numbers(admitted: &[JobId]) -> Vec<u64> {
        admitted.iter().map(|job| job.as_u64()).collect()
    }

    #[test]
    fn a_workspace_with_many_jobs_keeps_nobody_out() {
        let mut all: Vec<Candidate> = (1..=100).map(|number| job(number, 1)).collect();
        assert_eq!(admitted(&all, 100).len(), 100);
        all.push(Candidate { has_begun: false, ..job(500, 2) });
        let takes_part = numbers(&admitted(&all, 100));
        assert!(takes_part.contains(&500) && takes_part.len() == 100);
        all.push(Candidate { is_single: true, has_begun: false, ..job(600, 1) });
        assert_eq!(numbers(&admitted(&all, 100))[0], 600, "beside the hundred");
    }

    #[test]
    fn places_go_by_weight_and_never_beyond_the_plan() {
        let weighted = |number: u64, workspace: u64, weight| Candidate {
            share: PlanShare { weight, concurrency: Some(40) },
            ..job(number, workspace)
        };
        let mut all: Vec<Candidate> = (0..50).map(|number| weighted(number, 1, 3)).collect();
        all.extend((50..100).map(|number| weighted(number, 2, 1)));
        let takes_part = numbers(&admitted(&all, 40));
        assert_eq!(takes_part.iter().filter(|number| **number < 50).count(), 30);
        let takes_part = numbers(&admitted(&all, 100));
        assert_eq!(takes_part.iter().filter(|number| **number < 50).count(), 40, "the plan allows forty");
    }
}
