//! Uploads: files that were sent and may be imported. The bytes lie in `uploads/`, named by the id.

use minicbor::{Decode, Encode};

use super::event::Actor;
use crate::domain::id::{ImportId, UploadId};
use crate::domain::time::Time;
use crate::store::record::records;

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Upload {
    /// As the caller named the file.
    #[n(0)]
    pub file_name: Option<String>,
    /// Bytes of the whole file, where the caller said so.
    #[n(1)]
    pub size: Option<u64>,
    /// Durable bytes. The file may be longer after a crash; what is behind is cut off before the next piece is written.
    #[n(2)]
    #[cbor(default)]
    pub received: u64,
    #[n(3)]
    #[cbor(default)]
    pub complete: bool,
    /// The last import that reads it. An upload without one expires.
    #[n(4)]
    pub import: Option<ImportId>,
    #[n(5)]
    #[cbor(default)]
    pub actor: Actor,
    #[n(6)]
    #[cbor(default)]
    pub created_at: Time,
    #[n(7)]
    #[cbor(default)]
    pub updated_at: Time,
    /// Nobody sees it any more; the row goes once the file is gone.
    #[n(8)]
    #[cbor(default)]
    pub removed: bool,
}

impl Upload {
    /// The name of its file in `uploads/`.
    pub fn file_name_of(id: UploadId) -> String {
        id.to_string()
    }
}

records!(Upload);
