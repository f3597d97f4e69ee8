//! Job titles against 500 labelled ones, and the share of 73,000 titles that no word is known of.

use galena::domain::job_title::{Department, JobTitle, SeniorityLevel};

use crate::shared_data;

/// The labels know three levels above the rest; `Manager` and `Other` are all that is below an executive.
fn level_of_label(label: &str) -> &'static str {
    match label {
        "C-Suite" => "c-suite",
        "VP" | "Director" => "executive",
        _ => "below",
    }
}

fn level(title: JobTitle) -> &'static str {
    match title.seniority_level {
        SeniorityLevel::CSuite => "c-suite",
        SeniorityLevel::Executive => "executive",
        _ => "below",
    }
}

/// The labels' areas by department. `Business` and `Other` are one here: the labels tell them apart by level and not by
/// function (a director of finance is Business, an accounting manager Other).
fn area(title: JobTitle) -> &'static str {
    match title.department {
        Department::Sales | Department::Marketing => "Sales-Marketing",
        Department::Engineering | Department::It | Department::Research | Department::Design => "Technical",
        Department::GeneralManagement
        | Department::BusinessDevelopment
        | Department::CustomerSuccess
        | Department::Product
        | Department::Operations
        | Department::Finance
        | Department::Hr
        | Department::Legal
        | Department::Media
        | Department::Education
        | Department::Healthcare
        | Department::Other => "Business or Other",
    }
}

/// The four areas, the level deciding between the two that are one above.
fn area_by_level(title: JobTitle) -> &'static str {
    match (area(title), level(title)) {
        ("Business or Other", "below") => "Other",
        ("Business or Other", _) => "Business",
        (area, _) => area,
    }
}

#[test]
fn levels_and_areas_are_those_of_the_labels() {
    let Some(text) = shared_data::read("data/titles/job-titles-level-area.csv") else { return };
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let (mut all, mut levels, mut areas, mut labelled, mut four) = (0, 0, 0, 0, 0);
    for record in reader.records() {
        let record = record.expect("a row");
        let (title, label, labelled_area) = (&record[0], &record[1], &record[2]);
        let Some(read) = JobTitle::read(title) else { panic!("{title} is no title") };
        all += 1;
        let right = level(read) == level_of_label(label);
        levels += usize::from(right);
        if !right {
            println!("level of {title:?}: {}, not {label}", read.seniority_level.name());
        }
        // A few titles have no area.
        if labelled_area.is_empty() {
            continue;
        }
        labelled += 1;
        let expected = if matches!(labelled_area, "Business" | "Other") { "Business or Other" } else { labelled_area };
        areas += usize::from(area(read) == expected);
        four += usize::from(area_by_level(read) == labelled_area);
        if area(read) != expected {
            println!("area of {title:?}: {}, not {labelled_area}", read.department.name());
        }
    }
    println!("titles: level {levels} of {all}; area {areas} of {labelled}, all four areas by level {four}");
    assert!(levels * 100 >= all * 93, "{levels} of {all}");
    assert!(areas * 100 >= labelled * 85, "{areas} of {labelled}");
}

#[test]
fn most_titles_of_the_wild_have_a_department() {
    let Some(titles) = shared_data::unpacked("data/titles/job-titles-70k.txt.zst") else { return };
    let mut departments = std::collections::BTreeMap::new();
    let mut all = 0;
    for title in titles.lines().filter(|title| title.chars().any(char::is_alphabetic)) {
        let department = JobTitle::read(title).expect("a title").department.name();
        *departments.entry(department).or_insert(0usize) += 1;
        all += 1;
    }
    println!("{all} titles: {departments:?}");
    let other = departments.get("other").copied().unwrap_or_default();
    println!("titles of no department: {:.3}", other as f64 / all as f64);
    assert!(other * 100 <= all * 15, "{other} of {all}");
}
