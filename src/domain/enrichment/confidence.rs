//! How sure a value is: from what was seen to a figure between 0.00 and 1.00.
//!
//! | what was seen | the value is right with |
//! |---|---|
//! | **e-mail: the verdict** | |
//! | nothing but the form of the address | 0.20 |
//! | a domain that looks misspelled, or gives out throw-away addresses, and takes mail | 0.30 |
//! | the domain has an address but no mail exchange (RFC 5321 5.1) | 0.50 |
//! | the domain names its mail exchanges | 0.70 |
//! | the domain can not be delivered to on the public internet, or has neither exchange nor address | 0.90 |
//! | the domain does not exist | 0.95 |
//! | the domain says that it takes no mail (RFC 7505) | 0.97 |
//! | the text is no address | 1.00 |
//! | **e-mail: its kind** | |
//! | one slip of the keyboard away from a well-known domain: the address that was meant | 0.85 |
//! | domain and mailbox are on none of the lists, so it is a company's | 0.90 |
//! | domain or mailbox is on a list (disposable, free, role) | 0.98 |
//! | **phone number** | |
//! | the area by its longest known prefix | 0.85 |
//! | the kind of line, by the plan of the country | 0.95 |
//! | the plan knows such a number, or knows none; the country it belongs to | 0.97 |
//! | **name, split into its parts** | |
//! | one part only, or a script with an order of its own | 0.72 |
//! | titles, degrees, nicknames, five words and more | 0.82 |
//! | two to four words, or family name, comma, given name | 0.88 |
//! | first and last name were given apart and are joined | 0.97 |
//! | **title: the level** | |
//! | no word names a rank, so it is `mid` | 0.81 |
//! | a rank of the board (many call themselves president or partner) | 0.85 |
//! | any other rank | 0.95 |
//! | **title: the department** | |
//! | a word that hints, or that several departments use | 0.80 |
//! | a function | 0.83 |
//! | no function but an executive rank, so it is the management | 0.91 |
//! | a trade | 0.92 |
//! | the office of a chief, or a role above all departments | 0.94 |
//! | **company** | |
//! | the domain of the address, which is on no list | 0.85 |
//! | the name, in which no legal form was found | 0.90 |
//! | the domain of the website | 0.95 |
//! | the name without the legal form that was found; that form | 0.95 |
//! | the two domains compared | 0.95 |
//! | **any value** | |
//! | a provider vouches for it | as it says, at most 0.95, weighed by the reliability of its manifest |
//! | several providers say the same | 1 minus the product of their doubts, at most 0.99 |
//! | another provider says something else | less by up to three tenths, the surer the other is |
//!
//! The figure speaks of the value, not of what one may hope for: *invalid with 0.95* is nearly certain, and a number that
//! the plan knows may still belong to nobody. More evidence for the same value never lowers it. Where nothing was seen
//! there is no value. The figures of names and titles are the shares that were right in published labelled sets;
//! `tests/suite/calibration.rs` holds all of them to what is observed, decile by decile.

use minicbor::{Decode, Encode};

use crate::domain::job_title::{DepartmentSign, LevelSign, SeniorityLevel};
use crate::domain::person_name::NameSign;

/// Hundredths, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Confidence(#[n(0)] u8);

impl Confidence {
    /// More than 100 is 100.
    pub const fn from_hundredths(hundredths: u8) -> Self {
        Self(if hundredths > 100 { 100 } else { hundredths })
    }

    pub const fn hundredths(self) -> u8 {
        self.0
    }

    /// As a source is worth that is right in `reliability` of a hundred answers that it is sure of.
    #[must_use]
    pub const fn weighed(self, reliability: u8) -> Self {
        let reliability = if reliability > 100 { 100 } else { reliability };
        // Both are at most 100: the product of two figures fits.
        #[allow(clippy::cast_possible_truncation)]
        Self((self.0 as u16 * reliability as u16 / 100) as u8)
    }

    /// What one source says with `own`, when other sources say the same (`agree`) or something else (`differ`).
    ///
    /// Independent sources that agree leave as much doubt as the product of their doubts; one that is sure of something
    /// else takes away up to three tenths. Never above 0.99 unless one source alone is certain. More agreement never
    /// lowers it, more contradiction never raises it.
    #[must_use]
    pub fn combined(own: Self, agree: &[Self], differ: &[Self]) -> Self {
        let best = agree.iter().copied().chain([own]).max().unwrap_or(own);
        let doubt = agree.iter().fold(1.0 - own.as_fraction(), |doubt, one| doubt * (1.0 - one.as_fraction()));
        let together = (1.0 - doubt).min(0.99).max(best.as_fraction());
        let against = differ.iter().copied().max().unwrap_or_default().as_fraction();
        let hundredths = (together * (1.0 - 0.3 * against) * 100.0).round();
        // Between 0 and 100 by construction.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Self::from_hundredths(hundredths as u8)
    }

    /// 0.00 to 1.00.
    pub fn as_fraction(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl serde::Serialize for Confidence {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_fraction())
    }
}

