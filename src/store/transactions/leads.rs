//! Adding, changing, moving and deleting single leads.

use serde_json::{Value, json};

use crate::domain::enriched_field::EnrichedField;
use crate::domain::id::{LeadId, ListId, UserId};
use crate::domain::identity::{Identity, Verdict, sufficient};
use crate::domain::lead::{Lead, LeadField};
use crate::domain::lead_names::Names;
use crate::store::tables::Leads;
use crate::store::transactions::jobs::forget_lead;
use crate::store::transactions::lead_rows::{
    Tell, insert_lead, judge, note_possible_duplicate, remove_lead, replace_lead,
};
use crate::store::transactions::lists::{Changed, check_version, live_list, open_list};
use crate::store::{Fact, Lane, Missing, Origin, Reads, Refusal, Reject, Subject, Transaction, Tx, WorkspaceScope};

/// The most leads one call adds.
pub const MAX_ADD: usize = 500;

/// A lead that is there, in a list that is not deleted.
pub fn live_lead(reads: &impl Reads, scope: &WorkspaceScope, id: LeadId) -> Result<Lead, Refusal> {
    let lead = reads.get::<Leads>(scope, (id,))?.ok_or(Reject::NotFound(Missing::Lead))?;
    match live_list(reads, scope, lead.list) {
        Ok(_) => Ok(lead),
        Err(Refusal::Reject(_)) => Err(Reject::NotFound(Missing::Lead).into()),
        Err(failure) => Err(failure),
    }
}

/// What to do with a row whose lead is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDuplicate {
    /// Leave the lead as it is and say so.
    #[default]
    Skip,
    /// Fill and overwrite the fields the row has.
    Update,
    /// Make a second lead on purpose.
    Create,
}

/// Adds leads to a list, each judged by itself.
#[derive(Debug, Clone)]
pub struct AddLeads {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub list: ListId,
    /// Each with the id it gets when it is new.
    pub rows: Vec<(LeadId, Lead)>,
    pub on_duplicate: OnDuplicate,
}

/// What became of a row of [`AddLeads`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    Created {
        id: LeadId,
        possible_duplicates: Vec<LeadId>,
    },
    Updated {
        id: LeadId,
    },
    /// The lead was there.
    Skipped {
        id: LeadId,
    },
    Rejected {
        reason: String,
    },
}

impl Transaction for AddLeads {
    type Out = Vec<Added>;
    const NAME: &'static str = "leads.add";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Vec<Added>, Refusal> {
        let list = open_list(tx, &self.scope, self.list)?;
        let mut results = Vec::with_capacity(self.rows.len());
        for (id, row) in &self.rows {
            let identity = Identity::of(row);
            if let Err(reason) = sufficient(&identity, list.identity) {
                results.push(Added::Rejected { reason: reason.to_string() });
                continue;
            }
            let keys = tx.hasher().keys_of(self.scope.workspace(), &identity);
            let verdict = match self.on_duplicate {
                OnDuplicate::Create => Verdict::New,
                OnDuplicate::Skip | OnDuplicate::Update => {
                    judge(tx, &self.scope, self.list, list.dedupe_scope, &identity, &keys)?
                }
            };
            results.push(match verdict {
                Verdict::New => {
                    let lead = Lead {
                        list: self.list,
                        created_at: self.origin.at,
                        updated_at: self.origin.at,
                        version: 1,
                        quality_score: tx.quality(row),
                        ..row.clone()
                    };
                    insert_lead(tx, &self.scope, *id, &lead, &keys, Tell::Each(Lane::Live))?;
                    let fact = Fact::new("lead.created", Subject::lead(*id)).also(Subject::list(self.list));
                    tx.event(&self.scope, &self.origin, fact.change(None, Some(&fields_json(&lead))))?;
                    Added::Created { id: *id, possible_duplicates: Vec::new() }
                }
                Verdict::Same { lead: same, possible_duplicates, .. } => {
                    for other in possible_duplicates {
                        note_possible_duplicate(tx, &self.scope, same, other, "the added lead has keys of both")?;
                    }
                    match self.on_duplicate {
                        OnDuplicate::Update => {
                            let before = live_lead(tx, &self.scope, same)?;
                            let after = overwrite(&before, row);
                            match change_lead(tx, &self.scope, &self.origin, same, &before, after) {
                                Ok(_) => Added::Updated { id: same },
                                // The lead is in another list, which is archived, or demands what the row takes away.
                                Err(Refusal::Reject(reject)) => Added::Rejected { reason: reject.to_string() },
                                Err(failure) => return Err(failure),
                            }
                        }
                        OnDuplicate::Skip | OnDuplicate::Create => Added::Skipped { id: same },
                    }
                }
            });
        }
        Ok(results)
    }
}

