//! Waterfalls as people write them: for each data point whom to ask, in which order, when, and what is good enough.
//!
//! One shape serves the API (JSON), the files that are exported and imported (TOML) and the store. Templates know slugs
//! and operations, not the providers behind them: which of the steps can be taken is seen when a job is planned.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::accept::AcceptRule;
use super::condition::{FieldIs, RunCondition, is_field};
use super::confidence::Confidence;
use super::data_point::{DataPoint, Operation};
use super::level::Level;
use super::steps::MAX_STEPS;
use super::write_rule::{WriteRule, WriteRules};

/// Stands for every provider that can answer the data point and is not named in it.
pub const ANY_PROVIDER: &str = "*";

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Template {
    /// What people call it
    #[serde(default)]
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What the calls for one lead may cost the operator at most, as a decimal with up to six places
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.50")]
    pub row_ceiling: Option<String>,
    /// What a found value may do to one that is there
    #[serde(default, skip_serializing_if = "WriteText::is_default")]
    pub write: WriteText,
    /// In the order of asking
    #[serde(default)]
    pub points: Vec<TemplatePoint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = TemplateWrite)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WriteText {
    /// `never`, `ifBlank`, `ifMoreConfident` or `always`
    #[serde(default = "if_more_confident")]
    pub default: String,
    /// By field
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

fn if_more_confident() -> String {
    "ifMoreConfident".to_owned()
}

impl WriteText {
    fn is_default(&self) -> bool {
        self.fields.is_empty() && (self.default.is_empty() || self.default == if_more_confident())
    }
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TemplatePoint {
    /// `email`, `phone`, …
    pub point: String,
    /// For steps without a rule of their own
    #[serde(default, skip_serializing_if = "AcceptText::is_open")]
    pub accept: AcceptText,
    /// What is still good enough once nobody is left to be asked
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle_for: Option<AcceptText>,
    /// Confirms what a step has found before it counts
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate: Option<Validator>,
    #[serde(default)]
    pub steps: Vec<TemplateStep>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TemplateStep {
    /// Slug; `*` stands for every other provider that can answer
    pub provider: String,
    /// `email.find`, …; what the provider can do for the data point when left out
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    #[serde(default, skip_serializing_if = "ConditionText::is_open")]
    pub when: ConditionText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<AcceptText>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = TemplateValidator)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Validator {
    pub provider: String,
    pub operation: String,
    #[serde(default, skip_serializing_if = "AcceptText::is_open")]
    pub accept: AcceptText,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = TemplateAccept)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptText {
    /// 0 to 1
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_confidence: Option<f64>,
    /// One of these statuses of the address or number
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<String>,
    /// One of these kinds: `mobile`, `business`, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kind: Vec<String>,
    /// An address of a company only
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub corporate: bool,
    /// So many sources say the same
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agree: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = TemplateCondition)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConditionText {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub present: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// ISO 3166-1 alpha-2
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub country_in: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub country_not_in: Vec<String>,
    /// Field and the values it may have
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub is: BTreeMap<String, Vec<String>>,
}

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct TemplateError {
    /// JSON pointer, such as `/points/0/steps/1/provider`; for a file its line stands in the message.
    pub place: String,
    pub message: String,
}

fn wrong(place: impl Into<String>, message: impl Into<String>) -> TemplateError {
    TemplateError { place: place.into(), message: message.into() }
}

/// The templates that ship with the program, by level.
const SHIPPED: [(Level, &str); 3] = [
    (Level::Basic, include_str!("../../../templates/basic.toml")),
    (Level::Standard, include_str!("../../../templates/standard.toml")),
    (Level::Premium, include_str!("../../../templates/premium.toml")),
];

impl Template {
    const LONGEST_NAME: usize = 255;

    /// The shipped template of a level; its slug is the name of the level.
    ///
    /// # Errors
    /// Never, as a test makes sure.
    pub fn of_level(level: Level) -> Result<Self, TemplateError> {
        let shipped = SHIPPED.iter().find(|(own, _)| *own == level).map_or("", |(_, text)| *text);
        Self::from_toml(shipped)
    }

    /// Reads a TOML file.
    ///
    /// # Errors
    /// When it is not TOML, has a key that is unknown, or contradicts itself.
    pub fn from_toml(text: &str) -> Result<Self, TemplateError> {
        let template: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            wrong(format!("line {line}"), error.message())
        })?;
        template.check()?;
        Ok(template)
    }

    /// The same as a file.
    ///
    /// # Errors
    /// When a value cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String, TemplateError> {
        toml::to_string_pretty(self).map_err(|error| wrong("", error.to_string()))
    }

    /// Whether every word in it is one.
    ///
    /// # Errors
    /// The first that is not, with its place.
    pub fn check(&self) -> Result<(), TemplateError> {
        if self.name.trim().is_empty() || self.name.chars().count() > Self::LONGEST_NAME {
            return Err(wrong("/name", format!("must have 1 to {} characters", Self::LONGEST_NAME)));
        }
        self.ceiling()?;
        self.rules()?;
        if self.points.is_empty() {
            return Err(wrong("/points", "names no data point"));
        }
        let mut seen = Vec::new();
        let mut steps = 0;
        for (place, point) in self.points.iter().enumerate() {
            let at = format!("/points/{place}");
            let known = point.data_point().map_err(|error| wrong(format!("{at}/point"), error))?;
            if seen.contains(&known) {
                return Err(wrong(format!("{at}/point"), format!("{} is named twice", point.point)));
            }
            seen.push(known);
            point.check(&at, known)?;
            steps += point.steps.len() * if point.validate.is_some() { 2 } else { 1 };
        }
        if steps > MAX_STEPS {
            return Err(wrong("/points", format!("more than {MAX_STEPS} steps, those of validators included")));
        }
        Ok(())
    }

    /// The ceiling in millionths.
    ///
    /// # Errors
    /// When it is not a decimal with up to six places.
    pub fn ceiling(&self) -> Result<Option<u64>, TemplateError> {
        let Some(text) = &self.row_ceiling else { return Ok(None) };
        let bad = || wrong("/rowCeiling", "must be an amount such as \"0.50\", with up to six decimals");
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 6 {
            return Err(bad());
        }
        format!("{whole}{fraction:0<6}").parse().map(Some).map_err(|_| bad())
    }

    /// What found values may do.
    ///
    /// # Errors
    /// When a word is no rule, or a name no field.
    pub fn rules(&self) -> Result<WriteRules, TemplateError> {
        let rule = |place: &str, word: &str| match word {
            "never" => Ok(WriteRule::Never),
            "ifBlank" => Ok(WriteRule::IfBlank),
            "ifMoreConfident" | "" => Ok(WriteRule::IfMoreConfident),
            "always" => Ok(WriteRule::Always),
            _ => Err(wrong(place, "expected never, ifBlank, ifMoreConfident or always")),
        };
        let default = rule("/write/default", &self.write.default)?;
        let mut fields = Vec::with_capacity(self.write.fields.len());
        for (field, word) in &self.write.fields {
            let place = format!("/write/fields/{field}");
            if !is_field(field) {
                return Err(wrong(place, "no field is called that"));
            }
            fields.push((field.clone(), rule(&place, word)?));
        }
        Ok(WriteRules { default, fields })
    }
}

