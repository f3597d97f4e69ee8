//! What the tables hold besides leads and lists. Numbered fields only; see `store::record`.

pub mod access;
pub mod event;
pub mod export;
pub mod idempotency;
pub mod ledger;
pub mod outbox;

use crate::domain::id::{ListId, UserId};
use crate::domain::lead::Lead;
use crate::domain::list::List;
use crate::store::record::records;

records!(Lead, List, ListId, UserId);