/// Adds one lead, or says why not.
#[derive(Debug, Clone)]
pub struct AddLead(pub AddLeads);

impl Transaction for AddLead {
    type Out = Added;
    const NAME: &'static str = "leads.add_one";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Added, Refusal> {
        match self.0.apply(tx)?.pop() {
            Some(Added::Skipped { id }) => Err(Reject::DuplicateLead { existing: id }.into()),
            Some(Added::Rejected { reason }) => Err(Reject::Invalid { field: String::new(), reason }.into()),
            Some(added) => Ok(added),
            None => Err(Reject::Invalid { field: String::new(), reason: "no lead was given".to_owned() }.into()),
        }
    }
}

/// `before` with every field that `row` has.
fn overwrite(before: &Lead, row: &Lead) -> Lead {
    let mut after = before.clone();
    for field in LeadField::ALL {
        if let Some(value) = row.field(field) {
            after.set_field(field, Some(value.to_owned()));
        }
    }
    for (name, value) in &row.custom_fields {
        after.set_custom_field(name, Some(value.clone()));
    }
    for tag in &row.tags {
        if !after.tags.contains(tag) {
            after.tags.push(tag.clone());
        }
    }
    after
}

/// What to change; values are in normal form already, `None` clears.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadChanges {
    pub fields: Vec<(LeadField, Option<String>)>,
    pub custom_fields: Vec<(String, Option<String>)>,
    pub tags: Option<Vec<String>>,
    pub owner: Option<Option<UserId>>,
    pub is_qualified: Option<Option<bool>>,
}

impl LeadChanges {
    pub fn apply_to(&self, lead: &mut Lead) {
        let given: Vec<LeadField> = self.fields.iter().map(|(field, _)| *field).collect();
        let (names_before, before) = (Names::of(lead), lead.clone());
        for (field, value) in &self.fields {
            lead.set_field(*field, value.clone());
        }
        names_before.follow(lead, &given);
        lead.forget_outdated(&before);
        for (name, value) in &self.custom_fields {
            lead.set_custom_field(name, value.clone());
        }
        if let Some(tags) = &self.tags {
            lead.tags.clone_from(tags);
        }
        if let Some(owner) = self.owner {
            lead.owner = owner;
        }
        if let Some(is_qualified) = self.is_qualified {
            lead.is_qualified = is_qualified;
        }
    }
}

/// Changes one lead.
#[derive(Debug, Clone)]
pub struct UpdateLead {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: LeadId,
    pub expected: Option<u64>,
    pub changes: LeadChanges,
}

impl Transaction for UpdateLead {
    type Out = Lead;
    const NAME: &'static str = "leads.update";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Lead, Refusal> {
        let before = live_lead(tx, &self.scope, self.id)?;
        check_version(self.expected, before.version)?;
        let mut after = before.clone();
        self.changes.apply_to(&mut after);
        change_lead(tx, &self.scope, &self.origin, self.id, &before, after)
    }
}

/// Writes `after` over `before` with its event, unless nothing differs. The lead stays an identity its list accepts.
pub fn change_lead(
    tx: &mut Tx<'_>,
    scope: &WorkspaceScope,
    origin: &Origin,
    id: LeadId,
    before: &Lead,
    after: Lead,
) -> Result<Lead, Refusal> {
    let Some((was, is)) = differences(before, &after) else { return Ok(before.clone()) };
    let list = open_list(tx, scope, before.list)?;
    if let Err(reason) = sufficient(&Identity::of(&after), list.identity) {
        return Err(Reject::Invalid { field: String::new(), reason: reason.to_string() }.into());
    }
    let after = stamped(tx, before, after, origin);
    replace_lead(tx, scope, id, before, &after, Tell::Each(Lane::Live))?;
    tx.event(scope, origin, Fact::new("lead.updated", Subject::lead(id)).change(Some(&was), Some(&is)))?;
    Ok(after)
}

/// `after` with its new version, time and score.
pub fn stamped(tx: &Tx<'_>, before: &Lead, after: Lead, origin: &Origin) -> Lead {
    let quality_score = tx.quality(&after);
    Lead { updated_at: origin.at, version: before.version + 1, quality_score, ..after }
}

/// Moves a lead to another list of the workspace.
#[derive(Debug, Clone)]
pub struct MoveLead {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: LeadId,
    pub to: ListId,
    pub expected: Option<u64>,
}

