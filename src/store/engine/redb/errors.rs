//! redb's errors in our words.

use std::path::Path;

use ::redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};

use super::EngineError;

/// An error of redb that becomes ours once it knows the path of the file.
pub(super) trait Failure {
    fn at(self, path: &Path) -> EngineError;
}

impl Failure for StorageError {
    fn at(self, path: &Path) -> EngineError {
        match self {
            Self::Corrupted(detail) => EngineError::Damaged { path: path.display().to_string(), detail },
            Self::ValueTooLarge(bytes) => EngineError::TooLarge(bytes),
            Self::DatabaseClosed => EngineError::Closed,
            other => EngineError::Io(other.to_string()),
        }
    }
}

impl Failure for TableError {
    fn at(self, path: &Path) -> EngineError {
        match self {
            Self::Storage(error) => error.at(path),
            other => EngineError::Damaged { path: path.display().to_string(), detail: other.to_string() },
        }
    }
}

impl Failure for TransactionError {
    fn at(self, path: &Path) -> EngineError {
        match self {
            Self::Storage(error) => error.at(path),
            other => EngineError::Io(other.to_string()),
        }
    }
}

impl Failure for CommitError {
    fn at(self, path: &Path) -> EngineError {
        match self {
            Self::Storage(error) => error.at(path),
            other => EngineError::Io(other.to_string()),
        }
    }
}

impl Failure for DatabaseError {
    fn at(self, path: &Path) -> EngineError {
        let name = path.display().to_string();
        match self {
            Self::Storage(error) => error.at(path),
            Self::DatabaseAlreadyOpen => EngineError::InUse { path: name, holder: "another process".to_owned() },
            Self::TransactionInProgress => EngineError::Busy("snapshots are open"),
            Self::UpgradeRequired(_) | Self::LockProtocolMismatch => {
                EngineError::Unsupported { path: name, detail: self.to_string() }
            }
            other => EngineError::Damaged { path: name, detail: other.to_string() },
        }
    }
}
