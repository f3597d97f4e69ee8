//! What a found value may do to a field that has one already.

use minicbor::{Decode, Encode};

use super::confidence::Confidence;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum WriteRule {
    /// The value is kept beside the lead, never in it.
    #[n(0)]
    Never,
    #[n(1)]
    IfBlank,
    /// Where the field is blank, or its value came from a source that was less sure. What a person or a file gave is
    /// taken as certain.
    #[default]
    #[n(2)]
    IfMoreConfident,
    #[n(3)]
    Always,
}

/// The rule for each field: the named ones, else the default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct WriteRules {
    #[n(0)]
    #[cbor(default)]
    pub default: WriteRule,
    #[n(1)]
    #[cbor(default)]
    pub fields: Vec<(String, WriteRule)>,
}

impl WriteRules {
    /// The same for every field.
    pub const fn all(rule: WriteRule) -> Self {
        Self { default: rule, fields: Vec::new() }
    }

    pub fn of(&self, field: &str) -> WriteRule {
        self.fields.iter().find(|(name, _)| name == field).map_or(self.default, |(_, rule)| *rule)
    }
}

impl WriteRule {
    /// Whether a value found with `found` is written over one that is there with `current`; `None`: the field is blank.
    pub fn writes(self, current: Option<Confidence>, found: Confidence) -> bool {
        match self {
            Self::Never => false,
            Self::IfBlank => current.is_none(),
            Self::IfMoreConfident => current.is_none_or(|current| found > current),
            Self::Always => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_writes_what_it_says() {
        let (low, high) = (Confidence::from_hundredths(40), Confidence::from_hundredths(80));
        for (rule, blank, surer, less_sure) in [
            (WriteRule::Never, false, false, false),
            (WriteRule::IfBlank, true, false, false),
            (WriteRule::IfMoreConfident, true, true, false),
            (WriteRule::Always, true, true, true),
        ] {
            assert_eq!(rule.writes(None, low), blank);
            assert_eq!(rule.writes(Some(low), high), surer);
            assert_eq!(rule.writes(Some(high), low), less_sure);
        }
        let rules = WriteRules { default: WriteRule::IfBlank, fields: vec![("phone".to_owned(), WriteRule::Always)] };
        assert_eq!((rules.of("phone"), rules.of("email")), (WriteRule::Always, WriteRule::IfBlank));
    }
}
