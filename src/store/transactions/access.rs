//! Workspaces, users, sessions and keys: who may come in.

use std::ops::ControlFlow;

use serde_json::json;

use crate::domain::id::{KeyId, LineId, UserId, WorkspaceId};
use crate::domain::text;
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::ledger;
use crate::store::records::access::{
    ApiKey, ApiKeyPlace, KeyScope, Membership, Role, Session, SetupToken, User, Workspace,
};
use crate::store::records::ledger::{Line, LineKind};
use crate::store::tables::{ApiKeyHashes, ApiKeys, Memberships, Sessions, SetupTokens, UserEmails, Users, Workspaces};
use crate::store::{
    Fact, Missing, Origin, Reads, Refusal, Reject, StoreError, Subject, Transaction, Tx, WorkspaceScope,
};

/// The form in which addresses of users are compared.
pub fn email_key(email: &str) -> String {
    text::fold(email.trim())
}

/// Whether anybody has been set up yet.
pub fn has_users(reads: &impl Reads) -> Result<bool, StoreError> {
    let mut found = false;
    reads.scan_install::<Users>(&(), Order::Ascending, &mut |_, _| {
        found = true;
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// A key to be made: its id, the hash of its secret and what to show of it.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub id: KeyId,
    pub name: String,
    pub hash: [u8; 32],
    pub shown: String,
    pub scopes: Vec<KeyScope>,
}

/// A workspace to be made, with the credits its plan gives at once.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    pub id: WorkspaceId,
    pub name: String,
    pub plan: String,
    pub region: Option<String>,
    pub parent: Option<WorkspaceId>,
    /// Line and hundredths of a credit of the first grant.
    pub grant: Option<(LineId, u64)>,
}

/// Makes the first workspace, its owner and, where asked, an owner key. Refused when there is a user already.
#[derive(Debug, Clone)]
pub struct SetUp {
    pub origin: Origin,
    pub workspace: NewWorkspace,
    pub user: UserId,
    pub email: String,
    /// Argon2id in PHC form.
    pub password_hash: String,
    pub key: Option<NewKey>,
    /// Hash of the setup link that is used up by this, where one was needed.
    pub token: Option<[u8; 32]>,
}

impl Transaction for SetUp {
    type Out = WorkspaceId;
    const NAME: &'static str = "access.set_up";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<WorkspaceId, Refusal> {
        if has_users(tx)? {
            return Err(Reject::Conflict("this install is set up already".to_owned()).into());
        }
        if let Some(hash) = self.token {
            let token = tx.get_install::<SetupTokens>((hash,))?.ok_or(Reject::NotFound(Missing::SetupToken))?;
            if token.expires_at <= self.origin.at {
                return Err(Reject::NotFound(Missing::SetupToken).into());
            }
            tx.remove_install::<SetupTokens>((hash,))?;
        }
        let scope = create_workspace(tx, &self.origin, &self.workspace)?;
        create_user(tx, &scope, &self.origin, self.user, &self.email, Some(&self.password_hash), Role::Owner)?;
        if let Some(key) = &self.key {
            create_key(tx, &scope, &self.origin, key, Some(self.user))?;
        }
        Ok(self.workspace.id)
    }
}

fn create_workspace(tx: &mut Tx<'_>, origin: &Origin, new: &NewWorkspace) -> Result<WorkspaceScope, Refusal> {
    let scope = WorkspaceScope::of(new.id);
    let workspace = Workspace {
        name: new.name.clone(),
        parent: new.parent,
        plan: new.plan.clone(),
        region: new.region.clone(),
        created_at: origin.at,
    };
    tx.put_install::<Workspaces>((new.id,), &workspace)?;
    if let Some((line, amount)) = new.grant {
        let reason = format!("plan {}: credits of the period", new.plan);
        let grant = Line { at: origin.at, kind: LineKind::Grant, amount, reason, ..Line::default() };
        ledger::post(tx, &scope, line, grant)?;
    }
    let after = json!({ "name": new.name, "plan": new.plan });
    tx.event(&scope, origin, Fact::new("workspace.created", Subject::workspace(new.id)).change(None, Some(&after)))?;
    Ok(scope)
}

fn create_user(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    origin: &Origin,
    id: UserId,
    email: &str,
    password_hash: Option<&str>,
    role: Role,
) -> Result<(), Refusal> {
    let key = (email_key(email),);
    if tx.get_install::<UserEmails>(key.clone())?.is_some() {
        return Err(Reject::Conflict("a user with this e-mail address exists".to_owned()).into());
    }
    let user = User {
        email: email.trim().to_owned(),
        password_hash: password_hash.map(str::to_owned),
        created_at: origin.at,
        ..User::default()
    };
    tx.put_install::<UserEmails>(key, &id)?;
    tx.put_install::<Users>((id,), &user)?;
    tx.put_install::<Memberships>((id, scope.workspace()), &Membership { role, since: origin.at })?;
    tx.event(scope, origin, Fact::new("user.created", Subject::user(id)).change(None, Some(&json!({ "role": role }))))?;
    Ok(())
}

fn create_key(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    origin: &Origin,
    new: &NewKey,
    created_by: Option<UserId>,
) -> Result<(), Refusal> {
    let key = ApiKey {
        name: new.name.clone(),
        scopes: new.scopes.clone(),
        shown: new.shown.clone(),
        hash: new.hash,
        created_by,
        created_at: origin.at,
        revoked_at: None,
    };
    tx.put_install::<ApiKeys>((scope.workspace(), new.id), &key)?;
    let place = ApiKeyPlace { workspace: scope.workspace(), key: new.id };
    tx.put_install::<ApiKeyHashes>((new.hash,), &place)?;
    let after = json!({ "name": new.name, "scopes": new.scopes });
    tx.event(scope, origin, Fact::new("key.created", Subject::key(new.id)).change(None, Some(&after)))?;
    Ok(())
}

