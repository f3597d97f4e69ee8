//! Where the data directory is when nobody says.

use std::path::{Path, PathBuf};

use super::Environment;

/// The data directory of a service.
pub const SERVICE: &str = "/var/lib/galena";

/// `--data-dir`, else `GALENA_DATA_DIR`, else:
/// - for a service, systemd's `STATE_DIRECTORY` (its first entry);
/// - for a person, `$XDG_DATA_HOME/galena`, else `~/.local/share/galena`;
/// - [`SERVICE`] for an account without a home directory: a service or container started by hand.
///
/// A root shell is a person: who runs the service's commands there names its directory.
pub fn resolve(flag: Option<&Path>, environment: &Environment) -> PathBuf {
    let first = |list: &str| list.split(':').next().map(PathBuf::from);
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    flag.map(Path::to_owned)
        .or_else(|| environment.path("GALENA_DATA_DIR"))
        .or_else(|| environment.get("STATE_DIRECTORY").and_then(first).and_then(absolute))
        // The XDG specification says that a relative path is to be ignored.
        .or_else(|| environment.path("XDG_DATA_HOME").and_then(absolute).map(|data| data.join("galena")))
        .or_else(|| {
            // System accounts have a home that does not exist.
            let home = environment.path("HOME").and_then(absolute).filter(|home| home.is_dir())?;
            (home != Path::new("/")).then(|| home.join(".local/share/galena"))
        })
        .unwrap_or_else(|| PathBuf::from(SERVICE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_says_so_decides() {
        let home = std::env::temp_dir();
        let home = home.to_str().unwrap();
        let everything = [
            ("GALENA_DATA_DIR", "/data"),
            ("STATE_DIRECTORY", "/var/lib/galena-eu:/other"),
            ("XDG_DATA_HOME", "/xdg"),
            ("HOME", home),
        ];
        let from = |first: usize| resolve(None, &everything[first..].iter().copied().collect());
        assert_eq!(resolve(Some(Path::new("here")), &everything.into_iter().collect()), Path::new("here"));
        assert_eq!(from(0), Path::new("/data"));
        assert_eq!(from(1), Path::new("/var/lib/galena-eu"));
        assert_eq!(from(2), Path::new("/xdg/galena"));
        assert_eq!(from(3), Path::new(home).join(".local/share/galena"));
        assert_eq!(from(4), Path::new(SERVICE));
        assert_eq!(resolve(None, &[("HOME", "/nonexistent")].into_iter().collect()), Path::new(SERVICE));
    }
}
