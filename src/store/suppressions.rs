//! Looking up whether a lead is to be left alone.

use std::ops::ControlFlow;

use crate::domain::lead::Lead;
use crate::domain::policy::{SuppressionKind, probes};
use crate::store::engine::Order;
use crate::store::tables::Suppressions;
use crate::store::{Reads, StoreError, WorkspaceScope};

/// Which kinds of entries a workspace has. Loaded once for many leads: where there are none, looking costs nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InUse([bool; 4]);

impl InUse {
    /// # Errors
    /// When rows cannot be read.
    pub fn load(reads: &impl Reads, scope: &WorkspaceScope) -> Result<Self, StoreError> {
        let mut in_use = [false; 4];
        for (place, kind) in SuppressionKind::ALL.into_iter().enumerate() {
            reads.scan::<Suppressions>(scope, &(kind.as_u8(),), Order::Ascending, &mut |_, _| {
                in_use[place] = true;
                ControlFlow::Break(())
            })?;
        }
        Ok(Self(in_use))
    }

    pub fn is_empty(self) -> bool {
        self.0 == [false; 4]
    }

    fn has(self, kind: SuppressionKind) -> bool {
        self.0[usize::from(kind.as_u8() - 1)]
    }

    /// The kind of the entry that names the lead: point reads, only of the kinds in use.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn find(
        self,
        reads: &impl Reads,
        scope: &WorkspaceScope,
        lead: &Lead,
    ) -> Result<Option<SuppressionKind>, StoreError> {
        if self.is_empty() {
            return Ok(None);
        }
        for (kind, key) in probes(lead, &|kind| self.has(kind)) {
            if reads.has::<Suppressions>(scope, (kind.as_u8(), key))? {
                return Ok(Some(kind));
            }
        }
        Ok(None)
    }
}

/// Whether a single lead is suppressed, and by an entry of which kind. For many leads, load [`InUse`] once.
///
/// # Errors
/// When rows cannot be read.
pub fn suppressed(
    reads: &impl Reads,
    scope: &WorkspaceScope,
    lead: &Lead,
) -> Result<Option<SuppressionKind>, StoreError> {
    InUse::load(reads, scope)?.find(reads, scope, lead)
}