/// Makes a further workspace; `owner` becomes its owner.
#[derive(Debug, Clone)]
pub struct CreateWorkspace {
    pub origin: Origin,
    pub workspace: NewWorkspace,
    pub owner: Option<UserId>,
    pub key: Option<NewKey>,
}

impl Transaction for CreateWorkspace {
    type Out = WorkspaceId;
    const NAME: &'static str = "access.create_workspace";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<WorkspaceId, Refusal> {
        let scope = create_workspace(tx, &self.origin, &self.workspace)?;
        if let Some(owner) = self.owner {
            let membership = Membership { role: Role::Owner, since: self.origin.at };
            tx.put_install::<Memberships>((owner, self.workspace.id), &membership)?;
        }
        if let Some(key) = &self.key {
            create_key(tx, &scope, &self.origin, key, self.owner)?;
        }
        Ok(self.workspace.id)
    }
}

/// Makes a user of a workspace.
#[derive(Debug, Clone)]
pub struct CreateUser {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: UserId,
    pub email: String,
    pub password_hash: Option<String>,
    pub role: Role,
}

impl Transaction for CreateUser {
    type Out = UserId;
    const NAME: &'static str = "access.create_user";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<UserId, Refusal> {
        let password_hash = self.password_hash.as_deref();
        create_user(tx, &self.scope, &self.origin, self.id, &self.email, password_hash, self.role)?;
        Ok(self.id)
    }
}

/// Sets the password of a user and signs every browser of theirs out.
#[derive(Debug, Clone)]
pub struct SetPassword {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub user: UserId,
    pub password_hash: String,
}

impl Transaction for SetPassword {
    type Out = ();
    const NAME: &'static str = "access.set_password";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let user = tx.get_install::<Users>((self.user,))?.ok_or(Reject::NotFound(Missing::User))?;
        let user = User { password_hash: Some(self.password_hash.clone()), ..user };
        tx.put_install::<Users>((self.user,), &user)?;
        let mut sessions = Vec::new();
        tx.scan_install::<Sessions>(&(), Order::Ascending, &mut |(hash,), session| {
            if session.user == self.user {
                sessions.push(hash);
            }
            ControlFlow::Continue(())
        })?;
        for hash in sessions {
            tx.remove_install::<Sessions>((hash,))?;
        }
        tx.event(&self.scope, &self.origin, Fact::new("user.password_set", Subject::user(self.user)))?;
        Ok(())
    }
}

/// Signs a browser in.
#[derive(Debug, Clone)]
pub struct CreateSession {
    pub token_hash: [u8; 32],
    pub session: Session,
}

impl Transaction for CreateSession {
    type Out = ();
    const NAME: &'static str = "access.create_session";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        Ok(tx.put_install::<Sessions>((self.token_hash,), &self.session)?)
    }
}

/// Signs a browser out; no error when it was not signed in.
#[derive(Debug, Clone)]
pub struct DeleteSession {
    pub token_hash: [u8; 32],
}

impl Transaction for DeleteSession {
    type Out = ();
    const NAME: &'static str = "access.delete_session";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        tx.remove_install::<Sessions>((self.token_hash,))?;
        Ok(())
    }
}

/// Makes an API key.
#[derive(Debug, Clone)]
pub struct CreateKey {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub key: NewKey,
    pub created_by: Option<UserId>,
}

impl Transaction for CreateKey {
    type Out = KeyId;
    const NAME: &'static str = "access.create_key";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<KeyId, Refusal> {
        create_key(tx, &self.scope, &self.origin, &self.key, self.created_by)?;
        Ok(self.key.id)
    }
}

/// Revokes an API key: from the next request on it opens nothing.
#[derive(Debug, Clone)]
pub struct RevokeKey {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: KeyId,
}

impl Transaction for RevokeKey {
    type Out = ();
    const NAME: &'static str = "access.revoke_key";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let place = (self.scope.workspace(), self.id);
        let key = tx.get_install::<ApiKeys>(place)?.ok_or(Reject::NotFound(Missing::Key))?;
        if key.revoked_at.is_some() {
            return Ok(());
        }
        tx.remove_install::<ApiKeyHashes>((key.hash,))?;
        tx.put_install::<ApiKeys>(place, &ApiKey { revoked_at: Some(self.origin.at), ..key })?;
        tx.event(&self.scope, &self.origin, Fact::new("key.revoked", Subject::key(self.id)))?;
        Ok(())
    }
}

/// Makes a one-time setup link and voids earlier ones.
#[derive(Debug, Clone)]
pub struct CreateSetupToken {
    pub hash: [u8; 32],
    pub at: Time,
    pub expires_at: Time,
}

impl Transaction for CreateSetupToken {
    type Out = ();
    const NAME: &'static str = "access.create_setup_token";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let mut earlier = Vec::new();
        tx.scan_install::<SetupTokens>(&(), Order::Ascending, &mut |(hash,), _| {
            earlier.push(hash);
            ControlFlow::Continue(())
        })?;
        for hash in earlier {
            tx.remove_install::<SetupTokens>((hash,))?;
        }
        let token = SetupToken { created_at: self.at, expires_at: self.expires_at };
        Ok(tx.put_install::<SetupTokens>((self.hash,), &token)?)
    }
}
