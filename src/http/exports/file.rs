//! Sending the file of an export, as it lies on the disk.

use std::io;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::range::{Wanted, wanted};
use crate::app::App;
use crate::domain::id::ExportId;
use crate::http::codes::Code;
use crate::http::problem::Problem;
use crate::store::records::export::{Export, ExportState};

const CHUNK: usize = 256 * 1024;

pub(super) async fn send(app: &App, id: ExportId, row: &Export, asked: &HeaderMap) -> Result<Response, Problem> {
    match row.state {
        ExportState::Pending | ExportState::Processing => {
            return Err(Problem::new(Code::Conflict).detail("the export is not ready yet"));
        }
        ExportState::Failed => return Err(Problem::new(Code::Conflict).detail("the export failed")),
        ExportState::Expired => return Err(Problem::new(Code::ExportExpired)),
        ExportState::Ready if !row.is_downloadable(app.deps.clock.now()) => {
            return Err(Problem::new(Code::ExportExpired));
        }
        ExportState::Ready => {}
    }
    let path = app.directory.exports().join(row.file_name(id));
    let mut file = tokio::fs::File::open(&path).await.map_err(|error| match error.kind() {
        // It expired in this moment.
        io::ErrorKind::NotFound => Problem::new(Code::ExportExpired),
        _ => Problem::internal(error),
    })?;
    // A file is never written twice under one name.
    let tag = format!("\"{id}\"");
    let wanted = wanted(asked, &tag, row.bytes);
    let mut response = match wanted {
        Wanted::Nothing => StatusCode::NOT_MODIFIED.into_response(),
        Wanted::Beyond => StatusCode::RANGE_NOT_SATISFIABLE.into_response(),
        Wanted::Whole => Body::from_stream(ReaderStream::with_capacity(file, CHUNK)).into_response(),
        Wanted::Part { from, length } => {
            file.seek(io::SeekFrom::Start(from)).await.map_err(Problem::internal)?;
            let part = Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK));
            (StatusCode::PARTIAL_CONTENT, part).into_response()
        }
    };
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: String| -> Result<(), Problem> {
        headers.insert(name, HeaderValue::from_str(&value).map_err(Problem::internal)?);
        Ok(())
    };
    put(header::ETAG, tag)?;
    put(header::ACCEPT_RANGES, "bytes".to_owned())?;
    put(header::CACHE_CONTROL, "private, no-store".to_owned())?;
    match wanted {
        Wanted::Nothing => return Ok(response),
        Wanted::Beyond => {
            put(header::CONTENT_RANGE, format!("bytes */{}", row.bytes))?;
            return Ok(response);
        }
        Wanted::Whole => put(header::CONTENT_LENGTH, row.bytes.to_string())?,
        Wanted::Part { from, length } => {
            put(header::CONTENT_RANGE, format!("bytes {from}-{}/{}", from + length - 1, row.bytes))?;
            put(header::CONTENT_LENGTH, length.to_string())?;
        }
    }
    put(header::CONTENT_TYPE, row.spec.format.media_type().to_owned())?;
    let name = row.spec.filename.as_deref().unwrap_or("leads");
    put(header::CONTENT_DISPOSITION, disposition(name, row.spec.format.name()))?;
    Ok(response)
}

/// `attachment` with the name as RFC 6266 wants it: plain ASCII for old readers, UTF-8 beside it where it differs.
fn disposition(name: &str, ending: &str) -> String {
    let name = file_name(name, ending);
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '(' | ')') { c } else { '_' })
        .collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    let mut encoded = String::with_capacity(name.len() * 3);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// A name that every system can keep a file under: nothing of what separates folders, is reserved or turns the direction
/// of reading, and the right ending once.
fn file_name(name: &str, ending: &str) -> String {
    let name = name.trim();
    let is_own = |end: &str| end.strip_prefix('.').is_some_and(|end| end.eq_ignore_ascii_case(ending));
    let own = name.len().checked_sub(ending.len() + 1).and_then(|at| name.split_at_checked(at));
    let stem = own.filter(|(_, end)| is_own(end)).map_or(name, |(stem, _)| stem);
    let is_reserved = |c: char| {
        c.is_control()
            || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let stem: String = stem.chars().map(|c| if is_reserved(c) { '_' } else { c }).collect();
    match stem.trim_start_matches('.') {
        "" => format!("leads.{ending}"),
        stem => format!("{stem}.{ending}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_breaks_out_of_the_header() {
        assert_eq!(disposition("Fair 2026", "csv"), "attachment; filename=\"Fair 2026.csv\"");
        let odd = disposition("Köln\"\r\nX; 1", "csv");
        assert!(odd.is_ascii() && !odd.contains(['\r', '\n']), "{odd}");
        assert_eq!(odd, "attachment; filename=\"K_ln___X_ 1.csv\"; filename*=UTF-8''K%C3%B6ln___X%3B%201.csv");
    }

    #[test]
    fn a_name_is_one_that_a_file_can_have() {
        for (name, file) in [
            ("leads", "leads.xlsx"),
            ("leads.xlsx", "leads.xlsx"),
            (" Leads.XLSX ", "Leads.xlsx"),
            ("leads.csv", "leads.csv.xlsx"),
            ("../../etc/passwd", "_.._etc_passwd.xlsx"),
            ("a:b*c", "a_b_c.xlsx"),
            ("\u{202e}cod", "_cod.xlsx"),
            (".xlsx", "leads.xlsx"),
            ("..", "leads.xlsx"),
            ("山田", "山田.xlsx"),
        ] {
            assert_eq!(file_name(name, "xlsx"), file, "{name:?}");
        }
    }
}