impl TemplatePoint {
    /// # Errors
    /// When no data point is called that; the text names those that are.
    pub fn data_point(&self) -> Result<DataPoint, String> {
        let known = || DataPoint::ALL.map(DataPoint::name).join(", ");
        DataPoint::from_name(&self.point).ok_or_else(|| format!("expected one of {}", known()))
    }

    fn check(&self, at: &str, point: DataPoint) -> Result<(), TemplateError> {
        self.accept.rule(&format!("{at}/accept"))?;
        if let Some(settle) = &self.settle_for {
            settle.rule(&format!("{at}/settleFor"))?;
        }
        if let Some(validator) = &self.validate {
            operation(&validator.operation, &format!("{at}/validate/operation"))?;
            validator.accept.rule(&format!("{at}/validate/accept"))?;
        }
        if self.steps.is_empty() {
            return Err(wrong(format!("{at}/steps"), "names nobody to ask"));
        }
        for (place, step) in self.steps.iter().enumerate() {
            step.check(&format!("{at}/steps/{place}"), point)?;
        }
        Ok(())
    }
}

impl TemplateStep {
    fn check(&self, at: &str, point: DataPoint) -> Result<(), TemplateError> {
        if self.provider.is_empty() {
            return Err(wrong(format!("{at}/provider"), "names nobody"));
        }
        if let Some(word) = &self.operation {
            let place = format!("{at}/operation");
            if !operation(word, &place)?.points().contains(&point) {
                return Err(wrong(place, format!("{word} does not answer {}", point.name())));
            }
        }
        if let Some(unknown) = self.when.condition().fields().find(|field| !is_field(field)) {
            return Err(wrong(format!("{at}/when"), format!("no field is called {unknown}")));
        }
        if let Some(accept) = &self.accept {
            accept.rule(&format!("{at}/accept"))?;
        }
        Ok(())
    }
}

