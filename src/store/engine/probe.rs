//! Watches and breaks the i/o below redb, for tests: a trace of what is read and written, failures on command, and
//! "crashes" after which nothing reaches the file any more.
//!
//! It works on the real backend and the real file, so that what a test proves is what runs.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One kind of access to the store file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Read,
    Write,
    SetLen,
    Sync,
    /// The move of a new store file from its temporary name to its own.
    Rename,
}

/// One access: offset and length as redb asked for them, before the envelope is added; zero where they mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    pub operation: Operation,
    pub offset: u64,
    pub len: u64,
}

#[derive(Default)]
struct State {
    trace: Option<Vec<Access>>,
    /// Fails the `n`-th access of this kind from now on (0 = the next one), once.
    fail_once: Option<(Operation, usize)>,
    /// Changes of the file still let through before everything fails.
    crash_after: Option<usize>,
}

/// A handle shared by the test and the backends of one engine. Clones are the same probe.
#[derive(Default, Clone)]
pub struct Probe(Arc<Mutex<State>>);

impl Probe {
    /// Starts a new trace.
    pub fn record(&self) {
        self.state().trace = Some(Vec::new());
    }

    /// Ends the trace and gives it.
    pub fn recorded(&self) -> Vec<Access> {
        self.state().trace.take().unwrap_or_default()
    }

    /// Fails one access of this kind, after letting `skip` of them through.
    pub fn fail_once(&self, operation: Operation, skip: usize) {
        self.state().fail_once = Some((operation, skip));
    }

    /// True while a failure asked for with `fail_once` has not happened.
    pub fn is_armed(&self) -> bool {
        self.state().fail_once.is_some()
    }

    /// Lets `changes` more changes of the file through (writes, lengths, syncs, renames); then everything fails, as if
    /// the process had been killed there.
    pub fn crash_after(&self, changes: usize) {
        self.state().crash_after = Some(changes);
    }

    /// True when the crash asked for has happened.
    pub fn has_crashed(&self) -> bool {
        self.state().crash_after == Some(0)
    }

    /// Called before each access; an error stands for the access having failed.
    pub(super) fn pass(&self, access: Access) -> io::Result<()> {
        let mut state = self.state();
        if let Some(trace) = &mut state.trace {
            trace.push(access);
        }
        match state.crash_after {
            Some(0) => return Err(io::Error::other("probe: the process is gone")),
            Some(left) if access.operation != Operation::Read => state.crash_after = Some(left - 1),
            _ => {}
        }
        if let Some((operation, skip)) = state.fail_once
            && operation == access.operation
        {
            state.fail_once = skip.checked_sub(1).map(|skip| (operation, skip));
            if skip == 0 {
                return Err(io::Error::other(format!("probe: {operation:?} failed")));
            }
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Probe")
    }
}
