//! A manifest as it is worked with: everything parsed, compiled and checked.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cleaning::Cleaning;
use super::expression::Expression;
use super::template::{Text, Tree};
use crate::deps::{HeaderName, Method};
use crate::domain::enriched_field::EnrichedField;
use crate::domain::enrichment::{Input, Limit, Operation};
use crate::domain::lead::LeadField;

/// How the key travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    None,
    Header(HeaderName),
    Query(String),
    /// A member of the JSON or form body.
    Body(String),
    /// The key is `user:password`.
    Basic,
    Bearer,
    /// OAuth 2 client credentials (RFC 6749 4.4); the key is `client_id:client_secret`.
    ClientCredentials {
        token_url: String,
        scope: Option<String>,
    },
}

/// Where a provider can be reached beside its usual address, and where that one processes data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub base_url: String,
    pub region: String,
}

/// A figure the operator gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub about: String,
    pub default: Option<String>,
    /// Nothing can be called without it.
    pub required: bool,
}

/// What one plan of the vendor allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VendorPlan {
    pub limits: Vec<Limit>,
    pub concurrent: Option<u32>,
}

/// What a call costs the operator, in millionths.
#[derive(Debug, Clone, Default)]
pub struct Price {
    pub per_call: u64,
    pub per_found: u64,
    /// Where the answer tells it: units, each `unit` millionths.
    pub told: Option<Told>,
    pub unit: u64,
}

impl Price {
    /// What a request costs at most, where the answer does not tell it otherwise.
    pub const fn most(&self) -> u64 {
        let declared = self.per_call + self.per_found;
        if declared == 0 && self.told.is_some() { self.unit } else { declared }
    }
}

#[derive(Debug, Clone)]
pub enum Told {
    Body(Expression),
    Header(HeaderName),
}

/// What the vendor's headers say about one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignRule {
    pub per: Option<Duration>,
    pub limit: Option<HeaderName>,
    pub left: Option<HeaderName>,
    pub resets: Option<HeaderName>,
    /// The headers hold JSON objects; this is the member of the window.
    pub member: Option<String>,
}

/// How an answer is read: the first rule that holds.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Any of them; none given: any status.
    pub status: Vec<(u16, u16)>,
    /// Present, with this text in it where one is given.
    pub header: Vec<(HeaderName, Option<String>)>,
    pub no_header: Vec<HeaderName>,
    /// True of the body.
    pub body: Option<Expression>,
    /// Somewhere in the body, without case.
    pub text: Option<String>,
    pub is: Verdict,
    pub reason: Option<String>,
    /// Seconds to wait, for `pending` and `rate_limited`.
    pub again_in: Option<Expression>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Found,
    Partial,
    NotFound,
    Pending,
    InvalidInput,
    AuthFailed,
    OutOfQuota,
    RateLimited,
    OptedOut,
    Broken,
    /// The answer does not tell; the account does.
    AskAccount,
}

impl Verdict {
    pub const ALL: [(&str, Self); 11] = [
        ("found", Self::Found),
        ("partial", Self::Partial),
        ("not_found", Self::NotFound),
        ("pending", Self::Pending),
        ("invalid_input", Self::InvalidInput),
        ("auth_failed", Self::AuthFailed),
        ("out_of_quota", Self::OutOfQuota),
        ("rate_limited", Self::RateLimited),
        ("opted_out", Self::OptedOut),
        ("broken", Self::Broken),
        ("ask_account", Self::AskAccount),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, verdict)| *verdict == self).map_or("", |(name, _)| name)
    }
}

#[derive(Debug, Clone)]
pub struct RequestTemplate {
    pub method: Method,
    pub path: Text,
    pub query: Vec<(String, Vec<Text>)>,
    pub headers: Vec<(HeaderName, Text)>,
    pub body: Option<Body>,
    pub auth: Option<Auth>,
}

#[derive(Debug, Clone)]
pub enum Body {
    Json(Tree),
    Form(Vec<(String, Text)>),
}

/// A request and how its answer is read.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub request: RequestTemplate,
    pub rules: Vec<Rule>,
}

/// How an element of an answer finds its request.
#[derive(Debug, Clone)]
pub enum Correlation {
    /// The first answer belongs to the first request.
    Index,
    /// Equal texts belong together: what the request says, what the element says; the first pair that both have.
    Keys(Vec<(Text, Expression)>),
}

/// One call for many requests.
#[derive(Debug, Clone)]
pub struct Batch {
    pub size: usize,
    pub exchange: Exchange,
    pub items: Expression,
    pub correlation: Correlation,
    /// The status of one element.
    pub status: Option<Expression>,
    /// How one element is read.
    pub rules: Vec<Rule>,
}

