//! The mapping memory of a workspace.
//!
//! The rule: an import that is started with a mapping of the user's own is remembered under the set of its file's titles.
//! A later file of the workspace with the same set of titles, in whatever order and spelling of case and punctuation, is
//! mapped like it when nobody says otherwise. One title more or less is another set. The last one started counts.

use crate::domain::header::title_key;
use crate::domain::text::fold;
use crate::store::records::import::PlannedColumn;
use crate::store::records::recipe::RememberedMapping;
use crate::store::tables::RememberedMappings;
use crate::store::{Origin, Reads, StoreError, Tx, WorkspaceScope};

/// What an import leaves in the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remember {
    pub titles: TitleSet,
    pub columns: Vec<PlannedColumn>,
}

/// A set of titles as the memory is kept by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TitleSet([u8; 32]);

impl TitleSet {
    /// `None` when there is no title at all.
    pub fn of(titles: &[&str]) -> Option<Self> {
        let mut keys: Vec<String> = titles.iter().map(|title| spelling_key(title)).collect();
        if keys.iter().all(String::is_empty) {
            return None;
        }
        keys.sort_unstable();
        let mut hasher = blake3::Hasher::new();
        for key in keys {
            hasher.update(&(key.len() as u64).to_le_bytes()).update(key.as_bytes());
        }
        Some(Self(*hasher.finalize().as_bytes()))
    }
}

/// What two spellings of a title have in common.
pub fn spelling_key(title: &str) -> String {
    let key = title_key(title);
    // A title without letters (`#`, `☎`) is itself.
    if key.is_empty() { fold(title) } else { key }
}

/// The mapping remembered for the set.
pub fn remembered(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    titles: TitleSet,
) -> Result<Option<RememberedMapping>, StoreError> {
    reads.get::<RememberedMappings>(scope, (titles.0,))
}

pub(super) fn remember(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    origin: &Origin,
    what: &Remember,
) -> Result<(), StoreError> {
    let row = RememberedMapping { columns: what.columns.clone(), at: origin.at };
    tx.put::<RememberedMappings>(scope, (what.titles.0,), &row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_spelling_do_not_matter_and_every_title_does() {
        let set = |titles: &[&str]| TitleSet::of(titles);
        assert_eq!(set(&["E-Mail", "First Name", "☎"]), set(&["☎", "first_name", "EMAIL"]));
        assert_ne!(set(&["Email", "Name"]), set(&["Email", "Name", "Name"]));
        assert_ne!(set(&["ab", "c"]), set(&["a", "bc"]));
        assert_eq!(set(&["", " "]), None);
    }
}
