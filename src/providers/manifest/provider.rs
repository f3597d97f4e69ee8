//! A provider that a manifest describes, behind the same trait as those of the house.

use std::sync::Mutex;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value as Json;

use super::auth::{Proof, Tokens};
use super::building::{scope_of, settings};
use super::call::{Call, Exchanged, Pauses, ShownExchange};
use super::collecting;
use super::model::{Auth, Batch, Correlation, Exchange, Manifest, OperationSpec, Told, Verdict};
use super::reading::{Answered, Meaning, meaning};
use super::setup::Setup;
use super::template::{self, Scope};
use super::{expression, values};
use crate::domain::enrichment::{Limits, Operation, Outcome, PriceSource, RateSigns, Reply};
use crate::providers::{CallContext, Needs, Offer, Provider, Request};
use crate::store::crypt::Secret;

/// Where a vendor asks to be called again and does not say when.
pub const AGAIN_IN: Duration = Duration::from_secs(5);

pub struct ManifestProvider {
    manifest: Manifest,
    setup: Setup,
    offers: Vec<Offer>,
    tokens: Tokens,
}

impl ManifestProvider {
    /// Without a setting that has to be given it offers nothing.
    pub fn new(manifest: Manifest, setup: Setup) -> Self {
        let offer = |spec: &OperationSpec| Offer {
            operation: spec.operation,
            needs: Needs::Listed(spec.needs.clone()),
            optional: spec.optional.clone(),
            batch: spec.batch.as_ref().map_or(1, |batch| batch.size),
        };
        let offers = match setup.missing(&manifest) {
            None => manifest.operations.iter().map(offer).collect(),
            Some(_) => Vec::new(),
        };
        Self { manifest, setup, offers, tokens: Tokens::default() }
    }

    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The same provider with other words of the operator.
    #[must_use]
    pub fn with_setup(&self, setup: Setup) -> Self {
        Self::new(self.manifest.clone(), setup)
    }

    /// Makes a call and shows what went over the wire, without secrets.
    pub async fn try_out(&self, requests: &[Request], context: CallContext<'_>) -> (Vec<Reply>, Vec<ShownExchange>) {
        let trail = Mutex::new(Vec::new());
        let replies = self.answer(requests, context, Some(&trail)).await;
        (replies, trail.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    async fn answer(
        &self,
        requests: &[Request],
        context: CallContext<'_>,
        trail: Option<&Mutex<Vec<ShownExchange>>>,
    ) -> Vec<Reply> {
        let all = |outcome: Outcome| requests.iter().map(|_| Reply::from(outcome.clone())).collect();
        let Some(first) = requests.first() else { return Vec::new() };
        let Some(spec) = self.manifest.operation(first.operation) else {
            return all(Outcome::Forbidden { reason: format!("{} has no such operation", self.manifest.slug) });
        };
        if let Some(setting) = self.setup.missing(&self.manifest) {
            return all(Outcome::Forbidden { reason: format!("the setting {setting} is not given") });
        }
        let started = context.deps.clock.monotonic();
        let proof = match self.proof(context).await {
            Ok(proof) => proof,
            Err(outcome) => return all(outcome),
        };
        let call = Call {
            manifest: &self.manifest,
            setup: &self.setup,
            context,
            started,
            proof: &proof,
            trail,
            pauses: Pauses::default(),
        };
        let asking = Asking { call, spec, settings: settings(&self.setup.settings(&self.manifest)) };
        let replies = if first.ticket.is_some() {
            collecting::collect(&asking, requests).await
        } else if spec.needs_callback && requests.iter().any(|request| request.callback.is_none()) {
            all(Outcome::InvalidInput {
                reason: "the provider needs an https address of this house to ring".to_owned(),
            })
        } else {
            asking.submit(requests).await
        };
        if matches!(self.manifest.auth, Auth::ClientCredentials { .. })
            && replies.iter().any(|reply| reply.outcome == Outcome::AuthFailed)
        {
            self.tokens.forget();
        }
        replies
    }

    async fn proof(&self, context: CallContext<'_>) -> Result<Proof, Outcome> {
        match (&self.manifest.auth, context.credential) {
            (Auth::None, _) => Ok(Proof::new(Secret::default())),
            (_, None) => Err(Outcome::AuthFailed),
            (_, Some(key)) if key.is_empty() => Err(Outcome::AuthFailed),
            (Auth::ClientCredentials { token_url, scope }, Some(key)) => {
                self.tokens.get(token_url, scope.as_deref(), key, context).await.map(Proof::new)
            }
            (_, Some(key)) => Ok(Proof::new(key.clone())),
        }
    }
}

impl Provider for ManifestProvider {
    fn slug(&self) -> &str {
        &self.manifest.slug
    }

    fn offers(&self) -> &[Offer] {
        &self.offers
    }

    fn needs_key(&self) -> bool {
        self.manifest.auth != Auth::None
    }

    fn source(&self) -> PriceSource {
        PriceSource::InstallKey
    }

    fn region(&self) -> Option<&str> {
        Some(self.setup.region(&self.manifest))
    }

    fn limits(&self, operation: Operation) -> Limits {
        self.manifest.operation(operation).map(|spec| self.setup.limits(&self.manifest, spec)).unwrap_or_default()
    }

    fn cost(&self, operation: Operation) -> u64 {
        self.manifest.operation(operation).map_or(0, |spec| spec.price.most())
    }

    fn lacks(&self) -> Option<String> {
        self.setup.missing(&self.manifest).map(|setting| format!("the setting {setting} is not given"))
    }

    fn needs_callback(&self, operation: Operation) -> bool {
        self.manifest.operation(operation).is_some_and(|spec| spec.needs_callback)
    }

    fn reliability(&self, _operation: Operation) -> u8 {
        self.manifest.reliability
    }

    fn call<'a>(&'a self, requests: &'a [Request], context: CallContext<'a>) -> BoxFuture<'a, Vec<Reply>> {
        self.answer(requests, context, None).boxed()
    }
}

