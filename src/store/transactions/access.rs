//! Who may come in: the first owner, workspaces and keys. Users and their browsers are in `users` and `sessions`.

use std::ops::ControlFlow;

use serde_json::json;

use crate::domain::id::{KeyId, LineId, UserId, WorkspaceId};
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::ledger;
use crate::store::records::access::{ApiKey, ApiKeyPlace, KeyScope, Membership, Role, SetupToken, Workspace};
use crate::store::records::ledger::{Line, LineKind};
use crate::store::tables::{ApiKeyHashes, ApiKeys, Memberships, SetupTokens, Users, Workspaces};
use crate::store::transactions::users::{NewUser, create_user};
use crate::store::{
    Fact, Missing, Origin, Reads, Refusal, Reject, StoreError, Subject, Transaction, Tx, WorkspaceScope,
};

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
    /// Whether external providers are answered by the simulator, for good.
    pub sandbox: bool,
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
        let owner = NewUser {
            id: self.user,
            email: self.email.clone(),
            name: None,
            password_hash: Some(self.password_hash.clone()),
            role: Role::Owner,
        };
        create_user(tx, &scope, &self.origin, &owner)?;
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
        sandbox: new.sandbox,
    };
    tx.put_install::<Workspaces>((new.id,), &workspace)?;
    if let Some((line, amount)) = new.grant {
        let reason = match new.sandbox {
            true => "sandbox: play credits".to_owned(),
            false => format!("plan {}: credits of the period", new.plan),
        };
        let grant = Line { at: origin.at, kind: LineKind::Grant, amount, reason, ..Line::default() };
        ledger::post(tx, &scope, line, grant)?;
    }
    let mut after = json!({ "name": new.name, "plan": new.plan });
    if new.sandbox {
        after["sandbox"] = json!(true);
    }
    tx.event(&scope, origin, Fact::new("workspace.created", Subject::workspace(new.id)).change(None, Some(&after)))?;
    Ok(scope)
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
