//! Published data sets beside the repository; absent in a plain clone.

use std::path::PathBuf;

/// The text of a file, or `None` with a word that the test is skipped.
pub fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(self::path(path)?).ok()
}

/// Where a file or folder is, or `None` with a word that the test is skipped.
pub fn path(path: &str) -> Option<PathBuf> {
    let found = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if !found.exists() {
        println!("skipped: ../shared is not here");
        return None;
    }
    Some(found)
}

/// The text of a file packed with zstd. Skips as well where the `zstd` command is not installed.
pub fn unpacked(path: &str) -> Option<String> {
    let packed = format!("{}/../shared/{path}", env!("CARGO_MANIFEST_DIR"));
    if !std::path::Path::new(&packed).exists() {
        println!("skipped: ../shared is not here");
        return None;
    }
    match std::process::Command::new("zstd").args(["-dcq", &packed]).output() {
        Ok(output) if output.status.success() => Some(String::from_utf8(output.stdout).expect("UTF-8")),
        _ => {
            println!("skipped: there is no zstd command");
            None
        }
    }
}
