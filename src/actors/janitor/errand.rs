//! One thing the Janitor does: a transaction, with the file that goes with it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::sweep::SweepError;
use crate::actors::importer::hands::Hands;
use crate::store::transactions::exports::{ExpireExport, ForgetExport};
use crate::store::transactions::job_retention::{RemoveJob, TrimJob};
use crate::store::transactions::outbox::TrimOutbox;
use crate::store::transactions::retention::{Forget, RemoveDeletedList, TrimImport};
use crate::store::transactions::uploads::{ForgetUpload, RemoveUpload};
use crate::store::{Store, Transaction, Urgency};

#[derive(Debug, Clone)]
pub enum Errand {
    TrimOutbox(TrimOutbox),
    Forget(Forget),
    RemoveList(RemoveDeletedList),
    TrimImport(TrimImport),
    TrimJob(TrimJob),
    RemoveJob(RemoveJob),
    /// The row first says that it is gone, then the file goes, then the row.
    RemoveUpload(RemoveUpload),
    ForgetUpload(Option<PathBuf>, ForgetUpload),
    ExpireExport(Option<PathBuf>, ExpireExport),
    ForgetExport(Option<PathBuf>, ForgetExport),
    /// Of no row, or cut short.
    RemoveFile(PathBuf),
}

impl Errand {
    /// How much was done; nothing means that it is not worth looking again at once.
    ///
    /// # Errors
    /// When the store refuses or a file cannot be removed.
    pub async fn run(self, store: &Store, hands: Hands) -> Result<u64, SweepError> {
        Ok(match self {
            Self::TrimOutbox(trim) => submit(store, trim).await? as u64,
            Self::Forget(forget) => submit(store, forget).await?,
            Self::RemoveList(remove) => submit(store, remove).await?.leads,
            Self::TrimImport(trim) => submit(store, trim).await?,
            Self::TrimJob(trim) => submit(store, trim).await?,
            Self::RemoveJob(remove) => submit(store, remove).await?,
            Self::RemoveUpload(remove) => u64::from(submit(store, remove).await?),
            Self::ForgetUpload(file, forget) => {
                if let Some(file) = file {
                    hands.run(move || remove_with_texts(&file)).await??;
                }
                u64::from(submit(store, forget).await?)
            }
            Self::ExpireExport(file, expire) => {
                let expired = submit(store, expire).await?;
                if expired {
                    remove(file, hands).await?;
                }
                u64::from(expired)
            }
            Self::ForgetExport(file, forget) => {
                remove(file, hands).await?;
                u64::from(submit(store, forget).await?)
            }
            Self::RemoveFile(file) => {
                remove(Some(file), hands).await?;
                1
            }
        })
    }
}

async fn submit<T: Transaction>(store: &Store, transaction: T) -> Result<T::Out, SweepError> {
    Ok(store.submit(transaction, Urgency::Bulk).await?.out)
}

async fn remove(file: Option<PathBuf>, hands: Hands) -> Result<(), SweepError> {
    let Some(file) = file else { return Ok(()) };
    Ok(hands.run(move || remove_file(&file)).await??)
}

/// A file that is not there is no error.
fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// An upload, and the texts that were made of it: they have its name and an ending.
fn remove_with_texts(path: &Path) -> io::Result<()> {
    if let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(OsStr::to_str)) {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let is_text =
                entry.file_name().to_str().and_then(|file| file.split_once('.')).is_some_and(|(own, _)| own == name);
            if is_text {
                remove_file(&entry.path())?;
            }
        }
    }
    remove_file(path)
}
