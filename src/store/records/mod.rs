//! What the tables hold besides leads and lists. Numbered fields only; see `store::record`.

pub mod access;
pub mod attempt;
pub mod event;
pub mod idempotency;
pub mod item;
pub mod job;
pub mod ledger;
pub mod outbox;
pub mod value;

use crate::domain::id::{ListId, UserId};
use crate::domain::lead::Lead;
use crate::domain::list::List;
use crate::store::record::records;

records!(Lead, List, ListId, UserId);
