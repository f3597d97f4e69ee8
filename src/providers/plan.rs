//! From what a job asks for to the steps it is made of.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Offer, Provider, Registry};
use crate::domain::enrichment::{
    ANY_PROVIDER, DataPoint, JobOptions, JobStep, MAX_STEPS, Operation, PriceSource, Template, TemplateError,
    TemplatePoint, TemplateStep, WriteRules,
};

/// Nobody can be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoProvider {
    #[error("no provider is set up for {}", points.iter().map(|point| point.name()).collect::<Vec<_>>().join(", "))]
    Nobody { points: Vec<DataPoint> },
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// What a job is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub steps: Vec<JobStep>,
    /// Steps that nobody can take now; they cost nothing.
    pub left_out: Vec<NotTaken>,
    pub write: WriteRules,
    /// What the calls for one lead may cost at most, in millionths of the currency's unit.
    pub ceiling: Option<u64>,
}

/// A step that is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    pub point: DataPoint,
    pub provider: String,
    /// `no key`, `switched off`, `not set up`, `cannot do that`, or what the provider lacks.
    pub reason: String,
}

/// Whom the steps may be taken with.
pub struct Desk<'d> {
    pub registry: &'d Registry,
    /// Whose key a provider that needs one would be called with; `None`: nobody's.
    pub key_of: &'d dyn Fn(&str) -> Option<PriceSource>,
    /// Slugs of providers that are switched off.
    pub switched_off: &'d HashSet<String>,
    /// Whether providers can reach this server.
    pub can_be_rung: bool,
}

/// The steps of a job: those of the template that can be taken. What nobody can answer is left out, so that a box without
/// keys does what it can; only when nothing is left is it an error. Data points that are asked for by name and stand in no
/// template are asked of everybody who can answer.
///
/// # Errors
/// See [`NoProvider`].
pub fn plan(desk: &Desk<'_>, template: &Template, options: &JobOptions) -> Result<Planned, NoProvider> {
    template.check()?;
    let mut points: Vec<(DataPoint, TemplatePoint)> = Vec::new();
    for point in &template.points {
        let known = point.data_point().map_err(|message| TemplateError { place: "/points".to_owned(), message })?;
        points.push((known, point.clone()));
    }
    if !options.fields.is_empty() {
        points.retain(|(point, _)| options.fields.contains(point));
        for field in &options.fields {
            if !points.iter().any(|(point, _)| point == field) {
                points.push((*field, everybody(*field)));
            }
        }
    }
    let mut planned =
        Planned { steps: Vec::new(), left_out: Vec::new(), write: template.rules()?, ceiling: template.ceiling()? };
    for (point, text) in &points {
        plan_point(desk, *point, text, options, &mut planned)?;
    }
    if planned.steps.is_empty() {
        return Err(NoProvider::Nobody { points: points.into_iter().map(|(point, _)| point).collect() });
    }
    if planned.steps.len() > MAX_STEPS {
        let message = format!("with the providers that are set up it has more than {MAX_STEPS} steps");
        return Err(TemplateError { place: "/points".to_owned(), message }.into());
    }
    if planned.steps.iter().all(|step| !step.external) {
        // What answers at once is written together with the step before it.
        let waits = |step: &JobStep| desk.registry.get(&step.provider).is_none_or(|provider| !provider.is_instant());
        planned.steps.sort_by_key(|step| !waits(step));
    }
    Ok(planned)
}

fn everybody(point: DataPoint) -> TemplatePoint {
    let step = TemplateStep { provider: ANY_PROVIDER.to_owned(), ..TemplateStep::default() };
    TemplatePoint { point: point.name().to_owned(), steps: vec![step], ..TemplatePoint::default() }
}

fn plan_point(
    desk: &Desk<'_>,
    point: DataPoint,
    text: &TemplatePoint,
    options: &JobOptions,
    planned: &mut Planned,
) -> Result<(), NoProvider> {
    let mut taken: Vec<JobStep> = Vec::new();
    let named: Vec<&str> = text.steps.iter().map(|step| step.provider.as_str()).collect();
    for step in &text.steps {
        let accept = step.accept.as_ref().unwrap_or(&text.accept).rule("/accept")?;
        for (provider, offer) in candidates(desk, point, step, &named, planned) {
            let is_wanted = options.sources.is_empty() || options.sources.iter().any(|own| own == provider.slug());
            if !is_wanted {
                continue;
            }
            match source(desk, &*provider, offer.operation) {
                Err(reason) => note(planned, point, provider.slug(), &reason),
                Ok(source) => {
                    let job = JobStep {
                        accept: accept.clone(),
                        when: step.when.condition(),
                        ..of(&*provider, &offer, point, source)
                    };
                    let known = |one: &JobStep| one.provider == job.provider && one.operation == job.operation;
                    if !taken.iter().any(|one| known(one) && one.when == job.when) {
                        taken.push(job);
                    }
                }
            }
        }
    }
    let settle = text.settle_for.as_ref().map(|rule| rule.rule("/settleFor")).transpose()?;
    match (settle, taken.as_mut_slice()) {
        // Nobody else is there to be asked.
        (Some(settle), [only]) => only.accept = settle,
        (settle, all) => all.iter_mut().for_each(|step| step.settle.clone_from(&settle)),
    }
    let validator = match &text.validate {
        None => None,
        Some(validator) => validating(desk, point, validator, planned)?,
    };
    for mut step in taken {
        step.confirm = validator.is_some();
        planned.steps.push(step);
        planned.steps.extend(validator.clone());
    }
    Ok(())
}

