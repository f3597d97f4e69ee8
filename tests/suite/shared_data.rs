//! Published data sets beside the repository; absent in a plain clone.

/// The text of a file, or `None` with a word that the test is skipped.
pub fn read(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("{}/../shared/{path}", env!("CARGO_MANIFEST_DIR"))).ok();
    if text.is_none() {
        println!("skipped: ../shared is not here");
    }
    text
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
