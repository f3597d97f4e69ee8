//! What the operator chooses for a provider, for the whole install.

use serde_json::{Value, json};

use crate::store::records::provider_choice::{ProviderChoice, TypedWindow};
use crate::store::tables::ProviderChoices;
use crate::store::transactions::lists::{Changed, check_version};
use crate::store::{Fact, Origin, Reads, Refusal, Subject, Transaction, Tx, WorkspaceScope};

/// What to change; `None` leaves a choice as it is, `Some(None)` gives it back to the configuration.
#[derive(Debug, Clone, Default)]
pub struct ProviderChanges {
    pub enabled: Option<Option<bool>>,
    pub plan: Option<Option<String>>,
    pub windows: Option<Option<Vec<TypedWindow>>>,
    pub concurrent: Option<Option<u32>>,
}

/// Changes the choices for a provider; `expected` is the version of an `If-Match`. Values are checked by the caller.
#[derive(Debug, Clone)]
pub struct UpdateProvider {
    /// The workspace that the change is told in.
    pub scope: WorkspaceScope,
    pub origin: Origin,
    /// The provider's slug.
    pub provider: String,
    pub expected: Option<u64>,
    pub changes: ProviderChanges,
}

impl Transaction for UpdateProvider {
    type Out = ProviderChoice;
    const NAME: &'static str = "providers.update";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<ProviderChoice, Refusal> {
        let place = (self.provider.clone(),);
        let before = tx.get_install::<ProviderChoices>(place.clone())?.unwrap_or_default();
        check_version(self.expected, before.version)?;
        let changes = self.changes.clone();
        let mut after = before.clone();
        after.enabled = changes.enabled.unwrap_or(after.enabled);
        after.plan = changes.plan.unwrap_or(after.plan);
        after.windows = changes.windows.unwrap_or(after.windows);
        after.concurrent = changes.concurrent.unwrap_or(after.concurrent);
        let mut facts = Changed::default();
        for ((name, was), (_, is)) in told(&before).into_iter().zip(told(&after)) {
            facts.note(name, was, is);
        }
        if facts.is_empty() {
            return Ok(before);
        }
        after.version += 1;
        after.updated_at = Some(self.origin.at);
        tx.put_install::<ProviderChoices>(place, &after)?;
        let (mut was, mut is) = facts.into_json();
        for told in [&mut was, &mut is] {
            told["provider"] = Value::from(self.provider.as_str());
        }
        let fact = Fact::new("provider.updated", Subject::workspace(self.scope.workspace()));
        tx.event(&self.scope, &self.origin, fact.change(Some(&was), Some(&is)))?;
        Ok(after)
    }
}

/// The choices as events tell them, in one order.
fn told(choice: &ProviderChoice) -> [(&'static str, Value); 4] {
    let window = |typed: &TypedWindow| json!({ "bucket": typed.bucket, "calls": typed.calls, "milliseconds": typed.per, "burst": typed.burst });
    let windows: Option<Vec<Value>> = choice.windows.as_ref().map(|windows| windows.iter().map(window).collect());
    [
        ("enabled", json!(choice.enabled)),
        ("plan", json!(choice.plan)),
        ("windows", json!(windows)),
        ("concurrent", json!(choice.concurrent)),
    ]
}
