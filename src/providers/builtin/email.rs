//! The built-in check of an e-mail address: form, lists, DNS. Nothing but domain names leaves the box, and those only
//! while the look-up is switched on.

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use serde_json::json;

use super::mail_hosts::MailHosts;
use crate::deps::Deps;
use crate::domain::email::Email;
use crate::domain::enriched_field::EnrichedField;
use crate::domain::enrichment::{
    Answer, EmailFacts, Evidence, FoundValue, Limits, MailHost, NotAsked, Operation, Outcome, Reply, check_email,
    did_you_mean,
};
use crate::domain::lead::LeadField;
use crate::providers::lists::Lists;
use crate::providers::{CallContext, Offer, Provider, Request};

/// The provider `galena.email`.
pub struct BuiltInEmail {
    lists: Lists,
    hosts: MailHosts,
}

/// Look-ups at a time.
const LOOK_UPS: u32 = 64;

const OFFERS: &[Offer] = &[Offer::single(Operation::EmailVerify, &[&[LeadField::Email]])];

impl BuiltInEmail {
    pub const SLUG: &'static str = "galena.email";

    pub fn new(lists: Lists, hosts: MailHosts) -> Self {
        Self { lists, hosts }
    }

    async fn facts(&self, text: &str, deps: &Deps) -> EmailFacts {
        let email = match Email::parse(text) {
            Ok(email) => email,
            Err(error) => {
                let host = MailHost::NotAsked(NotAsked::ReservedDomain);
                let form = Err(error);
                return EmailFacts { form, role: false, free_mail: false, disposable: false, suggestion: None, host };
            }
        };
        let domain = email.domain();
        let host = if email.has_reserved_domain() {
            MailHost::NotAsked(NotAsked::ReservedDomain)
        } else {
            self.hosts.of(domain, deps).await
        };
        EmailFacts {
            form: Ok(()),
            role: self.lists.is_role(email.local()) || email.is_role(),
            free_mail: self.lists.is_free_mail(domain),
            disposable: self.lists.disposable(domain),
            suggestion: did_you_mean(domain, |domain| self.lists.is_free_mail(domain)),
            host,
        }
    }

    async fn verify(&self, request: &Request, deps: &Deps) -> Reply {
        let Some(text) = request.input(LeadField::Email) else {
            return Outcome::InvalidInput { reason: "there is no e-mail address".to_owned() }.into();
        };
        let facts = self.facts(text, deps).await;
        let check = check_email(&facts);
        let exchanges: &[String] = if let MailHost::Exchanges(hosts) = &facts.host { hosts } else { &[] };
        let evidence = json!({
            "reason": check.reason,
            "syntaxError": facts.form.err().map(|error| error.to_string()),
            "role": facts.role,
            "freeMail": facts.free_mail,
            "disposable": facts.disposable,
            "suggestedDomain": facts.suggestion,
            "mailExchanges": exchanges,
        })
        .to_string();
        let value = FoundValue {
            field: "emailStatus".to_owned(),
            value: check.status.name().to_owned(),
            confidence: check.confidence,
            about: Some(text.to_owned()),
            evidence: Some(evidence.clone()),
        };
        let mut values = vec![value];
        values.extend(facts_of(text, &facts));
        let answer = Answer { values };
        let outcome = if check.conclusive { Outcome::Found(answer) } else { Outcome::Partial(answer) };
        Reply { raw: Some(evidence.into_bytes()), ..outcome.into() }
    }
}

/// What kind of address it is, and which one was probably meant.
fn facts_of(text: &str, facts: &EmailFacts) -> Vec<FoundValue> {
    if facts.form.is_err() || facts.host == MailHost::NotAsked(NotAsked::ReservedDomain) {
        return Vec::new();
    }
    let (kind, evidence) = match facts {
        EmailFacts { disposable: true, .. } => ("disposable", Evidence::OnList),
        EmailFacts { role: true, .. } => ("role", Evidence::OnList),
        EmailFacts { free_mail: true, .. } => ("free", Evidence::OnList),
        _ => ("business", Evidence::OnNoList),
    };
    let mut values = vec![super::value(EnrichedField::EmailType, kind, evidence, Some(text), json!({}))];
    if let Some(meant) = facts.suggestion
        && let Some((local, _)) = text.rsplit_once('@')
    {
        // Whose domain is misspelled has no company either.
        values.clear();
        let meant = format!("{local}@{meant}");
        values.push(super::value(EnrichedField::SuggestedEmail, &meant, Evidence::Slip, Some(text), json!({})));
    }
    values
}

impl Provider for BuiltInEmail {
    fn slug(&self) -> &str {
        Self::SLUG
    }

    fn offers(&self) -> &[Offer] {
        OFFERS
    }

