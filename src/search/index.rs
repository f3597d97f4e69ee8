//! One generation of the index, opened for searching and for its one writer.

use std::fs;
use std::sync::Arc;

use tantivy::directory::{MmapDirectory, RamDirectory};
use tantivy::store::Compressor;
use tantivy::{Directory, Index, IndexReader, IndexSettings, ReloadPolicy, Searcher, TantivyError};

use super::error::{RebuildReason, SearchError};
use super::generation::Generations;
use super::memory::Memory;
use super::schema::{SCHEMA, schema_hash, tokenizers};
use super::writer::{Checkpoint, SearchWriter};

/// How thoroughly an index is looked at before it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenCheck {
    /// All files are there and have a sound frame; takes milliseconds.
    Frame,
    /// Every byte against its checksum; reads the whole index. After an unclean stop, and for `galena check`.
    Checksums,
}

/// What was found on disk.
pub enum Opened {
    Ready(SearchIndex),
    NeedsRebuild(RebuildReason),
}

/// An index that can be searched. Cheap to clone; clones share the view that [`Self::reload`] renews.
#[derive(Clone)]
pub struct SearchIndex {
    index: Index,
    reader: IndexReader,
    generation: u64,
    memory: Arc<Memory>,
}

impl SearchIndex {
    /// Opens the current generation. A missing, damaged or outdated one is an answer; an error is a disk that cannot be
    /// read at all.
    pub fn open(generations: &Generations, check: OpenCheck) -> Result<Opened, SearchError> {
        let Some(generation) = generations.current()? else {
            return Ok(Opened::NeedsRebuild(RebuildReason::Missing));
        };
        let folder = generations.folder(generation);
        if !folder.is_dir() {
            return Ok(Opened::NeedsRebuild(RebuildReason::Missing));
        }
        let damaged = |error: TantivyError| Ok(Opened::NeedsRebuild(RebuildReason::Damaged(error.to_string())));
        let index = match Index::open_in_dir(&folder) {
            Ok(index) => index,
            Err(error) => return damaged(error),
        };
        if index.schema() != SCHEMA.0 {
            return Ok(Opened::NeedsRebuild(RebuildReason::OtherSchema));
        }
        // Before anything reads the segments, because a reader trusts their content.
        if check == OpenCheck::Checksums {
            match index.validate_checksum() {
                Ok(files) if files.is_empty() => {}
                Ok(files) => return Ok(Opened::NeedsRebuild(RebuildReason::Damaged(format!("{files:?}")))),
                Err(error) => return damaged(error),
            }
        }
        let opened = match Self::with_reader(index, generation) {
            Ok(opened) => opened,
            Err(error) => return damaged(error),
        };
        Ok(match opened.checkpoint()? {
            None => Opened::NeedsRebuild(RebuildReason::NoCheckpoint),
            Some(checkpoint) if checkpoint.schema_hash != schema_hash() || checkpoint.generation != generation => {
                Opened::NeedsRebuild(RebuildReason::OtherSchema)
            }
            Some(_) => Opened::Ready(opened),
        })
    }

    /// An empty index in a new folder; nobody searches it before it is filled and [`Generations::publish`]ed.
    pub fn create(generations: &Generations) -> Result<Self, SearchError> {
        let generation = generations.next()?;
        let folder = generations.folder(generation);
        fs::create_dir_all(&folder)?;
        let directory = MmapDirectory::open(&folder).map_err(TantivyError::from)?;
        Ok(Self::create_on(directory, generation)?)
    }

    /// An empty index without files; for tests and small tools.
    pub fn in_ram() -> Result<Self, SearchError> {
        Ok(Self::create_on(RamDirectory::create(), 0)?)
    }

    fn create_on(directory: impl Directory, generation: u64) -> Result<Self, TantivyError> {
        // Rows are read from the store: nothing is kept for display, so there is nothing to compress.
        let settings = IndexSettings {
            docstore_compression: Compressor::None,
            docstore_compress_dedicated_thread: false,
            ..IndexSettings::default()
        };
        let index = Index::builder().schema(SCHEMA.0.clone()).settings(settings).tokenizers(tokenizers());
        Self::with_reader(index.open_or_create(directory)?, generation)
    }

    fn with_reader(mut index: Index, generation: u64) -> Result<Self, TantivyError> {
        index.set_tokenizers(tokenizers());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { index, reader, generation, memory: Arc::default() })
    }

    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The one writer of this index. Fails with [`SearchError::WriterBusy`] while another one lives.
    pub fn writer(&self, memory_bytes: usize) -> Result<SearchWriter, SearchError> {
        SearchWriter::open(self.index.clone(), memory_bytes)
    }

    /// Makes the last commit visible to searches that start after it.
    pub fn reload(&self) -> Result<(), SearchError> {
        self.reader.reload()?;
        let segments = self.searcher();
        let segments: Vec<_> = segments.segment_readers().iter().map(|segment| segment.segment_id()).collect();
        self.memory.only_of(&segments);
        Ok(())
    }

    /// How far the last commit reaches; `None` before the first.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, SearchError> {
        let payload = self.index.load_metas()?.payload;
        Ok(payload.and_then(|payload| serde_json::from_str(&payload).ok()))
    }

    /// The names of files whose content does not match its checksum.
    pub fn validate_checksums(&self) -> Result<Vec<String>, SearchError> {
        let mut damaged: Vec<_> =
            self.index.validate_checksum()?.into_iter().map(|file| file.display().to_string()).collect();
        damaged.sort();
        Ok(damaged)
    }

    /// Documents of all workspaces that a search could see now.
    pub fn document_count(&self) -> u64 {
        self.searcher().num_docs()
    }

    /// Segments that a search looks at, one after the other.
    pub fn segment_count(&self) -> usize {
        self.searcher().segment_readers().len()
    }

    pub(super) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// A view for one query; never kept, because it holds on to merged-away files.
    pub(super) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }
}
