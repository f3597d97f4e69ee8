//! The people of a workspace: who joins, with which role, and who is let in no longer.
//!
//! A user belongs to the install and is a member of workspaces. What is the user's own (password, name, whether they can
//! sign in at all) is changed from within a workspace only while they belong to no other, so that the administrator of one
//! client cannot take over an account of the next.

use std::ops::ControlFlow;

use serde_json::json;

use crate::domain::id::{UserId, WorkspaceId};
use crate::domain::text;
use crate::store::engine::Order;
use crate::store::records::access::{Membership, Role, User};
use crate::store::tables::{Memberships, UserEmails, Users};
use crate::store::transactions::sessions::sign_out_everywhere;
use crate::store::{
    Fact, Missing, Origin, Reads, Refusal, Reject, StoreError, Subject, Transaction, Tx, WorkspaceScope,
};

/// The form in which addresses of users are compared.
pub fn email_key(email: &str) -> String {
    text::fold(email.trim())
}

/// The user with this address, whichever workspaces they belong to.
pub fn by_email(reads: &impl Reads, email: &str) -> Result<Option<(UserId, User)>, StoreError> {
    let Some(id) = reads.get_install::<UserEmails>((email_key(email),))? else { return Ok(None) };
    Ok(reads.get_install::<Users>((id,))?.map(|user| (id, user)))
}