/// One operation of a call.
pub struct Asking<'a> {
    pub call: Call<'a>,
    pub spec: &'a OperationSpec,
    settings: minijinja::Value,
}

impl Asking<'_> {
    pub fn scope(&self, request: &Request, place: usize) -> Scope {
        let declared: Vec<_> = self.spec.needs.iter().flatten().chain(&self.spec.optional).copied().collect();
        let mut scope = scope_of(request, &declared, place);
        scope.insert("settings".to_owned(), self.settings.clone());
        scope
    }

    pub fn batch_scope(&self, requests: &[Request]) -> Scope {
        let each = requests.iter().enumerate().map(|(place, request)| self.scope(request, place));
        let each: Vec<minijinja::Value> = each.map(|scope| template::object(&scope)).collect();
        let mut scope = Scope::new();
        scope.insert("requests".to_owned(), minijinja::Value::from(each));
        scope.insert("settings".to_owned(), self.settings.clone());
        if let Some(first) = requests.first() {
            scope.insert("requestId".to_owned(), minijinja::Value::from(first.id.to_string()));
            scope.extend(
                first
                    .callback
                    .iter()
                    .map(|callback| ("callback".to_owned(), minijinja::Value::from(callback.as_str()))),
            );
        }
        scope
    }

    /// One call for all requests; where the vendor takes only one at a time, one after the other.
    async fn submit(&self, requests: &[Request]) -> Vec<Reply> {
        match (&self.spec.single, &self.spec.batch) {
            (Some(single), batch) if requests.len() == 1 || batch.is_none() => {
                let mut replies = Vec::with_capacity(requests.len());
                for request in requests {
                    replies.push(self.one(single, request, 0).await);
                }
                replies
            }
            (_, Some(batch)) => self.many(batch, requests).await,
            (_, None) => Vec::new(),
        }
    }

    /// `place` is that of the request in its submission.
    pub async fn one(&self, exchange: &Exchange, request: &Request, place: usize) -> Reply {
        match self.call.exchange(exchange, &self.scope(request, place)).await {
            Exchanged::Failed { outcome, .. } => outcome.into(),
            Exchanged::Answered { answered, meaning, signs } => {
                let outcome = match collecting::submitted(self, &answered, &meaning) {
                    Ok(None) => return self.reply(&answered, &meaning, request, signs),
                    Ok(Some(pending)) => pending.at(place),
                    Err(outcome) => outcome,
                };
                Reply { cost: self.cost(&answered, false), raw: raw(&answered), signs, outcome }
            }
        }
    }

    /// The reply to one request, from a document that is about it alone.
    pub fn reply(&self, answered: &Answered, meaning: &Meaning, request: &Request, signs: RateSigns) -> Reply {
        let outcome = self.outcome(answered, meaning, request, &signs);
        let has_values = matches!(outcome, Outcome::Found(_) | Outcome::Partial(_));
        Reply { cost: self.cost(answered, has_values), raw: raw(answered), signs, outcome }
    }

    pub fn outcome(&self, answered: &Answered, meaning: &Meaning, request: &Request, signs: &RateSigns) -> Outcome {
        if matches!(meaning.verdict, Verdict::Found | Verdict::Partial) {
            if answered.json.is_none() {
                return Outcome::Broken { reason: "the answer is no JSON".to_owned() };
            }
            let answer = values::answer(self.spec, &answered.document, request, self.call.now());
            return values::outcome(self.spec, answer, meaning.verdict == Verdict::Partial);
        }
        without_values(meaning, signs)
    }

    async fn many(&self, batch: &Batch, requests: &[Request]) -> Vec<Reply> {
        match self.call.exchange(&batch.exchange, &self.batch_scope(requests)).await {
            Exchanged::Failed { outcome, .. } => requests.iter().map(|_| Reply::from(outcome.clone())).collect(),
            Exchanged::Answered { answered, meaning, signs } => {
                let pending = match collecting::submitted(self, &answered, &meaning) {
                    Ok(Some(pending)) => pending,
                    Ok(None) => {
                        let places: Vec<usize> = (0..requests.len()).collect();
                        return self.split(batch, &answered, &meaning, requests, &places, signs);
                    }
                    Err(outcome) => return requests.iter().map(|_| Reply::from(outcome.clone())).collect(),
                };
                let costs = shares(self.cost(&answered, false), requests.len());
                let reply = |(place, cost)| Reply {
                    outcome: pending.at(place),
                    cost,
                    raw: None,
                    signs: if place == 0 { signs.clone() } else { RateSigns::default() },
                };
                costs.into_iter().enumerate().map(reply).collect()
            }
        }
    }

    /// Deals the elements of an answer out to their requests. `places` are those of the requests in their submission;
    /// what the vendor says about its limits goes with the first reply.
    pub fn split(
        &self,
        batch: &Batch,
        answered: &Answered,
        meaning: &Meaning,
        requests: &[Request],
        places: &[usize],
        signs: RateSigns,
    ) -> Vec<Reply> {
        let mut replies: Vec<Reply> = if matches!(meaning.verdict, Verdict::Found | Verdict::Partial) {
            match self.elements(batch, answered, requests, places) {
                Some(elements) => {
                    let reply = |(request, element): (&Request, Option<Answered>)| {
                        let Some(element) = element else { return Reply::from(Outcome::NotFound) };
                        let rules = batch.rules.iter();
                        let meaning = self::meaning(&element, rules);
                        self.reply(&element, &meaning, request, RateSigns::default())
                    };
                    requests.iter().zip(elements).map(reply).collect()
                }
                None => {
                    let outcome = Outcome::Broken {
                        reason: "the answer has no list with one result for each request".to_owned(),
                    };
                    requests.iter().map(|_| Reply { raw: None, ..Reply::from(outcome.clone()) }).collect()
                }
            }
        } else {
            let outcome = without_values(meaning, &signs);
            requests.iter().map(|_| Reply { raw: raw(answered), ..Reply::from(outcome.clone()) }).collect()
        };
        // What is paid for the call as a whole is shared; what is paid for a find went to it above.
        let told = self.told(answered).map(|told| shares(told, replies.len()));
        for (place, reply) in replies.iter_mut().enumerate() {
            let has_values = matches!(reply.outcome, Outcome::Found(_) | Outcome::Partial(_));
            reply.cost = match &told {
                Some(told) => told[place],
                None if has_values => self.spec.price.per_call.saturating_add(self.spec.price.per_found),
                None => reply.cost,
            };
        }
        if let Some(first) = replies.first_mut() {
            first.signs = signs;
        }
        replies
    }

    /// For each request the element that is about it; nothing where the answer has no list.
    fn elements(
        &self,
        batch: &Batch,
        answered: &Answered,
        requests: &[Request],
        places: &[usize],
    ) -> Option<Vec<Option<Answered>>> {
        let found = batch.items.of(&answered.document)?;
        let list = found.as_array()?;
        let element = |item: &jmespath::Rcvar| {
            let json = serde_json::to_value(&**item).ok().filter(|json| !json.is_null())?;
            let told = batch.status.as_ref().and_then(|status| expression::numeric(&*status.of(item)?));
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates, and is compared only
            let status = told.map_or(answered.status, |status| status as u16);
            Some(Answered::element(json, status))
        };
        let keys = match &batch.correlation {
            // A list of another length cannot be dealt out by place: somebody would get another's data.
            Correlation::Index if list.len() != requests.len() => return None,
            Correlation::Index => return Some(list.iter().map(element).collect()),
            Correlation::Keys(keys) => keys,
        };
        let mut taken = vec![false; list.len()];
        let mut of = |request: &Request, place: usize| {
            let scope = self.scope(request, place);
            keys.iter().find_map(|(asked, told)| {
                let wanted = asked.text(&scope).ok()??;
                let fits =
                    |item: &jmespath::Rcvar| told.text(item).is_some_and(|text| text.eq_ignore_ascii_case(&wanted));
                let at = list.iter().enumerate().position(|(at, item)| !taken[at] && fits(item))?;
                taken[at] = true;
                element(&list[at])
            })
        };
        Some(requests.iter().zip(places).map(|(request, place)| of(request, *place)).collect())
    }

    fn cost(&self, answered: &Answered, has_values: bool) -> u64 {
        let price = &self.spec.price;
        // A refusal costs nothing, unless the vendor says so.
        let answered_well = (200..300).contains(&answered.status);
        let usual = if answered_well { price.per_call } else { 0 };
        let found = if has_values { price.per_found } else { 0 };
        self.told(answered).unwrap_or_else(|| usual.saturating_add(found))
    }

    /// What the vendor says that it costs, in millionths.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // saturates
    pub fn told(&self, answered: &Answered) -> Option<u64> {
        let price = &self.spec.price;
        let units = match price.told.as_ref()? {
            Told::Body(told) => expression::numeric(&*told.of(&answered.document)?)?,
            Told::Header(name) => answered.headers.get(name)?.to_str().ok()?.trim().parse().ok()?,
        };
        (units.is_finite() && units >= 0.0).then(|| (units * price.unit as f64).round() as u64)
    }
}

