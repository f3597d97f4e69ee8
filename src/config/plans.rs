//! `plans.toml`: what workspaces are given and charged, as data.
//!
//! Amounts are whole numbers from here on: credits in hundredths, money in millionths of the currency's unit.

use std::path::{Path, PathBuf};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The file that ships with the program.
const BUILT_IN: &str = include_str!("../../plans.toml");

#[derive(Debug, thiserror::Error)]
pub enum PlansError {
    #[error("{} cannot be read: {cause}", path.display())]
    Unreadable { path: PathBuf, cause: std::io::Error },
    #[error("{place}: {message}")]
    Invalid { place: String, message: String },
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plans {
    pub plans: Vec<Plan>,
    #[serde(default)]
    pub packs: Vec<Pack>,
    pub prices: Vec<PriceRule>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub slug: String,
    pub name: String,
    /// Hundredths of a credit, per period.
    #[serde(deserialize_with = "hundredths")]
    pub credits: i64,
    #[serde(default)]
    pub period: Cycle,
    /// For a single grant: it and the plan end after so many days.
    pub valid_days: Option<u32>,
    #[serde(default)]
    pub rollover_percent: u8,
    /// Hundredths of a credit, once.
    #[serde(default, deserialize_with = "hundredths")]
    pub signup_bonus: i64,
    #[serde(default)]
    pub built_in_only: bool,
    /// Share of the queue beside other workspaces.
    #[serde(default = "one")]
    pub weight: u32,
    pub requests_per_second: Option<f64>,
    pub requests_per_minute: Option<u32>,
    pub max_tokens: Option<u32>,
    pub max_searches: Option<u32>,
    /// Jobs of the workspace that run at the same time.
    pub concurrency: Option<u32>,
    /// Millionths of the currency's unit for each credit beyond the included ones; `None` = nothing beyond.
    #[serde(default, deserialize_with = "maybe_millionths")]
    pub overage_price: Option<i64>,
    /// How far beyond, in percent of the included ones.
    #[serde(default)]
    pub overage_percent: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cycle {
    #[default]
    Month,
    Once,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    pub slug: String,
    pub name: String,
    /// Hundredths of a credit.
    #[serde(deserialize_with = "hundredths")]
    pub credits: i64,
    /// Millionths of the currency's unit.
    #[serde(deserialize_with = "millionths")]
    pub price: i64,
    pub valid_days: u32,
    #[serde(default = "usd")]
    pub currency: String,
}

/// What one successfully enriched lead costs. A part that is `None` fits everything.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRule {
    pub plan: Option<String>,
    pub source: Option<PriceSource>,
    pub level: Option<PriceLevel>,
    /// Hundredths of a credit.
    #[serde(deserialize_with = "hundredths")]
    pub credits: i64,
}

/// Whose key the answer was got with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceSource {
    BuiltIn,
    WorkspaceKey,
    InstallKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PriceLevel {
    Basic,
    Standard,
    Premium,
}

impl Plans {
    pub fn built_in() -> Result<Self, PlansError> {
        Self::parse(BUILT_IN, "plans.toml")
    }

    pub fn from_file(path: &Path) -> Result<Self, PlansError> {
        let text =
            std::fs::read_to_string(path).map_err(|cause| PlansError::Unreadable { path: path.to_owned(), cause })?;
        Self::parse(&text, &path.display().to_string())
    }

    fn parse(text: &str, name: &str) -> Result<Self, PlansError> {
        let plans: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            PlansError::Invalid { place: format!("{name}:{line}"), message: error.message().to_owned() }
        })?;
        plans.check().map_err(|message| PlansError::Invalid { place: name.to_owned(), message })?;
        Ok(plans)
    }

    pub fn plan(&self, slug: &str) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.slug == slug)
    }

    pub fn pack(&self, slug: &str) -> Option<&Pack> {
        self.packs.iter().find(|pack| pack.slug == slug)
    }

    /// Hundredths of a credit for one lead that was enriched: the first rule that fits. Parsing made sure that one
    /// does, for every source and level.
    pub fn price(&self, plan: &str, source: PriceSource, level: PriceLevel) -> i64 {
        let rule = self.prices.iter().find(|rule| {
            rule.plan.as_deref().is_none_or(|slug| slug == plan)
                && rule.source.is_none_or(|own| own == source)
                && rule.level.is_none_or(|own| own == level)
        });
        rule.map_or(0, |rule| rule.credits)
    }

    fn check(&self) -> Result<(), String> {
        let slugs: Vec<&str> = self
            .plans
            .iter()
            .map(|plan| plan.slug.as_str())
            .chain(self.packs.iter().map(|p| p.slug.as_str()))
            .collect();
        for (place, slug) in slugs.iter().enumerate() {
            if slugs[..place].contains(slug) {
                return Err(format!("the slug \"{slug}\" is given twice"));
            }
        }
        for plan in &self.plans {
            let slug = &plan.slug;
            if plan.rollover_percent > 100 {
                return Err(format!("plan \"{slug}\": rollover_percent is above 100"));
            }
            if plan.weight == 0 {
                return Err(format!("plan \"{slug}\": weight is 0, so its jobs would never run"));
            }
            if plan.requests_per_second.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
                return Err(format!("plan \"{slug}\": requests_per_second must be above 0"));
            }
            if (plan.period == Cycle::Once) != plan.valid_days.is_some() {
                return Err(format!("plan \"{slug}\": valid_days belongs to period = \"once\", and is needed there"));
            }
        }
        for rule in &self.prices {
            if let Some(slug) = rule.plan.as_deref().filter(|slug| self.plan(slug).is_none()) {
                return Err(format!("a price names the plan \"{slug}\", which does not exist"));
            }
        }
        for level in [PriceLevel::Basic, PriceLevel::Standard, PriceLevel::Premium] {
            for source in [PriceSource::BuiltIn, PriceSource::WorkspaceKey, PriceSource::InstallKey] {
                let fits = |rule: &&PriceRule| {
                    rule.plan.is_none()
                        && rule.source.is_none_or(|own| own == source)
                        && rule.level.is_none_or(|own| own == level)
                };
                if !self.prices.iter().any(|rule| fits(&rule)) {
                    return Err(format!("no price for {level:?} with {source:?} in every plan"));
                }
            }
        }
        Ok(())
    }
}

