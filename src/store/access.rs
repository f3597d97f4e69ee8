//! Authentication: from a secret to a [`Principal`], and the only way to a [`WorkspaceScope`] from outside.

use crate::domain::id::{KeyId, UserId, WorkspaceId};
use crate::domain::time::Time;
use crate::store::records::access::{KeyScope, Role, Session};
use crate::store::records::event::Actor;
use crate::store::tables::{ApiKeyHashes, ApiKeys, Memberships, Sessions, Users, Workspaces};
use crate::store::{Reads, StoreError, View, WorkspaceScope};

/// Who is calling, in which workspace, with which rights.
#[derive(Debug, Clone)]
pub struct Principal {
    pub scope: WorkspaceScope,
    pub actor: Actor,
    rights: Rights,
}

#[derive(Debug, Clone)]
enum Rights {
    Role(Role),
    Key(Vec<KeyScope>),
    /// Somebody on the box itself, through the socket in the data directory.
    Local,
}

/// What a request wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    Read,
    /// Change lists and leads, import, export.
    Write,
    /// Spend credits.
    Enrich,
    /// Users, keys, settings.
    Admin,
    /// Workspaces.
    Own,
}

impl Principal {
    pub fn may(&self, right: Right) -> bool {
        match &self.rights {
            Rights::Local => true,
            Rights::Role(role) => match right {
                Right::Read => true,
                Right::Write | Right::Enrich => matches!(role, Role::Owner | Role::Admin | Role::Member),
                Right::Admin => matches!(role, Role::Owner | Role::Admin),
                Right::Own => matches!(role, Role::Owner),
            },
            Rights::Key(scopes) => scopes.iter().any(|scope| match scope {
                KeyScope::Owner => true,
                KeyScope::Read => right == Right::Read,
                KeyScope::Write => matches!(right, Right::Read | Right::Write),
                KeyScope::Enrich => matches!(right, Right::Read | Right::Enrich),
                KeyScope::Admin => matches!(right, Right::Read | Right::Admin),
            }),
        }
    }

    /// Whether somebody on the box itself is calling.
    pub fn is_on_the_box(&self) -> bool {
        matches!(self.rights, Rights::Local)
    }

    pub fn user(&self) -> Option<UserId> {
        match self.actor {
            Actor::User(user) => Some(user),
            Actor::Key(_) | Actor::System => None,
        }
    }

    pub fn key(&self) -> Option<KeyId> {
        match self.actor {
            Actor::Key(key) => Some(key),
            Actor::User(_) | Actor::System => None,
        }
    }
}

/// A signed-in browser, before it has said which workspace it means.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub user: UserId,
    pub session: Session,
    /// The workspaces of the user with the role in each, oldest first.
    pub workspaces: Vec<(WorkspaceId, Role)>,
}

impl SignedIn {
    /// The principal for `wanted`, or for the first workspace when none is named; `None` when it is not theirs.
    pub fn principal(&self, wanted: Option<WorkspaceId>) -> Option<Principal> {
        let place = match wanted {
            Some(wanted) => self.workspaces.iter().find(|(id, _)| *id == wanted),
            None => self.workspaces.first(),
        };
        place.map(|(workspace, role)| Principal {
            scope: WorkspaceScope::of(*workspace),
            actor: Actor::User(self.user),
            rights: Rights::Role(*role),
        })
    }
}

/// Who holds the API key with this hash; `None` when nobody does or it was revoked.
pub fn by_key(view: &View, hash: [u8; 32]) -> Result<Option<Principal>, StoreError> {
    let Some(place) = view.get_install::<ApiKeyHashes>((hash,))? else { return Ok(None) };
    let Some(key) = view.get_install::<ApiKeys>((place.workspace, place.key))? else { return Ok(None) };
    if key.revoked_at.is_some() {
        return Ok(None);
    }
    Ok(Some(Principal {
        scope: WorkspaceScope::of(place.workspace),
        actor: Actor::Key(place.key),
        rights: Rights::Key(key.scopes),
    }))
}

/// Whose browser holds the session token with this hash.
pub fn by_session(view: &View, hash: [u8; 32], now: Time) -> Result<Option<SignedIn>, StoreError> {
    use crate::store::engine::Order;
    use std::ops::ControlFlow;

    let Some(session) = view.get_install::<Sessions>((hash,))? else { return Ok(None) };
    if session.expires_at <= now {
        return Ok(None);
    }
    let disabled = view.get_install::<Users>((session.user,))?.is_none_or(|user| user.disabled_at.is_some());
    if disabled {
        return Ok(None);
    }
    let mut workspaces = Vec::new();
    view.scan_install::<Memberships>(&(session.user,), Order::Ascending, &mut |(_, workspace), membership| {
        workspaces.push((workspace, membership.role));
        ControlFlow::Continue(())
    })?;
    Ok(Some(SignedIn { user: session.user, session, workspaces }))
}

/// Whether who came in earlier would still be let in: for answers that stay open. `session` is the hash of the token that
/// a browser came with.
pub fn is_still_in(
    view: &View,
    principal: &Principal,
    session: Option<[u8; 32]>,
    now: Time,
) -> Result<bool, StoreError> {
    let workspace = principal.scope.workspace();
    match principal.actor {
        Actor::System => Ok(true),
        Actor::Key(key) => {
            let key = view.get_install::<ApiKeys>((workspace, key))?;
            Ok(key.is_some_and(|key| key.revoked_at.is_none()))
        }
        Actor::User(_) => {
            let Some(hash) = session else { return Ok(false) };
            let signed_in = by_session(view, hash, now)?;
            Ok(signed_in.is_some_and(|signed_in| signed_in.principal(Some(workspace)).is_some()))
        }
    }
}

/// Somebody who can open the socket in the data directory: the owner of the box. Without `wanted` it is the oldest workspace.
pub fn on_the_box(view: &View, wanted: Option<WorkspaceId>) -> Result<Option<Principal>, StoreError> {
    use crate::store::engine::Order;
    use std::ops::ControlFlow;

    let mut found = None;
    view.scan_install::<Workspaces>(&(), Order::Ascending, &mut |(workspace,), _| {
        if wanted.is_none_or(|wanted| wanted == workspace) {
            found = Some(workspace);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(found.map(|workspace| Principal {
        scope: WorkspaceScope::of(workspace),
        actor: Actor::System,
        rights: Rights::Local,
    }))
}
