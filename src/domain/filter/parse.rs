//! JSON to [`Filter`]: every name, operator and value checked, with a pointer to what is wrong.

use serde_json::{Map, Value};

use super::{
    Field, Filter, FilterError, FilterProblem, Form, IdField, MAX_DEPTH, MAX_TESTS, MAX_TEXT_CHARS, MAX_VALUES, Op,
    Test, TextOperand,
};
use crate::domain::id::{Id, JobId, LeadId, ListId, UserId};
use crate::domain::lead::LeadField;
use crate::domain::spelling::closest;
use crate::domain::time::Time;

pub(super) fn filter(json: &Value) -> Result<Filter, FilterError> {
    match json {
        Value::String(text) => Filter::parse_text(text).map_err(|error| {
            let problem = FilterProblem::InText { position: error.position, problem: Box::new(error.problem) };
            FilterError { pointer: String::new(), problem }
        }),
        tree => self::tree(tree),
    }
}

pub(super) fn tree(json: &Value) -> Result<Filter, FilterError> {
    Parser { path: Vec::new(), tests: 0 }.filter(json)
}

/// Where the parser is, and how much it has seen.
struct Parser {
    path: Vec<String>,
    tests: usize,
}

impl Parser {
    fn error<T>(&self, problem: FilterProblem) -> Result<T, FilterError> {
        let steps = self.path.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1")));
        Err(FilterError { pointer: steps.collect(), problem })
    }

    fn wrong<T>(&self, expected: impl Into<String>) -> Result<T, FilterError> {
        self.error(FilterProblem::WrongValue { expected: expected.into() })
    }

    /// Runs `work` one step further down.
    fn at<T>(
        &mut self,
        step: impl ToString,
        work: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        self.path.push(step.to_string());
        let result = work(self);
        self.path.pop();
        result
    }

    fn filter(&mut self, json: &Value) -> Result<Filter, FilterError> {
        // Every level of the tree adds at most two steps: `and` and the index.
        if self.path.len() > 2 * MAX_DEPTH {
            return self.error(FilterProblem::TooDeep { limit: MAX_DEPTH });
        }
        self.tests += 1;
        if self.tests > MAX_TESTS {
            return self.error(FilterProblem::TooMany { limit: MAX_TESTS, what: "tests" });
        }
        let Value::Object(object) = json else { return self.error(FilterProblem::NotAFilter) };
        if object.contains_key("field") {
            return self.test(object).map(Filter::Test);
        }
        let mut entries = object.iter();
        let (Some((key, value)), None) = (entries.next(), entries.next()) else {
            return self.error(FilterProblem::NotAFilter);
        };
        match key.as_str() {
            "and" => self.at(key, |parser| parser.filters(value)).map(Filter::And),
            "or" => self.at(key, |parser| parser.filters(value)).map(Filter::Or),
            "not" => self.at(key, |parser| parser.filter(value)).map(|inner| Filter::Not(Box::new(inner))),
            _ => self.error(FilterProblem::NotAFilter),
        }
    }

    fn filters(&mut self, json: &Value) -> Result<Vec<Filter>, FilterError> {
        let Value::Array(list) = json else { return self.error(FilterProblem::NotAList) };
        list.iter().enumerate().map(|(index, json)| self.at(index, |parser| parser.filter(json))).collect()
    }

    fn test(&mut self, object: &Map<String, Value>) -> Result<Test, FilterError> {
        if let Some(key) = object.keys().find(|key| !["field", "op", "value"].contains(&key.as_str())) {
            let problem = FilterProblem::UnknownKey { key: shortened(key) };
            return self.at(key, |parser| parser.error(problem));
        }
        let name = object.get("field").and_then(Value::as_str).unwrap_or_default();
        let field = self.at("field", |parser| parser.field(name))?;
        let op = self.at("op", |parser| parser.op(object.get("op"), &field, name))?;
        self.at("value", |parser| parser.typed(field, op, object.get("value")))
    }

    fn field(&mut self, name: &str) -> Result<Field, FilterError> {
        if name.chars().count() > MAX_TEXT_CHARS {
            return self.error(FilterProblem::TooMany { limit: MAX_TEXT_CHARS, what: "characters" });
        }
        let Some(field) = Field::from_name(name) else {
            let closest = closest(&shortened(name), Field::names());
            return self.error(FilterProblem::UnknownField { name: shortened(name), closest });
        };
        Ok(field)
    }

    fn op(&mut self, json: Option<&Value>, field: &Field, field_name: &str) -> Result<Op, FilterError> {
        let Some(name) = json.and_then(Value::as_str) else { return self.wrong("the name of an op") };
        let Some(op) = Op::from_name(name) else {
            let name = shortened(name);
            let closest = closest(&name, Op::ALL.into_iter().map(Op::name));
            return self.error(FilterProblem::UnknownOp { name, closest });
        };
        if !field.ops().contains(&op) {
            let allowed = field.ops().iter().map(|op| op.name()).collect::<Vec<_>>().join(", ");
            return self.error(FilterProblem::OpNotForField { op: op.name(), field: field_name.to_owned(), allowed });
        }
        Ok(op)
    }