/// What was seen. Within one verdict (it can be mailed, it can not) in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    FormOnly,
    DoubtfulDomain,
    AddressRecord,
    MailExchange,
    /// A provider's own figure, 0 to 100.
    Provider(u8),
    NotOnTheInternet,
    NoMailHost,
    NoSuchDomain,
    RefusesMail,
    NoAddress,
    Slip,
    OnNoList,
    OnList,
    AreaCode,
    LineOfPlan,
    NumberingPlan,
    NameSplit(NameSign),
    NamesJoined,
    Level(LevelSign, SeniorityLevel),
    Department(DepartmentSign),
    DomainOfAddress,
    NoLegalForm,
    DomainOfSite,
    LegalForm,
    DomainsCompared,
}

impl Evidence {
    pub const fn confidence(self) -> Confidence {
        Confidence::from_hundredths(match self {
            Self::FormOnly => 20,
            Self::DoubtfulDomain => 30,
            Self::AddressRecord => 50,
            Self::MailExchange => 70,
            Self::Provider(figure) => {
                if figure > 95 {
                    95
                } else {
                    figure
                }
            }
            Self::NotOnTheInternet | Self::NoMailHost => 90,
            Self::NoSuchDomain => 95,
            Self::RefusesMail => 97,
            Self::NoAddress => 100,
            Self::Slip | Self::AreaCode | Self::DomainOfAddress => 85,
            Self::OnNoList | Self::NoLegalForm => 90,
            Self::OnList => 98,
            Self::LineOfPlan | Self::DomainOfSite | Self::LegalForm | Self::DomainsCompared => 95,
            Self::NumberingPlan | Self::NamesJoined => 97,
            Self::NameSplit(NameSign::Unusual) => 72,
            Self::NameSplit(NameSign::Involved) => 82,
            Self::NameSplit(NameSign::Plain) => 88,
            Self::Level(LevelSign::None, _) => 81,
            Self::Level(LevelSign::Rank, SeniorityLevel::CSuite) => 85,
            Self::Level(LevelSign::Rank, _) => 95,
            // No value is given on the strength of nothing.
            Self::Department(DepartmentSign::None) => 0,
            Self::Department(DepartmentSign::Hint) => 80,
            Self::Department(DepartmentSign::Function) => 83,
            Self::Department(DepartmentSign::Level) => 91,
            Self::Department(DepartmentSign::Trade) => 92,
            Self::Department(DepartmentSign::Office) => 94,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sure(hundredths: &[u8]) -> Vec<Confidence> {
        hundredths.iter().map(|one| Confidence::from_hundredths(*one)).collect()
    }

    proptest! {
        #[test]
        fn agreement_raises_contradiction_lowers_and_all_stays_within_the_scale(
            own in 0_u8..=100,
            more in 0_u8..=100,
            agree in prop::collection::vec(0_u8..=100, 0..4),
            differ in prop::collection::vec(0_u8..=100, 0..4),
            other in 0_u8..=100,
        ) {
            let of = |own: u8, agree: &[u8], differ: &[u8]| {
                Confidence::combined(Confidence::from_hundredths(own), &sure(agree), &sure(differ))
            };
            let (agree, differ) = (agree.as_slice(), differ.as_slice());
            let figure = of(own, agree, differ);
            prop_assert!(figure.hundredths() <= 100);
            prop_assert!(of(own.max(more), agree, differ) >= figure);
            prop_assert!(of(own, &[agree, &[other]].concat(), differ) >= figure);
            prop_assert!(of(own, agree, &[differ, &[other]].concat()) <= figure);
            prop_assert_eq!(of(own, &[], &[]).hundredths(), own);
            prop_assert!(Confidence::from_hundredths(own).weighed(other).hundredths() <= own.min(other));
        }
    }

    #[test]
    fn more_evidence_for_the_same_verdict_never_lowers_the_figure() {
        let rising =
            |evidence: &[Evidence]| evidence.windows(2).all(|pair| pair[0].confidence() <= pair[1].confidence());
        assert!(rising(&[
            Evidence::FormOnly,
            Evidence::DoubtfulDomain,
            Evidence::AddressRecord,
            Evidence::MailExchange,
            Evidence::Provider(99),
        ]));
        assert!(rising(&[
            Evidence::NotOnTheInternet,
            Evidence::NoMailHost,
            Evidence::NoSuchDomain,
            Evidence::RefusesMail,
            Evidence::NoAddress,
        ]));
        assert!(rising(&[Evidence::OnNoList, Evidence::OnList]));
        assert!(rising(&[NameSign::Unusual, NameSign::Involved, NameSign::Plain].map(Evidence::NameSplit)));
        for level in SeniorityLevel::ALL {
            assert!(rising(&[LevelSign::None, LevelSign::Rank].map(|sign| Evidence::Level(sign, level))));
        }
        use DepartmentSign::{Function, Hint, Level, None, Office, Trade};
        assert!(rising(&[None, Hint, Function, Level, Trade, Office].map(Evidence::Department)));
        assert!(rising(&[Evidence::DomainOfAddress, Evidence::DomainOfSite]));
        assert!(rising(&[Evidence::NoLegalForm, Evidence::LegalForm]));
        for figure in 0..255 {
            assert!(Evidence::Provider(figure).confidence() <= Evidence::Provider(figure + 1).confidence());
        }
    }

    #[test]
    fn it_is_shown_as_a_fraction() {
        assert_eq!(serde_json::to_string(&Confidence::from_hundredths(70)).unwrap(), "0.7");
        assert_eq!(Confidence::from_hundredths(255).as_fraction(), 1.0);
    }
}
