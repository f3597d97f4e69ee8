//! Documents of the search index against the leads, window by window in the order of the ids.

use std::collections::BTreeSet;

use super::CheckError;
use super::ranges::LeadRanges;
use super::report::{Code, Report};
use super::scan::{each, each_install};
use crate::domain::id::{Id, LeadId, ListId, WorkspaceId};
use crate::search::Census;
use crate::store::records::outbox::Checkpoint;
use crate::store::tables::{Leads, Workspaces};
use crate::store::{StoreError, View, meta, outbox};

/// Leads held at once.
const WINDOW: usize = 200_000;
const INDEX: &str = "index";

pub(super) fn compare(view: &View, census: &Census, report: &mut Report) -> Result<(), CheckError> {
    let Some(reached) = census.checkpoint().map(|at| Checkpoint { live: at.live, bulk: at.bulk }) else {
        report.pending("INDEX_BUILD", 1, "the search index is built at a start");
        return Ok(());
    };
    report.count("documents", census.documents());
    let (trimmed, high_water) = (outbox::checkpoint(view, outbox::TRIMMED)?, meta::high_water(view)?.seq);
    if reached.live < trimmed.live || reached.bulk < trimmed.bulk {
        report.pending("INDEX_BUILD", 1, "the search index fell behind the outbox and is built anew at a start");
        return Ok(());
    }
    if reached.live > high_water || reached.bulk > high_water {
        report.pending("INDEX_BUILD", 1, "the search index is ahead of the store and is built anew at a start");
        return Ok(());
    }
    let replayed = LeadRanges::behind(view, &reached)?;
    report.pending("INDEX_REPLAY", replayed.entries(), "outbox entries that are on their way into the search index");
    Windows { census, replayed: &replayed, seen: 0, report, workspaces: BTreeSet::new() }.run(view)
}

struct Windows<'c> {
    census: &'c Census,
    replayed: &'c LeadRanges,
    /// Documents that belong to a workspace we know.
    seen: u64,
    report: &'c mut Report,
    workspaces: BTreeSet<WorkspaceId>,
}

/// The leads of one window: from the first id (included) on.
struct Window {
    workspace: WorkspaceId,
    first: u64,
    leads: Vec<(LeadId, ListId)>,
}

impl Windows<'_> {
    fn run(mut self, view: &View) -> Result<(), CheckError> {
        let mut failed = None;
        let mut window: Option<Window> = None;
        let walked = each::<Leads>(view, |workspace, (id,), lead| {
            if let Some(full) = window.take_if(|open| open.workspace != workspace || open.leads.len() >= WINDOW) {
                let (before, ends) = (full.workspace, full.workspace != workspace);
                let last = if ends { u64::MAX } else { id.as_u64() - 1 };
                if let Err(error) = self.close(full, last) {
                    failed = Some(error);
                    return Err(StoreError::Engine(crate::store::engine::EngineError::Closed));
                }
                if !ends {
                    window = Some(Window { workspace: before, first: id.as_u64(), leads: Vec::with_capacity(WINDOW) });
                }
            }
            let open = window.get_or_insert_with(|| Window { workspace, first: 0, leads: Vec::new() });
            open.leads.push((id, lead.list));
            Ok(())
        });
        if let Some(error) = failed {
            return Err(error);
        }
        walked?;
        if let Some(last) = window {
            self.close(last, u64::MAX)?;
        }
        self.without_leads(view)
    }

    /// Compares the leads of a window with the documents up to `last`.
    fn close(&mut self, window: Window, last: u64) -> Result<(), CheckError> {
        let Window { workspace, first, leads } = window;
        self.workspaces.insert(workspace);
        let documents = self.census.leads_between(workspace, LeadId::from_u64(first), LeadId::from_u64(last))?;
        self.seen += documents.len() as u64;
        let mut documents = documents.into_iter().peekable();
        for (id, list) in leads {
            while let Some((orphan, _)) = documents.next_if(|(lead, _)| *lead < id) {
                self.differs(workspace, orphan, Code::DocumentWithoutLead, "a document of a lead that is not there");
            }
            match documents.next_if(|(lead, _)| *lead == id) {
                None => self.differs(workspace, id, Code::LeadWithoutDocument, "not in the search index"),
                Some((_, at)) if at != list => {
                    self.differs(workspace, id, Code::DocumentInOtherList, "its document names another list");
                }
                Some(_) => {}
            }
            while documents.next_if(|(lead, _)| *lead == id).is_some() {
                self.differs(workspace, id, Code::DocumentTwice, "more than one document");
            }
        }
        for (orphan, _) in documents {
            self.differs(workspace, orphan, Code::DocumentWithoutLead, "a document of a lead that is not there");
        }
        Ok(())
    }

    /// What the outbox still names is on its way, not wrong.
    fn differs(&mut self, workspace: WorkspaceId, lead: LeadId, code: Code, detail: &str) {
        if !self.replayed.covers(workspace, lead) {
            self.report.found(code, INDEX, lead, detail);
        }
    }

    /// Workspaces that have documents but no lead, and documents of no workspace at all.
    fn without_leads(&mut self, view: &View) -> Result<(), CheckError> {
        let mut empty: BTreeSet<WorkspaceId> = self.replayed.workspaces().collect();
        each_install::<Workspaces>(view, |(workspace,), _| {
            empty.insert(workspace);
            Ok(())
        })?;
        for workspace in empty.difference(&self.workspaces.clone()) {
            self.close(Window { workspace: *workspace, first: 0, leads: Vec::new() }, u64::MAX)?;
        }
        let foreign = self.census.documents().saturating_sub(self.seen);
        if foreign > 0 {
            let detail = format!("{foreign} documents of a workspace that is not there");
            self.report.found(Code::DocumentWithoutLead, INDEX, "*", detail);
        }
        Ok(())
    }
}
