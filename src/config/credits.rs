//! `[credits]`

use std::path::PathBuf;

use super::section::section;

section! {
    /// Credits: what customers are charged. Plans, packs and prices stand in plans.toml.
    pub struct Credits = "credits" {
        /// Plan of a new workspace.
        pub plan: String = String::from("appliance");
        /// Your own plans.toml instead of the built-in one.
        pub plans_file: Option<PathBuf> = None;
        /// Warn when so many percent of the period's credits are left.
        pub alert_percent: Vec<u8> = vec![25, 10, 0];
    }
}
