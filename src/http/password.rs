//! Passwords in requests: what a new one must be, and hashing with a turn for everybody but not for all at once.
//!
//! One Argon2id hash takes a core for about 20 ms and 19 MiB. A flood of sign-ins must slow down sign-ins and nothing else:
//! few hash at the same time, some wait, the rest is told that the box is busy.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::codes::Code;
use super::problem::{FieldError, Problem};
use crate::app::App;
use crate::store::crypt::{Secret, Verdict};
use crate::store::transactions::users::email_key;

const AT_ONCE: usize = 2;
const WAITING: usize = 64;
/// Longer ones cost no more to hash, but nobody types them.
const LONGEST: usize = 1_024;

/// Gives out turns.
pub struct PasswordDesk {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// The right to hash one password; given back when dropped.
pub(in crate::http) struct PasswordTurn {
    _turn: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Default for PasswordDesk {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE + WAITING)), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl PasswordDesk {
    /// # Errors
    /// `OVERLOADED` when too many wait already.
    pub(in crate::http) async fn turn(&self) -> Result<PasswordTurn, Problem> {
        let busy = || Problem::new(Code::Overloaded).retry_after(2);
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| busy())?;
        Ok(PasswordTurn { _turn: turn, _place: place })
    }
}

/// What came of comparing a password.
pub(in crate::http) enum Compared {
    /// With the same password hashed anew, where today's parameters are others.
    Right {
        rehashed: Option<String>,
    },
    Wrong,
}

/// Compares with the stored hash; without one it does the same work and says no.
pub(in crate::http) async fn compare(app: &App, password: Secret, stored: Option<String>) -> Result<Compared, Problem> {
    let turn = app.password_desk.turn().await?;
    let (passwords, random) = (app.passwords.clone(), Arc::clone(&app.deps.random));
    let comparing = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let verdict = match &stored {
            Some(stored) => passwords.verify(password.expose(), stored)?,
            None => passwords.verify_nobody(password.expose()),
        };
        Ok(match verdict {
            Verdict::Right => Compared::Right { rehashed: None },
            Verdict::RightButOutdated => {
                Compared::Right { rehashed: Some(passwords.hash(password.expose(), &*random)?) }
            }
            Verdict::Wrong => Compared::Wrong,
        })
    });
    let compared: Result<_, crate::store::crypt::CryptError> = comparing.await.map_err(Problem::internal)?;
    compared.map_err(Problem::internal)
}

/// Hashes a new password.
pub(in crate::http) async fn hash(app: &App, password: Secret) -> Result<String, Problem> {
    let turn = app.password_desk.turn().await?;
    let (passwords, random) = (app.passwords.clone(), Arc::clone(&app.deps.random));
    let hashing = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        passwords.hash(password.expose(), &*random)
    });
    hashing.await.map_err(Problem::internal)?.map_err(Problem::internal)
}

/// What is wrong with a new password, if anything. Length is what protects; rules about its letters do not (NIST SP 800-63B).
pub(in crate::http) fn fault(app: &App, pointer: &str, password: &Secret, email: &str) -> Option<FieldError> {
    let shortest = app.config.limits.password_min_chars;
    let chars = password.expose().chars().count();
    if chars < shortest {
        return Some(FieldError::at(pointer, format!("must have at least {shortest} characters")));
    }
    if chars > LONGEST {
        return Some(FieldError::at(pointer, format!("must have at most {LONGEST} characters")));
    }
    let is_address = email_key(password.expose()) == email_key(email);
    is_address.then(|| FieldError::at(pointer, "must not be the e-mail address"))
}
