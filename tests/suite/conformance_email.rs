//! E-mail syntax against the cases of isemail.

use galena::domain::email::Email;

use crate::shared_data;

#[derive(serde::Deserialize)]
struct Case {
    address: String,
    lead_expectation: String,
    diagnosis: String,
}

#[test]
fn isemail_cases_are_accepted_and_rejected() {
    let Some(text) = shared_data::read("data/email/isemail-tests-original.json") else { return };
    let cases: Vec<Case> = serde_json::from_str(&text).expect("a list of cases");
    let score = |expectation: &str, is_accepted: bool| {
        let of_kind = cases.iter().filter(|case| case.lead_expectation == expectation);
        let (right, wrong): (Vec<_>, Vec<_>) =
            of_kind.partition(|case| Email::parse(&case.address).is_ok() == is_accepted);
        for case in wrong {
            println!("{expectation}: {:?} {} {:?}", case.address, case.diagnosis, Email::parse(&case.address));
        }
        right.len()
    };
    let (accepted, rejected) = (score("accept", true), score("reject", false));
    println!("isemail: accepted {accepted} of 42, rejected {rejected} of 171");
    assert!(accepted >= 39, "accepted {accepted}");
    assert!(rejected >= 170, "rejected {rejected}");
}
