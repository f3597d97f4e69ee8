//! Keeping the used quota of providers.

use crate::store::records::gate::QuotaRow;
use crate::store::tables::Gates;
use crate::store::{Reads, Refusal, Transaction, Tx};

/// Keeps what has been used of one window. A row that is older than the one that is there changes nothing.
#[derive(Debug, Clone)]
pub struct KeepQuota {
    /// The provider's slug.
    pub provider: String,
    /// `install` or the id of a workspace.
    pub credential: String,
    pub bucket: String,
    /// The length of the window.
    pub seconds: u64,
    pub row: QuotaRow,
}

impl Transaction for KeepQuota {
    type Out = ();
    const NAME: &'static str = "gates.keep";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let key = (self.provider.clone(), self.credential.clone(), self.bucket.clone(), self.seconds);
        let there = tx.get_install::<Gates>(key.clone())?;
        if there.is_none_or(|there| there.revision < self.row.revision) {
            tx.put_install::<Gates>(key, &self.row)?;
        }
        Ok(())
    }
}
