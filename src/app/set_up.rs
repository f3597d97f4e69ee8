//! The first owner: from an empty data directory to a workspace, a user and a key. One way for `galena init`, the setup
//! link and the tests.

use std::time::Duration;

use crate::app::App;
use crate::domain::email::Email;
use crate::domain::id::{KeyId, WorkspaceId};
use crate::store::crypt::{CryptError, Secret, Token, TokenHash, TokenKind};
use crate::store::records::access::KeyScope;
use crate::store::transactions::access::{CreateSetupToken, NewKey, NewWorkspace, SetUp, has_users};
use crate::store::{Origin, StoreError, SubmitError, Urgency};

/// Who comes first.
#[derive(Debug, Clone)]
pub struct FirstOwner {
    pub email: String,
    pub password: Secret,
    pub workspace_name: String,
    /// The setup link that lets them in; `None` for somebody on the box.
    pub token: Option<TokenHash>,
    /// The first workspace only plays: its providers are simulated.
    pub sandbox: bool,
}

/// What was made. The key is shown this once.
#[derive(Debug)]
pub struct Made {
    pub workspace: WorkspaceId,
    pub key: Token,
}

/// Why nobody was set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    #[error("this is no e-mail address")]
    NotAnEmail,
    #[error("the password must have at least {0} characters")]
    ShortPassword(usize),
    #[error("the plan {0} is not in plans.toml")]
    UnknownPlan(String),
    #[error(transparent)]
    Crypt(#[from] CryptError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error("the hashing of the password panicked")]
    HashingPanicked,
}

/// Makes the first workspace on the plan of the configuration, its owner, and an owner key.
///
/// # Errors
/// See [`SetUpError`]; a second set-up is a rejected transaction (`Conflict`).
pub async fn set_up(app: &App, first: FirstOwner, origin: Origin) -> Result<Made, SetUpError> {
    let email = Email::parse(&first.email).map_err(|_| SetUpError::NotAnEmail)?;
    let shortest = app.config.limits.password_min_chars;
    if first.password.expose().chars().count() < shortest {
        return Err(SetUpError::ShortPassword(shortest));
    }
    let workspace = match first.sandbox {
        true => new_sandbox(app, first.workspace_name)?,
        false => new_workspace(app, first.workspace_name)?,
    };
    let password_hash = hash_password(app, first.password).await?;
    let (key, new_key) = new_key(app, "owner", vec![KeyScope::Owner]);
    let set_up = SetUp {
        origin,
        workspace,
        user: app.deps.ids.next(),
        email: email.into_string(),
        password_hash,
        key: Some(new_key),
        token: first.token.map(|hash| *hash.as_bytes()),
    };
    let committed = app.store.submit(set_up, Urgency::Interactive).await?;
    Ok(Made { workspace: committed.out, key })
}

/// A workspace on the plan of the configuration, with the credits that the plan gives at once.
///
/// # Errors
/// When the plan is not in `plans.toml`.
pub fn new_workspace(app: &App, name: String) -> Result<NewWorkspace, SetUpError> {
    let slug = &app.config.credits.plan;
    let plan = app.plans.plan(slug).ok_or_else(|| SetUpError::UnknownPlan(slug.clone()))?;
    let credits = u64::try_from(plan.credits.saturating_add(plan.signup_bonus)).unwrap_or(0);
    let region = Some(app.config.import.region.clone()).filter(|region| !region.is_empty());
    Ok(NewWorkspace {
        id: app.deps.ids.next(),
        name,
        plan: slug.clone(),
        region,
        parent: None,
        grant: (credits > 0).then(|| (app.deps.ids.next(), credits)),
        sandbox: false,
    })
}

/// Hundredths of a credit that a sandbox has to play with.
const PLAY_CREDITS: u64 = 10_000 * 100;

/// A workspace whose providers are played by the simulator, with play credits.
///
/// # Errors
/// When the plan is not in `plans.toml`.
pub fn new_sandbox(app: &App, name: String) -> Result<NewWorkspace, SetUpError> {
    let grant = Some((app.deps.ids.next(), PLAY_CREDITS));
    Ok(NewWorkspace { grant, sandbox: true, ..new_workspace(app, name)? })
}

/// A fresh API key: the secret, and what the store keeps of it.
pub fn new_key(app: &App, name: &str, scopes: Vec<KeyScope>) -> (Token, NewKey) {
    let token = Token::generate(TokenKind::ApiKey, &*app.deps.random);
    let new = NewKey {
        id: app.deps.ids.next::<KeyId>(),
        name: name.to_owned(),
        hash: *token.hash().as_bytes(),
        shown: token.hint(),
        scopes,
    };
    (token, new)
}

/// Hashes a password on the blocking pool; it takes a while on purpose.
///
/// # Errors
/// When there is no memory for it.
pub async fn hash_password(app: &App, password: Secret) -> Result<String, SetUpError> {
    let (passwords, random) = (app.passwords.clone(), app.deps.random.clone());
    let hashing = tokio::task::spawn_blocking(move || passwords.hash(password.expose(), &*random));
    Ok(hashing.await.map_err(|_panicked| SetUpError::HashingPanicked)??)
}

/// Whether the first owner is still to come.
///
/// # Errors
/// When rows cannot be read.
pub async fn is_needed(app: &App) -> Result<bool, StoreError> {
    app.store.read(has_users).await.map(|there| !there)
}

/// A new one-time setup link; earlier ones open nothing any more.
///
/// # Errors
/// When it cannot be stored.
pub async fn new_link(app: &App) -> Result<Token, SubmitError> {
    let token = Token::generate(TokenKind::Setup, &*app.deps.random);
    let at = app.deps.clock.now();
    let lasts: Duration = app.config.limits.setup_link_ttl.0;
    let create = CreateSetupToken { hash: *token.hash().as_bytes(), at, expires_at: at.plus(lasts) };
    app.store.submit(create, Urgency::Interactive).await?;
    Ok(token)
}