impl Transaction for MoveLead {
    type Out = Lead;
    const NAME: &'static str = "leads.move";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Lead, Refusal> {
        let before = live_lead(tx, &self.scope, self.id)?;
        check_version(self.expected, before.version)?;
        open_list(tx, &self.scope, before.list)?;
        let target = open_list(tx, &self.scope, self.to)?;
        if before.list == self.to {
            return Ok(before);
        }
        let identity = Identity::of(&before);
        if let Err(reason) = sufficient(&identity, target.identity) {
            return Err(Reject::Invalid { field: "listId".to_owned(), reason: reason.to_string() }.into());
        }
        let keys = tx.hasher().keys_of(self.scope.workspace(), &identity);
        if let Verdict::Same { lead: existing, .. } =
            judge(tx, &self.scope, self.to, crate::domain::list::DedupeScope::List, &identity, &keys)?
        {
            return Err(Reject::DuplicateLead { existing }.into());
        }
        let after = stamped(tx, &before, Lead { list: self.to, ..before.clone() }, &self.origin);
        replace_lead(tx, &self.scope, self.id, &before, &after, Tell::Each(Lane::Live))?;
        let fact = Fact::new("lead.moved", Subject::lead(self.id))
            .also(Subject::list(before.list))
            .also(Subject::list(self.to))
            .change(Some(&json!({ "listId": before.list })), Some(&json!({ "listId": self.to })));
        tx.event(&self.scope, &self.origin, fact)?;
        Ok(after)
    }
}

/// Deletes one lead.
#[derive(Debug, Clone)]
pub struct DeleteLead {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: LeadId,
    pub expected: Option<u64>,
}

impl Transaction for DeleteLead {
    type Out = ();
    const NAME: &'static str = "leads.delete";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let before = live_lead(tx, &self.scope, self.id)?;
        check_version(self.expected, before.version)?;
        open_list(tx, &self.scope, before.list)?;
        remove_lead(tx, &self.scope, self.id, &before, Lane::Live)?;
        // This cannot be undone.
        forget_lead(tx, &self.scope, self.id)?;
        let fact = Fact::new("lead.deleted", Subject::lead(self.id))
            .also(Subject::list(before.list))
            .change(Some(&fields_json(&before)), None);
        tx.event(&self.scope, &self.origin, fact)?;
        Ok(())
    }
}

/// The fields a lead has, as a JSON object for events.
pub fn fields_json(lead: &Lead) -> Value {
    let mut fields: serde_json::Map<String, Value> = LeadField::ALL
        .into_iter()
        .filter_map(|field| lead.field(field).map(|value| (field.name().to_owned(), json!(value))))
        .collect();
    if !lead.custom_fields.is_empty() {
        let custom: serde_json::Map<String, Value> =
            lead.custom_fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        fields.insert("customFields".to_owned(), Value::Object(custom));
    }
    if !lead.tags.is_empty() {
        fields.insert("tags".to_owned(), json!(lead.tags));
    }
    Value::Object(fields)
}

/// The fields in which two states of a lead differ, as they were and as they are; `None` when none does.
pub fn differences(before: &Lead, after: &Lead) -> Option<(Value, Value)> {
    let mut changed = Changed::default();
    for field in LeadField::ALL {
        changed.note(field.name(), json!(before.field(field)), json!(after.field(field)));
    }
    let names = before.custom_fields.iter().chain(&after.custom_fields).map(|(name, _)| name.as_str());
    let names: std::collections::BTreeSet<&str> = names.collect();
    for name in names {
        let label = format!("customFields.{name}");
        changed.note(&label, json!(before.custom_field(name)), json!(after.custom_field(name)));
    }
    changed.note("tags", json!(before.tags), json!(after.tags));
    changed.note("owner", json!(before.owner), json!(after.owner));
    changed.note("isQualified", json!(before.is_qualified), json!(after.is_qualified));
    changed.note("listId", json!(before.list), json!(after.list));
    changed.note("enrichmentStatus", json!(before.enrichment_status.name()), json!(after.enrichment_status.name()));
    changed.note(
        "emailStatus",
        json!(before.email_status.map(crate::domain::lead::EmailStatus::name)),
        json!(after.email_status.map(crate::domain::lead::EmailStatus::name)),
    );
    for field in EnrichedField::ALL {
        changed.note(field.name(), json!(before.enriched_field(field)), json!(after.enriched_field(field)));
    }
    (!changed.is_empty()).then(|| changed.into_json())
}
