//! Phone numbers against libphonenumber's examples.

use galena::domain::phone::{LineType, Phone, Region};

use crate::shared_data;

#[derive(serde::Deserialize)]
struct Cases {
    examples: Vec<Example>,
    invalid: Vec<Invalid>,
}

#[derive(serde::Deserialize)]
struct Example {
    region: String,
    #[serde(rename = "type")]
    kind: String,
    e164: String,
    international: String,
    national: String,
    rfc3966: String,
}

#[derive(serde::Deserialize)]
struct Invalid {
    region: String,
    input: String,
    national: String,
}

fn line_type(kind: &str) -> Option<LineType> {
    Some(match kind {
        "MOBILE" => LineType::Mobile,
        "FIXED_LINE" => LineType::FixedLine,
        "FIXED_LINE_OR_MOBILE" => LineType::FixedLineOrMobile,
        "TOLL_FREE" => LineType::TollFree,
        "PREMIUM_RATE" => LineType::PremiumRate,
        "SHARED_COST" => LineType::SharedCost,
        "VOIP" => LineType::Voip,
        "PERSONAL_NUMBER" => LineType::Personal,
        "PAGER" => LineType::Pager,
        "UAN" => LineType::CompanyWide,
        "VOICEMAIL" => LineType::Voicemail,
        _ => return None,
    })
}

#[test]
fn four_spellings_give_one_number_and_invalid_ones_are_told() {
    let Some(text) = shared_data::read("data/phone/libphonenumber-examples.json") else { return };
    let cases: Cases = serde_json::from_str(&text).expect("examples and invalid numbers");
    let (mut spellings, mut right, mut types) = (0, 0, 0);
    for example in &cases.examples {
        let region = Region::from_code(&example.region);
        for spelling in [&example.e164, &example.international, &example.national, &example.rfc3966] {
            spellings += 1;
            match Phone::parse(spelling, region) {
                Ok(phone) if phone.e164 == example.e164 => right += 1,
                other => println!("{} {spelling}: {other:?}, not {}", example.region, example.e164),
            }
        }
        types += usize::from(
            Phone::parse(&example.e164, None).ok().map(|phone| phone.line_type) == line_type(&example.kind),
        );
    }
    let flagged = cases
        .invalid
        .iter()
        .filter(|case| {
            let region = Region::from_code(&case.region);
            let is_flagged = Phone::parse(&case.input, region).is_err();
            if !is_flagged || Phone::parse(&case.national, region).is_ok() {
                println!("{} {} ({}) is taken for valid", case.region, case.input, case.national);
            }
            is_flagged
        })
        .count();
    println!(
        "phone: {right} of {spellings} spellings, {types} of {} line types, {flagged} of {} invalid ones",
        cases.examples.len(),
        cases.invalid.len()
    );
    assert!(right * 1000 >= spellings * 995, "{right} of {spellings}");
    assert!(flagged * 100 >= cases.invalid.len() * 97, "{flagged}");
    assert!(types * 100 >= cases.examples.len() * 97, "{types}");
}
