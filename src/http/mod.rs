//! The HTTP API: `router.rs` is every route on one page, and one file per resource holds its handlers.
//!
//! The rest of this room is the frame that every request passes: who is calling (`auth`), what it may cost (`admission`,
//! `rate`), what it brought (`body`, `query`, `path`, `idempotency`, `conditional`), what it gets (`answer`, `problem`).
//! "How to write a handler" in ARCHITECTURE.md shows one. Rules live in `domain`, writes in `store::transactions`.

mod admission;
pub mod answer;
pub mod api_keys;
pub mod audit;
pub mod auth;
pub mod body;
pub mod bulk;
mod check;
pub mod codes;
pub mod conditional;
pub mod companies;
mod console;
pub mod context;
pub mod cookie;
pub mod credits;
pub mod cursor;
mod describe;
pub mod enrichment;
mod event_view;
pub mod events;
pub mod exports;
pub mod freshness;
mod health;
pub mod idempotency;
pub mod imports;
pub mod leads;
pub mod lists;
mod manifests;
mod observe;
mod password;
pub mod path;
mod plan_rate;
pub mod problem;
pub mod privacy;
pub mod providers;
pub mod query;
mod rate;
mod refusals;
pub mod router;
mod schema;
pub mod search;
mod security_headers;
pub mod selection;
pub mod server;
pub mod session;
pub mod settings;
pub mod setup;
mod short_listing;
pub mod suppressions;
pub mod telemetry;
mod throttle;
pub mod timeline;
pub mod uploads;
pub mod usage;
pub mod users;
pub mod workspaces;

pub use self::admission::Admission;
pub use self::answer::{Answer, Page};
pub use self::auth::{Auth, Caller};
pub use self::body::{JsonBody, Posted};
pub use self::codes::Code;
pub use self::conditional::IfMatch;
pub use self::cursor::Cursors;
pub use self::events::EventStreams;
pub use self::idempotency::IdempotencyKey;
pub use self::password::PasswordDesk;
pub use self::path::{PathId, PathIds};
pub use self::plan_rate::PlanRates;
pub use self::problem::{FieldError, Problem};
pub use self::query::{Limit, Query};
pub use self::rate::RateLimits;
pub use self::throttle::LoginThrottle;
