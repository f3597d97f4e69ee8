//! One call of a provider: sending, and what is kept of it for who wants to see.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::auth::{Proof, broken};
use super::building;
use super::model::{Auth, Exchange, Manifest, RequestTemplate, Verdict};
use super::reading::{Answered, Meaning, meaning, signs};
use super::setup::Setup;
use super::template::Scope;
use crate::deps::OutgoingRequest;
use crate::domain::enrichment::{Outcome, RateSigns};
use crate::domain::time::Time;
use crate::providers::CallContext;

/// A request as it may be shown: without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShownExchange {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    /// None where nobody answered.
    pub status: Option<u16>,
    pub answer_headers: Vec<(String, String)>,
    /// JSON after cleaning, else the beginning of the text.
    pub answer: Option<String>,
}

/// A text of an answer that is no JSON is shown up to here.
const SHOWN: usize = 2_000;
/// What stands for a secret.
const MASK: &str = "***";

/// What all exchanges of one call share.
pub struct Call<'a> {
    pub manifest: &'a Manifest,
    pub setup: &'a Setup,
    pub context: CallContext<'a>,
    /// On the monotonic clock.
    pub started: Duration,
    pub proof: &'a Proof,
    /// Where exchanges are shown, when somebody looks.
    pub trail: Option<&'a Mutex<Vec<ShownExchange>>>,
    pub pauses: Pauses,
}

/// When the requests of a call waited for each other's leave.
#[derive(Debug, Default)]
pub struct Pauses {
    has_sent: AtomicBool,
    milliseconds: AtomicU64,
}

/// How an exchange ended.
#[allow(clippy::large_enum_variant)] // one at a time, and taken apart at once
pub enum Exchanged {
    Answered {
        answered: Answered,
        meaning: Meaning,
        signs: RateSigns,
    },
    /// Nothing was sent, or nobody answered.
    Failed {
        outcome: Outcome,
        sent: bool,
    },
}

impl Call<'_> {
    pub fn now(&self) -> Time {
        self.context.deps.clock.now()
    }

    /// Sends one request and reads the answer by the rules of the exchange, then by those of the provider. What the
    /// account has to tell is asked right away.
    pub async fn exchange(&self, exchange: &Exchange, scope: &Scope) -> Exchanged {
        let answered = match self.send(&exchange.request, scope).await {
            Ok(answered) => answered,
            Err((outcome, sent)) => return Exchanged::Failed { outcome, sent },
        };
        let rules = exchange.rules.iter().chain(&self.manifest.rules);
        let mut meaning = meaning(&answered, rules);
        let signs = signs(&answered, &self.manifest.signs, self.manifest.retry_after.as_ref(), self.now());
        if meaning.verdict == Verdict::AskAccount {
            meaning = self.ask_account(scope).await;
        }
        Exchanged::Answered { answered, meaning, signs }
    }

    /// Only the rules of the account decide: an account in order does not explain a refusal.
    async fn ask_account(&self, scope: &Scope) -> Meaning {
        let unclear = |reason: &str| Meaning {
            verdict: Verdict::Broken,
            by_rule: false,
            reason: Some(reason.to_owned()),
            again_in: None,
        };
        let Some(account) = &self.manifest.account else { return unclear("the answer does not tell why") };
        let Ok(answered) = self.send(&account.request, scope).await else {
            return unclear("the answer does not tell why, and the account does not answer");
        };
        let meaning = meaning(&answered, &account.rules);
        match meaning.verdict {
            Verdict::AskAccount => unclear("the answer does not tell why"),
            _ if meaning.by_rule || meaning.verdict != Verdict::Found => meaning,
            _ => unclear("the answer does not tell why, and the account is in order"),
        }
    }

    async fn send(&self, template: &RequestTemplate, scope: &Scope) -> Result<Answered, (Outcome, bool)> {
        let auth = template.auth.as_ref().unwrap_or(&self.manifest.auth);
        let built = building::request(template, self.setup.base_url(self.manifest), scope, auth, self.proof);
        let mut request = built.map_err(|error| (Outcome::InvalidInput { reason: error.to_string() }, false))?;
        if self.pauses.has_sent.swap(true, Ordering::Relaxed)
            && let Some(further) = self.context.further
        {
            let Some(waited) = further.one_more().await else {
                return Err((Outcome::Broken { reason: "no further request could be made".to_owned() }, true));
            };
            let waited = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
            self.pauses.milliseconds.fetch_add(waited, Ordering::Relaxed);
        }
        let paused = Duration::from_millis(self.pauses.milliseconds.load(Ordering::Relaxed));
        let passed = self.context.deps.clock.monotonic().saturating_sub(self.started).saturating_sub(paused);
        let left = self.context.timeout.saturating_sub(passed);
        if left.is_zero() {
            return Err((Outcome::Broken { reason: "no time was left for the call".to_owned() }, false));
        }
        request.timeout = left;
        request.proxy.clone_from(&self.manifest.proxy_url);
        let shown = self.trail.map(|_| self.shown(&request, auth));
        let answer = self.context.deps.http.send(request).await;
        let read = answer.map(|response| {
            let text = String::from_utf8_lossy(&response.body).chars().take(SHOWN).collect::<String>();
            (Answered::read(response, &self.manifest.cleaning), text)
        });
        if let (Some(trail), Some(mut shown)) = (self.trail, shown) {
            if let Ok((answered, text)) = &read {
                shown.status = Some(answered.status);
                let json = answered.json.as_ref().map(|json| format!("{json:#}"));
                shown.answer = Some(self.masked(json.as_ref().unwrap_or(text)));
                shown.answer_headers = self.headers(&answered.headers);
            }
            trail.lock().unwrap_or_else(PoisonError::into_inner).push(shown);
        }
        read.map(|(answered, _)| answered).map_err(|error| (broken(&error), true))
    }

    fn shown(&self, request: &OutgoingRequest, auth: &Auth) -> ShownExchange {
        let mut headers = self.headers(&request.headers);
        let name = if let Auth::Header(name) = auth { name.as_str() } else { "authorization" };
        headers.iter_mut().filter(|(known, _)| known == name).for_each(|(_, value)| MASK.clone_into(value));
        let body = (!request.body.is_empty()).then(|| self.masked(&String::from_utf8_lossy(&request.body)));
        ShownExchange {
            method: request.method.to_string(),
            url: self.masked(&request.url),
            headers,
            body,
            ..ShownExchange::default()
        }
    }

    fn headers(&self, headers: &crate::deps::HeaderMap) -> Vec<(String, String)> {
        let one = |(name, value): (&crate::deps::HeaderName, &crate::deps::HeaderValue)| {
            (name.to_string(), self.masked(&String::from_utf8_lossy(value.as_bytes())))
        };
        headers.iter().map(one).collect()
    }

    fn masked(&self, text: &str) -> String {
        self.proof.forms().iter().fold(text.to_owned(), |text, form| text.replace(form.as_str(), MASK))
    }
}
