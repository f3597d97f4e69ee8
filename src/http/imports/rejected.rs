//! The rejected rows of an import as a file that can be mended and imported again: every cell as it came, then the line
//! and the reason. Read and sent page by page.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::actors::importer::columns::{REJECTED_LINE, REJECTED_REASON};
use crate::app::App;
use crate::domain::cell::{neutralise, restore};
use crate::domain::id::ImportId;
use crate::http::problem::Problem;
use crate::store::engine::Order;
use crate::store::records::import::RejectedRow;
use crate::store::tables::ImportRejects;
use crate::store::{Reads, StoreError, WorkspaceScope};

const PAGE: usize = 500;

struct Reading {
    app: Arc<App>,
    scope: WorkspaceScope,
    import: ImportId,
    columns: usize,
    /// The header is sent first.
    header: Option<Vec<String>>,
    /// The last row sent.
    after: Option<u64>,
    ended: bool,
}

pub fn file(app: Arc<App>, scope: WorkspaceScope, import: ImportId, titles: Vec<String>) -> Response {
    let reading =
        Reading { app, scope, import, columns: titles.len(), header: Some(titles), after: None, ended: false };
    let pages = futures::stream::try_unfold(reading, |mut reading| async move {
        let page = reading.page().await?;
        Ok::<_, StoreError>(page.map(|page| (page, reading)))
    });
    let mut response = Body::from_stream(pages).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    let disposition = format!("attachment; filename=\"{import}-rejected.csv\"");
    match HeaderValue::from_str(&disposition) {
        Ok(disposition) => drop(headers.insert(header::CONTENT_DISPOSITION, disposition)),
        Err(error) => return Problem::internal(error).into_response(),
    }
    response
}

impl Reading {
    async fn page(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(titles) = self.header.take() {
            return Ok(Some(line(titles, REJECTED_LINE, REJECTED_REASON)));
        }
        if self.ended {
            return Ok(None);
        }
        let (scope, import, after) = (self.scope, self.import, self.after);
        let rows = self.app.store.read(move |view| read(view, scope, import, after)).await?;
        self.ended = rows.len() < PAGE;
        self.after = rows.last().map(|(row, _)| *row);
        let mut page = Vec::new();
        for (_, row) in rows {
            let mut cells: Vec<String> = row.cells.iter().map(|cell| neutralise(restore(cell)).into_owned()).collect();
            cells.resize(cells.len().max(self.columns), String::new());
            page.extend(line(cells, &row.line.to_string(), &row.reasons.join("; ")));
        }
        Ok((!page.is_empty()).then_some(page))
    }
}

fn read(
    view: &impl Reads,
    scope: WorkspaceScope,
    import: ImportId,
    after: Option<u64>,
) -> Result<Vec<(u64, RejectedRow)>, StoreError> {
    let mut rows = Vec::new();
    let mut visit = |(_, row): (ImportId, u64), rejected: RejectedRow| {
        rows.push((row, rejected));
        if rows.len() < PAGE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    match after {
        Some(row) => {
            view.scan_after::<ImportRejects>(&scope, &(import,), &(import, row), Order::Ascending, &mut visit)?;
        }
        None => view.scan::<ImportRejects>(&scope, &(import,), Order::Ascending, &mut visit)?,
    }
    Ok(rows)
}

/// One line of the file. Writing into memory cannot fail.
fn line(cells: Vec<String>, number: &str, reason: &str) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let record = cells.iter().map(String::as_str).chain([number, reason]);
    let _infallible = writer.write_record(record);
    writer.into_inner().unwrap_or_default()
}
