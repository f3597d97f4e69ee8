//! `galena check`

use clap::Args;

/// The data directory is a global flag, and there is nothing to choose: every agreement is checked.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {}