/// The workspaces of a user, oldest first.
pub fn memberships(reads: &impl Reads, user: UserId) -> Result<Vec<(WorkspaceId, Membership)>, StoreError> {
    let mut found = Vec::new();
    reads.scan_install::<Memberships>(&(user,), Order::Ascending, &mut |(_, workspace), membership| {
        found.push((workspace, membership));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The members of a workspace, oldest first.
pub fn members(reads: &impl Reads, scope: &WorkspaceScope) -> Result<Vec<(UserId, User, Membership)>, StoreError> {
    let mut places = Vec::new();
    reads.scan_install::<Memberships>(&(), Order::Ascending, &mut |(user, workspace), membership| {
        if workspace == scope.workspace() {
            places.push((user, membership));
        }
        ControlFlow::Continue(())
    })?;
    let mut found = Vec::with_capacity(places.len());
    for (id, membership) in places {
        if let Some(user) = reads.get_install::<Users>((id,))? {
            found.push((id, user, membership));
        }
    }
    Ok(found)
}

/// A member of this workspace.
///
/// # Errors
/// `Missing::User` for everybody else.
pub fn member(reads: &impl Reads, scope: &WorkspaceScope, id: UserId) -> Result<(User, Membership), Refusal> {
    let missing = Reject::NotFound(Missing::User);
    let membership = reads.get_install::<Memberships>((id, scope.workspace()))?.ok_or(missing.clone())?;
    let user = reads.get_install::<Users>((id,))?.ok_or(missing)?;
    Ok((user, membership))
}

/// A user to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub id: UserId,
    pub email: String,
    pub name: Option<String>,
    /// Argon2id in PHC form.
    pub password_hash: Option<String>,
    pub role: Role,
}

pub(super) fn create_user(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    origin: &Origin,
    new: &NewUser,
) -> Result<(), Refusal> {
    let key = (email_key(&new.email),);
    if tx.get_install::<UserEmails>(key.clone())?.is_some() {
        return Err(Reject::Conflict("a user with this e-mail address exists".to_owned()).into());
    }
    let user = User {
        email: new.email.trim().to_owned(),
        name: new.name.clone(),
        password_hash: new.password_hash.clone(),
        created_at: origin.at,
        disabled_at: None,
    };
    tx.put_install::<UserEmails>(key, &new.id)?;
    tx.put_install::<Users>((new.id,), &user)?;
    tx.put_install::<Memberships>((new.id, scope.workspace()), &Membership { role: new.role, since: origin.at })?;
    let after = json!({ "role": new.role });
    tx.event(scope, origin, Fact::new("user.created", Subject::user(new.id)).change(None, Some(&after)))?;
    Ok(())
}

/// Who stands behind a change of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// Somebody on the box itself.
    Box,
    Owner(Option<UserId>),
    Admin(Option<UserId>),
}

impl Authority {
    /// Owners are made and changed by owners only.
    fn check_rank(self, roles: &[Option<Role>]) -> Result<(), Refusal> {
        match self {
            Self::Admin(_) if roles.contains(&Some(Role::Owner)) => {
                Err(Reject::Forbidden("only an owner makes or changes an owner".to_owned()).into())
            }
            _ => Ok(()),
        }
    }

    /// Whether the two have a workspace in common that this authority administers: then the user is known to them.
    fn knows(self, tx: &Tx<'_>, user: UserId) -> Result<bool, StoreError> {
        let administrator = match self {
            Self::Box => return Ok(true),
            Self::Owner(administrator) | Self::Admin(administrator) => administrator,
        };
        let Some(administrator) = administrator else { return Ok(false) };
        let theirs = memberships(tx, user)?;
        let administered = memberships(tx, administrator)?;
        let rules = |membership: &Membership| matches!(membership.role, Role::Owner | Role::Admin);
        Ok(administered.iter().any(|(here, mine)| rules(mine) && theirs.iter().any(|(there, _)| here == there)))
    }
}

/// Makes a user of a workspace, or lets one in who exists already and is known to the authority.
#[derive(Debug, Clone)]
pub struct AddUser {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub authority: Authority,
    pub user: NewUser,
}

impl Transaction for AddUser {
    type Out = UserId;
    const NAME: &'static str = "users.add";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<UserId, Refusal> {
        self.authority.check_rank(&[Some(self.user.role)])?;
        let known = match by_email(tx, &self.user.email)? {
            Some((id, _)) if self.authority.knows(tx, id)? => Some(id),
            Some(_) => None,
            None if self.user.password_hash.is_none() => {
                let reason = "is missing: a new user needs one".to_owned();
                return Err(Reject::Invalid { field: "password".to_owned(), reason }.into());
            }
            None => None,
        };
        let Some(id) = known else {
            create_user(tx, &self.scope, &self.origin, &self.user)?;
            return Ok(self.user.id);
        };
        let place = (id, self.scope.workspace());
        if tx.get_install::<Memberships>(place)?.is_some() {
            return Err(Reject::Conflict("the user is a member already".to_owned()).into());
        }
        if self.user.password_hash.is_some() {
            let detail = "the user has a password already: leave it out to let them into this workspace";
            return Err(Reject::Conflict(detail.to_owned()).into());
        }
        tx.put_install::<Memberships>(place, &Membership { role: self.user.role, since: self.origin.at })?;
        let after = json!({ "role": self.user.role });
        tx.event(&self.scope, &self.origin, Fact::new("user.joined", Subject::user(id)).change(None, Some(&after)))?;
        Ok(id)
    }
}

/// What to change of a member; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct UserChanges {
    pub role: Option<Role>,
    pub name: Option<Option<String>>,
    pub disabled: Option<bool>,
    /// Argon2id in PHC form; signs every browser of theirs out.
    pub password_hash: Option<String>,
}

#[derive(Debug, Clone)]
pub struct ChangeUser {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub authority: Authority,
    pub id: UserId,
    pub changes: UserChanges,
}

