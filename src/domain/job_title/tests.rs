use proptest::prelude::*;

use super::*;

fn read(title: &str) -> (&'static str, &'static str) {
    let title = JobTitle::read(title).expect("a title");
    (title.seniority_level.name(), title.department.name())
}

#[test]
fn titles_have_a_level_and_a_department() {
    for (title, level, department) in [
        ("CEO & Founder", "c-suite", "general_management"),
        ("Chief Marketing Officer", "c-suite", "marketing"),
        ("CTO", "c-suite", "engineering"),
        ("Chief Operating Officer", "c-suite", "operations"),
        ("Chairman of the Board", "c-suite", "general_management"),
        ("President", "c-suite", "general_management"),
        ("President, Americas", "c-suite", "general_management"),
        ("President of North America", "executive", "general_management"),
        ("President & General Manager", "executive", "general_management"),
        ("VP of Sales and Marketing", "executive", "sales"),
        ("Vice President, Engineering", "executive", "engineering"),
        ("Assistant Vice President", "executive", "general_management"),
        ("Director, IT", "executive", "it"),
        ("Deputy Director", "executive", "general_management"),
        ("Managing Director", "executive", "general_management"),
        ("Head of People", "executive", "hr"),
        ("Deputy CFO", "executive", "finance"),
        ("Head Chef", "senior", "operations"),
        ("Chief of Staff", "senior", "general_management"),
        ("Chief Engineer", "senior", "engineering"),
        ("Sales Manager", "senior", "sales"),
        ("Senior Software Engineer", "senior", "engineering"),
        ("Engineering Team Lead", "senior", "engineering"),
        ("Assistant Manager", "mid", "operations"),
        ("Account Executive", "mid", "sales"),
        ("Product Owner", "mid", "product"),
        ("Lead Generation Specialist", "mid", "marketing"),
        ("Data Scientist", "mid", "research"),
        ("UX Designer", "mid", "design"),
        ("Corporate Attorney", "senior", "legal"),
        ("Executive Assistant to the CEO", "entry", "operations"),
        ("Assistant to the Managing Director", "entry", "operations"),
        ("CEO Assistant", "entry", "general_management"),
        ("Sales Associate", "entry", "sales"),
        ("Intern", "entry", "other"),
        ("Product Manager (MBA Intern)", "entry", "product"),
        ("Business Development Manager", "senior", "business_development"),
        ("Director, Office of the CTO", "executive", "engineering"),
        ("CTO @ Acme Bank", "c-suite", "engineering"),
    ] {
        assert_eq!(read(title), (level, department), "{title}");
    }
}

#[test]
fn titles_of_other_languages_are_read() {
    for (title, level, department) in [
        ("Geschäftsführer", "c-suite", "general_management"),
        ("Assistentin der Geschäftsführung", "entry", "operations"),
        ("Vertriebsleiter", "executive", "sales"),
        ("Leiterin Marketing und Kommunikation", "executive", "marketing"),
        ("Softwareentwickler", "mid", "engineering"),
        ("Werkstudent Personalabteilung", "entry", "hr"),
        ("Président-directeur général", "c-suite", "general_management"),
        ("Directrice des ressources humaines", "executive", "hr"),
        ("Stagiaire marketing", "entry", "marketing"),
        ("Responsable des achats", "senior", "operations"),
        ("Director de Ventas", "executive", "sales"),
        ("Gerente General", "c-suite", "general_management"),
        ("Jefa de recursos humanos", "senior", "hr"),
        ("Amministratore delegato", "c-suite", "general_management"),
        ("Responsabile acquisti", "senior", "operations"),
        ("Direttore commerciale", "executive", "sales"),
        ("Algemeen directeur", "c-suite", "general_management"),
        ("Hoofd Inkoop", "executive", "operations"),
        ("Diretora Financeira", "executive", "finance"),
        ("Desenvolvedor Sênior", "senior", "engineering"),
    ] {
        assert_eq!(read(title), (level, department), "{title}");
    }
}

#[test]
fn what_has_no_letter_is_no_title() {
    assert_eq!(JobTitle::read(""), None);
    assert_eq!(JobTitle::read(" - 12"), None);
    assert_eq!(read("営業部長"), ("mid", "other"));
}

proptest! {
    #[test]
    fn no_text_panics_and_case_says_nothing(title in "\\PC{0,30}|(CEO|Head|of|to|the|Sales|&|,|-|R&D|V.P.|Chief|President|Assistant| ){0,8}") {
        let read = JobTitle::read(&title);
        if title.is_ascii() && !title.contains("a.i.") {
            prop_assert_eq!(JobTitle::read(&title.to_ascii_lowercase()).map(|t| t.department), read.map(|t| t.department));
        }
    }
}
