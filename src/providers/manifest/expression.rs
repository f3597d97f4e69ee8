//! JMESPath over answers, with a few functions of our own. An expression that cannot be evaluated on an answer gives
//! nothing: providers leave members out, and send what they never documented.

use std::sync::{Arc, LazyLock};

use jmespath::functions::{ArgumentType, CustomFunction, Signature};
use jmespath::{Context, Expression as Compiled, JmespathError, Rcvar, Runtime, Variable};
use serde_json::Value;

use super::cleaning;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut runtime = Runtime::new();
    runtime.register_builtin_functions();
    let one_text = || Signature::new(vec![ArgumentType::Any], None);
    let text_function = |of: fn(&str) -> Variable| {
        let body = move |arguments: &[Rcvar], _: &mut Context<'_>| -> Result<Rcvar, JmespathError> {
            let text = arguments.first().and_then(|argument| argument.as_string());
            Ok(Rcvar::new(text.map_or(Variable::Null, |text| of(text))))
        };
        Box::new(CustomFunction::new(one_text(), Box::new(body)))
    };
    runtime.register_function("lower", text_function(|text| Variable::String(text.to_lowercase())));
    runtime.register_function("from_json", text_function(json_inside));
    runtime
});

/// The JSON that a text holds, alone, in a fence of a model's answer, or behind its thoughts.
fn json_inside(text: &str) -> Variable {
    let text = text.rsplit_once("</think>").map_or(text, |(_, rest)| rest).trim();
    let fenced = text.split_once("```").and_then(|(_, rest)| rest.rsplit_once("```")).map(|(inside, _)| inside);
    let text = fenced.map_or(text, |inside| inside.strip_prefix("json").unwrap_or(inside)).trim();
    let Ok(mut value) = serde_json::from_str::<Value>(text) else { return Variable::Null };
    cleaning::drop_sensitive(&mut value);
    Variable::try_from(value).unwrap_or(Variable::Null)
}

/// A compiled expression.
#[derive(Clone)]
pub struct Expression(Arc<Compiled<'static>>);

impl Expression {
    /// # Errors
    /// With the place in the expression, when it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let compiled = RUNTIME.compile(text).map_err(|error| {
            let reason = error.reason.to_string();
            format!("is no JMESPath expression: {} (character {})", reason.trim_end_matches('.'), error.offset + 1)
        })?;
        Ok(Self(Arc::new(compiled)))
    }

    /// Nothing for null, and for what cannot be evaluated.
    pub fn of(&self, document: &Rcvar) -> Option<Rcvar> {
        self.0.search(document).ok().filter(|found| !found.is_null())
    }

    /// Whether it is true of the document: empty texts, lists and objects are not, nor is nothing.
    pub fn holds(&self, document: &Rcvar) -> bool {
        self.of(document).is_some_and(|found| found.is_truthy())
    }

    /// Text, number or truth as text; nothing for lists and objects.
    pub fn text(&self, document: &Rcvar) -> Option<String> {
        scalar(&*self.of(document)?)
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// A document to evaluate expressions on.
pub fn document(value: Value) -> Rcvar {
    Rcvar::new(Variable::try_from(value).unwrap_or(Variable::Null))
}

/// A single value as text; a whole number without a fraction.
pub fn scalar(value: &Variable) -> Option<String> {
    match value {
        Variable::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Variable::Number(number) => Some(match number.as_f64() {
            #[allow(clippy::cast_possible_truncation)] // whole and below 2^53
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => (float as i64).to_string(),
            _ => number.to_string(),
        }),
        Variable::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A number, or a text that holds one.
pub fn numeric(value: &Variable) -> Option<f64> {
    let number = match value {
        Variable::Number(number) => number.as_f64(),
        Variable::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(expression: &str, value: Value) -> Option<String> {
        Expression::parse(expression).expect("an expression").text(&document(value))
    }

    #[test]
    fn values_are_read_leniently() {
        assert_eq!(text("data.email", json!({ "data": { "email": " a@b.co " } })).as_deref(), Some("a@b.co"));
        assert_eq!(text("data.email", json!({ "data": null })), None);
        assert_eq!(text("a", json!({ "a": 3.0 })).as_deref(), Some("3"));
        assert_eq!(text("a", json!({ "a": 9_007_199_254_740_993_i64 })).as_deref(), Some("9007199254740993"));
        assert_eq!(text("lower(a)", json!({ "a": "VP" })).as_deref(), Some("vp"));
        assert_eq!(text("length(a)", json!({ "a": 5 })), None, "what cannot be evaluated gives nothing");
        let wrong = Expression::parse("a[").unwrap_err();
        assert!(wrong.starts_with("is no JMESPath expression"), "{wrong}");
    }

    #[test]
    fn json_inside_a_text_is_found_and_cleaned() {
        for content in [
            r#"{"linkedin":"x","religion":"y"}"#,
            "<think>hm {</think>\n{\"linkedin\":\"x\"}",
            "Here:\n```json\n{\"linkedin\":\"x\"}\n```",
        ] {
            assert_eq!(text("from_json(c).linkedin", json!({ "c": content })).as_deref(), Some("x"), "{content}");
            assert_eq!(text("from_json(c).religion", json!({ "c": content })), None);
        }
        assert_eq!(text("from_json(c)", json!({ "c": "no" })), None);
    }
}
