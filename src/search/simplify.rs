//! The same question in fewer parts: a filter from outside may repeat itself hundreds of times.
//!
//! Alternatives about one field become one look-up of many values, denials side by side one denial of alternatives.
//! What is left after that costs about as much as the different fields it names.

use super::field::SearchField;
use super::filter::{Clause, Test, Value};

/// A clause that matches the same leads.
pub fn simplified(clause: &Clause) -> Clause {
    match clause {
        Clause::All(parts) => all(parts.iter().map(simplified).collect()),
        Clause::Any(parts) => any(parts.iter().map(simplified).collect()),
        Clause::Not(part) => denied(simplified(part)),
        Clause::Test(field, Test::Ne(value)) => denied(Clause::Test(field.clone(), Test::Eq(value.clone()))),
        test @ Clause::Test(..) => test.clone(),
    }
}

fn denied(clause: Clause) -> Clause {
    match clause {
        Clause::Not(part) => *part,
        other => Clause::Not(Box::new(other)),
    }
}

fn all(parts: Vec<Clause>) -> Clause {
    let mut kept = Vec::new();
    let mut refused = Vec::new();
    for part in parts {
        match part {
            Clause::All(inner) => inner.into_iter().for_each(|part| sort_out(part, &mut kept, &mut refused)),
            part => sort_out(part, &mut kept, &mut refused),
        }
    }
    if !refused.is_empty() {
        keep_once(&mut kept, denied(any(refused)));
    }
    alone(kept, Clause::All)
}

fn any(parts: Vec<Clause>) -> Clause {
    let mut kept = Vec::new();
    let mut refused = Vec::new();
    for part in parts {
        match part {
            Clause::Any(inner) => inner.into_iter().for_each(|part| sort_out(part, &mut kept, &mut refused)),
            part => sort_out(part, &mut kept, &mut refused),
        }
    }
    let mut kept = one_of(kept);
    if !refused.is_empty() {
        keep_once(&mut kept, denied(all(refused)));
    }
    alone(kept, Clause::Any)
}

fn sort_out(part: Clause, kept: &mut Vec<Clause>, refused: &mut Vec<Clause>) {
    match part {
        Clause::Not(inner) => keep_once(refused, *inner),
        other => keep_once(kept, other),
    }
}

fn keep_once(parts: &mut Vec<Clause>, part: Clause) {
    if !parts.contains(&part) {
        parts.push(part);
    }
}

fn alone(mut parts: Vec<Clause>, group: fn(Vec<Clause>) -> Clause) -> Clause {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            group(parts)
        }
    }
}

/// Alternatives with the values of one field taken together.
fn one_of(parts: Vec<Clause>) -> Vec<Clause> {
    let mut fields: Vec<(SearchField, Vec<Value>)> = Vec::new();
    let mut others = Vec::new();
    for part in parts {
        let (field, values) = match part {
            Clause::Test(field, Test::Eq(value)) => (field, vec![value]),
            Clause::Test(field, Test::In(values)) => (field, values),
            other => {
                others.push(other);
                continue;
            }
        };
        match fields.iter_mut().find(|(known, _)| *known == field) {
            Some((_, known)) => known.extend(values),
            None => fields.push((field, values)),
        }
    }
    let tests = fields.into_iter().map(|(field, mut values)| {
        let test = match (values.len(), values.pop()) {
            (1, Some(only)) => Test::Eq(only),
            (_, last) => {
                values.extend(last);
                Test::In(values)
            }
        };
        Clause::Test(field, test)
    });
    others.extend(tests);
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(value: &str) -> Clause {
        Clause::test(SearchField::Tags, Test::Eq(value.into()))
    }

    fn not(clause: Clause) -> Clause {
        Clause::Not(Box::new(clause))
    }

    fn one_of(values: &[&str]) -> Clause {
        Clause::test(SearchField::Tags, Test::In(values.iter().map(|value| Value::from(*value)).collect()))
    }

    #[test]
    fn repetitions_become_one() {
        let many = |clause: &Clause| vec![clause.clone(); 300];
        assert_eq!(simplified(&Clause::Any(many(&is("a")))), is("a"));
        assert_eq!(simplified(&Clause::All(many(&not(is("a"))))), not(is("a")));
        assert_eq!(
            simplified(&Clause::Any(vec![is("a"), one_of(&["b", "c"]), is("d")])),
            one_of(&["a", "b", "c", "d"])
        );
        let refused = Clause::test(SearchField::Tags, Test::Ne("a".into()));
        assert_eq!(simplified(&Clause::All(vec![refused, not(is("b"))])), not(one_of(&["a", "b"])));
        assert_eq!(simplified(&not(not(is("a")))), is("a"));
        let inner = Clause::Any(vec![is("b"), Clause::Any(vec![is("c")])]);
        assert_eq!(simplified(&Clause::Any(vec![is("a"), inner])), one_of(&["a", "b", "c"]));
        assert_eq!(simplified(&Clause::All(Vec::new())), Clause::All(Vec::new()));
        assert_eq!(simplified(&Clause::Any(Vec::new())), Clause::Any(Vec::new()));
        assert_eq!(simplified(&not(Clause::All(Vec::new()))), not(Clause::All(Vec::new())));
    }
}
