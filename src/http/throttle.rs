//! Failed sign-ins are counted per account and per address; whoever has too many waits until the window has passed.
//!
//! An attempt counts from its beginning, so that many at once cannot slip through. Counts live in memory: a restart forgets
//! them, which gives an attacker a handful of guesses more.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::codes::Code;
use super::problem::Problem;
use crate::store::transactions::users::email_key;

/// Counts above which those that are over are thrown away, and beyond which nobody new is let in.
const MANY: usize = 100_000;

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counted {
    /// Hash of an e-mail address, whether there is such a user or not.
    Account([u8; 32]),
    /// An IPv6 address stands for its network of 64 bits, which is what one subscriber has.
    Address(IpAddr),
}

struct Failures {
    count: u32,
    /// When the first one was, on the monotonic clock.
    since: Duration,
}

pub struct LoginThrottle {
    /// `limits.login_attempts`; 0: no limit.
    attempts: u32,
    window: Duration,
    failures: Mutex<HashMap<Counted, Failures>>,
}

/// An attempt that has been let through, and counts as failed until it is said to have succeeded.
pub(in crate::http) struct Attempt<'t> {
    throttle: &'t LoginThrottle,
    counted: Vec<Counted>,
}

impl LoginThrottle {
    pub fn new(attempts: u32, window: Duration) -> Self {
        Self { attempts, window, failures: Mutex::default() }
    }

    /// # Errors
    /// `RATE_LIMIT_EXCEEDED` with the time to wait, the same for accounts that do not exist.
    pub(in crate::http) fn attempt(
        &self,
        email: &str,
        address: Option<IpAddr>,
        now: Duration,
    ) -> Result<Attempt<'_>, Problem> {
        if self.attempts == 0 {
            return Ok(Attempt { throttle: self, counted: Vec::new() });
        }
        let account = Counted::Account(*blake3::hash(email_key(email).as_bytes()).as_bytes());
        let counted: Vec<_> = [Some(account), address.map(|address| Counted::Address(network_of(address)))]
            .into_iter()
            .flatten()
            .collect();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |failed: &Failures| now.saturating_sub(failed.since) >= self.window;
        if failures.len() >= MANY {
            failures.retain(|_, failed| !over(failed));
        }
        let waits = counted.iter().filter_map(|who| failures.get(who)).filter(|failed| !over(failed));
        let wait = waits.filter(|failed| failed.count >= self.attempts).map(|failed| failed.since + self.window - now);
        if let Some(wait) = wait.max() {
            return Err(refused(wait));
        }
        if failures.len() >= MANY {
            return Err(refused(self.window));
        }
        for who in &counted {
            let failed = failures.entry(*who).or_insert(Failures { count: 0, since: now });
            if over(failed) {
                *failed = Failures { count: 0, since: now };
            }
            failed.count += 1;
        }
        drop(failures);
        Ok(Attempt { throttle: self, counted })
    }
}

impl Attempt<'_> {
    /// The account starts anew. The address gets back only this one: a guesser with an account of their own must not wipe
    /// out what the others cost.
    pub fn succeeded(self) {
        let mut failures = self.throttle.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for who in &self.counted {
            match who {
                Counted::Account(_) => drop(failures.remove(who)),
                Counted::Address(_) => {
                    if let Some(failed) = failures.get_mut(who) {
                        failed.count = failed.count.saturating_sub(1);
                    }
                }
            }
        }
    }
}

fn refused(wait: Duration) -> Problem {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Problem::new(Code::RateLimitExceeded).detail("too many failed sign-ins").retry_after(seconds.max(1))
}

fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(900);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(5_000 + seconds)
    }

    fn fails(throttle: &LoginThrottle, email: &str, address: &str, second: u64) -> bool {
        throttle.attempt(email, Some(address.parse().expect("an address")), at(second)).is_ok()
    }

    #[test]
    fn an_account_is_refused_after_its_failures_from_anywhere() {
        let throttle = LoginThrottle::new(3, WINDOW);
        for from in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            assert!(fails(&throttle, "ada@example.com", from, 0));
        }
        assert!(!fails(&throttle, " ADA@example.com", "192.0.2.4", 1), "the same account in other letters");
        assert!(fails(&throttle, "bob@example.com", "192.0.2.4", 1));
        assert!(!fails(&throttle, "ada@example.com", "192.0.2.5", 899));
        assert!(fails(&throttle, "ada@example.com", "192.0.2.5", 900), "the window has passed");
    }

    #[test]
    fn an_address_is_refused_whatever_accounts_it_tries() {
        let throttle = LoginThrottle::new(3, WINDOW);
        for (place, from) in ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3"].into_iter().enumerate() {
            assert!(fails(&throttle, &format!("user{place}@example.com"), from, 0));
        }
        assert!(!fails(&throttle, "other@example.com", "2001:db8::9", 1), "the same network");
        assert!(fails(&throttle, "other@example.com", "2001:db8:0:1::9", 1));
    }

    #[test]
    fn success_clears_the_account_and_gives_the_address_one_back() {
        let throttle = LoginThrottle::new(2, WINDOW);
        let from = Some("192.0.2.1".parse().expect("an address"));
        assert!(fails(&throttle, "ada@example.com", "192.0.2.1", 0));
        throttle.attempt("eve@example.com", from, at(1)).unwrap_or_else(|_| panic!("let through")).succeeded();
        assert!(fails(&throttle, "ada@example.com", "192.0.2.1", 2));
        assert!(!fails(&throttle, "eve@example.com", "192.0.2.1", 3), "both failures of the address still count");
    }

    #[test]
    fn who_is_refused_learns_how_long() {
        let throttle = LoginThrottle::new(1, WINDOW);
        assert!(fails(&throttle, "ada@example.com", "192.0.2.1", 0));
        let refused = throttle.attempt("ada@example.com", None, at(100)).err().expect("refused");
        assert_eq!(refused.code, Code::RateLimitExceeded);
        assert!(format!("{refused:?}").contains("800"), "{refused:?}");
    }
}
