//! Adding, replacing and removing suppressions. Events tell how many, never whom.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde_json::json;

use crate::domain::policy::{SuppressionEntry, SuppressionKind};
use crate::store::counter::Counter;
use crate::store::engine::Order;
use crate::store::records::suppression::Suppression;
use crate::store::tables::Suppressions;
use crate::store::{
    Fact, Missing, Origin, Reads, Refusal, Reject, StoreError, Subject, Transaction, Tx, WorkspaceScope,
};

/// What becomes of the entries that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SuppressionMode)]
pub enum Mode {
    /// They stay.
    #[default]
    Add,
    /// Those that are not among the given ones go.
    Replace,
    /// The given ones go.
    Remove,
}

/// An entry to write.
#[derive(Debug, Clone)]
pub struct Given {
    pub entry: SuppressionEntry,
    pub note: Option<String>,
}

/// Writes entries. Running it twice is running it once.
#[derive(Debug, Clone)]
pub struct PutSuppressions {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub mode: Mode,
    pub entries: Vec<Given>,
}

/// What a write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    pub added: u64,
    pub unchanged: u64,
    pub removed: u64,
    /// Entries of the workspace afterwards.
    pub total: u64,
}

impl Transaction for PutSuppressions {
    type Out = Written;
    const NAME: &'static str = "suppressions.put";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Written, Refusal> {
        let mut written = Written::default();
        let key_of = |given: &Given| (given.entry.kind.as_u8(), given.entry.key.clone());
        if self.mode == Mode::Replace {
            let stay: BTreeSet<_> = self.entries.iter().map(key_of).collect();
            for key in keys(tx, &self.scope)? {
                if !stay.contains(&key) {
                    written.removed += u64::from(remove(tx, &self.scope, key)?);
                }
            }
        }
        for given in &self.entries {
            let key = key_of(given);
            if self.mode == Mode::Remove {
                written.removed += u64::from(remove(tx, &self.scope, key)?);
                continue;
            }
            if let Some(known) = tx.get::<Suppressions>(&self.scope, key.clone())? {
                written.unchanged += 1;
                if given.note.is_some() && given.note != known.note {
                    let row = Suppression { note: given.note.clone(), ..known };
                    tx.put::<Suppressions>(&self.scope, key, &row)?;
                }
                continue;
            }
            let row = Suppression {
                value: given.entry.value.clone(),
                at: self.origin.at,
                by: self.origin.actor,
                note: given.note.clone(),
            };
            tx.put::<Suppressions>(&self.scope, key, &row)?;
            tx.add(&self.scope, Counter::Suppressions(given.entry.kind), 1);
            written.added += 1;
        }
        for kind in SuppressionKind::ALL {
            let count = tx.counter(&self.scope, Counter::Suppressions(kind))?;
            written.total += u64::try_from(count).unwrap_or(0);
        }
        tell(tx, &self.scope, &self.origin, written)?;
        Ok(written)
    }
}

/// Removes one entry.
#[derive(Debug, Clone)]
pub struct DeleteSuppression {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub kind: SuppressionKind,
    /// In its compared form.
    pub key: String,
}

impl Transaction for DeleteSuppression {
    type Out = ();
    const NAME: &'static str = "suppressions.delete";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        if !remove(tx, &self.scope, (self.kind.as_u8(), self.key.clone()))? {
            return Err(Reject::NotFound(Missing::Suppression).into());
        }
        tell(tx, &self.scope, &self.origin, Written { removed: 1, ..Written::default() })
    }
}

fn keys(tx: &Tx<'_>, scope: &WorkspaceScope) -> Result<Vec<(u8, String)>, StoreError> {
    let mut keys = Vec::new();
    tx.scan::<Suppressions>(scope, &(), Order::Ascending, &mut |key, _| {
        keys.push(key);
        ControlFlow::Continue(())
    })?;
    Ok(keys)
}

fn remove(tx: &mut Tx<'_>, scope: &WorkspaceScope, key: (u8, String)) -> Result<bool, StoreError> {
    let kind = SuppressionKind::from_u8(key.0);
    let removed = tx.remove::<Suppressions>(scope, key)?;
    if let Some(kind) = kind.filter(|_| removed) {
        tx.add(scope, Counter::Suppressions(kind), -1);
    }
    Ok(removed)
}

fn tell(tx: &mut Tx<'_>, scope: &WorkspaceScope, origin: &Origin, written: Written) -> Result<(), Refusal> {
    let Written { added, removed, .. } = written;
    if added + removed > 0 {
        let after = json!({ "added": added, "removed": removed });
        let fact = Fact::new("suppressions.changed", Subject::workspace(scope.workspace()));
        tx.event(scope, origin, fact.change(None, Some(&after)))?;
    }
    Ok(())
}
