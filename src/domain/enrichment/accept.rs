//! When an answer is good enough: the acceptance rule of a step.
//!
//! A rule looks at the answer, at what earlier answers of the same order said of the same field, and says one of three
//! things: it settles the data point, it does not, or it would if somebody confirmed it.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use super::confidence::Confidence;
use super::data_point::DataPoint;
use super::outcome::{Answer, FoundValue};

/// All parts hold at once; a part that is not there always does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct AcceptRule {
    /// The combined confidence is at least this.
    #[n(0)]
    #[cbor(default)]
    pub min_confidence: Confidence,
    /// The status that goes with the value (of an address, of a number) is one of these.
    #[n(1)]
    #[cbor(default)]
    pub status: Vec<String>,
    /// The kind that goes with the value (`mobile`, `business`) is one of these.
    #[n(2)]
    #[cbor(default)]
    pub kind: Vec<String>,
    /// The address is one of a company: no free, disposable or role address.
    #[n(3)]
    #[cbor(default)]
    pub corporate: bool,
    /// So many different sources say the same; 0 and 1 ask for none but the one.
    #[n(4)]
    #[cbor(default)]
    pub agree: u8,
}

/// What an earlier answer of the same order said of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    pub provider: String,
    pub value: String,
    pub confidence: Confidence,
}

impl AcceptRule {
    /// Whether it lets everything through.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// The value of the data point, with its confidence in the light of `earlier`, if the rule accepts it.
    pub fn accepts(
        &self,
        point: DataPoint,
        provider: &str,
        answer: &Answer,
        earlier: &[Earlier],
    ) -> Option<(FoundValue, Confidence)> {
        let one_of = |allowed: &[String], field: Option<&'static str>| {
            allowed.is_empty()
                || field.is_some_and(|field| named(answer, field).any(|value| allowed.contains(&value.value)))
        };
        if !one_of(&self.status, point.status_field()) || !one_of(&self.kind, point.kind_field()) {
            return None;
        }
        // Who does not know what kind of address it is does not know that it is one of a company.
        if self.corporate && !named(answer, "emailType").any(|value| value.value == "business") {
            return None;
        }
        let best = named(answer, point.field()).max_by_key(|value| value.confidence)?;
        let combined = agreed_confidence(provider, best, earlier);
        let sources = agreeing(provider, best, earlier).len() + 1;
        (combined >= self.min_confidence && sources >= usize::from(self.agree)).then(|| (best.clone(), combined))
    }
}

fn named<'a>(answer: &'a Answer, field: &'a str) -> impl Iterator<Item = &'a FoundValue> {
    answer.values.iter().filter(move |value| value.field == field)
}

/// Other sources that said the same, each once, with the best of its figures.
fn agreeing<'e>(provider: &str, value: &FoundValue, earlier: &'e [Earlier]) -> BTreeSet<&'e str> {
    let same = |one: &&Earlier| one.provider != provider && same_value(&one.value, &value.value);
    earlier.iter().filter(same).map(|one| one.provider.as_str()).collect()
}

/// The confidence of a value that `provider` brings, when `earlier` answers agree or disagree with it.
pub fn agreed_confidence(provider: &str, value: &FoundValue, earlier: &[Earlier]) -> Confidence {
    let best_of = |source: &str, same: bool| {
        let of = earlier.iter().filter(|one| one.provider == source && same_value(&one.value, &value.value) == same);
        of.map(|one| one.confidence).max()
    };
    let sources: BTreeSet<&str> =
        earlier.iter().map(|one| one.provider.as_str()).filter(|one| *one != provider).collect();
    let agree: Vec<Confidence> = sources.iter().filter_map(|source| best_of(source, true)).collect();
    let differ: Vec<Confidence> = sources
        .iter()
        .filter(|source| best_of(source, true).is_none())
        .filter_map(|source| best_of(source, false))
        .collect();
    Confidence::combined(value.confidence, &agree, &differ)
}

/// Two sources rarely agree on letter case.
pub fn same_value(left: &str, right: &str) -> bool {
    left.trim().eq_ignore_ascii_case(right.trim()) || left.trim().to_lowercase() == right.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(values: &[(&str, &str, u8)]) -> Answer {
        let value = |(field, value, confidence): &(&str, &str, u8)| FoundValue {
            field: (*field).to_owned(),
            value: (*value).to_owned(),
            confidence: Confidence::from_hundredths(*confidence),
            about: None,
            evidence: None,
        };
        Answer { values: values.iter().map(value).collect() }
    }

    fn said(provider: &str, value: &str, confidence: u8) -> Earlier {
        let confidence = Confidence::from_hundredths(confidence);
        Earlier { provider: provider.to_owned(), value: value.to_owned(), confidence }
    }

    #[test]
    fn every_part_of_a_rule_can_refuse() {
        let mail =
            answer(&[("email", "ana@acme.com", 80), ("emailStatus", "valid", 80), ("emailType", "business", 90)]);
        let accepts = |rule: &AcceptRule| rule.accepts(DataPoint::Email, "a", &mail, &[]).is_some();
        let rule = AcceptRule {
            min_confidence: Confidence::from_hundredths(80),
            status: vec!["valid".to_owned()],
            kind: Vec::new(),
            corporate: true,
            agree: 1,
        };
        assert!(accepts(&rule));
        assert!(!accepts(&AcceptRule { min_confidence: Confidence::from_hundredths(81), ..rule.clone() }));
        assert!(!accepts(&AcceptRule { status: vec!["catch-all".to_owned()], ..rule.clone() }));
        assert!(!accepts(&AcceptRule { kind: vec!["role".to_owned()], ..rule.clone() }));
        assert!(!accepts(&AcceptRule { agree: 2, ..rule.clone() }));
        let unknown = answer(&[("email", "ana@acme.com", 90)]);
        assert!(rule.accepts(DataPoint::Email, "a", &unknown, &[]).is_none(), "nothing says that it is a company's");
        let phone = answer(&[("phone", "+4915112345678", 70), ("phoneType", "mobile", 90)]);
        let mobile = AcceptRule { kind: vec!["mobile".to_owned()], ..AcceptRule::default() };
        assert!(mobile.accepts(DataPoint::Phone, "a", &phone, &[]).is_some());
        let landline = answer(&[("phone", "+493012345", 70), ("phoneType", "fixed_line", 90)]);
        assert!(mobile.accepts(DataPoint::Phone, "a", &landline, &[]).is_none());
    }

    #[test]
    fn agreement_counts_sources_not_answers() {
        let rule = AcceptRule { agree: 2, ..AcceptRule::default() };
        let mail = answer(&[("email", "Ana@acme.com", 60)]);
        let accepts = |earlier: &[Earlier]| rule.accepts(DataPoint::Email, "a", &mail, earlier).map(|(_, sure)| sure);
        assert_eq!(accepts(&[said("a", "ana@acme.com", 90)]), None, "the same source twice is one source");
        assert_eq!(accepts(&[said("b", "other@acme.com", 90)]), None);
        let together = accepts(&[said("b", "ana@acme.com", 60)]).expect("two sources");
        assert!(together > Confidence::from_hundredths(60));
    }
}
