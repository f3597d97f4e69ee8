//! What every answer goes through before it counts: its figures are weighed by the reliability of the source, and an
//! address whose kind it does not tell is looked up in the lists of this box.

use super::lists::{DomainKind, Lists};
use crate::domain::email::Email;
use crate::domain::enriched_field::EnrichedField;
use crate::domain::enrichment::{Answer, Evidence, FoundValue, Outcome};

/// Weighs and completes the answer of an outside provider.
pub fn refined(outcome: Outcome, reliability: u8, lists: &Lists) -> Outcome {
    match outcome {
        Outcome::Found(answer) => Outcome::Found(refine(answer, reliability, lists)),
        Outcome::Partial(answer) => Outcome::Partial(refine(answer, reliability, lists)),
        other => other,
    }
}

fn refine(mut answer: Answer, reliability: u8, lists: &Lists) -> Answer {
    for value in &mut answer.values {
        value.confidence = value.confidence.weighed(reliability);
    }
    let kind = EnrichedField::EmailType.name();
    if !answer.values.iter().any(|value| value.field == kind) {
        let address = answer.values.iter().find(|value| value.field == "email").map(|value| value.value.clone());
        answer.values.extend(address.and_then(|address| kind_of(address, lists)));
    }
    answer
}

fn kind_of(address: String, lists: &Lists) -> Option<FoundValue> {
    let email = Email::parse(&address).ok()?;
    let (word, evidence) = match lists.kind(email.domain()) {
        Some(DomainKind::Disposable) => ("disposable", Evidence::OnList),
        _ if lists.is_role(email.local()) => ("role", Evidence::OnList),
        Some(_) => ("free", Evidence::OnList),
        None => ("business", Evidence::OnNoList),
    };
    Some(FoundValue {
        field: EnrichedField::EmailType.name().to_owned(),
        value: word.to_owned(),
        confidence: evidence.confidence(),
        about: Some(address),
        evidence: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::enrichment::Confidence;

    #[test]
    fn an_address_gets_its_kind_and_figures_are_weighed() {
        let lists = Lists::embedded().expect("the lists open");
        for (address, kind) in [
            ("ana.roe@acme-widgets.com", "business"),
            ("info@acme-widgets.com", "role"),
            ("ana@gmail.com", "free"),
            ("ana@mailinator.com", "disposable"),
        ] {
            let value = FoundValue {
                field: "email".to_owned(),
                value: address.to_owned(),
                confidence: Confidence::from_hundredths(80),
                about: None,
                evidence: None,
            };
            let Outcome::Found(answer) = refined(Outcome::Found(Answer { values: vec![value] }), 50, &lists) else {
                panic!("found stays found")
            };
            assert_eq!(answer.values[0].confidence.hundredths(), 40);
            assert_eq!(answer.values[1].value, kind, "{address}");
        }
    }
}
