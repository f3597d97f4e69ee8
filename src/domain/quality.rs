//! The data quality score of a lead, 0 to 100, and the fields that would raise it (design: scoring; PRD-20K REQ-005).

use super::lead::{EmailStatus, Lead, LeadField};

/// How many points each part of the score can give; a setting. The defaults add up to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QualityWeights {
    /// Shared equally by full name, LinkedIn URL, title, company and location.
    pub required: u32,
    /// An address known to be valid.
    pub email_valid: u32,
    /// An address at a catch-all domain, or one not verified yet.
    pub email_unsure: u32,
    /// Shared equally by website, industry and size.
    pub company: u32,
    pub title: u32,
    /// Shared equally by the city and the state or country.
    pub location: u32,
}

impl Default for QualityWeights {
    fn default() -> Self {
        Self { required: 30, email_valid: 30, email_unsure: 20, company: 20, title: 10, location: 10 }
    }
}

/// The points of each part, rounded half up, so that they add up to the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QualityBreakdown {
    pub required: u32,
    pub email: u32,
    pub company: u32,
    pub title: u32,
    pub location: u32,
}

impl QualityBreakdown {
    /// 0 to 100.
    pub fn score(&self) -> u8 {
        let total = self.required + self.email + self.company + self.title + self.location;
        u8::try_from(total.min(100)).unwrap_or(100)
    }
}

/// The score of `lead` part by part.
pub fn breakdown(lead: &Lead, weights: &QualityWeights) -> QualityBreakdown {
    let required = [
        has_full_name(lead),
        lead.linkedin_url.is_some(),
        lead.job_title.is_some(),
        lead.company_name.is_some(),
        has_place(lead),
    ];
    let company = [lead.website.is_some(), lead.industry.is_some(), lead.company_size.is_some()];
    let location = [lead.city.is_some(), lead.state.is_some() || lead.country.is_some()];
    QualityBreakdown {
        required: share(weights.required, &required),
        email: email_points(lead, weights),
        company: share(weights.company, &company),
        title: share(weights.title, &[lead.job_title.is_some()]),
        location: share(weights.location, &location),
    }
}

/// The score of `lead`, 0 to 100.
pub fn score(lead: &Lead, weights: &QualityWeights) -> u8 {
    breakdown(lead, weights).score()
}

/// The fields that would raise the score, in the order of its parts. A missing state and country is told as `country`.
pub fn missing_fields(lead: &Lead) -> Vec<LeadField> {
    let checks = [
        (has_full_name(lead), LeadField::FullName),
        (lead.linkedin_url.is_some(), LeadField::LinkedInUrl),
        (lead.job_title.is_some(), LeadField::JobTitle),
        (lead.company_name.is_some(), LeadField::CompanyName),
        (has_place(lead), LeadField::Location),
        (lead.email.is_some(), LeadField::Email),
        (lead.website.is_some(), LeadField::Website),
        (lead.industry.is_some(), LeadField::Industry),
        (lead.company_size.is_some(), LeadField::CompanySize),
        (lead.city.is_some(), LeadField::City),
        (lead.state.is_some() || lead.country.is_some(), LeadField::Country),
    ];
    checks.into_iter().filter(|(present, _)| !present).map(|(_, field)| field).collect()
}

fn has_full_name(lead: &Lead) -> bool {
    lead.full_name.is_some() || (lead.first_name.is_some() && lead.last_name.is_some())
}

/// PRD-20K asks for "Location (city, state)": any part of a place counts.
fn has_place(lead: &Lead) -> bool {
    lead.location.is_some() || lead.city.is_some() || lead.state.is_some() || lead.country.is_some()
}

fn email_points(lead: &Lead, weights: &QualityWeights) -> u32 {
    match (&lead.email, lead.email_status) {
        (None, _) | (Some(_), Some(EmailStatus::Invalid)) => 0,
        (Some(_), Some(EmailStatus::Valid)) => weights.email_valid,
        (Some(_), Some(EmailStatus::CatchAll | EmailStatus::Unknown) | None) => weights.email_unsure,
    }
}

/// `weight` times the part of `present` that is true, rounded half up.
fn share(weight: u32, present: &[bool]) -> u32 {
    let (count, of) = (present.iter().filter(|yes| **yes).count() as u64, present.len().max(1) as u64);
    u32::try_from((2 * u64::from(weight) * count + of) / (2 * of)).unwrap_or(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Lead {
        let mut lead = Lead { email_status: Some(EmailStatus::Valid), ..Lead::default() };
        for field in LeadField::ALL {
            lead.set_field(field, Some("x".to_owned()));
        }
        lead
    }

    #[test]
    fn a_full_lead_has_a_hundred_and_an_empty_one_nothing() {
        assert_eq!(score(&full(), &QualityWeights::default()), 100);
        assert_eq!(missing_fields(&full()), []);
        assert_eq!(score(&Lead::default(), &QualityWeights::default()), 0);
        assert_eq!(missing_fields(&Lead::default()).len(), 11);
    }

    #[test]
    fn parts_weigh_as_designed() {
        let weights = QualityWeights::default();
        let drop = |field: LeadField| {
            let mut lead = full();
            lead.set_field(field, None);
            100 - i32::from(score(&lead, &weights))
        };
        assert_eq!(drop(LeadField::LinkedInUrl), 6);
        assert_eq!(drop(LeadField::JobTitle), 16, "required and title");
        assert_eq!(drop(LeadField::City), 5);
        assert_eq!(drop(LeadField::State), 0, "the country is there");
        assert_eq!(drop(LeadField::Email), 30);
        assert_eq!(drop(LeadField::Website), 7, "13.33 rounds to 13");
        assert_eq!(drop(LeadField::Phone), 0);
    }

    #[test]
    fn unsure_addresses_weigh_less_and_invalid_ones_nothing() {
        let weights = QualityWeights::default();
        let with = |status| score(&Lead { email_status: status, ..full() }, &weights);
        assert_eq!(with(Some(EmailStatus::CatchAll)), 90);
        assert_eq!(with(Some(EmailStatus::Unknown)), 90);
        assert_eq!(with(None), 90);
        assert_eq!(with(Some(EmailStatus::Invalid)), 70);
    }

    #[test]
    fn thirds_round_half_up() {
        assert_eq!(share(20, &[true, false, false]), 7);
        assert_eq!(share(20, &[true, true, false]), 13);
        assert_eq!(share(1, &[true, false]), 1);
    }
}
