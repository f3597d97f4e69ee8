//! The multipart form of an import: `file` (a file, or the id of an upload), `mapping` and `options` in any order. The
//! file goes to the disk as it comes.

use std::io;
use std::sync::Arc;

use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::options::{self, GivenMapping, GivenOptions, within};
use super::recipes;
use crate::actors::importer::plan::ImportChoice;
use crate::actors::importer::problem::FileProblem;
use crate::actors::importer::spool::{SpoolPart, SpoolWrite};
use crate::app::App;
use crate::domain::id::UploadId;
use crate::http::auth::Caller;
use crate::http::body::parse;
use crate::http::codes::Code;
use crate::http::problem::{FieldError, Problem};
use crate::store::transactions::recipes::recipe_called;
use crate::store::transactions::uploads::{AdvanceUpload, CreateUpload, RemoveUpload, upload};
use crate::store::{Refusal, Urgency};

/// The largest part that is not the file.
const MAX_PART: usize = 4 << 20;
/// What is collected before it is written.
const PIECE: usize = 256 << 10;

/// What was sent.
pub struct Form {
    pub upload: UploadId,
    /// The upload was made by this request, and goes when the request comes to nothing.
    pub is_own: bool,
    pub mapping: GivenMapping,
    pub options: GivenOptions,
    /// The mapping of the recipe that the options name.
    recipe: Vec<(String, String)>,
    /// Of everything sent, for the idempotency key.
    pub hash: [u8; 32],
}

impl Form {
    /// What the caller asks for, checked as far as it can be without the file.
    ///
    /// # Errors
    /// A part says something that cannot be.
    pub fn choice(&self) -> Result<ImportChoice, Problem> {
        let choice = options::choice(self.mapping.clone(), &self.options)?;
        Ok(ImportChoice { recipe: self.recipe.clone(), ..choice })
    }
}

/// Reads the form. `max_bytes` is the largest file.
///
/// # Errors
/// A part is missing, too large or not what it should be; nothing of it is kept then.
pub async fn read(app: &Arc<App>, caller: &Caller, request: Request, max_bytes: u64) -> Result<Form, Problem> {
    // Not an extractor of the handlers: what the path names is looked at before the body is.
    let mut parts = Multipart::from_request(request, app).await.map_err(|no| {
        Problem::new(Code::UnsupportedMediaType).detail(format!("send multipart/form-data: {}", no.body_text()))
    })?;
    let mut form = Parts::default();
    let read = async {
        while let Some(part) = parts.next_field().await.map_err(broken_off)? {
            form.take(app, caller, part, max_bytes).await?;
        }
        Ok(())
    };
    let read: Result<(), Problem> = read.await;
    let read = match read {
        Ok(()) => form.apply_recipe(app, caller).await,
        no => no,
    };
    let Parts { own, given, mapping, options, recipe, file_hash, hasher, .. } = form;
    let done = read.and_then(|()| {
        let upload = own.or(given).ok_or_else(|| Problem::invalid(FieldError::at("/file", "is missing")))?;
        let mut hasher = hasher;
        hasher.update(&file_hash);
        Ok(Form { upload, is_own: own.is_some(), mapping, options, recipe, hash: *hasher.finalize().as_bytes() })
    });
    if let (Err(_), Some(upload)) = (&done, own) {
        discard(app, caller, upload).await;
    }
    done
}

/// Takes an upload away that came to nothing.
pub async fn discard(app: &Arc<App>, caller: &Caller, id: UploadId) {
    let remove = RemoveUpload { scope: caller.scope, id };
    match app.store.submit(remove, Urgency::Interactive).await {
        Ok(_) => {
            let spool = Arc::clone(&app.spool);
            let removed = tokio::task::spawn_blocking(move || spool.remove(id)).await;
            if let Ok(Err(error)) = removed {
                tracing::warn!(%error, upload = %id, "a file was not removed; the clean-up does it");
            }
        }
        Err(error) => tracing::warn!(%error, upload = %id, "an upload was not removed; it expires"),
    }
}

#[derive(Default)]
struct Parts {
    own: Option<UploadId>,
    given: Option<UploadId>,
    mapping: GivenMapping,
    options: GivenOptions,
    /// The options as they were sent.
    sent: Map<String, Value>,
    recipe: Vec<(String, String)>,
    file_hash: Vec<u8>,
    hasher: blake3::Hasher,
}

