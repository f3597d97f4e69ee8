use proptest::prelude::*;

use super::*;

/// prefix, first, middle, last, suffix
fn parts(full_name: &str) -> [String; 5] {
    let name = PersonName::parse(full_name);
    [name.prefix, name.first, name.middle, name.last, name.suffix]
}

#[test]
fn western_names_are_split() {
    for (text, expected) in [
        ("Anna Meier", ["", "Anna", "", "Meier", ""]),
        ("  anna   meier ", ["", "anna", "", "meier", ""]),
        ("Dr. Anna Maria Meier", ["Dr.", "Anna", "Maria", "Meier", ""]),
        ("Herr Prof. Dr. Jan Meier", ["Herr Prof. Dr.", "Jan", "", "Meier", ""]),
        ("Frau Meier", ["Frau", "", "", "Meier", ""]),
        ("Mme Claire Dubois", ["Mme", "Claire", "", "Dubois", ""]),
        ("Meier, Anna", ["", "Anna", "", "Meier", ""]),
        ("Meier, Dr. Anna", ["Dr.", "Anna", "", "Meier", ""]),
        ("van der Berg, Jan", ["", "Jan", "", "van der Berg", ""]),
        ("Jan van der Berg", ["", "Jan", "", "van der Berg", ""]),
        ("Ludwig von Beethoven", ["", "Ludwig", "", "von Beethoven", ""]),
        ("Beethoven, Ludwig van", ["", "Ludwig", "", "van Beethoven", ""]),
        ("Maria de la Cruz", ["", "Maria", "", "de la Cruz", ""]),
        ("Lucia Della Rovere", ["", "Lucia", "", "Della Rovere", ""]),
        ("Osama bin Zayed", ["", "Osama", "", "bin Zayed", ""]),
        ("Harun al Rashid", ["", "Harun", "", "al Rashid", ""]),
        ("John Smith Jr.", ["", "John", "", "Smith", "Jr."]),
        ("John Smith III", ["", "John", "", "Smith", "III"]),
        ("John Q. Smith, PhD, MBA", ["", "John", "Q.", "Smith", "PhD, MBA"]),
        ("John Smith MBA", ["", "John", "", "Smith", "MBA"]),
        ("John Smith Jr. Attorney General", ["", "John", "", "Smith", "Jr. Attorney General"]),
        ("Juan Garcia Y Lopez", ["", "Juan", "Garcia Y", "Lopez", ""]),
        ("NASCIMENTO, EDSON ARANTES DO", ["", "EDSON", "ARANTES", "DO NASCIMENTO", ""]),
        ("Jack Ma", ["", "Jack", "", "Ma", ""]),
        ("Van Johnson", ["", "Van", "", "Johnson", ""]),
        ("Juan Garcia y Lopez", ["", "Juan", "", "Garcia y Lopez", ""]),
        ("García Márquez, Gabriel", ["", "Gabriel", "", "García Márquez", ""]),
        ("Anna-Lena Meier-Schulz", ["", "Anna-Lena", "", "Meier-Schulz", ""]),
        ("Wm Smith", ["", "Wm", "", "Smith", ""]),
        ("Cher", ["", "Cher", "", "", ""]),
        ("", ["", "", "", "", ""]),
        (" , ", ["", "", "", "", ""]),
    ] {
        assert_eq!(parts(text), expected, "{text:?}");
    }
}

#[test]
fn nicknames_and_maiden_names_stand_aside() {
    let name = PersonName::parse("John \"Jack\" Smith (née Jones)");
    assert_eq!((&*name.first, &*name.last, &*name.nickname, &*name.maiden), ("John", "Smith", "Jack", "Jones"));
    let name = PersonName::parse("Jane Doe née Smith");
    assert_eq!((&*name.last, &*name.maiden), ("Doe", "Smith"));
    let name = PersonName::parse("Smith nee Jones, Jane MA");
    assert_eq!((&*name.first, &*name.last, &*name.maiden, &*name.suffix), ("Jane", "Smith", "Jones", "MA"));
    let name = PersonName::parse("Maria Kowalska z domu Nowak");
    assert_eq!((&*name.last, &*name.maiden), ("Kowalska", "Nowak"));
    assert_eq!(parts("Jones, Nee Ann"), ["", "Nee", "Ann", "Jones", ""]);
}

#[test]
fn east_asian_names_keep_their_order() {
    for (text, first, last) in [
        ("田中 太郎", "太郎", "田中"),
        ("김민준", "민준", "김"),
        ("김 민준 씨", "민준", "김"),
        ("김민준씨", "민준", "김"),
        ("김민준.", "민준", "김"),
        ("田中, 太郎さん", "太郎", "田中"),
        ("毛泽东", "", "毛泽东"),
        ("マイケル ジャクソン", "マイケル", "ジャクソン"),
        ("威廉·莎士比亚", "威廉", "莎士比亚"),
    ] {
        let name = PersonName::parse(text);
        assert_eq!((&*name.first, &*name.last), (first, last), "{text}");
    }
    assert_eq!(PersonName::join("太郎", "田中"), "田中太郎");
    assert_eq!(PersonName::join("Anna", " Meier "), "Anna Meier");
    assert_eq!(PersonName::join("", "Meier"), "Meier");
    assert_eq!(PersonName::parse("Dr. Anna P. van Dam MBA").full(), "Anna P. van Dam");
}

fn letters(text: &str) -> Vec<char> {
    let mut letters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    letters.sort_unstable();
    letters
}

proptest! {
    #[test]
    fn no_word_is_lost(words in proptest::collection::vec("(Anna|Meier|van|der|Dr\\.|PhD|MA|Jr|I|y|de|née|Prof|St|Abd|田中|김민준|씨|Smith,|,|\\(Bob\\)|X\\.)", 0..7)) {
        let text = words.join(" ");
        let name = PersonName::parse(&text);
        let all = [name.prefix, name.first, name.middle, name.last, name.suffix, name.nickname, name.maiden].join(" ");
        // Only the word that announces a maiden name may go.
        let markers = text.matches("née").count() - all.matches("née").count();
        prop_assert_eq!(letters(&format!("{all}{}", "née".repeat(markers))), letters(&text), "{} -> {}", text, all);
    }

    #[test]
    fn a_plain_name_comes_back(first in "[A-Z][a-z]{3,8}", last in "[A-Z][a-z]{5,8}") {
        let name = PersonName::parse(&PersonName::join(&first, &last));
        prop_assume!(name.prefix.is_empty() && name.suffix.is_empty());
        prop_assert_eq!((name.first.as_str(), name.last.as_str()), (first.as_str(), last.as_str()));
        prop_assert_eq!(PersonName::parse(&format!("{last}, {first}")), name);
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        PersonName::parse(&text);
    }
}
