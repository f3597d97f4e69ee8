//! An order as callers write it, and what becomes of it before it is a job: steps, price, estimate.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::actors::enricher::planning::{PlanError, Planned};
use crate::app::App;
use crate::config::plans::{PriceLevel, PriceSource as PlanSource};
use crate::domain::enrichment::{DataPoint, JobOptions, JobStep, Level, Price, PriceSource, Priority, SkipRule};
use crate::domain::id::{Id, JobId, LeadId, ListId};
use crate::domain::policy::Denial;
use crate::domain::time::Time;
use crate::http::codes::Code;
use crate::http::problem::{FieldError, Problem};
use crate::http::selection::GivenSelection;
use crate::store::estimate::{Estimated, Pace, Quote, estimate};
use crate::store::jobs::SelectionError;
use crate::store::ledger;
use crate::store::lookups::workable;
use crate::store::policy::Standing;
use crate::store::records::job::Selection;
use crate::store::records::task::Selection as Selected;
use crate::store::tables::Workspaces;
use crate::store::transactions::jobs::NewJob;
use crate::store::transactions::lists::open_list;
use crate::store::{Missing, Reads, Refusal, Reject, View, WorkspaceScope};

/// Which leads to enrich, and how. The selection may also stand in the object itself.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichBody {
    selection: Option<GivenSelection>,
    #[serde(flatten)]
    #[schema(inline)]
    flat: GivenSelection,
    /// Slugs of the providers that may be asked; all when left out
    sources: Option<Vec<String>>,
    options: Option<EnrichOptions>,
}

/// What of a single lead is asked for.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichLeadBody {
    pub(super) sources: Option<Vec<String>>,
    pub(super) options: Option<EnrichOptions>,
}

#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichOptions {
    /// Pass over leads that have an accepted value for everything asked (default true; for a single lead false)
    skip_enriched: Option<bool>,
    /// The same for values that are not older than so many days (default 30; none with `skipEnriched: false`)
    skip_recent: Option<u32>,
    /// The most leads to work on
    #[schema(minimum = 1)]
    max_leads: Option<u64>,
    /// Default `standard`
    #[serde(alias = "level")]
    enrichment_level: Option<Level>,
    /// Default `normal`
    priority: Option<Priority>,
    /// Only these: `emailStatus`, `email`, `phone`, `linkedin`, `professional`, `company`, `phoneStatus`, `name`,
    /// `seniority`, `companyDomain`, `companyBaseName`
    fields: Option<Vec<String>>,
    /// Slug of a template; that of the level, or of the workspace, when left out
    template_id: Option<String>,
    start_at: Option<Time>,
    /// Only in the quiet hours of the workspace (`offPeak` of its settings)
    off_peak: Option<bool>,
    /// A try on so many leads
    #[schema(minimum = 1)]
    sample: Option<u64>,
    /// Ask again whatever is known
    refresh: Option<bool>,
    /// A found value replaces what the lead has
    overwrite_existing: Option<bool>,
    /// In credits; the job pauses before it is passed
    #[schema(minimum = 0)]
    spend_limit: Option<f64>,
    /// Begin although the credits will not reach to the end
    partial: Option<bool>,
    notify_on_complete: Option<bool>,
}

impl EnrichBody {
    pub(super) fn read(self) -> Result<(Selection, JobOptions), Problem> {
        let options = self.options.unwrap_or_default().read(self.sources, true)?;
        let selected = match self.selection {
            Some(selection) => selection.read("/selection")?,
            None => self.flat.read("")?,
        };
        let selection = match selected {
            Selected::Ids(ids) => Selection { ids, ..Selection::default() },
            Selected::List(list) => {
                Selection { list: Some(list.list), filter: list.filter, except: list.except, ..Selection::default() }
            }
        };
        Ok((selection, options))
    }
}

impl EnrichLeadBody {
    pub(super) fn read(self, lead: LeadId) -> Result<(Selection, JobOptions), Problem> {
        let options = self.options.unwrap_or_default().read(self.sources, false)?;
        Ok((Selection { ids: vec![lead], ..Selection::default() }, options))
    }
}

