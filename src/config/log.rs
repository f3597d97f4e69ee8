//! `[log]`

use serde::{Deserialize, Serialize};

use super::section::section;

section! {
    /// The log, on standard error. Secrets and personal data are never in it at "info" and above.
    pub struct Log = "log" {
        /// error, warn, info, debug, trace; or per part: "info,galena::search=debug".
        pub level: String = String::from("info");
        /// "text" for people, "json" for machines.
        pub format: LogFormat = LogFormat::Text;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}
