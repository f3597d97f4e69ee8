//! All documents of the index as of one moment, for comparing them with the store.

use tantivy::schema::{IndexRecordOption, Term};
use tantivy::{DocSet, Searcher, SegmentReader, TERMINATED, TantivyError};

use super::error::SearchError;
use super::index::SearchIndex;
use super::schema::{LEAD, LIST, SCHEMA};
use super::writer::Checkpoint;
use crate::domain::id::{Id, LeadId, ListId, WorkspaceId};

/// One view of the index and how far it reaches at least: a commit may have come between the two, never the other way.
pub struct Census {
    searcher: Searcher,
    checkpoint: Option<Checkpoint>,
}

impl SearchIndex {
    /// Takes the view of the last commit. Holds on to its files: to be dropped after use.
    ///
    /// # Errors
    /// When the files of the index cannot be read.
    pub fn census(&self) -> Result<Census, SearchError> {
        let checkpoint = self.checkpoint()?;
        self.reload()?;
        Ok(Census { searcher: self.searcher(), checkpoint })
    }
}

impl Census {
    /// `None` when nothing was ever committed.
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    /// Documents of all workspaces.
    pub fn documents(&self) -> u64 {
        self.searcher.num_docs()
    }

    /// Documents of one workspace.
    ///
    /// # Errors
    /// When the files of the index cannot be read.
    pub fn documents_of(&self, workspace: WorkspaceId) -> Result<u64, SearchError> {
        let mut count = 0;
        self.visit(workspace, &mut |_, _| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    /// The documents of a workspace whose lead lies between `first` and `last` (both included), as (lead, list) in the
    /// order of the leads. One that is there twice comes twice.
    ///
    /// # Errors
    /// When the files of the index cannot be read.
    pub fn leads_between(
        &self,
        workspace: WorkspaceId,
        first: LeadId,
        last: LeadId,
    ) -> Result<Vec<(LeadId, ListId)>, SearchError> {
        let wanted = first.as_u64()..=last.as_u64();
        let mut found = Vec::new();
        for segment in self.searcher.segment_readers() {
            let lists = segment.fast_fields().u64(LIST)?;
            each_lead(segment, workspace, &mut |document, lead| {
                if wanted.contains(&lead) {
                    let list = lists.first(document).unwrap_or_default();
                    found.push((LeadId::from_u64(lead), ListId::from_u64(list)));
                }
                Ok(())
            })?;
        }
        found.sort_unstable();
        Ok(found)
    }

    fn visit(
        &self,
        workspace: WorkspaceId,
        visit: &mut dyn FnMut(u32, u64) -> Result<(), SearchError>,
    ) -> Result<(), SearchError> {
        self.searcher.segment_readers().iter().try_for_each(|segment| each_lead(segment, workspace, visit))
    }
}

/// Calls `visit` with each living document of a workspace and its lead.
fn each_lead(
    segment: &SegmentReader,
    workspace: WorkspaceId,
    visit: &mut dyn FnMut(u32, u64) -> Result<(), SearchError>,
) -> Result<(), SearchError> {
    let field = SCHEMA.1.workspace;
    let term = Term::from_field_u64(field, workspace.as_u64());
    let leads = segment.fast_fields().u64(LEAD)?;
    let postings = segment.inverted_index(field)?.read_postings(&term, IndexRecordOption::Basic);
    let Some(mut postings) = postings.map_err(TantivyError::from)? else { return Ok(()) };
    let alive = segment.alive_bitset();
    while postings.doc() != TERMINATED {
        let document = postings.doc();
        if alive.is_none_or(|alive| alive.is_alive(document)) {
            visit(document, leads.first(document).unwrap_or_default())?;
        }
        postings.advance();
    }
    Ok(())
}
