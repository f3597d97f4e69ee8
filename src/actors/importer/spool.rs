//! Where uploaded bytes lie: `uploads/` in the data directory, or memory where everything is simulated.
//!
//! A file is named by its upload. The row is written before the first byte, so a file without a row belongs to nobody.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::id::UploadId;

/// A file that can be read from any offset.
pub trait SpoolRead: Read + Seek + Send + Sync {}
impl<T: Read + Seek + Send + Sync> SpoolRead for T {}

/// A file being written. Nothing of it is durable before `finish`.
pub trait SpoolWrite: Write + Send {
    /// Makes what was written durable.
    fn finish(&mut self) -> io::Result<()>;
}

pub trait Spool: Send + Sync {
    fn read(&self, id: UploadId) -> io::Result<Box<dyn SpoolRead>>;
    /// Writes on from byte `at`; what lies behind it is cut off. `ResourceBusy` while somebody else writes it.
    fn write(&self, id: UploadId, at: u64) -> io::Result<Box<dyn SpoolWrite>>;
    /// Removes the file; one that is not there is no error.
    fn remove(&self, id: UploadId) -> io::Result<()>;
    /// The files that are there, by the upload they are named after.
    fn list(&self) -> io::Result<Vec<UploadId>>;
}

/// The folder `uploads/` of a data directory.
#[derive(Debug, Clone)]
pub struct SpoolFolder {
    folder: PathBuf,
    /// Files that are being written: two writers of one file would tear it.
    writing: Arc<Mutex<HashSet<UploadId>>>,
}

impl SpoolFolder {
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), writing: Arc::default() }
    }

    pub fn path(&self, id: UploadId) -> PathBuf {
        self.folder.join(id.to_string())
    }
}

/// A file whose folder entry has to become durable too.
struct FolderFile {
    file: io::BufWriter<File>,
    folder: PathBuf,
    _turn: WriteTurn,
}

/// The right to write one file.
struct WriteTurn {
    writing: Arc<Mutex<HashSet<UploadId>>>,
    id: UploadId,
}

impl WriteTurn {
    fn take(writing: &Arc<Mutex<HashSet<UploadId>>>, id: UploadId) -> io::Result<Self> {
        if writing.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
            return Ok(Self { writing: Arc::clone(writing), id });
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }
}

impl Drop for WriteTurn {
    fn drop(&mut self) {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
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
        File::open(&self.folder)?.sync_all()
    }
}

impl Spool for SpoolFolder {
    fn read(&self, id: UploadId) -> io::Result<Box<dyn SpoolRead>> {
        Ok(Box::new(File::open(self.path(id))?))
    }

    fn write(&self, id: UploadId, at: u64) -> io::Result<Box<dyn SpoolWrite>> {
        let turn = WriteTurn::take(&self.writing, id)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(self.path(id))?;
        if file.metadata()?.len() < at {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the spooled file is shorter than what was noted"));
        }
        file.set_len(at)?;
        file.seek(SeekFrom::Start(at))?;
        let file = io::BufWriter::with_capacity(256 << 10, file);
        Ok(Box::new(FolderFile { file, folder: self.folder.clone(), _turn: turn }))
    }

    fn remove(&self, id: UploadId) -> io::Result<()> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn list(&self) -> io::Result<Vec<UploadId>> {
        let names = fs::read_dir(&self.folder)?;
        names.filter_map(|entry| entry.map(|entry| entry.file_name().to_str()?.parse().ok()).transpose()).collect()
    }
}

type Files = Arc<Mutex<HashMap<UploadId, Arc<Vec<u8>>>>>;

/// Files in memory. What was not finished is lost with its writer, as after a crash.
#[derive(Debug, Clone, Default)]
pub struct SpoolMemory {
    files: Files,
}

struct MemoryFile {
    files: Files,
    id: UploadId,
    bytes: Vec<u8>,
}

impl SpoolMemory {
    fn get(&self, id: UploadId) -> io::Result<Arc<Vec<u8>>> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(&id).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
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
        files.insert(self.id, Arc::new(self.bytes.clone()));
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
    fn read(&self, id: UploadId) -> io::Result<Box<dyn SpoolRead>> {
        Ok(Box::new(Cursor::new(Shared(self.get(id)?))))
    }

    fn write(&self, id: UploadId, at: u64) -> io::Result<Box<dyn SpoolWrite>> {
        let mut bytes = self.get(id).map(|bytes| bytes.to_vec()).unwrap_or_default();
        bytes.truncate(usize::try_from(at).unwrap_or(usize::MAX));
        Ok(Box::new(MemoryFile { files: Arc::clone(&self.files), id, bytes }))
    }

    fn remove(&self, id: UploadId) -> io::Result<()> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        Ok(())
    }

    fn list(&self) -> io::Result<Vec<UploadId>> {
        let mut ids: Vec<UploadId> =
            self.files.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        ids.sort_unstable();
        Ok(ids)
    }
}
