//! The filter language of the product as a clause of the index.
//!
//! A number of a filter is compared with texts that are numbers, any other value with all texts as a text.

use std::ops::Bound;

use super::error::QueryError;
use super::field::SearchField;
use super::filter::{Clause, Test, Value};
use crate::domain::filter::{self, Filter, FlagField, IdField, KeywordField, Op, TextField, TextOperand, TimeField};
use crate::domain::id::{Id, JobId, LeadId, ListId, UserId};
use crate::domain::lead::LeadField;

impl TryFrom<&Filter> for Clause {
    type Error = QueryError;

    fn try_from(filter: &Filter) -> Result<Self, QueryError> {
        let all = |filters: &[Filter]| filters.iter().map(Self::try_from).collect::<Result<Vec<_>, _>>();
        match filter {
            Filter::And(filters) => Ok(Self::All(all(filters)?)),
            Filter::Or(filters) => Ok(Self::Any(all(filters)?)),
            Filter::Not(filter) => Ok(Self::Not(Box::new(Self::try_from(&**filter)?))),
            Filter::Test(test) => clause_of(test),
        }
    }
}

fn clause_of(test: &filter::Test) -> Result<Clause, QueryError> {
    match test {
        filter::Test::Text { field, op, operands } => text(field, *op, operands),
        filter::Test::Tags { op, operands } => texts(SearchField::Tags, *op, operands),
        filter::Test::QualityScore { op, operands } => {
            clause(SearchField::QualityScore, *op, operands.iter().map(|number| Value::Number(*number)).collect())
        }
        #[allow(clippy::cast_precision_loss)] // milliseconds stay far below 2^53
        filter::Test::Time { field, op, operands } => {
            let field = match field {
                TimeField::CreatedAt => SearchField::CreatedAt,
                TimeField::UpdatedAt => SearchField::UpdatedAt,
                TimeField::EnrichedAt => SearchField::EnrichedAt,
                TimeField::DataCollectedAt => SearchField::DataCollectedAt,
            };
            clause(field, *op, operands.iter().map(|time| Value::Number(time.0 as f64)).collect())
        }
        filter::Test::Keyword { field, op, operands } => {
            let field = match field {
                KeywordField::EnrichmentStatus => SearchField::EnrichmentStatus,
                KeywordField::EmailStatus => SearchField::EmailStatus,
            };
            clause(field, *op, operands.iter().map(|name| Value::from(*name)).collect())
        }
        filter::Test::Id { field, op, operands } => {
            let (field, shown): (_, fn(u64) -> String) = match field {
                IdField::Id => (SearchField::Id, |id| LeadId::from_u64(id).to_string()),
                IdField::ListId => (SearchField::List, |id| ListId::from_u64(id).to_string()),
                IdField::Owner => (SearchField::Owner, |id| UserId::from_u64(id).to_string()),
                IdField::EnrichmentJobId => (SearchField::EnrichmentJob, |id| JobId::from_u64(id).to_string()),
            };
            clause(field, *op, operands.iter().map(|id| Value::Text(shown(*id))).collect())
        }
        filter::Test::Flag { field, op, operands } => {
            let field = match field {
                FlagField::IsQualified => SearchField::IsQualified,
                FlagField::EmailVerified => SearchField::EmailVerified,
            };
            clause(field, *op, operands.iter().map(|flag| Value::Bool(*flag)).collect())
        }
        filter::Test::MissingFields { op, operands } => Ok(missing_fields(*op, operands)),
    }
}

fn folded(operand: &TextOperand) -> Value {
    Value::Text(operand.folded.clone())
}

fn text(field: &TextField, op: Op, operands: &[TextOperand]) -> Result<Clause, QueryError> {
    let field = match field {
        TextField::Lead(field) => SearchField::Lead(*field),
        TextField::Custom(name) => SearchField::Custom(name.clone()),
        TextField::Enriched(fact) => SearchField::Enriched(*fact),
        TextField::Source => SearchField::Source,
        TextField::DataSource => SearchField::DataSource,
        TextField::Domain => SearchField::Domain,
    };
    texts(field, op, operands)
}

