//! Generations of the index on disk: `index/<number>/` and `index/CURRENT`, which names the one to search.
//!
//! A rebuild fills a new folder while the old one is still searched; replacing `CURRENT` is the switch.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const CURRENT: &str = "CURRENT";

/// The folder of all generations.
#[derive(Debug, Clone)]
pub struct Generations {
    root: PathBuf,
}

impl Generations {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn folder(&self, generation: u64) -> PathBuf {
        self.root.join(generation.to_string())
    }

    /// The generation to search; `None` when there is none or `CURRENT` cannot be understood.
    pub fn current(&self) -> io::Result<Option<u64>> {
        match fs::read_to_string(self.root.join(CURRENT)) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A number above every folder and the current one, so that a half-built folder is never taken up again.
    pub fn next(&self) -> io::Result<u64> {
        let highest = self.all()?.into_iter().chain(self.current()?).max();
        Ok(highest.map_or(1, |generation| generation.saturating_add(1)))
    }

    /// Makes `generation` the one that is searched; durable and all-or-nothing.
    pub fn publish(&self, generation: u64) -> io::Result<()> {
        let draft = self.root.join("CURRENT.new");
        let mut file = File::create(&draft)?;
        writeln!(file, "{generation}")?;
        file.sync_all()?;
        fs::rename(&draft, self.root.join(CURRENT))?;
        File::open(&self.root)?.sync_all()
    }

    /// Removes the folders of all other generations.
    pub fn remove_all_but(&self, kept: u64) -> io::Result<()> {
        for generation in self.all()?.into_iter().filter(|generation| *generation != kept) {
            fs::remove_dir_all(self.folder(generation))?;
        }
        Ok(())
    }

    fn all(&self) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut numbers = Vec::new();
        for entry in entries {
            numbers.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        Ok(numbers)
    }
}
