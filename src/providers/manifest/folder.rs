//! The operator's own manifests: files in the data directory, read at the start and written through the API.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::model::Manifest;
use super::problem::{ManifestError, ManifestProblem};
use super::read::{LONGEST, read};

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{what}: {source}")]
    File { what: &'static str, source: std::io::Error },
}

fn failed(what: &'static str) -> impl FnOnce(std::io::Error) -> FolderError {
    move |source| FolderError::File { what, source }
}

/// `providers/` of the data directory.
#[derive(Debug, Clone)]
pub struct ManifestFolder(PathBuf);

impl ManifestFolder {
    pub const fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Every manifest by the name of its file, and what is wrong with the others. A folder that is not there is empty.
    pub fn load(&self) -> Vec<Result<Manifest, ManifestError>> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        paths.iter().map(|path| one(path)).collect()
    }

    /// Writes a manifest beside its place and moves it there, so that a crash leaves the old or the new one.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn store(&self, manifest: &Manifest) -> Result<(), FolderError> {
        fs::create_dir_all(&self.0).map_err(failed("the folder of the manifests cannot be made"))?;
        let cannot = "the manifest cannot be written";
        let mut file = tempfile::NamedTempFile::new_in(&self.0).map_err(failed(cannot))?;
        file.write_all(manifest.text.as_bytes()).map_err(failed(cannot))?;
        file.as_file().sync_all().map_err(failed(cannot))?;
        file.persist(self.path(&manifest.slug)).map_err(|error| failed(cannot)(error.error))?;
        self.sync()
    }

    /// Whether there was one.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, slug: &str) -> Result<bool, FolderError> {
        match fs::remove_file(self.path(slug)) {
            Ok(()) => self.sync().map(|()| true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("the manifest cannot be removed")(error)),
        }
    }

    pub fn holds(&self, slug: &str) -> bool {
        self.path(slug).is_file()
    }

    fn path(&self, slug: &str) -> PathBuf {
        self.0.join(format!("{slug}.toml"))
    }

    fn sync(&self) -> Result<(), FolderError> {
        fs::File::open(&self.0).and_then(|folder| folder.sync_all()).map_err(failed("the folder cannot be synced"))
    }
}

fn one(path: &Path) -> Result<Manifest, ManifestError> {
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let alone = |key: &str, message: String| ManifestError {
        file: file.clone(),
        problems: vec![ManifestProblem { line: 1, key: key.to_owned(), message }],
    };
    let size = fs::metadata(path).map_or(0, |known| known.len());
    if size > LONGEST as u64 {
        return Err(alone("", format!("is longer than {LONGEST} bytes")));
    }
    let text = fs::read_to_string(path).map_err(|error| alone("", format!("cannot be read: {error}")))?;
    let manifest = read(&file, &text)?;
    if path.file_stem().is_none_or(|stem| stem.to_string_lossy() != manifest.slug) {
        return Err(alone("slug", format!("is \"{}\": the file must be called {}.toml", manifest.slug, manifest.slug)));
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::super::shipped::SHIPPED;
    use super::*;

    #[test]
    fn a_broken_file_is_told_and_the_others_load() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = ManifestFolder::new(place.path().join("providers"));
        assert!(folder.load().is_empty());
        let manifest = read("hunter.toml", SHIPPED[2].1).expect("a manifest");
        folder.store(&manifest).expect("stored");
        fs::write(place.path().join("providers/broken.toml"), "slug = ").expect("written");
        fs::write(place.path().join("providers/other.toml"), SHIPPED[2].1).expect("written");
        let loaded = folder.load();
        assert_eq!(loaded.iter().filter(|one| one.is_ok()).count(), 1);
        let told: Vec<String> = loaded.into_iter().filter_map(|one| Some(one.err()?.to_string())).collect();
        assert!(told[0].starts_with("broken.toml:1: "), "{told:?}");
        assert!(told[1].contains("must be called hunter.toml"), "{told:?}");
        assert!(folder.holds("hunter") && folder.remove("hunter").expect("removed"));
        assert!(!folder.remove("hunter").expect("nothing"));
    }
}
