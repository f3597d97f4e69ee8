//! Text into the JSON tree of a filter, with the place of every part.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::names::api_name;
use super::scan::{Scanner, Wrong};
use super::value::{self, Read};
use crate::domain::filter::{Field, FilterProblem, MAX_DEPTH, MAX_VALUES};

/// Where the parts of a tree stand in the text, by JSON pointer.
pub(super) struct Places(BTreeMap<String, usize>);

impl Places {
    /// The place of the part at `pointer`, or of the smallest one around it.
    pub(super) fn of(&self, pointer: &str) -> usize {
        let around = std::iter::successors(Some(pointer), |inner| inner.rsplit_once('/').map(|(outer, _)| outer));
        around.into_iter().find_map(|pointer| self.0.get(pointer)).copied().unwrap_or(0)
    }
}

pub(super) fn tree(text: &str) -> Result<(Value, Places), Wrong> {
    let mut reader = Reader { scanner: Scanner::new(text), depth: 0 };
    reader.scanner.skip_space();
    if reader.scanner.peek().is_none() {
        return Ok((json!({ "and": [] }), Places(BTreeMap::new())));
    }
    let node = reader.either()?;
    reader.scanner.skip_space();
    if reader.scanner.peek().is_some() {
        return Err((reader.scanner.place(), FilterProblem::wrong("a test or the end of the filter")));
    }
    let mut places = BTreeMap::new();
    let json = node.into_json(String::new(), &mut places);
    Ok((json, Places(places)))
}

/// A part of the tree with its place.
struct Node {
    place: usize,
    what: What,
}

enum What {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Test(Value),
}

impl Node {
    fn into_json(self, pointer: String, places: &mut BTreeMap<String, usize>) -> Value {
        places.insert(pointer.clone(), self.place);
        let mut list = |key: &str, nodes: Vec<Self>| {
            let parts = nodes.into_iter().enumerate();
            let parts: Vec<Value> =
                parts.map(|(index, node)| node.into_json(format!("{pointer}/{key}/{index}"), places)).collect();
            json!({ key: parts })
        };
        match self.what {
            What::All(nodes) => list("and", nodes),
            What::Any(nodes) => list("or", nodes),
            What::Not(node) => json!({ "not": node.into_json(format!("{pointer}/not"), places) }),
            What::Test(test) => test,
        }
    }
}

struct Reader<'t> {
    scanner: Scanner<'t>,
    /// Parentheses and negations around the place.
    depth: usize,
}

