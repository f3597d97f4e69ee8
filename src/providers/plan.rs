//! From what a job asks for to the steps it is made of.

use super::Registry;
use crate::domain::enrichment::{Confidence, DataPoint, JobOptions, JobStep, Level};

/// Nobody can be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoProvider {
    #[error("no template is called {0}")]
    NoSuchTemplate(String),
    #[error("no provider is set up for {}", points.iter().map(|point| point.name()).collect::<Vec<_>>().join(", "))]
    Nobody { points: Vec<DataPoint> },
}

/// The steps of a job: for each data point of the template those providers that can answer it, in the order of their
/// slugs. A data point nobody can answer is not asked for, so that a box without keys does what it can; only when
/// nothing is left is it an error.
///
/// # Errors
/// See [`NoProvider`].
pub fn plan(registry: &Registry, options: &JobOptions) -> Result<Vec<JobStep>, NoProvider> {
    let level = match &options.template {
        None => options.level,
        Some(slug) => Level::from_name(slug).ok_or_else(|| NoProvider::NoSuchTemplate(slug.clone()))?,
    };
    // Fields are named on purpose: they may go beyond the level.
    let asked: &[DataPoint] = if options.fields.is_empty() { level.points() } else { &options.fields };
    let allowed = |slug: &str| options.sources.is_empty() || options.sources.iter().any(|source| source == slug);
    let mut steps = Vec::new();
    for point in asked {
        for (provider, offer) in registry.offers() {
            if offer.operation.points().contains(point) && allowed(provider.slug()) {
                steps.push(JobStep {
                    point: *point,
                    provider: provider.slug().to_owned(),
                    operation: offer.operation,
                    source: provider.source(),
                    accept_from: Confidence::default(),
                });
            }
        }
    }
    if steps.is_empty() { Err(NoProvider::Nobody { points: asked.to_vec() }) } else { Ok(steps) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::enrichment::Operation;

    fn options(level: Level) -> JobOptions {
        JobOptions { level, ..JobOptions::default() }
    }

    #[test]
    fn without_any_key_every_level_checks_what_is_there() {
        let registry = Registry::built_in().expect("the embedded lists open");
        for level in [Level::Basic, Level::Standard, Level::Premium] {
            let steps = plan(&registry, &options(level)).expect("planned");
            let asked: Vec<_> = steps.iter().map(|step| (step.point, step.operation)).collect();
            let checks = [
                (DataPoint::EmailStatus, Operation::EmailVerify),
                (DataPoint::PhoneStatus, Operation::PhoneValidate),
                (DataPoint::Name, Operation::NameParse),
                (DataPoint::Seniority, Operation::TitleClassify),
                (DataPoint::CompanyDomain, Operation::CompanyDomain),
                (DataPoint::CompanyBaseName, Operation::CompanyName),
            ];
            assert_eq!(asked, checks, "{level:?}");
        }
    }

    #[test]
    fn what_nobody_can_answer_is_an_error_only_when_nothing_else_is_asked() {
        let registry = Registry::built_in().expect("the embedded lists open");
        let phone = JobOptions { fields: vec![DataPoint::Phone], ..options(Level::Basic) };
        assert_eq!(plan(&registry, &phone), Err(NoProvider::Nobody { points: vec![DataPoint::Phone] }));
        let both = JobOptions { fields: vec![DataPoint::Phone, DataPoint::EmailStatus], ..options(Level::Basic) };
        assert_eq!(plan(&registry, &both).map(|steps| steps.len()), Ok(1));
        let elsewhere = JobOptions { sources: vec!["apify".to_owned()], ..options(Level::Basic) };
        assert!(plan(&registry, &elsewhere).is_err());
        let unknown = JobOptions { template: Some("gold".to_owned()), ..options(Level::Basic) };
        assert_eq!(plan(&registry, &unknown), Err(NoProvider::NoSuchTemplate("gold".to_owned())));
    }
}
