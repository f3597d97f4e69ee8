//! Templates of requests: texts with `{{ … }}` for addresses and headers, trees of them for bodies.
//!
//! Nothing is glued into an address or a body: a value in a path is percent-encoded as one segment, query values are
//! encoded as they are written out, and a body is a tree whose leaves are evaluated, so that a quote in a name is a quote
//! in a name. Templates load nothing and run on limited fuel.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};
use serde_json::Value as Json;

/// Steps one template may take.
const FUEL: u64 = 20_000;

static TEXT: LazyLock<Environment<'static>> = LazyLock::new(environment);
static SEGMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = environment();
    environment.set_formatter(|output, _, value| {
        let text = value.to_string();
        // An address would lose such a segment, and with it name another resource.
        if value.is_undefined() || value.is_none() || matches!(text.as_str(), "" | "." | "..") {
            return Err(minijinja::Error::new(ErrorKind::InvalidOperation, "a part of the path is empty"));
        }
        output.write_str(&percent_encoded(&text)).map_err(minijinja::Error::from)
    });
    environment
});

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
}

/// What a template cannot be made of, or why it could not be filled in; never holds values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

impl TemplateError {
    pub fn new(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

impl From<minijinja::Error> for TemplateError {
    fn from(error: minijinja::Error) -> Self {
        Self(format!("{}{}", error.kind(), error.detail().map(|detail| format!(": {detail}")).unwrap_or_default()))
    }
}

/// The names a template may use, at the root.
pub type Scope = BTreeMap<String, Value>;

/// The names as one value.
pub fn object(scope: &Scope) -> Value {
    let members = scope.iter().map(|(name, value)| (name.as_str(), value.clone()));
    Value::from(members.collect::<minijinja::value::Kwargs>())
}

/// Anything as a value of templates.
pub fn value_of(any: impl serde::Serialize) -> Value {
    Value::from(minijinja::value::Serde(any))
}

/// A text with values in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    Literal(String),
    /// `{{ a.b }}` and nothing else: looked up without running a template.
    Path(Vec<String>),
    /// `{{ … }}` and nothing else.
    Expression(String),
    Mixed(String),
}

impl Text {
    /// # Errors
    /// When it is no template, or uses a name that is not among `names`.
    pub fn parse(text: &str, names: &BTreeSet<String>) -> Result<Self, TemplateError> {
        let parsed = Self::read(text)?;
        let source = match &parsed {
            Self::Literal(_) => return Ok(parsed),
            Self::Path(path) => format!("{{{{ {} }}}}", path.join(".")),
            Self::Expression(expression) => format!("{{{{ {expression} }}}}"),
            Self::Mixed(source) => source.clone(),
        };
        let used = TEXT.template_from_named_str("", &source)?.undeclared_variables(true);
        let unknown = used.iter().find(|name| !is_given(name, names));
        match unknown {
            Some(name) => {
                let known: Vec<&str> = names.iter().map(String::as_str).collect();
                Err(TemplateError(format!("uses `{name}`, which is not given here; given are {}", known.join(", "))))
            }
            None => Ok(parsed),
        }
    }

    fn read(text: &str) -> Result<Self, TemplateError> {
        if !["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)) {
            return Ok(Self::Literal(text.to_owned()));
        }
        let alone = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        let Some(inside) = alone.filter(|inside| !inside.contains("{{") && !inside.contains("}}")) else {
            TEXT.template_from_named_str("", text)?;
            return Ok(Self::Mixed(text.to_owned()));
        };
        let inside = inside.trim();
        let is_name = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name.chars().all(|next| next.is_ascii_alphanumeric() || next == '_')
        };
        if inside.split('.').all(is_name) && !["true", "false", "none"].contains(&inside) {
            return Ok(Self::Path(inside.split('.').map(str::to_owned).collect()));
        }
        TEXT.compile_expression_owned(inside.to_owned())?;
        Ok(Self::Expression(inside.to_owned()))
    }

    /// The value itself where the template is a single `{{ … }}`, else the text; undefined for what has no value.
    ///
    /// # Errors
    /// When the template fails on these values.
    pub fn value(&self, scope: &Scope) -> Result<Value, TemplateError> {
        Ok(match self {
            Self::Literal(text) => Value::from(text.as_str()),
            Self::Path(path) => {
                let mut names = path.iter();
                let root = names.next().and_then(|name| scope.get(name)).cloned().unwrap_or_default();
                names.try_fold(root, |value, name| value.get_attr(name)).unwrap_or_default()
            }
            Self::Expression(expression) => TEXT.compile_expression_owned(expression.clone())?.eval(object(scope))?,
            Self::Mixed(source) => {
                let text = TEXT.render_str(source, object(scope))?;
                if text.trim().is_empty() { Value::UNDEFINED } else { Value::from(text.trim()) }
            }
        })
    }

