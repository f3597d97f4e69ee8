//! What the tables hold besides leads and lists. Numbered fields only; see `store::record`.

pub mod access;
pub mod attempt;
pub mod company;
pub mod credential;
pub mod event;
pub mod export;
pub mod gate;
pub mod idempotency;
pub mod import;
pub mod import_edits;
pub mod item;
pub mod job;
pub mod job_trim;
pub mod known_answer;
pub mod ledger;
pub mod lookup;
pub mod outbox;
pub mod provider_choice;
pub mod recipe;
pub mod settings;
pub mod statistics;
pub mod suppression;
pub mod task;
pub mod template;
pub mod upload;
pub mod value;

use crate::domain::id::{LeadId, ListId, RecipeId, UserId};
use crate::domain::lead::Lead;
use crate::domain::list::List;
use crate::store::record::records;

records!(Lead, LeadId, List, ListId, RecipeId, UserId);