impl EnrichOptions {
    fn read(self, sources: Option<Vec<String>>, skips_enriched: bool) -> Result<JobOptions, Problem> {
        let wrong = |place: String, detail: &str| Problem::invalid(FieldError::at(format!("/options{place}"), detail));
        if self.max_leads == Some(0) {
            return Err(wrong("/maxLeads".to_owned(), "must be 1 or more"));
        }
        if self.sample == Some(0) {
            return Err(wrong("/sample".to_owned(), "must be 1 or more"));
        }
        let mut fields = Vec::new();
        for (place, name) in self.fields.unwrap_or_default().iter().enumerate() {
            let known = || DataPoint::ALL.map(DataPoint::name).join(", ");
            let point = data_point(name)
                .ok_or_else(|| wrong(format!("/fields/{place}"), &format!("expected one of {}", known())))?;
            if !fields.contains(&point) {
                fields.push(point);
            }
        }
        let spend_limit = match self.spend_limit {
            None => None,
            Some(credits) => Some(hundredths(credits).ok_or_else(|| {
                wrong("/spendLimit".to_owned(), "must be a number of credits with at most two decimals")
            })?),
        };
        let refresh = self.refresh.unwrap_or(false);
        Ok(JobOptions {
            skip: SkipRule::of(self.skip_enriched.or((!skips_enriched).then_some(false)), self.skip_recent, refresh),
            max_leads: self.max_leads,
            level: self.enrichment_level.unwrap_or_default(),
            priority: self.priority.unwrap_or_default(),
            fields,
            template: self.template_id,
            start_at: self.start_at,
            sample: self.sample,
            refresh,
            overwrite_existing: self.overwrite_existing.unwrap_or(false),
            spend_limit,
            partial: self.partial.unwrap_or(false),
            notify_on_complete: self.notify_on_complete.unwrap_or(false),
            sources: sources.unwrap_or_default(),
            off_peak: self.off_peak.unwrap_or(false),
            names_level: self.enrichment_level.is_some(),
        })
    }
}

/// The names of the data points, and the fields that stand for one.
fn data_point(name: &str) -> Option<DataPoint> {
    DataPoint::from_name(name).or_else(|| DataPoint::ALL.into_iter().find(|point| point.field() == name))
}

/// Credits as callers write them; `None` for what is not one.
fn hundredths(credits: f64) -> Option<u64> {
    let exact = (credits * 100.0).round();
    let fits = credits.is_finite() && (0.0..9e15).contains(&exact) && (exact - credits * 100.0).abs() < 1e-6;
    // In range and whole: nothing is cut off.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fits.then_some(exact as u64)
}

/// What somebody orders.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct Order {
    pub selection: Selection,
    pub options: JobOptions,
    /// One lead that somebody waits for.
    pub individual: bool,
    /// The sample whose rest it is.
    pub rest_of: Option<JobId>,
}

/// An order that can be made, with what the caller may want to know before.
pub(in crate::http) struct Prepared {
    pub new: NewJob,
    pub available: u64,
    /// Why leads are passed over, and how many.
    pub skipped: BTreeMap<&'static str, u64>,
    /// It would ask somebody outside, and nobody has accepted the terms for that.
    pub needs_terms: bool,
}

impl Prepared {
    /// The order, if it may be made.
    ///
    /// # Errors
    /// `POLICY_FORBIDS` while the terms are not accepted: a job that may ask nobody would end with nothing found, and
    /// nobody would know why.
    pub fn allowed(self) -> Result<Self, Problem> {
        match self.needs_terms {
            true => Err(Problem::new(Code::PolicyForbids).detail(Denial::TermsNotAccepted.to_string())),
            false => Ok(self),
        }
    }

    /// What a lead costs at most, in hundredths.
    pub fn worst_price(&self) -> u64 {
        self.new.price.worst(self.new.steps.iter().map(|step| step.source))
    }

    /// How many leads the credits are enough for; `None` when a lead costs nothing.
    pub fn affordable_leads(&self) -> Option<u64> {
        self.available.checked_div(self.worst_price())
    }
}

/// Plans the steps, counts the leads and says what they cost.
pub(in crate::http) async fn prepare(
    app: &App,
    (scope, now): (WorkspaceScope, Time),
    order: Order,
) -> Result<Prepared, Problem> {
    let Order { selection, options, individual, rest_of } = order;
    let until = LeadId::from_u64(app.deps.ids.highest());
    let selection = Selection { until: selection.until.or(selection.list.map(|_| until)), ..selection }.tidied();
    let (plans, desk) = (app.plans.clone(), app.planning.clone());
    let (registry, gates) = (app.providers.clone(), app.gates.clone());
    let choices = app.choices.clone();
    let read = app.store.read(move |view| {
        let pace = |step: &JobStep| {
            let Some(provider) = registry.get(&step.provider) else { return Vec::new() };
            let limits = choices.limits(&*provider, step.operation);
            let batch = provider.offer(step.operation).map_or(1, |offer| offer.batch.max(1));
            #[allow(clippy::cast_precision_loss)] // at most some hundred
            let paces = gates.rates(&limits).map(|(limit, rate)| Pace {
                window: format!("{}/{}/{:?}", step.provider, limit.bucket, limit.per),
                leads_per_second: rate * batch as f64,
            });
            paces.collect()
        };
        known(view, &scope, selection.list, &selection.ids)?;
        let slug = view.get_install::<Workspaces>((scope.workspace(),))?.map(|row| row.plan).unwrap_or_default();
        let price = price(&plans, &slug, options.level);
        let Planned { steps, left_out, write, ceiling, template } = match desk.plan(view, &scope, &options)? {
            Ok(planned) => planned,
            Err(nobody) => return Ok(Err(nobody)),
        };
        let quote = Quote {
            selection: &selection,
            options: &options,
            steps: &steps,
            write: &write,
            price,
            ceiling,
            individual,
            now,
            pace: &pace,
        };
        let Estimated { estimate, skipped } = estimate(view, &scope, &quote).map_err(|error| match error {
            SelectionError::Store(error) => Refusal::Store(error),
            SelectionError::Filter(reason) => Reject::Invalid { field: "filter".to_owned(), reason }.into(),
        })?;
        let available = ledger::account(view, &scope)?.remaining;
        let asks_outside = steps.iter().any(|step| step.external);
        let needs_terms = asks_outside && !Standing::load(view, &scope, &desk.defaults)?.may_call_out();
        let template = Some(template);
        let new = NewJob {
            selection,
            options,
            steps,
            left_out,
            write,
            ceiling,
            template,
            rest_of,
            price,
            estimate,
            individual,
        };
        Ok::<_, Refusal>(Ok(Prepared { new, available, skipped, needs_terms }))
    });
    read.await.map_err(Problem::from)?.map_err(nobody)
}