    /// As text; nothing for what has no value.
    ///
    /// # Errors
    /// When the template fails on these values.
    pub fn text(&self, scope: &Scope) -> Result<Option<String>, TemplateError> {
        let value = self.value(scope)?;
        Ok((!value.is_undefined() && !value.is_none()).then(|| value.to_string()).filter(|text| !text.is_empty()))
    }

    /// As a path of an address: what is filled in stays one segment.
    ///
    /// # Errors
    /// When a value is missing, empty or would name another folder.
    pub fn path(&self, scope: &Scope) -> Result<String, TemplateError> {
        match self {
            Self::Literal(text) => Ok(text.clone()),
            Self::Path(path) => Self::rendered(&format!("{{{{ {} }}}}", path.join(".")), scope),
            Self::Expression(expression) => Self::rendered(&format!("{{{{ {expression} }}}}"), scope),
            Self::Mixed(source) => Self::rendered(source, scope),
        }
    }

    fn rendered(source: &str, scope: &Scope) -> Result<String, TemplateError> {
        Ok(SEGMENT.render_str(source, object(scope))?)
    }

    /// What stands around the values, in order: a path `/a/{{ b }}/c` is `/a/`, `/c`.
    pub fn around(&self) -> Vec<String> {
        match self {
            Self::Literal(text) => vec![text.clone()],
            Self::Path(_) | Self::Expression(_) => vec![String::new(), String::new()],
            Self::Mixed(source) => {
                let mut parts = Vec::new();
                for (place, part) in source.split("{{").enumerate() {
                    let literal = if place == 0 { part } else { part.split_once("}}").map_or("", |(_, rest)| rest) };
                    parts.push(literal.to_owned());
                }
                parts
            }
        }
    }
}

/// A name with members that are listed has no others.
fn is_given(name: &str, names: &BTreeSet<String>) -> bool {
    let root = name.split('.').next().unwrap_or(name);
    let below = format!("{root}.");
    names.contains(name)
        || (names.contains(root) && !names.iter().any(|known| known.starts_with(&below)))
        || TEXT.globals().any(|(known, _)| known == root)
}

/// A body: JSON whose texts are templates.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// Numbers, truth values, null.
    Fixed(Json),
    /// Left out where it has no value.
    Leaf(Text),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
    /// A list with one element for each request of the call, or for each element of a value.
    Each {
        over: Text,
        one: Box<Tree>,
        otherwise: Option<Box<Tree>>,
    },
}

/// Makes the names for one element of an `each`, and says whether it has an answer.
pub type Element<'a> = &'a dyn Fn(&Value, usize) -> (Scope, bool);

impl Tree {
    /// Nothing for a leaf without a value.
    ///
    /// # Errors
    /// When a template fails on these values.
    pub fn fill(&self, scope: &Scope, element: Element<'_>) -> Result<Option<Json>, TemplateError> {
        Ok(Some(match self {
            Self::Fixed(value) => value.clone(),
            Self::Leaf(text) => {
                let value = text.value(scope)?;
                if value.is_undefined() || value.is_none() {
                    return Ok(None);
                }
                serde_json::to_value(&value).map_err(|_| TemplateError("makes no JSON".to_owned()))?
            }
            Self::List(members) => {
                let filled: Result<Vec<_>, _> = members.iter().map(|member| member.fill(scope, element)).collect();
                Json::Array(filled?.into_iter().flatten().collect())
            }
            Self::Object(members) => {
                let mut object = serde_json::Map::new();
                for (name, member) in members {
                    if let Some(value) = member.fill(scope, element)? {
                        object.insert(name.clone(), value);
                    }
                }
                Json::Object(object)
            }
            Self::Each { over, one, otherwise } => {
                let mut list = Vec::new();
                let over = over.value(scope)?;
                for (place, value) in over.try_iter().into_iter().flatten().enumerate() {
                    let (mut inner, hit) = element(&value, place);
                    for (name, value) in scope {
                        inner.entry(name.clone()).or_insert_with(|| value.clone());
                    }
                    let tree = if hit { Some(one) } else { otherwise.as_ref() };
                    list.extend(tree.map(|tree| tree.fill(&inner, element)).transpose()?.flatten());
                }
                Json::Array(list)
            }
        }))
    }
}

