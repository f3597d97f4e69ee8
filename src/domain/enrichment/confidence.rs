//! How sure a value is: from what was seen to a figure between 0.00 and 1.00.
//!
//! | what was seen | the value is right with |
//! |---|---|
//! | nothing but the form of the address | 0.20 |
//! | a domain that looks misspelled, or gives out throw-away addresses, and takes mail | 0.30 |
//! | the domain has an address but no mail exchange (RFC 5321 5.1) | 0.50 |
//! | the domain names its mail exchanges | 0.70 |
//! | a provider vouches for the value | as it says, at most 0.95 |
//! | the domain can not be delivered to on the public internet, or has neither exchange nor address | 0.90 |
//! | the domain does not exist | 0.95 |
//! | the domain says that it takes no mail (RFC 7505) | 0.97 |
//! | the text is no address | 1.00 |
//!
//! The figure speaks of the verdict, not of the mailbox: *invalid with 0.95* is nearly certain. More evidence for the
//! same verdict never lowers it.

use minicbor::{Decode, Encode};

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
