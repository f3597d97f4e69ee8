//! Signed-in browsers. What is stored of a session is the hash of its token.

use std::ops::ControlFlow;

use crate::domain::id::UserId;
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::records::access::{Session, User};
use crate::store::tables::{Sessions, Users};
use crate::store::transactions::users::memberships;
use crate::store::{
    Fact, Missing, Origin, Reads, Refusal, Reject, StoreError, Subject, Transaction, Tx, WorkspaceScope,
};

/// Rows that a sign-in looks at for sessions that are over.
const SWEPT: usize = 200;

/// Signs a browser in, whose password was verified against `verified`.
#[derive(Debug, Clone)]
pub struct SignIn {
    pub origin: Origin,
    pub token_hash: [u8; 32],
    pub session: Session,
    /// The stored hash that the password fitted; when it is another one by now, nobody is signed in.
    pub verified: String,
    /// The same password hashed with today's parameters, where they have changed.
    pub rehashed: Option<String>,
    /// The session that the same browser had before.
    pub replaces: Option<[u8; 32]>,
}

impl Transaction for SignIn {
    type Out = ();
    const NAME: &'static str = "sessions.sign_in";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let id = self.session.user;
        let stored = tx.get_install::<Users>((id,))?;
        let fits = |user: &User| user.disabled_at.is_none() && user.password_hash.as_ref() == Some(&self.verified);
        let user = stored.filter(fits).ok_or(Reject::NotFound(Missing::User))?;
        if self.rehashed.is_some() {
            tx.put_install::<Users>((id,), &User { password_hash: self.rehashed.clone(), ..user })?;
        }
        if let Some(hash) = self.replaces {
            tx.remove_install::<Sessions>((hash,))?;
        }
        sweep(tx, self.token_hash, self.origin.at)?;
        tx.put_install::<Sessions>((self.token_hash,), &self.session)?;
        tell(tx, &self.origin, id, "session.created")
    }
}

/// Removes sessions that are over, from a place in the table that is another one each time: tokens are random.
fn sweep(tx: &mut Tx<'_>, from: [u8; 32], now: Time) -> Result<(), StoreError> {
    let (mut over, mut seen) = (Vec::new(), 0);
    tx.scan_install_after::<Sessions>(&(), &(from,), &mut |(hash,), session| {
        seen += 1;
        if session.expires_at <= now {
            over.push(hash);
        }
        if seen < SWEPT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    for hash in over {
        tx.remove_install::<Sessions>((hash,))?;
    }
    Ok(())
}

/// Signs a browser out; no error when it was not signed in.
#[derive(Debug, Clone)]
pub struct SignOut {
    pub origin: Origin,
    pub token_hash: [u8; 32],
}

impl Transaction for SignOut {
    type Out = ();
    const NAME: &'static str = "sessions.sign_out";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let Some(session) = tx.get_install::<Sessions>((self.token_hash,))? else { return Ok(()) };
        tx.remove_install::<Sessions>((self.token_hash,))?;
        tell(tx, &self.origin, session.user, "session.ended")
    }
}

/// Moves the end of a session that is in use.
#[derive(Debug, Clone)]
pub struct RenewSession {
    pub token_hash: [u8; 32],
    pub expires_at: Time,
}

impl Transaction for RenewSession {
    type Out = ();
    const NAME: &'static str = "sessions.renew";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let Some(session) = tx.get_install::<Sessions>((self.token_hash,))? else { return Ok(()) };
        if session.expires_at < self.expires_at {
            let session = Session { expires_at: self.expires_at, ..session };
            tx.put_install::<Sessions>((self.token_hash,), &session)?;
        }
        Ok(())
    }
}

/// Ends every session of a user.
pub(super) fn sign_out_everywhere(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    let mut sessions = Vec::new();
    tx.scan_install::<Sessions>(&(), Order::Ascending, &mut |(hash,), session| {
        if session.user == user {
            sessions.push(hash);
        }
        ControlFlow::Continue(())
    })?;
    for hash in sessions {
        tx.remove_install::<Sessions>((hash,))?;
    }
    Ok(())
}

/// A sign-in is of interest to every workspace that the user can get at.
fn tell(tx: &mut Tx<'_>, origin: &Origin, user: UserId, kind: &'static str) -> Result<(), Refusal> {
    for (workspace, _) in memberships(tx, user)? {
        tx.event(&WorkspaceScope::of(workspace), origin, Fact::new(kind, Subject::user(user)))?;
    }
    Ok(())
}
