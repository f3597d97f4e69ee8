//! Where uploaded bytes lie: `uploads/` in the data directory, or memory where everything is simulated.
//!
//! A file is named by its upload. The row is written before the first byte, so a file without a row belongs to nobody.
//! Beside the file as it was sent lie the texts made of it, where it is no plain UTF-8: imports read those.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::id::UploadId;

/// A file that can be read from any offset.
pub trait SpoolRead: Read + Seek + Send + Sync {}
impl<T: Read + Seek + Send + Sync> SpoolRead for T {}

/// Which of the files of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpoolPart {
    /// As it was sent.
    Sent,
    /// Its text as UTF-8, read in the way that the number stands for. It is there as a whole or not at all.
    Text(u64),
}

/// A file being written. Nothing of it is durable before `finish`.
pub trait SpoolWrite: Write + Send {
    /// Makes what was written durable.
    fn finish(&mut self) -> io::Result<()>;
}

pub trait Spool: Send + Sync {
    fn read(&self, id: UploadId, part: SpoolPart) -> io::Result<Box<dyn SpoolRead>>;
    /// Writes on from byte `at`; what lies behind it is cut off. `ResourceBusy` while somebody else writes it.
    fn write(&self, id: UploadId, part: SpoolPart, at: u64) -> io::Result<Box<dyn SpoolWrite>>;
    /// Removes all files of the upload; none is no error.
    fn remove(&self, id: UploadId) -> io::Result<()>;
    /// The uploads that have files, each once.
    fn list(&self) -> io::Result<Vec<UploadId>>;
}

/// The folder `uploads/` of a data directory.
#[derive(Debug, Clone)]
pub struct SpoolFolder {
    folder: PathBuf,
    /// Files that are being written: two writers of one file would tear it.
    writing: Writing,
}

type Writing = Arc<Mutex<HashSet<(UploadId, SpoolPart)>>>;

/// What a text is called while it is written.
const UNFINISHED: &str = ".part";

impl SpoolFolder {
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), writing: Arc::default() }
    }

    pub fn path(&self, id: UploadId, part: SpoolPart) -> PathBuf {
        self.folder.join(match part {
            SpoolPart::Sent => id.to_string(),
            SpoolPart::Text(reading) => format!("{id}.{reading:016x}"),
        })
    }

    /// The files that are there, with whose they are.
    fn files(&self) -> io::Result<Vec<(UploadId, PathBuf)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.split('.').next()?.parse().ok());
            files.extend(owner.map(|owner| (owner, entry.path())));
        }
        Ok(files)
    }
}

/// A file whose folder entry has to become durable too.
struct FolderFile {
    file: io::BufWriter<File>,
    folder: PathBuf,
    /// The name it gets when it is whole: from which to which.
    rename: Option<(PathBuf, PathBuf)>,
    _turn: WriteTurn,
}

/// The right to write one file.
struct WriteTurn {
    writing: Writing,
    file: (UploadId, SpoolPart),
}

impl WriteTurn {
    fn take(writing: &Writing, file: (UploadId, SpoolPart)) -> io::Result<Self> {
        if writing.lock().unwrap_or_else(PoisonError::into_inner).insert(file) {
            return Ok(Self { writing: Arc::clone(writing), file });
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }
}

impl Drop for WriteTurn {
    fn drop(&mut self) {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.file);
    }
}

impl Write for FolderFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl SpoolWrite for FolderFile {
    fn finish(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_data()?;
        if let Some((from, to)) = &self.rename {
            fs::rename(from, to)?;
        }
        File::open(&self.folder)?.sync_all()
    }
}

impl Spool for SpoolFolder {
    fn read(&self, id: UploadId, part: SpoolPart) -> io::Result<Box<dyn SpoolRead>> {
        Ok(Box::new(File::open(self.path(id, part))?))
    }

    fn write(&self, id: UploadId, part: SpoolPart, at: u64) -> io::Result<Box<dyn SpoolWrite>> {
        let turn = WriteTurn::take(&self.writing, (id, part))?;
        let path = self.path(id, part);
        let rename = match part {
            SpoolPart::Sent => None,
            SpoolPart::Text(_) => {
                let mut unfinished = path.clone().into_os_string();
                unfinished.push(UNFINISHED);
                Some((PathBuf::from(unfinished), path.clone()))
            }
        };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(rename.as_ref().map_or(&path, |(from, _)| from))?;
        if file.metadata()?.len() < at {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the spooled file is shorter than what was noted"));
        }
        file.set_len(at)?;
        file.seek(SeekFrom::Start(at))?;
        let file = io::BufWriter::with_capacity(256 << 10, file);
        Ok(Box::new(FolderFile { file, folder: self.folder.clone(), rename, _turn: turn }))
    }

    fn remove(&self, id: UploadId) -> io::Result<()> {
        for (_, path) in self.files()?.into_iter().filter(|(owner, _)| *owner == id) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn list(&self) -> io::Result<Vec<UploadId>> {
        let mut ids: Vec<UploadId> = self.files()?.into_iter().map(|(owner, _)| owner).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }
}

type Files = Arc<Mutex<HashMap<(UploadId, SpoolPart), Arc<Vec<u8>>>>>;

/// Files in memory. What was not finished is lost with its writer, as after a crash.
#[derive(Debug, Clone, Default)]
pub struct SpoolMemory {
    files: Files,
}

struct MemoryFile {
    files: Files,
    file: (UploadId, SpoolPart),
    bytes: Vec<u8>,
}

impl SpoolMemory {
    fn get(&self, id: UploadId, part: SpoolPart) -> io::Result<Arc<Vec<u8>>> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(&(id, part)).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl Write for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SpoolWrite for MemoryFile {
    fn finish(&mut self) -> io::Result<()> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(self.file, Arc::new(self.bytes.clone()));
        Ok(())
    }
}

/// Bytes that several readers share.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Spool for SpoolMemory {
    fn read(&self, id: UploadId, part: SpoolPart) -> io::Result<Box<dyn SpoolRead>> {
        Ok(Box::new(Cursor::new(Shared(self.get(id, part)?))))
    }

    fn write(&self, id: UploadId, part: SpoolPart, at: u64) -> io::Result<Box<dyn SpoolWrite>> {
        let mut bytes = self.get(id, part).map(|bytes| bytes.to_vec()).unwrap_or_default();
        bytes.truncate(usize::try_from(at).unwrap_or(usize::MAX));
        Ok(Box::new(MemoryFile { files: Arc::clone(&self.files), file: (id, part), bytes }))
    }

    fn remove(&self, id: UploadId) -> io::Result<()> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).retain(|(owner, _), _| *owner != id);
        Ok(())
    }

    fn list(&self) -> io::Result<Vec<UploadId>> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ids: Vec<UploadId> = files.keys().map(|(owner, _)| *owner).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }
}
