//! The leads of the list as they are, read page by page and counted one by one.

use serde::Deserialize;

use super::figures;
use crate::cli::client::Client;
use crate::cli::exit::CliError;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lead {
    pub id: String,
    pub full_name: Option<String>,
    pub company_name: Option<String>,
    pub email: Option<String>,
    pub email_status: Option<String>,
    pub phone: Option<String>,
    pub website: Option<String>,
    pub quality_score: u64,
    pub enriched: Enriched,
}

/// What was found out, in the form of the API.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Enriched {
    pub email_type: Option<String>,
    phone_numbers: Vec<Number>,
    professional_info: Professional,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Number {
    line_type: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Professional {
    seniority_level: Option<String>,
    department: Option<String>,
}

impl Lead {
    /// How a person would call it.
    pub fn called(&self) -> String {
        let parts = [&self.full_name, &self.company_name];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        if parts.is_empty() { self.email.clone().unwrap_or_default() } else { parts.join(", ") }
    }
}

pub struct Leads(Vec<Lead>);

impl Leads {
    pub async fn all(client: &Client, list: &str) -> Result<Self, CliError> {
        let rows = client.all(&format!("/leads/lists/{list}/leads"), &[("details", "true")]).await?;
        let read = |row| Lead::deserialize(row).ok();
        Ok(Self(rows.iter().filter_map(read).collect()))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Lead> {
        self.0.iter()
    }

    pub fn count(&self) -> figures::Leads {
        let mut count = figures::Leads { total: self.0.len() as u64, ..figures::Leads::default() };
        for lead in &self.0 {
            count.with_phone += u64::from(lead.phone.is_some());
            count.quality_sum += lead.quality_score;
            let found = &lead.enriched;
            let line = found.phone_numbers.first().and_then(|number| number.line_type.as_ref());
            let facts = [
                (&mut count.phones_by_type, line),
                (&mut count.seniority, found.professional_info.seniority_level.as_ref()),
                (&mut count.departments, found.professional_info.department.as_ref()),
                (&mut count.email_types, found.email_type.as_ref()),
            ];
            for (counts, fact) in facts {
                if let Some(fact) = fact {
                    *counts.entry(fact.clone()).or_default() += 1;
                }
            }
            if lead.email.is_none() {
                continue;
            }
            count.with_email += 1;
            let bucket = match lead.email_status.as_deref() {
                Some("valid") => &mut count.emails.valid,
                Some("invalid") => &mut count.emails.invalid,
                Some(_) => &mut count.emails.risky,
                None => &mut count.emails.unchecked,
            };
            *bucket += 1;
        }
        if !self.0.is_empty() {
            let average = count.quality_sum as f64 / self.0.len() as f64;
            count.average_quality = (average * 10.0).round() / 10.0;
        }
        count
    }

    #[cfg(test)]
    pub fn of(leads: Vec<Lead>) -> Self {
        Self(leads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_exactly_one_bucket() {
        let lead = |email: Option<&str>, status: Option<&str>, quality_score| Lead {
            email: email.map(str::to_owned),
            email_status: status.map(str::to_owned),
            quality_score,
            ..Lead::default()
        };
        let leads = Leads::of(vec![
            lead(Some("a@b.c"), Some("valid"), 100),
            lead(Some("a@b.d"), Some("catch-all"), 50),
            lead(Some("a@b.e"), Some("unknown"), 25),
            lead(Some("a@b.f"), Some("invalid"), 0),
            lead(Some("a@b.g"), None, 1),
            // The status of an address that is no longer there.
            lead(None, Some("valid"), 0),
        ]);
        let count = leads.count();
        let emails = figures::Emails { valid: 1, risky: 2, invalid: 1, unchecked: 1 };
        assert_eq!((count.total, count.with_email, count.emails), (6, 5, emails));
        assert_eq!((count.quality_sum, count.average_quality), (176, 29.3));
    }
}
