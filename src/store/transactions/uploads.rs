//! Uploads: a row first, then the bytes, then how many of them are durable.

use crate::domain::id::UploadId;
use crate::store::records::upload::Upload;
use crate::store::tables::Uploads;
use crate::store::{Missing, Origin, Reads, Refusal, Reject, Transaction, Tx, WorkspaceScope};

/// An upload that is there, removed ones left out.
pub fn upload(reads: &impl Reads, scope: &WorkspaceScope, id: UploadId) -> Result<Upload, Refusal> {
    let row = reads.get::<Uploads>(scope, (id,))?.filter(|row| !row.removed);
    Ok(row.ok_or(Reject::NotFound(Missing::Upload))?)
}

/// Announces a file. Its bytes may be written only when this is durable: a file without a row belongs to nobody.
#[derive(Debug, Clone)]
pub struct CreateUpload {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: UploadId,
    pub file_name: Option<String>,
    pub size: Option<u64>,
}

impl Transaction for CreateUpload {
    type Out = UploadId;
    const NAME: &'static str = "uploads.create";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<UploadId, Refusal> {
        if tx.has::<Uploads>(&self.scope, (self.id,))? {
            return Ok(self.id);
        }
        let row = Upload {
            file_name: self.file_name.clone(),
            size: self.size,
            actor: self.origin.actor,
            created_at: self.origin.at,
            updated_at: self.origin.at,
            ..Upload::default()
        };
        tx.put::<Uploads>(&self.scope, (self.id,), &row)?;
        Ok(self.id)
    }
}

/// Notes that the bytes up to `to` are durable in the file.
#[derive(Debug, Clone)]
pub struct AdvanceUpload {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: UploadId,
    /// Where the piece began.
    pub from: u64,
    pub to: u64,
    /// This was the last piece.
    pub complete: bool,
}

impl Transaction for AdvanceUpload {
    type Out = Upload;
    const NAME: &'static str = "uploads.advance";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Upload, Refusal> {
        let mut row = upload(tx, &self.scope, self.id)?;
        if row.received == self.to && row.complete == self.complete {
            return Ok(row);
        }
        if row.complete {
            return Err(Reject::Conflict("the upload is complete".to_owned()).into());
        }
        if row.received != self.from {
            let detail = format!("the upload has {} bytes, the piece starts at {}", row.received, self.from);
            return Err(Reject::Conflict(detail).into());
        }
        row.received = self.to;
        row.complete = self.complete;
        row.updated_at = self.origin.at;
        tx.put::<Uploads>(&self.scope, (self.id,), &row)?;
        Ok(row)
    }
}

/// Removes an upload for everybody. The row stays until the Janitor has removed the file, so that a crash in between leaves
/// no file that nobody knows; whoever calls this may remove the file at once, after it.
#[derive(Debug, Clone)]
pub struct RemoveUpload {
    pub scope: WorkspaceScope,
    pub id: UploadId,
}

impl Transaction for RemoveUpload {
    /// Whether it was there.
    type Out = bool;
    const NAME: &'static str = "uploads.remove";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<bool, Refusal> {
        let Some(row) = tx.get::<Uploads>(&self.scope, (self.id,))?.filter(|row| !row.removed) else {
            return Ok(false);
        };
        tx.put::<Uploads>(&self.scope, (self.id,), &Upload { removed: true, ..row })?;
        Ok(true)
    }
}

/// Takes the row of a removed upload away, once its file is gone.
#[derive(Debug, Clone)]
pub struct ForgetUpload {
    pub scope: WorkspaceScope,
    pub id: UploadId,
}

impl Transaction for ForgetUpload {
    type Out = bool;
    const NAME: &'static str = "uploads.forget";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<bool, Refusal> {
        let removed = tx.get::<Uploads>(&self.scope, (self.id,))?.is_some_and(|row| row.removed);
        if removed {
            tx.remove::<Uploads>(&self.scope, (self.id,))?;
        }
        Ok(removed)
    }
}