fn operation(word: &str, place: &str) -> Result<Operation, TemplateError> {
    let known = || Operation::ALL.map(Operation::name).join(", ");
    Operation::from_name(word).ok_or_else(|| wrong(place, format!("expected one of {}", known())))
}

impl AcceptText {
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// # Errors
    /// When the confidence is not between 0 and 1.
    pub fn rule(&self, place: &str) -> Result<AcceptRule, TemplateError> {
        let fraction = self.min_confidence.unwrap_or(0.0);
        if !(0.0..=1.0).contains(&fraction) {
            return Err(wrong(format!("{place}/minConfidence"), "must be between 0 and 1"));
        }
        // Between 0 and 100.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let hundredths = (fraction * 100.0).round() as u8;
        Ok(AcceptRule {
            min_confidence: Confidence::from_hundredths(hundredths),
            status: self.status.clone(),
            kind: self.kind.clone(),
            corporate: self.corporate,
            agree: self.agree.unwrap_or(0),
        })
    }
}

impl ConditionText {
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    pub fn condition(&self) -> RunCondition {
        let is = |(field, values): (&String, &Vec<String>)| FieldIs { field: field.clone(), values: values.clone() };
        RunCondition {
            present: self.present.clone(),
            missing: self.missing.clone(),
            country_in: self.country_in.clone(),
            country_not_in: self.country_not_in.clone(),
            is: self.is.iter().map(is).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"
name = "Careful"
description = "Two sources, or a confirmed one"
rowCeiling = "0.50"

[write]
default = "ifBlank"
fields = { jobTitle = "always" }

[[points]]
point = "email"
accept = { minConfidence = 0.7, status = ["valid"], corporate = true, agree = 2 }
settleFor = { minConfidence = 0.9 }
validate = { provider = "zerobounce", operation = "email.verify", accept = { status = ["valid"] } }
steps = [
    { provider = "apollo", operation = "person.enrich", when = { present = ["linkedInUrl"], is = { emailStatus = ["unknown"] } } },
    { provider = "*", accept = { minConfidence = 0.95 } },
]
"#;

    #[test]
    fn the_shipped_ones_are_well_formed_and_ask_for_what_their_level_promises() {
        for level in [Level::Basic, Level::Standard, Level::Premium] {
            let template = Template::of_level(level).expect("well formed");
            let mut points: Vec<DataPoint> =
                template.points.iter().map(|point| point.data_point().expect("known")).collect();
            let mut promised = level.points().to_vec();
            points.sort_unstable();
            promised.sort_unstable();
            assert_eq!(points, promised, "{level:?}");
        }
    }

    #[test]
    fn a_file_is_read_and_written_as_it_was() {
        let template = Template::from_toml(FULL).expect("well formed");
        assert_eq!(template.ceiling(), Ok(Some(500_000)));
        let again = Template::from_toml(&template.to_toml().expect("written")).expect("read");
        assert_eq!(again, template);
        let json = serde_json::to_string(&template).expect("written");
        assert_eq!(serde_json::from_str::<Template>(&json).expect("read"), template);
        let rules = template.rules().expect("known words");
        assert_eq!((rules.of("jobTitle"), rules.of("phone")), (WriteRule::Always, WriteRule::IfBlank));
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        for (from, to, place) in [
            ("name = \"Careful\"", "name = \" \"", "/name"),
            ("\"0.50\"", "\"much\"", "/rowCeiling"),
            ("\"ifBlank\"", "\"sometimes\"", "/write/default"),
            ("jobTitle = ", "shoeSize = ", "/write/fields/shoeSize"),
            ("point = \"email\"", "point = \"mood\"", "/points/0/point"),
            ("minConfidence = 0.7", "minConfidence = 7", "/points/0/accept/minConfidence"),
            ("\"email.verify\"", "\"email.read\"", "/points/0/validate/operation"),
            ("\"person.enrich\"", "\"company.enrich\"", "/points/0/steps/0/operation"),
            ("\"linkedInUrl\"", "\"shoeSize\"", "/points/0/steps/0/when"),
            ("provider = \"*\"", "provider = \"\"", "/points/0/steps/1/provider"),
            ("description", "colour", "line 3"),
        ] {
            let error = Template::from_toml(&FULL.replacen(from, to, 1)).expect_err(from);
            assert_eq!(error.place, place, "{error}");
        }
    }
}
