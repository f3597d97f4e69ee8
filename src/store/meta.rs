//! The `meta` table: the format of the store and the marks from which numbers go on rising after a restart.

use crate::store::engine::{EngineError, WriteTx};
use crate::store::key::Key;
use crate::store::read::{Reads, StoreError};
use crate::store::record::{Blob, Record};
use crate::store::tables::{InstallTable, Meta};
use crate::store::tx::Tx;

/// The layout of keys and tables this program writes. A store with a higher one is refused.
pub const LAYOUT: u64 = 1;

const LAYOUT_KEY: &str = "layout";
const HIGH_WATER_KEY: &str = "high_water";
const WRAPPED_DATA_KEY: &str = "wrapped_data_key";
const BOOT_KEY: &str = "boot";

/// The last numbers given out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HighWater {
    pub seq: u64,
    pub id: u64,
}

pub fn layout(reads: &impl Reads) -> Result<Option<u64>, StoreError> {
    Ok(blob(reads, LAYOUT_KEY)?.map(|bytes| number(&bytes, 0)))
}

pub fn high_water(reads: &impl Reads) -> Result<HighWater, StoreError> {
    let Some(bytes) = blob(reads, HIGH_WATER_KEY)? else { return Ok(HighWater::default()) };
    Ok(HighWater { seq: number(&bytes, 0), id: number(&bytes, 8) })
}

/// The data key, wrapped by the master key (`store::crypt`).
pub fn wrapped_data_key(reads: &impl Reads) -> Result<Option<Vec<u8>>, StoreError> {
    blob(reads, WRAPPED_DATA_KEY)
}

/// How often work has been taken up: leases name it, and those of an earlier one are void.
pub fn boot(reads: &impl Reads) -> Result<u64, StoreError> {
    Ok(blob(reads, BOOT_KEY)?.map_or(0, |bytes| number(&bytes, 0)))
}

pub(in crate::store) fn put_boot(tx: &mut Tx<'_>, boot: u64) -> Result<(), StoreError> {
    tx.put_install::<Meta>((BOOT_KEY.to_owned(),), &Blob(boot.to_be_bytes().to_vec()))
}

fn blob(reads: &impl Reads, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(reads.get_install::<Meta>((key.to_owned(),))?.map(|Blob(bytes)| bytes))
}

/// Eight bytes at `at`, zero where they are missing.
fn number(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|part| part.try_into().ok()).map_or(0, u64::from_be_bytes)
}

fn put(raw: &mut dyn WriteTx, key: &str, bytes: Vec<u8>) -> Result<(), EngineError> {
    raw.insert(Meta::ID, &(key.to_owned(),).encode(), &Blob(bytes).to_bytes())
}

/// Written by every group, so that a number once given out never comes again.
pub(in crate::store) fn put_high_water(raw: &mut dyn WriteTx, seq: u64, id: u64) -> Result<(), EngineError> {
    put(raw, HIGH_WATER_KEY, [seq.to_be_bytes(), id.to_be_bytes()].concat())
}

/// Written once, when the directory is prepared.
pub(in crate::store) fn put_new(raw: &mut dyn WriteTx, wrapped_data_key: &[u8]) -> Result<(), EngineError> {
    put(raw, LAYOUT_KEY, LAYOUT.to_be_bytes().to_vec())?;
    put(raw, WRAPPED_DATA_KEY, wrapped_data_key.to_vec())
}