    fn limits(&self, _operation: Operation) -> Limits {
        Limits { concurrent: Some(LOOK_UPS), ..Limits::default() }
    }

    fn call<'a>(&'a self, requests: &'a [Request], context: CallContext<'a>) -> BoxFuture<'a, Vec<Reply>> {
        join_all(requests.iter().map(|request| self.verify(request, context.deps))).boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::deps::{DnsError, MailExchange, MxAnswer, Simulation};
    use crate::domain::enrichment::Input;
    use crate::domain::id::{AttemptId, Id};
    use crate::providers::call_one;

    fn verify(world: &Simulation, address: &str) -> (Outcome, serde_json::Value) {
        let provider = BuiltInEmail::new(Lists::embedded().expect("the lists open"), MailHosts::default());
        let request = Request {
            id: AttemptId::from_u64(1),
            operation: Operation::EmailVerify,
            inputs: vec![(Input::Lead(LeadField::Email), address.to_owned())],
            ticket: None,
            callback: None,
        };
        let context =
            CallContext { deps: &world.deps, credential: None, timeout: Duration::from_secs(1), further: None };
        let reply = call_one(&provider, &request, context).now_or_never().expect("answers at once").expect("one");
        let raw = reply.raw.expect("a raw answer");
        (reply.outcome, serde_json::from_slice(&raw).expect("JSON"))
    }

    fn status(outcome: &Outcome) -> (&'static str, String) {
        match outcome {
            Outcome::Found(answer) => ("found", answer.values[0].value.clone()),
            Outcome::Partial(answer) => ("partial", answer.values[0].value.clone()),
            other => (other.name(), String::new()),
        }
    }

    fn world() -> Simulation {
        let world = Simulation::from_seed(1);
        let exchange = |host: &str| vec![MailExchange { preference: 10, host: host.to_owned() }];
        for domain in ["siemens.com", "gmail.com", "mailinator.com", "gmial.com"] {
            world.dns.set_mx(domain, Ok(MxAnswer::Exchanges(exchange("mx.host.net"))));
        }
        world.dns.set_mx("quiet.com", Ok(MxAnswer::TakesNoMail));
        world.dns.set_mx("down.com", Err(DnsError::Timeout));
        world
    }

    #[test]
    fn real_addresses_get_real_verdicts() {
        let world = world();
        for (address, verdict, value) in [
            ("anna.meier@siemens.com", "found", "valid"),
            ("anna@quiet.com", "found", "invalid"),
            ("anna@nowhere-at-all.com", "found", "invalid"),
            ("anna@mailinator.com", "found", "unknown"),
            ("anna@gmial.com", "found", "unknown"),
            ("anna@down.com", "partial", "unknown"),
            ("anna@firm.test", "found", "invalid"),
            ("not an address", "found", "invalid"),
        ] {
            assert_eq!(status(&verify(&world, address).0), (verdict, value.to_owned()), "{address}");
        }
    }

    #[test]
    fn the_kind_of_address_and_the_one_that_was_meant_are_facts() {
        let world = world();
        let facts = |address: &str| {
            let outcome = verify(&world, address).0;
            let (Outcome::Found(answer) | Outcome::Partial(answer)) = outcome else { panic!("no values") };
            let facts = answer.values[1..].iter().map(|value| format!("{}={}", value.field, value.value));
            facts.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(facts("anna.meier@siemens.com"), "emailType=business");
        assert_eq!(facts("anna@gmail.com"), "emailType=free");
        assert_eq!(facts("info@siemens.com"), "emailType=role");
        assert_eq!(facts("info@mailinator.com"), "emailType=disposable");
        assert_eq!(facts("anna@gmial.com"), "suggestedEmail=anna@gmail.com");
        assert_eq!((facts("anna@firm.test"), facts("no address")), (String::new(), String::new()));
    }

    #[test]
    fn the_evidence_says_why() {
        let world = world();
        let (_, evidence) = verify(&world, "info@gmail.com");
        assert_eq!((&evidence["role"], &evidence["freeMail"]), (&json!(true), &json!(true)));
        assert_eq!(evidence["mailExchanges"], json!(["mx.host.net"]));
        assert_eq!(verify(&world, "anna@gmial.com").1["suggestedDomain"], json!("gmail.com"));
        assert_eq!(verify(&world, "anna@mailinator.com").1["reason"], json!("disposable"));
        let off = Simulation { deps: world.deps.clone().without_dns(), ..world };
        let (outcome, evidence) = verify(&off, "anna@siemens.com");
        assert_eq!(status(&outcome), ("partial", "unknown".to_owned()));
        assert_eq!(evidence["reason"], json!("dns_switched_off"));
        assert_eq!(status(&verify(&off, "not an address").0).1, "invalid", "the form needs no network");
    }
}
