//! Tickets of submitted work: the group that is collected together, and the place of one request in it.
//!
//! A ticket is `milliseconds~name#place`: when the work was submitted, what the vendor calls it, and which of its
//! requests this is. What stands before `#` is the same for all requests of one submission.

use std::time::Duration;

use super::template::{percent_decoded, percent_encoded};
use crate::domain::time::Time;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub submitted: Time,
    /// What the vendor calls the work; empty where the same request is sent again.
    pub name: String,
    pub place: usize,
}

impl Ticket {
    pub fn write(&self) -> String {
        format!("{}~{}#{}", self.submitted.0, percent_encoded(&self.name).replace('~', "%7E"), self.place)
    }

    /// Nothing for what is no ticket of ours.
    pub fn read(text: &str) -> Option<Self> {
        let (group, place) = text.rsplit_once('#')?;
        let (submitted, name) = group.split_once('~')?;
        Some(Self {
            submitted: Time(submitted.parse().ok()?),
            name: percent_decoded(name)?,
            place: place.parse().ok()?,
        })
    }

    pub fn is_over(&self, deadline: Duration, now: Time) -> bool {
        now.since(self.submitted) > deadline
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(name in "\\PC{0,20}", place in 0_usize..1000, at in 0_i64..4_000_000_000_000) {
            let ticket = Ticket { submitted: Time(at), name, place };
            let text = ticket.write();
            prop_assert_eq!(text.matches('#').count(), 1);
            prop_assert_eq!(Ticket::read(&text), Some(ticket));
        }

        #[test]
        fn any_text_is_survived(text in "\\PC{0,40}") {
            let _ = Ticket::read(&text);
        }
    }
}