impl Parts {
    async fn take(&mut self, app: &Arc<App>, caller: &Caller, part: Field<'_>, max_bytes: u64) -> Result<(), Problem> {
        let name = part.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" if part.file_name().is_some() => self.file(app, caller, part, max_bytes).await,
            "file" | "uploadId" | "upload" => {
                let text = self.text(&name, part).await?;
                let id = String::from_utf8_lossy(&text).trim().parse::<UploadId>();
                let id = id.map_err(|_| Problem::new(Code::UploadNotFound))?;
                let scope = caller.scope;
                app.store
                    .read(move |view| upload(view, &scope, id).map(drop))
                    .await
                    .map_err(|refusal: Refusal| Problem::from(refusal))?;
                self.given = Some(id);
                Ok(())
            }
            "mapping" => {
                let text = self.text(&name, part).await?;
                self.mapping = json("mapping", &text)?;
                Ok(())
            }
            "options" => {
                let text = self.text(&name, part).await?;
                self.options = options::read(&text)?;
                self.sent = json("options", &text)?;
                Ok(())
            }
            // Clients of the documents send more than we use.
            _ => self.text(&name, part).await.map(drop),
        }
    }

    /// Lays what was sent over the options of the recipe that it names.
    async fn apply_recipe(&mut self, app: &Arc<App>, caller: &Caller) -> Result<(), Problem> {
        let Some(called) = self.options.recipe.clone() else { return Ok(()) };
        let scope = caller.scope;
        let row = app.store.read(move |view| recipe_called(view, &scope, &called)).await;
        let (mapping, mut all) = recipes::parts(row.map_err(|no: Refusal| Problem::from(no))?);
        all.append(&mut self.sent);
        self.options = options::read(Value::Object(all).to_string().as_bytes())?;
        self.recipe = mapping;
        Ok(())
    }

    async fn text(&mut self, name: &str, mut part: Field<'_>) -> Result<Vec<u8>, Problem> {
        let mut text = Vec::new();
        while let Some(piece) = part.chunk().await.map_err(broken_off)? {
            if text.len() + piece.len() > MAX_PART {
                return Err(Problem::new(Code::PayloadTooLarge).detail(format!("part {name} is too large")));
            }
            text.extend_from_slice(&piece);
        }
        self.hasher.update(name.as_bytes()).update(&[0]).update(&text).update(&[0]);
        Ok(text)
    }

    async fn file(&mut self, app: &Arc<App>, caller: &Caller, mut part: Field<'_>, max: u64) -> Result<(), Problem> {
        if self.own.is_some() {
            return Err(Problem::invalid(FieldError::at("/file", "is given twice")));
        }
        let id: UploadId = app.deps.ids.next();
        let create = CreateUpload {
            scope: caller.scope,
            origin: caller.origin.clone(),
            id,
            file_name: part.file_name().map(plain_name),
            size: None,
        };
        app.store.submit(create, Urgency::Interactive).await?;
        self.own = Some(id);
        let spool = Arc::clone(&app.spool);
        let writer = tokio::task::spawn_blocking(move || spool.write(id, SpoolPart::Sent, 0)).await;
        let mut writer = Writer::new(writer.map_err(Problem::internal)?.map_err(Problem::internal)?);
        let mut hasher = blake3::Hasher::new();
        let mut size: u64 = 0;
        while let Some(piece) = part.chunk().await.map_err(broken_off)? {
            size += piece.len() as u64;
            if size > max {
                return Err(file_problem(FileProblem::too_large(max)));
            }
            hasher.update(&piece);
            writer.write(&piece).await?;
        }
        writer.finish().await?;
        self.file_hash = hasher.finalize().as_bytes().to_vec();
        let advance =
            AdvanceUpload { scope: caller.scope, origin: caller.origin.clone(), id, from: 0, to: size, complete: true };
        app.store.submit(advance, Urgency::Interactive).await?;
        Ok(())
    }
}

/// Writes to the disk in large pieces, off the async threads.
pub struct Writer {
    file: Option<Box<dyn SpoolWrite>>,
    piece: Vec<u8>,
}

impl Writer {
    pub fn new(file: Box<dyn SpoolWrite>) -> Self {
        Self { file: Some(file), piece: Vec::with_capacity(PIECE) }
    }

    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() < PIECE {
            return Ok(());
        }
        self.run(|_| Ok(())).await
    }

    /// Makes everything durable.
    pub async fn finish(&mut self) -> Result<(), Problem> {
        self.run(|file| file.finish()).await
    }

    async fn run(
        &mut self,
        then: impl FnOnce(&mut dyn SpoolWrite) -> io::Result<()> + Send + 'static,
    ) -> Result<(), Problem> {
        let Some(mut file) = self.file.take() else { return Err(Problem::internal("the file is being written")) };
        let mut piece = std::mem::take(&mut self.piece);
        let written = tokio::task::spawn_blocking(move || {
            let written = file.write_all(&piece).and_then(|()| then(&mut *file));
            piece.clear();
            (file, piece, written)
        });
        let (file, piece, written) = written.await.map_err(Problem::internal)?;
        self.file = Some(file);
        self.piece = piece;
        written.map_err(Problem::internal)
    }
}

/// The name without the folders that some browsers send before it.
fn plain_name(name: &str) -> String {
    name.rsplit(['/', '\\']).next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(255).collect()
}

fn json<T: DeserializeOwned>(part: &str, text: &[u8]) -> Result<T, Problem> {
    parse(text).map_err(|problem| within(part, problem))
}

fn broken_off(error: axum::extract::multipart::MultipartError) -> Problem {
    tracing::debug!(%error, "a form broke off");
    Problem::invalid(FieldError::at("", "the form broke off or is no multipart form"))
}

/// A file that cannot be imported, as the API says it.
pub fn file_problem(problem: FileProblem) -> Problem {
    let code = Code::ALL.iter().find(|code| code.text() == problem.code).copied().unwrap_or(Code::InvalidCsv);
    let mut answer = Problem::new(code).detail(problem.detail).member("reason", problem.reason);
    if let Some(line) = problem.line {
        answer = answer.member("line", line);
    }
    if let Some(column) = problem.column {
        answer = answer.member("column", column);
    }
    answer
}
