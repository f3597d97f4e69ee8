//! Leads and indexes for the search tests.

use galena::domain::id::{Id, LeadId, ListId, WorkspaceId};
use galena::domain::lead::{Lead, LeadField};
use galena::domain::time::Time;
use galena::search::*;
use galena::store::{SystemScope, WorkspaceScope};

/// The least memory tantivy takes.
pub const MEMORY: usize = 16 << 20;

pub fn workspace(number: u64) -> WorkspaceId {
    WorkspaceId::from_u64(number)
}

/// As if somebody of the workspace were signed in.
pub fn scope(number: u64) -> WorkspaceScope {
    SystemScope::for_the_house().within(workspace(number))
}

pub fn lead_id(number: u64) -> LeadId {
    LeadId::from_u64(number)
}

pub fn list_id(number: u64) -> ListId {
    ListId::from_u64(number)
}

pub fn everything(number: u64) -> SearchScope {
    SearchScope::new(&scope(number), ListScope::All)
}

/// A lead of list 1 with the given fields.
pub fn lead(fields: &[(LeadField, &str)]) -> Lead {
    let mut lead = Lead { list: list_id(1), created_at: Time(1_000), updated_at: Time(1_000), ..Lead::default() };
    for (field, value) in fields {
        lead.set_field(*field, Some((*value).to_owned()));
    }
    lead
}

pub fn named(name: &str) -> Lead {
    lead(&[(LeadField::FullName, name)])
}

/// An index in memory that holds `leads` of workspace 1, numbered from 1.
pub fn index_of(leads: &[Lead]) -> SearchIndex {
    let index = SearchIndex::in_ram().unwrap();
    let mut batch = Batch::new();
    for (number, lead) in (1..).zip(leads) {
        batch.add_new(LeadDocument::new(workspace(1), lead_id(number), lead));
    }
    store(&index, batch);
    index
}

/// Applies, commits and shows.
pub fn store(index: &SearchIndex, batch: Batch) {
    let mut writer = index.writer(MEMORY).unwrap();
    writer.apply(batch).unwrap();
    writer.commit(&Checkpoint::new(0, 0, index.generation())).unwrap();
    index.reload().unwrap();
}

/// The numbers of the leads of workspace 1 that `request` finds, the newest first.
pub fn find(index: &SearchIndex, request: &SearchRequest) -> Vec<u64> {
    let page = index.search(&everything(1), request).unwrap();
    let numbers: Vec<u64> = page.ids.iter().map(|id| id.as_u64()).collect();
    assert!(page.next_cursor.is_some() || page.total >= numbers.len() as u64);
    numbers
}

/// Like [`find`], in ascending order.
pub fn find_text(index: &SearchIndex, text: &str) -> Vec<u64> {
    let mut numbers = find(index, &SearchRequest { limit: MAX_LIMIT, ..SearchRequest::text(text) });
    numbers.sort_unstable();
    numbers
}