fn one() -> u32 {
    1
}

fn usd() -> String {
    "USD".to_owned()
}

/// A number as it may stand in the file.
#[derive(Deserialize)]
#[serde(untagged)]
enum Amount {
    Whole(i64),
    Fraction(f64),
    Text(String),
}

impl Amount {
    /// The exact number of parts, of which `10^decimals` make one. Never negative.
    fn parts(&self, decimals: u32) -> Result<i64, String> {
        // The shortest text of a float is what the file says: 0.29 is "0.29", not 0.28999...
        let text = match self {
            Self::Whole(number) => number.to_string(),
            Self::Fraction(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        };
        let wrong = || format!("\"{text}\" is not an amount with at most {decimals} decimals");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > decimals as usize {
            return Err(wrong());
        }
        format!("{whole}{fraction:0<width$}", width = decimals as usize).parse().map_err(|_| wrong())
    }
}

fn hundredths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Amount::deserialize(deserializer)?.parts(2).map_err(D::Error::custom)
}

fn millionths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Amount::deserialize(deserializer)?.parts(6).map_err(D::Error::custom)
}

fn maybe_millionths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    millionths(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_file_holds_what_the_documents_say() {
        let plans = Plans::built_in().unwrap();
        let credits =
            |slug: &str| plans.plan(slug).map(|plan| (plan.credits, plan.rollover_percent, plan.signup_bonus));
        assert_eq!(credits("appliance"), Some((100_000_000, 0, 0)));
        assert_eq!(credits("starter"), Some((10_000, 0, 0)));
        assert_eq!(credits("growth"), Some((50_000, 25, 5_000)));
        assert_eq!(credits("professional"), Some((200_000, 50, 20_000)));
        assert_eq!(credits("enterprise"), Some((1_000_000, 100, 0)));
        let trial = plans.plan("trial").unwrap();
        assert_eq!((trial.credits, trial.period, trial.valid_days), (50_000, Cycle::Once, Some(14)));
        assert!(plans.plan("free").unwrap().built_in_only);
        let core = plans.plan("core").unwrap();
        assert_eq!((core.credits, core.overage_price, core.overage_percent), (25_000, Some(120_000), 50));
        assert_eq!(plans.plan("api-scale").unwrap().requests_per_minute, Some(300));
        let packs: Vec<_> = plans.packs.iter().map(|pack| (pack.credits, pack.price, pack.valid_days)).collect();
        assert_eq!(
            packs,
            [
                (10_000, 10_000_000, 90),
                (50_000, 40_000_000, 90),
                (200_000, 120_000_000, 180),
                (1_000_000, 500_000_000, 365)
            ]
        );
    }

    #[test]
    fn the_first_price_that_fits_decides() {
        let plans = Plans::built_in().unwrap();
        use PriceLevel::{Basic, Premium, Standard};
        use PriceSource::{BuiltIn, InstallKey, WorkspaceKey};
        assert_eq!(plans.price("appliance", BuiltIn, Premium), 0);
        assert_eq!(plans.price("appliance", InstallKey, Basic), 50);
        assert_eq!(plans.price("growth", BuiltIn, Basic), 50);
        assert_eq!(plans.price("growth", InstallKey, Standard), 100);
        assert_eq!(plans.price("growth", InstallKey, Premium), 200);
        assert_eq!(plans.price("growth", WorkspaceKey, Premium), 0);
        assert_eq!(plans.price("free", BuiltIn, Standard), 0);
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        assert_eq!(Amount::Fraction(0.29).parts(2), Ok(29));
        assert_eq!(Amount::Whole(7).parts(2), Ok(700));
        assert_eq!(Amount::Text("0.000001".to_owned()).parts(6), Ok(1));
        for bad in ["-1", "0.001", "", ".", "1e3", "99999999999999999999"] {
            assert!(Amount::Text(bad.to_owned()).parts(2).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_that_contradicts_itself_is_refused() {
        let prices = "[[prices]]\ncredits = 1\n";
        let plan = |rest: &str| format!("[[plans]]\nslug = \"a\"\nname = \"A\"\ncredits = 1\n{rest}\n{prices}");
        assert!(Plans::parse(&plan(""), "p").is_ok());
        for (rest, says) in [
            ("weight = 0", "weight is 0"),
            ("rollover_percent = 101", "above 100"),
            ("period = \"once\"", "valid_days"),
            ("colour = \"red\"", "p:5: unknown field"),
            ("[[plans]]\nslug = \"a\"\nname = \"B\"\ncredits = 1", "given twice"),
            ("[[prices]]\nplan = \"b\"\ncredits = 1", "does not exist"),
        ] {
            let error = Plans::parse(&plan(rest), "p").unwrap_err().to_string();
            assert!(error.contains(says), "{rest}: {error}");
        }
        let error = Plans::parse(&plan("").replace(prices, "[[prices]]\nlevel = \"basic\"\ncredits = 1\n"), "p");
        assert!(error.is_err());
    }
}
