//! Sending the file of an export, as it lies on the disk.

use std::io;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tokio_util::io::ReaderStream;

use crate::app::App;
use crate::domain::id::ExportId;
use crate::http::codes::Code;
use crate::http::problem::Problem;
use crate::store::records::export::{Export, ExportState};

const CHUNK: usize = 256 * 1024;

pub(super) async fn send(app: &App, id: ExportId, row: &Export) -> Result<Response, Problem> {
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
    let file = tokio::fs::File::open(&path).await.map_err(|error| match error.kind() {
        // It expired in this moment.
        io::ErrorKind::NotFound => Problem::new(Code::ExportExpired),
        _ => Problem::internal(error),
    })?;
    let mut response = Body::from_stream(ReaderStream::with_capacity(file, CHUNK)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(row.spec.format.media_type()));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(row.bytes));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    let disposition = disposition(row.spec.filename.as_deref().unwrap_or("leads"), row.spec.format.name());
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(Problem::internal)?);
    Ok(response)
}

/// `attachment` with the name as RFC 6266 wants it: plain ASCII for old readers, UTF-8 beside it where it differs.
fn disposition(name: &str, ending: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '(' | ')') { c } else { '_' })
        .collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}.{ending}\"");
    }
    let mut encoded = String::with_capacity(name.len() * 3);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{encoded}.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_breaks_out_of_the_header() {
        assert_eq!(disposition("Fair 2026", "csv"), "attachment; filename=\"Fair 2026.csv\"");
        let odd = disposition("Köln\"\r\nX: 1", "csv");
        assert!(odd.is_ascii() && !odd.contains(['\r', '\n']), "{odd}");
        assert!(odd.ends_with("filename*=UTF-8''K%C3%B6ln%22%0D%0AX%3A%201.csv"), "{odd}");
    }
}
