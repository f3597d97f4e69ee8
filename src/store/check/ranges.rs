//! Leads that a derived view still has to look at: what the outbox names behind a checkpoint.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::domain::id::{Id, LeadId, WorkspaceId};
use crate::store::records::outbox::{Checkpoint, Lane};
use crate::store::tables::Outbox;
use crate::store::{Reads, StoreError, View};

/// Per workspace runs of lead ids, both ends included. The outbox bounds it: an import chunk is one run, an edit another.
#[derive(Debug, Default)]
pub(super) struct LeadRanges {
    runs: BTreeMap<WorkspaceId, Vec<(u64, u64)>>,
    entries: u64,
}

impl LeadRanges {
    pub(super) fn behind(view: &View, checkpoint: &Checkpoint) -> Result<Self, StoreError> {
        let mut ranges = Self::default();
        for lane in Lane::BOTH {
            let after = (lane as u8, checkpoint.of(lane));
            view.scan_install_after::<Outbox>(&(lane as u8,), &after, &mut |_, entry| {
                ranges.entries += 1;
                let runs = ranges.runs.entry(entry.workspace).or_default();
                match runs.last_mut() {
                    Some((first, last)) if *first <= entry.first && entry.first <= last.saturating_add(1) => {
                        *last = entry.last.max(*last);
                    }
                    _ => runs.push((entry.first, entry.last)),
                }
                ControlFlow::Continue(())
            })?;
        }
        ranges.runs.values_mut().for_each(join);
        Ok(ranges)
    }

    pub(super) fn covers(&self, workspace: WorkspaceId, lead: LeadId) -> bool {
        let lead = lead.as_u64();
        self.runs.get(&workspace).is_some_and(|runs| {
            let behind = runs.partition_point(|(first, _)| *first <= lead);
            behind.checked_sub(1).is_some_and(|at| lead <= runs[at].1)
        })
    }

    pub(super) fn entries(&self) -> u64 {
        self.entries
    }

    pub(super) fn workspaces(&self) -> impl Iterator<Item = WorkspaceId> {
        self.runs.keys().copied()
    }
}

/// Sorts runs and makes one of those that touch or overlap.
fn join(runs: &mut Vec<(u64, u64)>) {
    runs.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::with_capacity(runs.len());
    for (first, last) in runs.drain(..) {
        match joined.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => joined.push((first, last)),
        }
    }
    *runs = joined;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn joined_runs_cover_what_the_single_ones_did(
            runs in prop::collection::vec((0_u64..40, 0_u64..6), 0..12),
            lead in 0_u64..50,
        ) {
            let mut joined: Vec<(u64, u64)> = runs.iter().map(|(first, more)| (*first, first + more)).collect();
            let covered = joined.iter().any(|(first, last)| (first..=last).contains(&&lead));
            join(&mut joined);
            let workspace = WorkspaceId::from_u64(1);
            let ranges = LeadRanges { runs: BTreeMap::from([(workspace, joined)]), entries: 0 };
            prop_assert_eq!(ranges.covers(workspace, LeadId::from_u64(lead)), covered);
            prop_assert!(!ranges.covers(WorkspaceId::from_u64(2), LeadId::from_u64(lead)));
        }
    }
}