/// Submit, then collect.
#[derive(Debug, Clone)]
pub struct Collect {
    /// What names the work in the answer to the submission; without it the same request is sent again.
    pub ticket: Option<Expression>,
    pub every: Duration,
    pub deadline: Duration,
    pub poll: Option<Exchange>,
    /// Gets what the poll only announces.
    pub fetch: Option<Exchange>,
    /// Where `fetch` gets it page by page.
    pub pages: Option<Pages>,
}

/// A result in pages: `offset` goes on by `size` until the vendor's count is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// Items of a page.
    pub size: u32,
    /// The header that tells how many there are in all; without it a short page is the last one.
    pub total: Option<HeaderName>,
    /// The most pages that are read.
    pub most: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Field(LeadField),
    Fact(EnrichedField),
    EmailStatus,
    Custom { name: String, kind: CustomKind },
}

impl Target {
    /// The name of a found value.
    pub fn name(&self) -> String {
        match self {
            Self::Field(field) => field.name().to_owned(),
            Self::Fact(fact) => fact.name().to_owned(),
            Self::EmailStatus => "emailStatus".to_owned(),
            Self::Custom { name, .. } => format!("customFields.{name}"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomKind {
    Text,
    Number,
    Flag,
    Date,
}

/// From the answer to one value.
#[derive(Debug, Clone)]
pub struct MapLine {
    pub target: Target,
    pub from: Expression,
    /// The vendor's words for ours, compared without case.
    pub table: Option<BTreeMap<String, String>>,
    /// For a word that is not in the table.
    pub otherwise: Option<String>,
    pub confidence: Option<Trust>,
}

/// How sure a value is: what the answer says, on a scale to `of`, else `default`.
#[derive(Debug, Clone)]
pub struct Trust {
    pub from: Option<Expression>,
    pub of: f64,
    /// 0 to 1.
    pub default: f64,
}

impl Default for Trust {
    fn default() -> Self {
        Self { from: None, of: 1.0, default: 0.7 }
    }
}

#[derive(Debug, Clone)]
pub struct OperationSpec {
    pub operation: Operation,
    pub needs: Vec<Vec<Input>>,
    pub optional: Vec<Input>,
    pub buckets: Vec<String>,
    pub price: Price,
    pub needs_callback: bool,
    pub single: Option<Exchange>,
    pub batch: Option<Batch>,
    pub collect: Option<Collect>,
    pub trust: Trust,
    pub map: Vec<MapLine>,
    /// Fields that settle what was asked; an answer with none of them is partial.
    pub settles: Vec<String>,
    pub simulate: Simulate,
}

#[derive(Debug, Clone)]
pub struct Simulate {
    /// 0 to 1.
    pub hit_rate: f64,
    pub latency: (Duration, Duration),
    /// How long submitted work takes.
    pub work: (Duration, Duration),
    /// Failures and how often they come, 0 to 1.
    pub failures: Vec<(Verdict, f64)>,
    /// By outcome, and `poll`, `fetch`, `batch`.
    pub answers: BTreeMap<String, SimulatedAnswer>,
}

impl Default for Simulate {
    fn default() -> Self {
        let (quick, slow) = (Duration::from_millis(80), Duration::from_millis(400));
        Self {
            hit_rate: 0.6,
            latency: (quick, slow),
            work: (Duration::from_secs(5), Duration::from_secs(20)),
            failures: Vec::new(),
            answers: BTreeMap::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedAnswer {
    pub status: u16,
    pub headers: Vec<(HeaderName, Text)>,
    pub body: SimulatedBody,
}

#[derive(Debug, Clone, PartialEq)]
pub enum SimulatedBody {
    Json(Tree),
    Text(String),
}

/// One provider.
#[derive(Debug, Clone)]
pub struct Manifest {
    pub slug: String,
    pub name: String,
    pub docs: String,
    pub region: String,
    pub base_url: String,
    pub endpoints: Vec<Endpoint>,
    pub proxy_url: Option<String>,
    /// Of a hundred values it is sure of, how many are right.
    pub reliability: u8,
    pub auth: Auth,
    pub settings: Vec<Setting>,
    pub plans: BTreeMap<String, VendorPlan>,
    pub default_plan: Option<String>,
    pub cleaning: Cleaning,
    pub signs: Vec<SignRule>,
    /// Seconds to wait, where the body tells.
    pub retry_after: Option<Expression>,
    /// For every operation, behind its own.
    pub rules: Vec<Rule>,
    pub account: Option<Exchange>,
    pub operations: Vec<OperationSpec>,
    /// Answers of the simulator for every operation, behind its own.
    pub simulated: BTreeMap<String, SimulatedAnswer>,
    /// As it was written.
    pub text: String,
}

impl Manifest {
    pub fn operation(&self, operation: Operation) -> Option<&OperationSpec> {
        self.operations.iter().find(|spec| spec.operation == operation)
    }
}
