//! Where the mail of a domain goes, asked of the DNS once per domain and not at all while it does not answer.
//!
//! A lead list has few domains and many addresses at each, so answers are remembered. A box without a network would
//! otherwise wait for a timeout at every domain: after a few failures in a row the resolver counts as unreachable for a
//! while, and the check goes on without it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::deps::{Deps, DnsError, MxAnswer};
use crate::domain::enrichment::{MailHost, NotAsked};

const REMEMBERED: Duration = Duration::from_secs(600);
/// A failure is remembered for less: the network may be back.
const FAILURE_REMEMBERED: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(5);
/// Failures in a row after which the resolver counts as unreachable.
const FAILURES: u32 = 5;
const MOST_DOMAINS: usize = 50_000;

/// The answers of this process.
#[derive(Default)]
pub struct MailHosts {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    domains: HashMap<String, Arc<Known>>,
    failures: u32,
    /// Monotonic moment until which nothing is asked.
    unreachable_until: Duration,
}

struct Known {
    asked_at: Duration,
    /// Set by the first who asks; the others wait for it.
    answer: OnceCell<MailHost>,
}

impl Known {
    fn is_fresh(&self, now: Duration) -> bool {
        let remembered = match self.answer.get() {
            // A switch is read anew each time.
            Some(MailHost::NotAsked(NotAsked::SwitchedOff)) => Duration::ZERO,
            Some(MailHost::NotAsked(_)) => FAILURE_REMEMBERED,
            Some(_) | None => REMEMBERED,
        };
        now.saturating_sub(self.asked_at) < remembered
    }
}

impl MailHosts {
    /// `domain` is in ASCII, lower case.
    pub async fn of(&self, domain: &str, deps: &Deps) -> MailHost {
        let now = deps.clock.monotonic();
        let known = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            match state.domains.get(domain).filter(|known| known.is_fresh(now)) {
                Some(known) => Arc::clone(known),
                None if now < state.unreachable_until => return MailHost::NotAsked(NotAsked::Unreachable),
                None => {
                    if state.domains.len() >= MOST_DOMAINS {
                        state.domains.clear();
                    }
                    let known = Arc::new(Known { asked_at: now, answer: OnceCell::new() });
                    state.domains.insert(domain.to_owned(), Arc::clone(&known));
                    known
                }
            }
        };
        known.answer.get_or_init(|| self.ask(domain, deps)).await.clone()
    }

    async fn ask(&self, domain: &str, deps: &Deps) -> MailHost {
        let answer = tokio::select! {
            answer = look_up(domain, deps) => answer,
            () = deps.clock.sleep(PATIENCE) => Err(DnsError::Timeout),
        };
        match answer {
            Ok(host) => {
                self.note(|state| state.failures = 0);
                host
            }
            Err(DnsError::SwitchedOff) => MailHost::NotAsked(NotAsked::SwitchedOff),
            // The name is no host name: nothing can be delivered there.
            Err(DnsError::BadName(_)) => MailHost::NoSuchDomain,
            Err(DnsError::Timeout | DnsError::Configuration(_) | DnsError::Failed(_)) => {
                let now = deps.clock.monotonic();
                self.note(|state| {
                    state.failures = state.failures.saturating_add(1);
                    if state.failures >= FAILURES {
                        state.unreachable_until = now.saturating_add(FAILURE_REMEMBERED);
                    }
                });
                MailHost::NotAsked(NotAsked::Unreachable)
            }
        }
    }

    fn note(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

async fn look_up(domain: &str, deps: &Deps) -> Result<MailHost, DnsError> {
    Ok(match deps.dns.mx(domain).await? {
        MxAnswer::Exchanges(exchanges) => {
            MailHost::Exchanges(exchanges.into_iter().map(|exchange| exchange.host).collect())
        }
        MxAnswer::TakesNoMail => MailHost::RefusesMail,
        MxAnswer::NoSuchDomain => MailHost::NoSuchDomain,
        MxAnswer::NoExchange if deps.dns.addresses(domain).await?.is_empty() => MailHost::None,
        MxAnswer::NoExchange => MailHost::Address,
    })
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::deps::{MailExchange, Simulation};

    fn answered(answer: Option<MailHost>) -> MailHost {
        answer.expect("a simulated resolver answers at once")
    }

    #[test]
    fn a_domain_is_asked_once_and_again_when_the_answer_is_old() {
        let world = Simulation::from_seed(1);
        let exchange = MailExchange { preference: 10, host: "mx.firm.com".to_owned() };
        world.dns.set_mx("firm.com", Ok(MxAnswer::Exchanges(vec![exchange])));
        world.dns.set_mx("web.com", Ok(MxAnswer::NoExchange));
        world.dns.set_addresses("web.com", Ok(vec!["192.0.2.1".parse().expect("an address")]));
        world.dns.set_mx("bare.com", Ok(MxAnswer::NoExchange));
        let hosts = MailHosts::default();
        let ask = |domain: &str| answered(hosts.of(domain, &world.deps).now_or_never());
        let known = MailHost::Exchanges(vec!["mx.firm.com".to_owned()]);
        assert_eq!(ask("firm.com"), known);
        assert_eq!((ask("web.com"), ask("bare.com")), (MailHost::Address, MailHost::None));
        assert_eq!(ask("gone.com"), MailHost::NoSuchDomain);

        world.dns.set_mx("firm.com", Ok(MxAnswer::TakesNoMail));
        assert_eq!(ask("firm.com"), known, "remembered");
        world.clock.advance(REMEMBERED);
        assert_eq!(ask("firm.com"), MailHost::RefusesMail);
    }

    #[test]
    fn a_resolver_that_fails_is_left_alone_for_a_while() {
        let world = Simulation::from_seed(1);
        let hosts = MailHosts::default();
        let ask = |domain: &str| answered(hosts.of(domain, &world.deps).now_or_never());
        for number in 0..FAILURES {
            let domain = format!("down{number}.com");
            world.dns.set_mx(&domain, Err(DnsError::Timeout));
            assert_eq!(ask(&domain), MailHost::NotAsked(NotAsked::Unreachable));
        }
        assert_eq!(ask("nobody-asked.com"), MailHost::NotAsked(NotAsked::Unreachable), "not asked at all");
        world.clock.advance(FAILURE_REMEMBERED);
        assert_eq!(ask("nobody-asked.com"), MailHost::NoSuchDomain);
    }

    #[test]
    fn an_answer_that_never_comes_is_given_up() {
        struct Silent;
        impl crate::deps::Dns for Silent {
            fn mx<'a>(&'a self, _domain: &'a str) -> futures::future::BoxFuture<'a, Result<MxAnswer, DnsError>> {
                futures::future::pending().boxed()
            }
            fn addresses<'a>(
                &'a self,
                _host: &'a str,
            ) -> futures::future::BoxFuture<'a, Result<Vec<std::net::IpAddr>, DnsError>> {
                futures::future::pending().boxed()
            }
        }
        let world = Simulation::from_seed(1);
        let deps = Deps { dns: Arc::new(Silent), ..world.deps.clone() };
        let hosts = MailHosts::default();
        let mut asked = Box::pin(hosts.of("slow.com", &deps));
        assert_eq!((&mut asked).now_or_never(), None);
        world.clock.advance(PATIENCE);
        assert_eq!((&mut asked).now_or_never(), Some(MailHost::NotAsked(NotAsked::Unreachable)));
    }
}
