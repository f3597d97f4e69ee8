//! The container that `.xls` files and encrypted workbooks share (OLE2, [MS-CFB]): looked into only to say which it is.

use std::io::{Read, SeekFrom};

use super::Source;
use super::error::WorkbookError;

pub const MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// The directory of a container is a chain of sectors; those of office files have one or two.
const MOST_SECTORS: usize = 64;
/// Entries of the allocation table that stand in the header.
const TABLES_IN_HEADER: usize = 109;

/// What to tell of a file that is such a container.
pub fn refusal(file: &mut dyn Source) -> WorkbookError {
    let names = names(file).unwrap_or_default();
    let has = |name: &str| names.iter().any(|found| found == name);
    if has("EncryptedPackage") || has("EncryptionInfo") {
        WorkbookError::Encrypted
    } else if has("Workbook") || has("Book") {
        WorkbookError::Unsupported { what: "a workbook of Excel 2003 or older (.xls)" }
    } else if has("WordDocument") {
        WorkbookError::NotAWorkbook { found: "a text document (.doc)" }
    } else {
        WorkbookError::NotAWorkbook { found: "an office document of an old kind" }
    }
}

/// The names of the streams, as far as they can be followed.
fn names(file: &mut dyn Source) -> Option<Vec<String>> {
    let header = bytes(file, 0, 512)?;
    let shift = u16::from_le_bytes([*header.get(30)?, *header.get(31)?]);
    if !(9..=12).contains(&shift) {
        return None;
    }
    let size = 1_u64 << shift;
    let place = |sector: u32| (u64::from(sector) + 1) * size;
    let mut sector = word(&header, 48)?;
    let mut names = Vec::new();
    for _ in 0..MOST_SECTORS {
        let Some(directory) = bytes(file, place(sector), size) else { break };
        names.extend(directory.chunks_exact(128).filter_map(name));
        let table = sector / (u32::try_from(size).ok()? / 4);
        if table as usize >= TABLES_IN_HEADER {
            break;
        }
        let table = word(&header, 76 + 4 * table as usize)?;
        let entry = place(table) + u64::from(sector) * 4 % size;
        let Some(next) = bytes(file, entry, 4).and_then(|next| word(&next, 0)) else { break };
        // Larger numbers mark the end of a chain.
        if next > 0xffff_fff9 {
            break;
        }
        sector = next;
    }
    Some(names)
}

fn name(entry: &[u8]) -> Option<String> {
    let length = usize::from(u16::from_le_bytes([*entry.get(64)?, *entry.get(65)?])).checked_sub(2)?;
    let units = entry.get(..length.min(64))?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn bytes(file: &mut dyn Source, at: u64, count: u64) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(at)).ok()?;
    let mut found = Vec::new();
    Read::take(&mut *file, count).read_to_end(&mut found).ok()?;
    (found.len() as u64 == count).then_some(found)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A container whose directory is sector 1 and whose allocation table is sector 0.
    fn container(streams: &[&str]) -> Vec<u8> {
        let mut file = vec![0; 512 * 3];
        file[..8].copy_from_slice(&MAGIC);
        file[30..32].copy_from_slice(&9_u16.to_le_bytes());
        file[48..52].copy_from_slice(&1_u32.to_le_bytes());
        file[512 + 4..512 + 8].copy_from_slice(&0xffff_fffe_u32.to_le_bytes());
        for (place, stream) in streams.iter().enumerate() {
            let entry = &mut file[1024 + 128 * place..][..128];
            for (place, unit) in stream.encode_utf16().enumerate() {
                entry[2 * place..][..2].copy_from_slice(&unit.to_le_bytes());
            }
            entry[64..66].copy_from_slice(&(2 * stream.len() as u16 + 2).to_le_bytes());
        }
        file
    }

    #[test]
    fn what_is_inside_decides_what_is_said() {
        let code = |streams: &[&str]| refusal(&mut Cursor::new(container(streams))).code();
        assert_eq!(code(&["Root Entry", "Workbook"]), "UNSUPPORTED_WORKBOOK");
        assert_eq!(code(&["Root Entry", "EncryptionInfo", "EncryptedPackage"]), "ENCRYPTED_WORKBOOK");
        assert_eq!(code(&["Root Entry", "WordDocument"]), "NOT_A_WORKBOOK");
        assert_eq!(refusal(&mut Cursor::new(MAGIC)).code(), "NOT_A_WORKBOOK");
    }

    #[test]
    fn a_chain_in_a_circle_ends() {
        let mut file = container(&["Root Entry"]);
        file[512 + 4..512 + 8].copy_from_slice(&1_u32.to_le_bytes());
        assert_eq!(refusal(&mut Cursor::new(file)).code(), "NOT_A_WORKBOOK");
    }
}
