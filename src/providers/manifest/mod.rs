//! Providers described by a file: one TOML says what a vendor needs, how it is asked, what its answers mean and what they
//! bring. `docs/reference/provider-manifests.md` is the reference; [`ManifestProvider`] does what the file says.

mod auth;
mod building;
mod call;
mod cleaning;
mod collecting;
mod expression;
mod folder;
pub mod model;
mod normal;
mod paging;
mod problem;
mod provider;
mod read;
mod reader;
mod reading;
mod setup;
mod shelf;
mod shipped;
pub mod template;
mod ticket;
mod values;

pub use call::ShownExchange;
pub use folder::{FolderError, ManifestFolder};
pub use model::Manifest;
pub use problem::{ManifestError, ManifestProblem};
pub use provider::ManifestProvider;
pub use read::{LONGEST, read};
pub use setup::Setup;
pub use shelf::{Shelf, ShelfError, Shelved};
pub use shipped::{SHIPPED, shipped};
