//! `[quality]`

use super::section::section;
use crate::domain::quality::QualityWeights;

section! {
    /// The data quality score of a lead: the points each part can give. A changed weight counts for a lead when it is next
    /// written.
    pub struct Quality = "quality" {
        /// Full name, LinkedIn URL, title, company and location, a fifth each.
        pub required: u32 = 30;
        /// A valid e-mail address ...
        pub email_valid: u32 = 30;
        /// ... or one that nothing certain is known of.
        pub email_unsure: u32 = 20;
        /// Website, industry and size, a third each.
        pub company: u32 = 20;
        /// A job title.
        pub title: u32 = 10;
        /// City, and state or country, a half each.
        pub location: u32 = 10;
    }
}

impl Quality {
    pub const fn weights(&self) -> QualityWeights {
        let Self { required, email_valid, email_unsure, company, title, location } = *self;
        QualityWeights { required, email_valid, email_unsure, company, title, location }
    }

    /// What a lead with everything has.
    pub const fn most(&self) -> u64 {
        self.required as u64 + self.email_valid as u64 + self.company as u64 + self.title as u64 + self.location as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_rule_and_add_up() {
        assert_eq!(Quality::default().weights(), QualityWeights::default());
        assert_eq!(Quality::default().most(), 100);
    }
}