/// Whom a step of a template stands for.
fn candidates(
    desk: &Desk<'_>,
    point: DataPoint,
    step: &TemplateStep,
    named: &[&str],
    planned: &mut Planned,
) -> Vec<(Arc<dyn Provider>, Offer)> {
    let wanted = step.operation.as_deref().and_then(Operation::from_name);
    let answers = |offer: &Offer| {
        offer.operation.points().contains(&point) && wanted.is_none_or(|operation| operation == offer.operation)
    };
    if step.provider == ANY_PROVIDER {
        let all =
            desk.registry.offers().filter(|(provider, offer)| answers(offer) && !named.contains(&provider.slug()));
        return all.collect();
    }
    let Some(provider) = desk.registry.get(&step.provider) else {
        note(planned, point, &step.provider, "not set up");
        return Vec::new();
    };
    match provider.offers().iter().find(|offer| answers(offer)) {
        Some(offer) => vec![(Arc::clone(&provider), offer.clone())],
        None => {
            note(planned, point, &step.provider, "cannot do that");
            Vec::new()
        }
    }
}

fn validating(
    desk: &Desk<'_>,
    point: DataPoint,
    validator: &crate::domain::enrichment::Validator,
    planned: &mut Planned,
) -> Result<Option<JobStep>, NoProvider> {
    let Some(provider) = desk.registry.get(&validator.provider) else {
        note(planned, point, &validator.provider, "not set up");
        return Ok(None);
    };
    let Some(offer) = Operation::from_name(&validator.operation).and_then(|operation| provider.offer(operation)) else {
        note(planned, point, &validator.provider, "cannot do that");
        return Ok(None);
    };
    match source(desk, &*provider, offer.operation) {
        Err(reason) => {
            note(planned, point, &validator.provider, &reason);
            Ok(None)
        }
        Ok(source) => {
            let accept = validator.accept.rule("/validate/accept")?;
            Ok(Some(JobStep { accept, validates: true, ..of(&*provider, offer, point, source) }))
        }
    }
}

/// Whose key the provider is called with, or why it is not called.
fn source(desk: &Desk<'_>, provider: &dyn Provider, operation: Operation) -> Result<PriceSource, String> {
    if desk.switched_off.contains(provider.slug()) {
        return Err("switched off".to_owned());
    }
    if let Some(lacks) = provider.lacks() {
        return Err(lacks);
    }
    if provider.needs_callback(operation) && !desk.can_be_rung {
        return Err("no https address of this server to ring (server.public_url)".to_owned());
    }
    if !provider.needs_key() {
        return Ok(provider.source());
    }
    (desk.key_of)(provider.slug()).ok_or_else(|| "no key".to_owned())
}

fn note(planned: &mut Planned, point: DataPoint, provider: &str, reason: &str) {
    let left_out = NotTaken { point, provider: provider.to_owned(), reason: reason.to_owned() };
    if !planned.left_out.contains(&left_out) {
        planned.left_out.push(left_out);
    }
}

fn of(provider: &dyn Provider, offer: &Offer, point: DataPoint, source: PriceSource) -> JobStep {
    JobStep {
        needs: offer.needs.alternatives(),
        optional: offer.optional.clone(),
        external: provider.is_external(),
        cost: provider.cost(offer.operation),
        region: provider.region().map(str::to_owned),
        ..JobStep::new(point, provider.slug(), offer.operation, source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::enrichment::Level;

    fn planned(options: &JobOptions) -> Result<Planned, NoProvider> {
        let registry = Registry::built_in().expect("the embedded lists open");
        let desk = Desk { registry: &registry, key_of: &|_| None, switched_off: &HashSet::new(), can_be_rung: false };
        plan(&desk, &Template::of_level(options.level).expect("shipped"), options)
    }

    fn options(level: Level) -> JobOptions {
        JobOptions { level, ..JobOptions::default() }
    }

    #[test]
    fn without_any_key_every_level_checks_what_is_there() {
        for level in [Level::Basic, Level::Standard, Level::Premium] {
            let planned = planned(&options(level)).expect("planned");
            let mut asked: Vec<_> = planned.steps.iter().map(|step| (step.point, step.operation)).collect();
            assert_eq!(
                asked[0],
                (DataPoint::EmailStatus, Operation::EmailVerify),
                "who waits for the network goes first"
            );
            asked.sort();
            let checks = [
                (DataPoint::EmailStatus, Operation::EmailVerify),
                (DataPoint::PhoneStatus, Operation::PhoneValidate),
                (DataPoint::Name, Operation::NameParse),
                (DataPoint::Seniority, Operation::TitleClassify),
                (DataPoint::CompanyDomain, Operation::CompanyDomain),
                (DataPoint::CompanyBaseName, Operation::CompanyName),
            ];
            assert_eq!(asked, checks, "{level:?}");
            assert!(planned.steps.iter().all(|step| step.accept.is_open() && step.settle.is_none()));
            assert!(planned.left_out.iter().any(|step| step.provider == "zerobounce"));
        }
    }

    #[test]
    fn what_nobody_can_answer_is_an_error_only_when_nothing_else_is_asked() {
        let phone = JobOptions { fields: vec![DataPoint::Phone], ..options(Level::Basic) };
        assert_eq!(planned(&phone), Err(NoProvider::Nobody { points: vec![DataPoint::Phone] }));
        let both = JobOptions { fields: vec![DataPoint::Phone, DataPoint::EmailStatus], ..options(Level::Basic) };
        assert_eq!(planned(&both).map(|planned| planned.steps.len()), Ok(1));
        let elsewhere = JobOptions { sources: vec!["apify".to_owned()], ..options(Level::Basic) };
        assert!(planned(&elsewhere).is_err());
    }
}