/// What an outcome without values is.
pub fn without_values(meaning: &Meaning, signs: &RateSigns) -> Outcome {
    let reason = |usual: &str| meaning.reason.clone().unwrap_or_else(|| usual.to_owned());
    let wait = meaning.again_in.or(signs.retry_after);
    match meaning.verdict {
        Verdict::Found | Verdict::Partial | Verdict::NotFound => Outcome::NotFound,
        Verdict::Pending => Outcome::Broken { reason: reason("the provider waits for something that is not told") },
        Verdict::InvalidInput => Outcome::InvalidInput { reason: reason("the provider refuses the request") },
        Verdict::AuthFailed => Outcome::AuthFailed,
        Verdict::OutOfQuota => Outcome::OutOfQuota,
        Verdict::RateLimited => Outcome::RateLimited { retry_after: wait },
        Verdict::OptedOut => Outcome::OptedOut,
        Verdict::Broken | Verdict::AskAccount => Outcome::Broken { reason: reason("the provider is broken") },
    }
}

/// An amount in equal parts; the first ones carry what is left over.
pub fn shares(amount: u64, parts: usize) -> Vec<u64> {
    let count = u64::try_from(parts).unwrap_or(u64::MAX).max(1);
    let (each, over) = (amount / count, amount % count);
    (0..parts).map(|place| each + u64::from(u64::try_from(place).is_ok_and(|place| place < over))).collect()
}

pub fn raw(answered: &Answered) -> Option<Vec<u8>> {
    answered.json.as_ref().filter(|json| !matches!(json, Json::Null)).and_then(|json| serde_json::to_vec(json).ok())
}