/// An element of a list is the names of its object, besides `item`.
pub fn members_of(value: &Value, place: usize) -> (Scope, bool) {
    let mut scope = Scope::new();
    if let Ok(names) = value.try_iter() {
        for name in names {
            let member = value.get_item(&name).unwrap_or_default();
            scope.insert(name.to_string(), member);
        }
    }
    scope.insert("item".to_owned(), value.clone());
    scope.entry("place".to_owned()).or_insert_with(|| Value::from(place));
    (scope, true)
}

/// Everything but what RFC 3986 leaves alone.
pub fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// Nothing for what is no such text.
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(more.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &more[2..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names() -> BTreeSet<String> {
        ["email", "firstName", "age", "requests", "item"].into_iter().map(str::to_owned).collect()
    }

    fn scope(values: Json) -> Scope {
        let Json::Object(members) = values else { return Scope::new() };
        members.into_iter().map(|(name, value)| (name, value_of(value))).collect()
    }

    #[test]
    fn values_stay_what_they_are() {
        let given = scope(json!({ "email": "a\"b@c.de", "age": 7 }));
        let text = |source: &str| Text::parse(source, &names()).expect("a template");
        assert_eq!(text("{{ email }}").text(&given).unwrap().as_deref(), Some("a\"b@c.de"));
        assert_eq!(text("{{ firstName }}").text(&given), Ok(None));
        assert_eq!(text("{{ firstName }} x").text(&given).unwrap().as_deref(), Some("x"));
        assert_eq!(text("{{ firstName or 'nobody' }}").text(&given).unwrap().as_deref(), Some("nobody"));
        let tree = Tree::Object(vec![
            ("a".to_owned(), Tree::Leaf(text("{{ email }}"))),
            ("b".to_owned(), Tree::Leaf(text("{{ age }}"))),
            ("c".to_owned(), Tree::Leaf(text("{{ firstName }}"))),
            ("d".to_owned(), Tree::Leaf(text("{{ age + 1 }}"))),
        ]);
        let filled = tree.fill(&given, &members_of).unwrap();
        assert_eq!(filled, Some(json!({ "a": "a\"b@c.de", "b": 7, "d": 8 })));
    }

    #[test]
    fn a_value_in_a_path_stays_one_segment() {
        let path = Text::parse("/v2/PhoneNumbers/{{ email }}/x", &names()).expect("a template");
        assert_eq!(path.around(), ["/v2/PhoneNumbers/", "/x"]);
        let filled = |value: &str| path.path(&scope(json!({ "email": value })));
        assert_eq!(filled("+33/6?a=b#c").unwrap(), "/v2/PhoneNumbers/%2B33%2F6%3Fa%3Db%23c/x");
        for bad in ["", ".", ".."] {
            assert!(filled(bad).is_err(), "{bad:?}");
        }
        assert!(path.path(&Scope::new()).is_err());
    }

    #[test]
    fn unknown_names_and_broken_templates_are_told() {
        let wrong = Text::parse("{{ emial }}", &names()).unwrap_err().to_string();
        assert!(wrong.contains("`emial`"), "{wrong}");
        assert!(Text::parse("{{ email", &names()).is_err());
        assert!(Text::parse("{% include 'x' %}", &names()).is_err());
    }

    #[test]
    fn a_loop_without_end_runs_out_of_fuel() {
        let endless = "{% for i in range(10000) %}{% for j in range(10000) %}{{ j }}{% endfor %}{% endfor %}";
        assert!(Text::parse(endless, &names()).expect("a template").text(&Scope::new()).is_err());
    }

    #[test]
    fn each_request_makes_one_element() {
        let each = Tree::Each {
            over: Text::parse("{{ requests }}", &names()).expect("a template"),
            one: Box::new(Tree::Object(vec![(
                "email".to_owned(),
                Tree::Leaf(Text::parse("{{ email }}", &names()).expect("a template")),
            )])),
            otherwise: None,
        };
        let given = scope(json!({ "requests": [{ "email": "a" }, { "email": "b" }] }));
        assert_eq!(each.fill(&given, &members_of).unwrap(), Some(json!([{ "email": "a" }, { "email": "b" }])));
    }
}
