//! Keys of providers, sealed: what is stored opens only with the data key, in the row it was sealed for.

use serde_json::json;

use crate::deps::Random;
use crate::store::crypt::{CryptError, Purpose, Sealer, Secret};
use crate::store::records::credential::Credential;
use crate::store::tables::Credentials;
use crate::store::{
    Fact, Missing, Origin, Reads, Refusal, Reject, StoreError, Subject, Transaction, Tx, WorkspaceScope,
};

/// Why a credential cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Crypt(#[from] CryptError),
    #[error("the credential is no text")]
    NotText,
}

/// What a sealed credential is bound to.
fn context(scope: &WorkspaceScope, provider: &str) -> Vec<u8> {
    format!("credentials/{}/{provider}", scope.workspace()).into_bytes()
}

/// Seals the key of a provider for a workspace.
///
/// # Errors
/// When sealing fails.
pub fn seal(
    sealer: &Sealer,
    random: &dyn Random,
    scope: &WorkspaceScope,
    provider: &str,
    secret: &Secret,
) -> Result<Vec<u8>, CryptError> {
    sealer.seal(Purpose::Secrets, &context(scope, provider), secret.expose().as_bytes(), random)
}

/// The workspace's own key for a provider, for the call that needs it.
///
/// # Errors
/// When the row cannot be read or opened.
pub fn open(
    reads: &impl Reads,
    sealer: &Sealer,
    scope: &WorkspaceScope,
    provider: &str,
) -> Result<Option<Secret>, CredentialError> {
    let Some(stored) = reads.get::<Credentials>(scope, (provider.to_owned(),))? else { return Ok(None) };
    let opened = sealer.open(Purpose::Secrets, &context(scope, provider), &stored.sealed)?;
    let text = std::str::from_utf8(&opened).map_err(|_| CredentialError::NotText)?;
    Ok(Some(Secret::new(text)))
}

/// Stores or replaces the workspace's key for a provider.
#[derive(Debug, Clone)]
pub struct PutCredential {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    /// The provider's slug.
    pub provider: String,
    pub sealed: Vec<u8>,
    pub hint: String,
}

impl Transaction for PutCredential {
    type Out = ();
    const NAME: &'static str = "credentials.put";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let place = (self.provider.clone(),);
        let before = tx.get::<Credentials>(&self.scope, place.clone())?;
        let credential = Credential {
            sealed: self.sealed.clone(),
            hint: self.hint.clone(),
            set_at: self.origin.at,
            set_by: self.origin.actor,
        };
        tx.put::<Credentials>(&self.scope, place, &credential)?;
        let told = |hint: &str| json!({ "provider": self.provider, "hint": hint });
        let before = before.map(|before| told(&before.hint));
        tell(tx, self.scope, &self.origin, "credential.set", before, Some(told(&self.hint)))
    }
}

/// Forgets the workspace's key for a provider.
#[derive(Debug, Clone)]
pub struct DeleteCredential {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub provider: String,
}

impl Transaction for DeleteCredential {
    type Out = ();
    const NAME: &'static str = "credentials.delete";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let place = (self.provider.clone(),);
        let missing = Reject::NotFound(Missing::Credential);
        let credential = tx.get::<Credentials>(&self.scope, place.clone())?.ok_or(missing)?;
        tx.remove::<Credentials>(&self.scope, place)?;
        let before = json!({ "provider": self.provider, "hint": credential.hint });
        tell(tx, self.scope, &self.origin, "credential.deleted", Some(before), None)
    }
}

/// A provider has a slug and no number, so its events are about the workspace.
fn tell(
    tx: &mut Tx<'_>,
    scope: WorkspaceScope,
    origin: &Origin,
    kind: &'static str,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
) -> Result<(), Refusal> {
    let subject = Subject::workspace(scope.workspace());
    tx.event(&scope, origin, Fact::new(kind, subject).change(before.as_ref(), after.as_ref()))?;
    Ok(())
}