fn known(view: &View, scope: &WorkspaceScope, list: Option<ListId>, ids: &[LeadId]) -> Result<(), Refusal> {
    if let Some(list) = list {
        open_list(view, scope, list)?;
    }
    for id in ids {
        workable(view, scope, *id)?;
    }
    Ok(())
}

fn price(plans: &crate::config::plans::Plans, plan: &str, level: Level) -> Price {
    let level = match level {
        Level::Basic => PriceLevel::Basic,
        Level::Standard => PriceLevel::Standard,
        Level::Premium => PriceLevel::Premium,
    };
    // Prices are never negative: the file is checked when it is read.
    let of = |source| u64::try_from(plans.price(plan, source, level)).unwrap_or(0);
    Price {
        built_in: of(PlanSource::BuiltIn),
        workspace_key: of(PlanSource::WorkspaceKey),
        install_key: of(PlanSource::InstallKey),
    }
}

fn nobody(error: PlanError) -> Problem {
    match error {
        PlanError::NoSuchTemplate(_) => {
            let detail = "no template is called that; GET /enrichment/templates lists them";
            Problem::invalid(FieldError::at("/options/templateId", detail))
        }
        PlanError::NoProvider(error) => Problem::new(Code::ProviderNotConfigured).detail(error.to_string()),
    }
}

/// What a step is paid by, for people.
pub(super) const fn source_word(source: PriceSource) -> &'static str {
    match source {
        PriceSource::BuiltIn => "built_in",
        PriceSource::WorkspaceKey => "workspace_key",
        PriceSource::InstallKey => "install_key",
    }
}

/// The 402 of an order that is too dear.
pub(super) fn too_dear(prepared: &Prepared, needed: u64, available: u64) -> Problem {
    let affordable = available.checked_div(prepared.worst_price()).unwrap_or(prepared.new.estimate.leads);
    Problem::from(Reject::InsufficientCredits { needed, available }).member("affordableLeads", affordable)
}

/// The id of the job that an idempotent request made before.
pub(super) fn replayed<I: Id>(location: Option<&str>) -> Result<I, Problem> {
    let id = location.and_then(|place| place.rsplit('/').next()).and_then(|id| id.parse().ok());
    Ok(id.ok_or(Missing::Job)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(json: serde_json::Value) -> Result<JobOptions, Problem> {
        let body: EnrichBody = serde_json::from_value(json!({ "listId": "list_0000000000001", "options": json }))
            .expect("an object of that shape");
        body.read().map(|(_, options)| options)
    }

    #[test]
    fn the_defaults_are_those_of_the_document() {
        let given = options(json!({})).expect("valid");
        assert_eq!(given, JobOptions::default());
        assert_eq!((given.level, given.priority), (Level::Standard, Priority::Normal));
        assert_eq!(given.skip, SkipRule { enriched: true, recent_days: Some(30) });
    }

    #[test]
    fn mistakes_are_told_where_they_stand() {
        let pointer = |json| options(json).expect_err("wrong").errors[0].pointer.clone().expect("a pointer");
        assert_eq!(pointer(json!({ "fields": ["email", "shoeSize"] })), "/options/fields/1");
        assert_eq!(pointer(json!({ "maxLeads": 0 })), "/options/maxLeads");
        for wrong in [-1.0, 0.001, 1e300] {
            assert_eq!(pointer(json!({ "spendLimit": wrong })), "/options/spendLimit");
        }
        assert_eq!(options(json!({ "spendLimit": 0.29 })).expect("valid").spend_limit, Some(29));
        let fields = options(json!({ "fields": ["linkedInUrl", "linkedin"] })).expect("valid").fields;
        assert_eq!(fields, [DataPoint::LinkedIn]);
    }

    #[test]
    fn a_single_lead_is_asked_for_again_unless_said_otherwise() {
        let body = EnrichLeadBody::default();
        let (selection, options) = body.read(LeadId::from_u64(7)).expect("valid");
        assert!(options.skip.is_idle());
        assert_eq!(selection.ids, [LeadId::from_u64(7)]);
    }
}