fn texts(field: SearchField, op: Op, operands: &[TextOperand]) -> Result<Clause, QueryError> {
    let by_number = matches!(op, Op::Eq | Op::Ne | Op::In | Op::Gt | Op::Gte | Op::Lt | Op::Lte)
        || op == Op::Between && operands.iter().all(|operand| operand.number.is_some());
    let value = |operand: &TextOperand| match operand.number {
        Some(number) if by_number => Value::Number(number),
        _ => folded(operand),
    };
    clause(field, op, operands.iter().map(value).collect())
}

/// One test, its values in the order of the operator.
fn clause(field: SearchField, op: Op, values: Vec<Value>) -> Result<Clause, QueryError> {
    let name = field.to_string();
    let missing = || QueryError::UnsupportedTest { field: name.clone(), op: op.name() };
    let mut each = values.iter().cloned();
    let mut next = || each.next().ok_or_else(missing);
    let range = |from, to| Test::Range { from, to };
    let test = match op {
        Op::Eq => Test::Eq(next()?),
        Op::Ne => Test::Ne(next()?),
        Op::In => Test::In(values.clone()),
        Op::Contains => Test::Contains(next()?.text()),
        Op::Prefix => Test::Prefix(next()?.text()),
        Op::Gt => range(Bound::Excluded(next()?), Bound::Unbounded),
        Op::Gte => range(Bound::Included(next()?), Bound::Unbounded),
        Op::Lt => range(Bound::Unbounded, Bound::Excluded(next()?)),
        Op::Lte => range(Bound::Unbounded, Bound::Included(next()?)),
        Op::Between => range(Bound::Included(next()?), Bound::Included(next()?)),
        Op::Empty => Test::Empty,
        Op::NotEmpty => Test::NotEmpty,
    };
    Ok(Clause::test(field, test))
}

/// The fields that `domain::quality::missing_fields` can tell.
const TOLD: [LeadField; 11] = [
    LeadField::FullName,
    LeadField::LinkedInUrl,
    LeadField::JobTitle,
    LeadField::CompanyName,
    LeadField::Location,
    LeadField::Email,
    LeadField::Website,
    LeadField::Industry,
    LeadField::CompanySize,
    LeadField::City,
    LeadField::Country,
];

fn missing_fields(op: Op, fields: &[LeadField]) -> Clause {
    let any = |fields: &[LeadField]| Clause::Any(fields.iter().map(|field| lacks(*field)).collect());
    match op {
        Op::Ne => Clause::Not(Box::new(any(fields))),
        Op::Empty => Clause::Not(Box::new(any(&TOLD))),
        Op::NotEmpty => any(&TOLD),
        _ => any(fields),
    }
}

/// Whether a field stands among the missing ones, by the rules of `domain::quality`.
fn lacks(field: LeadField) -> Clause {
    let empty = |field| Clause::test(SearchField::Lead(field), Test::Empty);
    let all_empty = |fields: &[LeadField]| Clause::All(fields.iter().copied().map(empty).collect());
    match field {
        LeadField::FullName => Clause::All(vec![
            empty(LeadField::FullName),
            Clause::Any(vec![empty(LeadField::FirstName), empty(LeadField::LastName)]),
        ]),
        LeadField::Location => all_empty(&[LeadField::Location, LeadField::City, LeadField::State, LeadField::Country]),
        LeadField::Country => all_empty(&[LeadField::State, LeadField::Country]),
        told if TOLD.contains(&told) => empty(told),
        _ => Clause::Any(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lead::Lead;
    use crate::domain::quality;

    #[test]
    fn the_fields_that_can_be_missing_are_those_of_the_quality_score() {
        assert_eq!(quality::missing_fields(&Lead::default()), TOLD);
    }
}
