//! An answer, and what it means: the rules of the manifest, else what a status usually says.

use std::time::Duration;

use jmespath::Rcvar;
use serde_json::Value;

use super::cleaning::Cleaning;
use super::expression::{document, numeric};
use super::model::{Rule, SignRule, Verdict};
use crate::deps::{HeaderMap, HeaderName, OutgoingResponse};
use crate::domain::enrichment::{RateSigns, WindowSign};
use crate::domain::time::Time;

/// Nobody asks to wait longer.
const LONGEST_WAIT: Duration = Duration::from_secs(31 * 86_400);

/// An answer, cleaned.
pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    /// Where the body is JSON.
    pub json: Option<Value>,
    /// The same for expressions; null where the body is no JSON.
    pub document: Rcvar,
    /// The body in small letters, for rules that look for a text; empty where it is JSON.
    text: String,
}

impl Answered {
    pub fn read(response: OutgoingResponse, cleaning: &Cleaning) -> Self {
        let parsed = serde_json::from_slice::<Value>(&response.body).ok();
        let json = parsed.map(|mut value| {
            cleaning.clean(&mut value);
            value
        });
        let text = if json.is_some() { String::new() } else { String::from_utf8_lossy(&response.body).to_lowercase() };
        let document = json.clone().map_or_else(|| document(Value::Null), document);
        Self { status: response.status.as_u16(), headers: response.headers, json, document, text }
    }

    /// One element of an answer, with its own status where it tells one.
    pub fn element(value: Value, status: u16) -> Self {
        let document = document(value.clone());
        Self { status, headers: HeaderMap::new(), json: Some(value), document, text: String::new() }
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn contains(&self, wanted: &str) -> bool {
        match &self.json {
            Some(json) => json.to_string().to_lowercase().contains(wanted),
            None => self.text.contains(wanted),
        }
    }

    fn satisfies(&self, rule: &Rule) -> bool {
        let says = |(name, wanted): &(HeaderName, Option<String>)| match (self.header(name), wanted) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(value), Some(wanted)) => value.to_lowercase().contains(wanted),
        };
        (rule.status.is_empty() || rule.status.iter().any(|(first, last)| (*first..=*last).contains(&self.status)))
            && rule.header.iter().all(says)
            && rule.no_header.iter().all(|name| self.header(name).is_none())
            && rule.body.as_ref().is_none_or(|body| body.holds(&self.document))
            && rule.text.as_ref().is_none_or(|text| self.contains(text))
    }
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    pub verdict: Verdict,
    /// A rule said so, not only the status.
    pub by_rule: bool,
    pub reason: Option<String>,
    pub again_in: Option<Duration>,
}

/// The first rule that holds, else what the status says.
pub fn meaning<'r>(answered: &Answered, rules: impl IntoIterator<Item = &'r Rule>) -> Meaning {
    for rule in rules {
        if answered.satisfies(rule) {
            let seconds = rule.again_in.as_ref().and_then(|told| numeric(&*told.of(&answered.document)?));
            return Meaning {
                verdict: rule.is,
                by_rule: true,
                reason: rule.reason.clone(),
                again_in: seconds.and_then(wait),
            };
        }
    }
    let (verdict, reason) = match answered.status {
        200..=299 => (Verdict::Found, None),
        400 | 422 => (Verdict::InvalidInput, None),
        401 | 403 => (Verdict::AuthFailed, None),
        402 => (Verdict::OutOfQuota, None),
        429 => (Verdict::RateLimited, None),
        451 => (Verdict::OptedOut, None),
        status => (Verdict::Broken, Some(format!("status {status}"))),
    };
    Meaning { verdict, by_rule: false, reason, again_in: None }
}

/// Seconds as a vendor tells them.
fn wait(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().map(|wait| wait.min(LONGEST_WAIT))
}

/// What an answer says about being called again: `Retry-After` (RFC 9110 10.2.3), the body where the manifest says so,
/// and the vendor's own headers.
pub fn signs(
    answered: &Answered,
    rules: &[SignRule],
    told: Option<&super::expression::Expression>,
    now: Time,
) -> RateSigns {
    let in_header = answered.headers.get("retry-after").and_then(|value| value.to_str().ok());
    let in_header = in_header.and_then(|text| moment(text, now));
    let in_body = || told.and_then(|told| numeric(&*told.of(&answered.document)?)).and_then(wait);
    let window = |rule: &SignRule| {
        let text = |name: &Option<HeaderName>| {
            let value = answered.header(name.as_ref()?)?;
            let Some(member) = &rule.member else { return Some(value.to_owned()) };
            let json: Value = serde_json::from_str(value).ok()?;
            match json.get(member)? {
                Value::Number(number) => Some(number.to_string()),
                Value::String(text) => Some(text.clone()),
                _ => None,
            }
        };
        // -1 is how some say that they do not know.
        let figure = |name| text(name).and_then(|text: String| text.trim().parse::<u64>().ok());
        let sign = WindowSign {
            per: rule.per,
            limit: figure(&rule.limit),
            left: figure(&rule.left),
            resets_in: rule.resets.as_ref().and_then(|name| moment(answered.header(name)?, now)),
        };
        (sign.limit.is_some() || sign.left.is_some() || sign.resets_in.is_some()).then_some(sign)
    };
    RateSigns {
        retry_after: in_header.or_else(in_body),
        windows: rules.iter().filter_map(window).collect(),
        trouble: None,
    }
}