impl Transaction for ChangeUser {
    type Out = ();
    const NAME: &'static str = "users.change";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let (user, membership) = member(tx, &self.scope, self.id)?;
        let changes = &self.changes;
        self.authority.check_rank(&[Some(membership.role), changes.role])?;
        let concerns_the_user = changes.name.is_some() || changes.disabled.is_some() || changes.password_hash.is_some();
        if concerns_the_user && self.authority != Authority::Box && memberships(tx, self.id)?.len() > 1 {
            let detail = "the user belongs to other workspaces, too: only their role here can be changed";
            return Err(Reject::Forbidden(detail.to_owned()).into());
        }
        let role = changes.role.unwrap_or(membership.role);
        let disabled = changes.disabled.unwrap_or(user.disabled_at.is_some());
        if membership.role == Role::Owner && (role != Role::Owner || disabled) {
            another_owner(tx, &self.scope, self.id)?;
        }
        let after = User {
            name: changes.name.clone().unwrap_or_else(|| user.name.clone()),
            disabled_at: disabled.then(|| user.disabled_at.unwrap_or(self.origin.at)),
            password_hash: changes.password_hash.clone().or_else(|| user.password_hash.clone()),
            ..user.clone()
        };
        tx.put_install::<Users>((self.id,), &after)?;
        tx.put_install::<Memberships>((self.id, self.scope.workspace()), &Membership { role, ..membership.clone() })?;
        if changes.password_hash.is_some() || (disabled && user.disabled_at.is_none()) {
            sign_out_everywhere(tx, self.id)?;
        }
        let told = |user: &User, role: Role| json!({ "role": role, "name": user.name, "disabled": user.disabled_at.is_some() });
        let (before, now) = (told(&user, membership.role), told(&after, role));
        if before != now {
            let fact = Fact::new("user.updated", Subject::user(self.id)).change(Some(&before), Some(&now));
            tx.event(&self.scope, &self.origin, fact)?;
        }
        if changes.password_hash.is_some() {
            tx.event(&self.scope, &self.origin, Fact::new("user.password_set", Subject::user(self.id)))?;
        }
        Ok(())
    }
}

/// Takes a user out of a workspace. Who belongs to none any more cannot get at anything.
#[derive(Debug, Clone)]
pub struct RemoveUser {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub authority: Authority,
    pub id: UserId,
}

impl Transaction for RemoveUser {
    type Out = ();
    const NAME: &'static str = "users.remove";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let (_, membership) = member(tx, &self.scope, self.id)?;
        self.authority.check_rank(&[Some(membership.role)])?;
        if membership.role == Role::Owner {
            another_owner(tx, &self.scope, self.id)?;
        }
        tx.remove_install::<Memberships>((self.id, self.scope.workspace()))?;
        let before = json!({ "role": membership.role });
        let fact = Fact::new("user.removed", Subject::user(self.id)).change(Some(&before), None);
        tx.event(&self.scope, &self.origin, fact)?;
        Ok(())
    }
}

/// A workspace always keeps an owner who can sign in.
fn another_owner(tx: &Tx<'_>, scope: &WorkspaceScope, leaving: UserId) -> Result<(), Refusal> {
    let can_own = |(id, user, membership): &(UserId, User, Membership)| {
        *id != leaving && user.disabled_at.is_none() && membership.role == Role::Owner
    };
    if members(tx, scope)?.iter().any(can_own) {
        return Ok(());
    }
    Err(Reject::Conflict("the workspace needs an owner: make somebody else one first".to_owned()).into())
}

/// Sets the own password of a user and signs their browsers out. `expected` is the hash that was just verified.
#[derive(Debug, Clone)]
pub struct ChangeOwnPassword {
    pub origin: Origin,
    pub user: UserId,
    pub expected: String,
    pub password_hash: String,
}

impl Transaction for ChangeOwnPassword {
    type Out = ();
    const NAME: &'static str = "users.change_own_password";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let user = tx.get_install::<Users>((self.user,))?.ok_or(Reject::NotFound(Missing::User))?;
        if user.password_hash.as_ref() != Some(&self.expected) {
            return Err(Reject::Conflict("the password was changed meanwhile".to_owned()).into());
        }
        let user = User { password_hash: Some(self.password_hash.clone()), ..user };
        tx.put_install::<Users>((self.user,), &user)?;
        sign_out_everywhere(tx, self.user)?;
        for (workspace, _) in memberships(tx, self.user)? {
            let fact = Fact::new("user.password_set", Subject::user(self.user));
            tx.event(&WorkspaceScope::of(workspace), &self.origin, fact)?;
        }
        Ok(())
    }
}
