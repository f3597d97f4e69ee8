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
//! | a provider vouches for it | as it says, at most 0.95 |
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
    use super::*;

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