/// Seconds from now, seconds of the epoch, RFC 3339, or the date of HTTP.
fn moment(text: &str, now: Time) -> Option<Duration> {
    /// A figure above this is a moment, not a span: a hundred years of seconds.
    const SPAN: f64 = 3e9 / 4.0;
    let text = text.trim();
    let until = |at: Time| at.since(now).min(LONGEST_WAIT);
    if let Ok(figure) = text.parse::<f64>() {
        #[allow(clippy::cast_possible_truncation)] // saturates
        let at = |milliseconds: f64| Time(milliseconds as i64);
        return if figure < SPAN {
            wait(figure)
        } else if figure < 1e11 {
            Some(until(at(figure * 1_000.0)))
        } else {
            Some(until(at(figure)))
        };
    }
    if let Some(at) = Time::parse(text) {
        return Some(until(at));
    }
    let spelled = text.strip_suffix("GMT").map(|text| format!("{text}+0000"))?;
    let at = jiff::fmt::rfc2822::parse(&spelled).ok()?;
    Some(until(Time(at.timestamp().as_millisecond())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::deps::{HeaderValue, StatusCode};

    fn answered(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answered {
        let mut response = OutgoingResponse::new(StatusCode::from_u16(status).expect("a status"), body.to_owned());
        for (name, value) in headers {
            response.headers.insert(*name, HeaderValue::from_static(value));
        }
        Answered::read(response, &Cleaning::default())
    }

    #[test]
    fn without_a_rule_the_status_speaks() {
        for (status, verdict) in [
            (200, Verdict::Found),
            (202, Verdict::Found),
            (301, Verdict::Broken),
            (401, Verdict::AuthFailed),
            (402, Verdict::OutOfQuota),
            (404, Verdict::Broken),
            (422, Verdict::InvalidInput),
            (429, Verdict::RateLimited),
            (451, Verdict::OptedOut),
            (503, Verdict::Broken),
        ] {
            assert_eq!(meaning(&answered(status, &[], ""), &[]).verdict, verdict, "{status}");
        }
    }

    #[test]
    fn signs_are_read_in_every_form() {
        let now = Time::parse("2026-01-01T00:00:00Z").expect("a time");
        let after = |text: &'static str| {
            signs(&answered(429, &[("retry-after", text)], ""), &[], None, now).retry_after.map(|wait| wait.as_secs())
        };
        assert_eq!(after("7"), Some(7));
        assert_eq!(after("Thu, 01 Jan 2026 00:01:00 GMT"), Some(60));
        assert_eq!(after("2026-01-01T00:00:30Z"), Some(30));
        assert_eq!(after("1767225610"), Some(10));
        assert_eq!(after("soon"), None);
        let rule = |member: Option<&str>| SignRule {
            per: Some(Duration::from_secs(60)),
            limit: Some(HeaderName::from_static("x-ratelimit-limit")),
            left: Some(HeaderName::from_static("x-ratelimit-remaining")),
            resets: Some(HeaderName::from_static("x-ratelimit-reset")),
            member: member.map(str::to_owned),
        };
        let told = answered(
            200,
            &[
                ("x-ratelimit-limit", "{\"minute\":100,\"day\":null}"),
                ("x-ratelimit-remaining", "{\"minute\":99}"),
                ("x-ratelimit-reset", "2026-01-01T00:00:42+00:00"),
            ],
            "{}",
        );
        let sign = &signs(&told, &[rule(Some("minute"))], None, now).windows[0];
        assert_eq!((sign.limit, sign.left, sign.resets_in), (Some(100), Some(99), Some(Duration::from_secs(42))));
        let unknown = answered(200, &[("x-ratelimit-remaining", "-1")], "{}");
        assert_eq!(signs(&unknown, &[rule(None)], None, now).windows, []);
        let body = super::super::expression::Expression::parse("retry_after_seconds").expect("an expression");
        let told = answered(404, &[], &json!({ "retry_after_seconds": 12 }).to_string());
        assert_eq!(signs(&told, &[], Some(&body), now).retry_after, Some(Duration::from_secs(12)));
    }
}