impl Reader<'_> {
    /// Runs `work` one level further in.
    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Wrong>) -> Result<T, Wrong> {
        // Deeper than any tree that is taken, and shallow enough for the stack.
        if self.depth > 4 * MAX_DEPTH {
            return Err((self.scanner.place(), FilterProblem::TooDeep { limit: MAX_DEPTH }));
        }
        self.depth += 1;
        let done = work(self);
        self.depth -= 1;
        done
    }

    /// Sequences with `OR` between them.
    fn either(&mut self) -> Result<Node, Wrong> {
        let place = self.scanner.place();
        let mut parts = vec![self.sequence()?];
        loop {
            self.scanner.skip_space();
            if !self.scanner.take_word("or") {
                break;
            }
            parts.push(self.sequence()?);
        }
        Ok(one_or(parts, place, What::Any))
    }

    /// Tests side by side, `AND` between them or not.
    fn sequence(&mut self) -> Result<Node, Wrong> {
        self.scanner.skip_space();
        let place = self.scanner.place();
        let mut parts = vec![self.part()?];
        loop {
            self.scanner.skip_space();
            let before = self.scanner.place();
            let must_follow = self.scanner.take_word("and");
            self.scanner.skip_space();
            let ends = matches!(self.scanner.peek(), None | Some(')' | ',')) || self.comes_or();
            if ends && must_follow {
                return Err((before, FilterProblem::wrong("a test on both sides of AND")));
            }
            if ends {
                break;
            }
            parts.push(self.part()?);
        }
        Ok(one_or(parts, place, What::All))
    }

    fn comes_or(&mut self) -> bool {
        let mut ahead = Scanner::new_at(&self.scanner);
        ahead.take_word("or")
    }

    fn part(&mut self) -> Result<Node, Wrong> {
        self.scanner.skip_space();
        let place = self.scanner.place();
        if self.scanner.take("-") || self.scanner.take_word("not") {
            let inner = self.deeper(Self::part)?;
            return Ok(Node { place, what: What::Not(Box::new(inner)) });
        }
        if self.scanner.take("(") {
            let inner = self.deeper(Self::either)?;
            self.close(place)?;
            return Ok(inner);
        }
        for (name, what) in [("all", What::All as fn(Vec<Node>) -> What), ("any", What::Any)] {
            if self.scanner.take_group(name) {
                let parts = self.deeper(|reader| reader.members(place))?;
                return Ok(Node { place, what: what(parts) });
            }
        }
        self.test()
    }

    /// The parts of `all(…)` and `any(…)`, separated by commas.
    fn members(&mut self, opened: usize) -> Result<Vec<Node>, Wrong> {
        let mut parts = Vec::new();
        loop {
            self.scanner.skip_space();
            if parts.is_empty() && self.scanner.take(")") {
                return Ok(parts);
            }
            parts.push(self.either()?);
            self.scanner.skip_space();
            if !self.scanner.take(",") {
                self.close(opened)?;
                return Ok(parts);
            }
        }
    }

    fn close(&mut self, opened: usize) -> Result<(), Wrong> {
        self.scanner.skip_space();
        match self.scanner.take(")") {
            true => Ok(()),
            false => Err((opened, FilterProblem::wrong("a closing parenthesis"))),
        }
    }

    fn test(&mut self) -> Result<Node, Wrong> {
        let place = self.scanner.place();
        let written = self.scanner.name()?;
        if written.is_empty() {
            return Err((place, FilterProblem::wrong("a test such as status:failed")));
        }
        let after_name = self.scanner.place();
        let Some(sign) = self.scanner.sign() else {
            let expected = "a colon or a comparison after the name of a field, as in name:smith or score>=80";
            return Err((after_name, FilterProblem::wrong(expected)));
        };
        let name = api_name(&written).map_err(|closest| {
            (place, FilterProblem::UnknownField { name: written.chars().take(80).collect(), closest })
        })?;
        let values_at = self.scanner.place();
        let values = self.values()?;
        let Some(field) = Field::from_name(&name) else {
            return Err((place, FilterProblem::UnknownField { name: written, closest: None }));
        };
        let json = value::test(&name, &field, sign, values).map_err(|problem| (values_at, problem))?;
        Ok(Node { place, what: What::Test(json) })
    }

    /// One value, several with commas between, or any number of them in parentheses.
    fn values(&mut self) -> Result<Read, Wrong> {
        let opened = self.scanner.place();
        let in_parentheses = self.scanner.take("(");
        let mut values = Vec::new();
        loop {
            if in_parentheses {
                self.scanner.skip_space();
                if values.is_empty() && self.scanner.take(")") {
                    return Ok(Read::Several(values));
                }
            }
            let place = self.scanner.place();
            let pieces = self.scanner.pieces()?;
            if pieces.is_empty() {
                return Err((place, FilterProblem::wrong("a value")));
            }
            values.push(pieces);
            if values.len() > MAX_VALUES {
                return Err((place, FilterProblem::TooMany { limit: MAX_VALUES, what: "values" }));
            }
            if in_parentheses {
                self.scanner.skip_space();
            }
            if !self.takes_comma(in_parentheses) {
                break;
            }
        }
        if in_parentheses {
            self.close(opened)?;
            return Ok(Read::Several(values));
        }
        Ok(match values.len() {
            1 => Read::One(values.pop().unwrap_or_default()),
            _ => Read::Several(values),
        })
    }

    /// A comma that is followed by white space ends a test without parentheses: it separates the parts of a group.
    fn takes_comma(&mut self, in_parentheses: bool) -> bool {
        if in_parentheses {
            return self.scanner.take(",");
        }
        let mut ahead = Scanner::new_at(&self.scanner);
        let separates = ahead.take(",") && ahead.peek().is_none_or(char::is_whitespace);
        !separates && self.scanner.take(",")
    }
}

fn one_or(mut parts: Vec<Node>, place: usize, what: fn(Vec<Node>) -> What) -> Node {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            Node { place, what: what(parts) }
        }
    }
}
