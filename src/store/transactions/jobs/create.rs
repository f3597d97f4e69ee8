//! Making a job.

use serde_json::json;

use super::fill::fill_slice;
use super::rows::{OpenJob, job};
use crate::deps::IdBlock;
use crate::domain::enrichment::{JobOptions, JobStatus, JobStep, Price, WriteRules};
use crate::domain::id::{ItemId, JobId};
use crate::store::ledger;
use crate::store::lookups::workable;
use crate::store::records::job::{Estimate, Fill, Job, LeftOut, Selection, TemplateRef};
use crate::store::tables::{JobSelections, Jobs};
use crate::store::transactions::lists::open_list;
use crate::store::{Origin, Refusal, Reject, Transaction, Tx, WorkspaceScope};

/// The most leads a selection names one by one.
const MOST_IDS: usize = 10_000;

/// What is ordered.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub selection: Selection,
    pub options: JobOptions,
    /// From `providers::plan`.
    pub steps: Vec<JobStep>,
    pub left_out: Vec<LeftOut>,
    pub write: WriteRules,
    /// What the calls for one lead may cost, in millionths of the currency's unit.
    pub ceiling: Option<u64>,
    pub template: Option<TemplateRef>,
    /// The sample whose rest it is.
    pub rest_of: Option<JobId>,
    /// What a lead costs under the plan of the workspace.
    pub price: Price,
    /// From `store::jobs::estimate`.
    pub estimate: Estimate,
    /// One lead that somebody waits for.
    pub individual: bool,
}

/// Makes a job. Its leads become items later, in slices; those of a small selection at once.
///
/// Refused with `InsufficientCredits` when what is available does not cover the typical estimate, unless the job has a
/// spend limit or may end early (`partial`).
#[derive(Debug, Clone)]
pub struct CreateJob {
    pub scope: WorkspaceScope,
    pub origin: Origin,
    pub id: JobId,
    pub new: NewJob,
    /// For the first slice.
    pub items: IdBlock<ItemId>,
}

impl Transaction for CreateJob {
    type Out = Job;
    const NAME: &'static str = "jobs.create";

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Job, Refusal> {
        let selection = self.new.selection.clone().tidied();
        match selection.list {
            Some(list) => drop(open_list(tx, &self.scope, list)?),
            None if selection.ids.is_empty() => {
                return Err(invalid("selection", "it names neither a list nor leads"));
            }
            None => {}
        }
        if selection.ids.len() > MOST_IDS {
            return Err(invalid("selection", &format!("it names more than {MOST_IDS} leads one by one; use a list")));
        }
        for lead in &selection.ids {
            workable(tx, &self.scope, *lead)?;
        }
        if self.new.steps.is_empty() {
            return Err(invalid("options", "no provider can be asked for any of the data points"));
        }
        if let Some(sample) = self.new.rest_of {
            self.follow(tx, sample)?;
        }
        let options = &self.new.options;
        if !options.partial && options.spend_limit.is_none() {
            let (needed, available) = (self.new.estimate.typical, ledger::account(tx, &self.scope)?.remaining);
            if needed > available {
                return Err(Reject::InsufficientCredits { needed, available }.into());
            }
        }
        let row = Job {
            list: selection.list,
            individual: self.new.individual,
            status: JobStatus::Pending,
            options: options.clone(),
            steps: self.new.steps.clone(),
            left_out: self.new.left_out.clone(),
            write: self.new.write.clone(),
            ceiling: self.new.ceiling,
            template: self.new.template.clone(),
            rest_of: self.new.rest_of,
            asked: self.new.steps.iter().map(|step| step.point).collect(),
            price: self.new.price,
            estimate: self.new.estimate,
            fill: Fill::default(),
            created_at: self.origin.at,
            created_by: self.origin.actor,
            ..Job::default()
        };
        tx.put::<Jobs>(&self.scope, (self.id,), &row)?;
        tx.put::<JobSelections>(&self.scope, (self.id,), &selection)?;
        let mut job = OpenJob::new(&self.scope, &self.origin, self.id, row);
        let after = json!({ "level": options.level.name(), "leads": self.new.estimate.leads });
        job.tell(tx, "job.created", Some(&after))?;
        fill_slice(tx, &mut job, &selection, &mut self.items.clone())?;
        job.close(tx)
    }
}

impl CreateJob {
    /// Notes on the sample that its rest is made, once.
    fn follow(&self, tx: &mut Tx<'_>, sample: JobId) -> Result<(), Refusal> {
        let mut row = job(tx, &self.scope, sample)?;
        if let Some(rest) = row.rest {
            return Err(Reject::Conflict(format!("the rest of this sample is {rest} already")).into());
        }
        row.rest = Some(self.id);
        Ok(tx.put::<Jobs>(&self.scope, (sample,), &row)?)
    }
}

fn invalid(field: &str, reason: &str) -> Refusal {
    Reject::Invalid { field: field.to_owned(), reason: reason.to_owned() }.into()
}
