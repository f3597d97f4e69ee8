//! Whose leads a search may see. A [`SearchScope`] is the only maker of a query: it puts the workspace and the lists
//! first and everything a user asked for inside.

use std::sync::Arc;

use tantivy::query::{AllQuery, BooleanQuery, EmptyQuery, Occur, Query, TermQuery, TermSetQuery};
use tantivy::schema::{IndexRecordOption, Term};

use super::schema::SCHEMA;
use crate::domain::id::{Id, ListId, WorkspaceId};
use crate::store::WorkspaceScope;

/// Which lists of the workspace are searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListScope {
    All,
    /// Only these; none at all when empty.
    Only(Arc<[ListId]>),
    /// All but these: the deleted, archived and hidden ones, which are fewer than the live ones.
    Except(Arc<[ListId]>),
}

/// One workspace and its live lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchScope {
    workspace: WorkspaceId,
    lists: ListScope,
}

impl SearchScope {
    /// Only who was let into the workspace can search it: the scope says so by its type.
    pub fn new(scope: &WorkspaceScope, lists: ListScope) -> Self {
        Self { workspace: scope.workspace(), lists }
    }

    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// The query that runs: scope and all of `wanted`.
    pub(super) fn query(&self, wanted: Vec<Box<dyn Query>>) -> Box<dyn Query> {
        let fields = &SCHEMA.1;
        let workspace = Term::from_field_u64(fields.workspace, self.workspace.as_u64());
        let mut clauses: Vec<(Occur, Box<dyn Query>)> =
            vec![(Occur::Must, Box::new(TermQuery::new(workspace, IndexRecordOption::Basic)))];
        match &self.lists {
            ListScope::Only(lists) => clauses.push((Occur::Must, in_lists(lists))),
            ListScope::Except(lists) if !lists.is_empty() => clauses.push((Occur::MustNot, in_lists(lists))),
            ListScope::All | ListScope::Except(_) => {}
        }
        clauses.extend(wanted.into_iter().map(|query| (Occur::Must, query)));
        Box::new(BooleanQuery::new(clauses))
    }
}

/// Leads of any of `lists`.
pub fn in_lists(lists: &[ListId]) -> Box<dyn Query> {
    let field = SCHEMA.1.list;
    match lists {
        [] => Box::new(EmptyQuery),
        [one] => Box::new(TermQuery::new(Term::from_field_u64(field, one.as_u64()), IndexRecordOption::Basic)),
        many => Box::new(TermSetQuery::new(many.iter().map(|list| Term::from_field_u64(field, list.as_u64())))),
    }
}

/// Leads that `query` does not match. A negation alone matches nothing in tantivy; the scope around it keeps this from
/// reaching other workspaces.
pub fn not(query: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(BooleanQuery::new(vec![(Occur::Must, Box::new(AllQuery)), (Occur::MustNot, query)]))
}