    fn typed(&mut self, field: Field, op: Op, json: Option<&Value>) -> Result<Test, FilterError> {
        Ok(match field {
            Field::Text(field) => {
                let form = field.form();
                Test::Text { field, op, operands: self.operands(op, json, |parser, json| parser.text(form, op, json))? }
            }
            Field::Tags => {
                let operands = self.operands(op, json, |parser, json| parser.text(Form::Plain, op, json))?;
                Test::Tags { op, operands }
            }
            Field::QualityScore => Test::QualityScore { op, operands: self.operands(op, json, Self::number)? },
            Field::Time(field) => Test::Time { field, op, operands: self.operands(op, json, Self::time)? },
            Field::Keyword(field) => {
                let names = field.names();
                let operands = self.operands(op, json, |parser, json| parser.one_of(json, &names))?;
                Test::Keyword { field, op, operands }
            }
            Field::Id(field) => {
                let operands = self.operands(op, json, |parser, json| parser.id(json, field))?;
                Test::Id { field, op, operands }
            }
            Field::Flag(field) => Test::Flag { field, op, operands: self.operands(op, json, Self::flag)? },
            Field::MissingFields => Test::MissingFields { op, operands: self.operands(op, json, Self::lead_field)? },
        })
    }

    /// As many values as the operator takes.
    fn operands<T>(
        &mut self,
        op: Op,
        json: Option<&Value>,
        read: impl Fn(&mut Self, &Value) -> Result<T, FilterError>,
    ) -> Result<Vec<T>, FilterError> {
        match (op, json) {
            (Op::Empty | Op::NotEmpty, None | Some(Value::Null)) => Ok(Vec::new()),
            (Op::Empty | Op::NotEmpty, Some(_)) => self.error(FilterProblem::NeedlessValue { op: op.name() }),
            (Op::In, Some(Value::Array(list))) if list.len() > MAX_VALUES => {
                self.error(FilterProblem::TooMany { limit: MAX_VALUES, what: "values" })
            }
            (Op::In, Some(Value::Array(list))) => self.list(list, read),
            (Op::In, _) => self.wrong("a list of values"),
            (Op::Between, Some(Value::Array(list))) if list.len() == 2 => self.list(list, read),
            (Op::Between, _) => self.wrong("a list of two values: from and to"),
            (_, Some(json)) => Ok(vec![read(self, json)?]),
            (_, None) => self.wrong("a value"),
        }
    }

    fn list<T>(
        &mut self,
        list: &[Value],
        read: impl Fn(&mut Self, &Value) -> Result<T, FilterError>,
    ) -> Result<Vec<T>, FilterError> {
        list.iter().enumerate().map(|(index, json)| self.at(index, |parser| read(parser, json))).collect()
    }

    fn text(&mut self, form: Form, op: Op, json: &Value) -> Result<TextOperand, FilterError> {
        match json {
            Value::String(text) if text.chars().count() > MAX_TEXT_CHARS => {
                self.error(FilterProblem::TooMany { limit: MAX_TEXT_CHARS, what: "characters" })
            }
            Value::String(text) => Ok(TextOperand::new(form, op, text)),
            Value::Number(number) => {
                // The digits of a phone number say nothing by their size.
                let size = number.as_f64().filter(|_| form == Form::Plain);
                Ok(TextOperand { number: size, ..TextOperand::new(form, op, &number.to_string()) })
            }
            _ => self.wrong("a text or a number"),
        }
    }

    fn number(&mut self, json: &Value) -> Result<f64, FilterError> {
        json.as_f64().map_or_else(|| self.wrong("a number"), Ok)
    }

    fn flag(&mut self, json: &Value) -> Result<bool, FilterError> {
        json.as_bool().map_or_else(|| self.wrong("true or false"), Ok)
    }

    /// A time, or a date for its first moment in UTC.
    fn time(&mut self, json: &Value) -> Result<Time, FilterError> {
        let read = |text: &str| Time::parse(text).or_else(|| Time::parse(&format!("{text}T00:00:00Z")));
        let time = json.as_str().filter(|text| text.len() <= MAX_TEXT_CHARS).and_then(read);
        time.map_or_else(|| self.wrong("an RFC 3339 time or a date"), Ok)
    }

    fn one_of(&mut self, json: &Value, names: &[&'static str]) -> Result<&'static str, FilterError> {
        let found = names.iter().find(|name| json.as_str() == Some(**name)).copied();
        found.map_or_else(|| self.wrong(format!("one of {}", names.join(", "))), Ok)
    }

    fn lead_field(&mut self, json: &Value) -> Result<LeadField, FilterError> {
        let field = json.as_str().and_then(LeadField::from_name);
        field.map_or_else(|| self.wrong("the name of a lead field"), Ok)
    }

    fn id(&mut self, json: &Value, field: IdField) -> Result<u64, FilterError> {
        let text = json.as_str().unwrap_or_default();
        let (id, prefix) = match field {
            IdField::Id => (text.parse::<LeadId>().map(Id::as_u64).ok(), LeadId::PREFIX),
            IdField::ListId => (text.parse::<ListId>().map(Id::as_u64).ok(), ListId::PREFIX),
            IdField::Owner => (text.parse::<UserId>().map(Id::as_u64).ok(), UserId::PREFIX),
            IdField::EnrichmentJobId => (text.parse::<JobId>().map(Id::as_u64).ok(), JobId::PREFIX),
        };
        id.map_or_else(|| self.wrong(format!("an id of the form {prefix}_…")), Ok)
    }
}

/// A name from outside as an error message can show it.
fn shortened(name: &str) -> String {
    name.chars().take(80).collect()
}
