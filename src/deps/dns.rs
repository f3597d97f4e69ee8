//! Looking up names: where a domain takes its mail, and its addresses.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::PoisonError;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::{Name, RData};
use tokio::sync::OnceCell;

/// Names are ASCII (an internationalised one in its `xn--` form), without a final dot.
pub trait Dns: Send + Sync {
    /// The domain's mail exchanges, the preferred one first.
    fn mx<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<MxAnswer, DnsError>>;

    /// The host's IPv4 and IPv6 addresses; empty when it has none or does not exist.
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, DnsError>>;
}

/// What the DNS says about a domain's mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MxAnswer {
    /// At least one, by rising preference, then by name.
    Exchanges(Vec<MailExchange>),
    /// The domain says that it takes no mail (RFC 7505).
    TakesNoMail,
    /// The domain exists without an MX record: its own address takes the mail, if it has one (RFC 5321, 5.1).
    NoExchange,
    NoSuchDomain,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MailExchange {
    /// The lower, the sooner.
    pub preference: u16,
    /// Lower case, without a final dot.
    pub host: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    #[error("looking up names is switched off")]
    SwitchedOff,
    #[error("not a domain name: {0}")]
    BadName(String),
    #[error("the resolver did not answer in time")]
    Timeout,
    #[error("the system's resolver configuration cannot be used: {0}")]
    Configuration(String),
    #[error("the look-up failed: {0}")]
    Failed(String),
}

impl MxAnswer {
    /// Sorts, and tells "takes no mail" from a list of hosts.
    pub fn of(mut exchanges: Vec<MailExchange>) -> Self {
        exchanges.retain(|exchange| !exchange.host.is_empty() || exchange.preference == 0);
        exchanges.sort();
        exchanges.dedup();
        match exchanges.as_slice() {
            [] => Self::NoExchange,
            [only] if only.host.is_empty() => Self::TakesNoMail,
            _ => {
                // A null record beside real ones means nothing (RFC 7505, 3).
                exchanges.retain(|exchange| !exchange.host.is_empty());
                Self::Exchanges(exchanges)
            }
        }
    }
}

/// The resolver that the machine is configured for (`/etc/resolv.conf`), read when the first name is asked for.
#[derive(Default)]
pub struct SystemDns {
    /// Empty until a look-up could read the configuration; a failure is tried again by the next look-up.
    resolver: OnceCell<TokioResolver>,
}

impl SystemDns {
    async fn resolver(&self) -> Result<&TokioResolver, DnsError> {
        self.resolver
            .get_or_try_init(|| async {
                let configured = TokioResolver::builder_tokio().and_then(|builder| builder.build());
                configured.map_err(|error| DnsError::Configuration(error.to_string()))
            })
            .await
    }

    /// A resolver inside a closed network often says of every name that it does not exist. One that says so of `com.`
    /// is no witness of what exists. (The resolver remembers the answer.)
    async fn is_on_the_internet(&self) -> Result<(), DnsError> {
        match self.resolver().await?.mx_lookup(full_name("com")?).await {
            Err(error) if error.is_nx_domain() => {
                Err(DnsError::Failed("the resolver says that .com does not exist: it is cut off".to_owned()))
            }
            Err(error) if error.is_no_records_found() => Ok(()),
            Err(error) => Err(failure(error)),
            Ok(_) => Ok(()),
        }
    }
}

/// With the root at its end, so that the machine's search domains are never tried.
fn full_name(domain: &str) -> Result<Name, DnsError> {
    let bad = || DnsError::BadName(domain.to_owned());
    if domain.is_empty() || !domain.is_ascii() {
        return Err(bad());
    }
    let mut name = Name::from_ascii(domain).map_err(|_| bad())?;
    name.set_fqdn(true);
    Ok(name)
}

fn failure(error: NetError) -> DnsError {
    match error {
        NetError::Timeout => DnsError::Timeout,
        other => DnsError::Failed(other.to_string()),
    }
}

impl Dns for SystemDns {
    fn mx<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<MxAnswer, DnsError>> {
        async move {
            let name = full_name(domain)?;
            match self.resolver().await?.mx_lookup(name).await {
                Ok(lookup) => {
                    let exchanges = lookup.answers().iter().filter_map(|record| match &record.data {
                        RData::MX(mx) => Some(MailExchange {
                            preference: mx.preference,
                            host: mx.exchange.to_ascii().trim_end_matches('.').to_ascii_lowercase(),
                        }),
                        _ => None,
                    });
                    Ok(MxAnswer::of(exchanges.collect()))
                }
                Err(error) if error.is_nx_domain() => self.is_on_the_internet().await.map(|()| MxAnswer::NoSuchDomain),
                Err(error) if error.is_no_records_found() => Ok(MxAnswer::NoExchange),
                Err(error) => Err(failure(error)),
            }
        }
        .boxed()
    }

    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, DnsError>> {
        async move {
            let name = full_name(host)?;
            match self.resolver().await?.lookup_ip(name).await {
                Ok(lookup) => Ok(lookup.iter().collect()),
                Err(error) if error.is_no_records_found() => Ok(Vec::new()),
                Err(error) => Err(failure(error)),
            }
        }
        .boxed()
    }
}

/// Answers every question with [`DnsError::SwitchedOff`].
pub struct SwitchedOffDns;

impl Dns for SwitchedOffDns {
    fn mx<'a>(&'a self, _domain: &'a str) -> BoxFuture<'a, Result<MxAnswer, DnsError>> {
        ready(Err(DnsError::SwitchedOff)).boxed()
    }

    fn addresses<'a>(&'a self, _host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, DnsError>> {
        ready(Err(DnsError::SwitchedOff)).boxed()
    }
}

/// Answers from what was put in; a domain that was not put in does not exist.
#[derive(Default)]
pub struct SimulatedDns {
    mail: Mutex<HashMap<String, Result<MxAnswer, DnsError>>>,
    hosts: Mutex<HashMap<String, Result<Vec<IpAddr>, DnsError>>>,
}

impl SimulatedDns {
    pub fn set_mx(&self, domain: &str, answer: Result<MxAnswer, DnsError>) {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner).insert(domain.to_ascii_lowercase(), answer);
    }

    pub fn set_addresses(&self, host: &str, answer: Result<Vec<IpAddr>, DnsError>) {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_ascii_lowercase(), answer);
    }
}

impl Dns for SimulatedDns {
    fn mx<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<MxAnswer, DnsError>> {
        let known = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = known.get(&domain.to_ascii_lowercase()).cloned().unwrap_or(Ok(MxAnswer::NoSuchDomain));
        ready(answer).boxed()
    }

    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, DnsError>> {
        let known = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = known.get(&host.to_ascii_lowercase()).cloned().unwrap_or(Ok(Vec::new()));
        ready(answer).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(preference: u16, host: &str) -> MailExchange {
        MailExchange { preference, host: host.to_owned() }
    }

    #[test]
    fn exchanges_come_by_preference_and_a_null_record_means_no_mail() {
        let answer =
            MxAnswer::of(vec![exchange(20, "b.example"), exchange(10, "z.example"), exchange(10, "a.example")]);
        let sorted = vec![exchange(10, "a.example"), exchange(10, "z.example"), exchange(20, "b.example")];
        assert_eq!(answer, MxAnswer::Exchanges(sorted));
        assert_eq!(MxAnswer::of(vec![exchange(0, "")]), MxAnswer::TakesNoMail);
        assert_eq!(
            MxAnswer::of(vec![exchange(0, ""), exchange(5, "a.example")]),
            MxAnswer::Exchanges(vec![exchange(5, "a.example")])
        );
        assert_eq!(MxAnswer::of(Vec::new()), MxAnswer::NoExchange);
    }

    #[test]
    fn names_are_checked_before_anything_is_sent() {
        assert_eq!(full_name("example.com").map(|name| name.to_ascii()), Ok("example.com.".to_owned()));
        for bad in ["", "müller.de", "a..b", &"x".repeat(70)] {
            assert_eq!(full_name(bad), Err(DnsError::BadName(bad.to_owned())), "{bad}");
        }
    }

    #[tokio::test]
    async fn switched_off_and_simulated_resolvers_answer_without_a_network() {
        assert_eq!(SwitchedOffDns.mx("example.com").await, Err(DnsError::SwitchedOff));
        assert_eq!(SwitchedOffDns.addresses("example.com").await, Err(DnsError::SwitchedOff));
        let dns = SimulatedDns::default();
        dns.set_mx("Example.com", Ok(MxAnswer::TakesNoMail));
        dns.set_addresses("slow.example", Err(DnsError::Timeout));
        assert_eq!(dns.mx("example.COM").await, Ok(MxAnswer::TakesNoMail));
        assert_eq!(dns.mx("other.example").await, Ok(MxAnswer::NoSuchDomain));
        assert_eq!(dns.addresses("slow.example").await, Err(DnsError::Timeout));
        assert_eq!(dns.addresses("other.example").await, Ok(Vec::new()));
    }

    /// A resolver at a name server that answers every question with NXDOMAIN, except for `known`, which has no records.
    async fn denying(known: &'static [u8]) -> SystemDns {
        use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
        use hickory_resolver::net::runtime::TokioRuntimeProvider;

        let server = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        tokio::spawn(async move {
            let mut packet = [0; 512];
            while let Ok((length, from)) = server.recv_from(&mut packet).await {
                // The question goes back (RFC 1035, 4.1.1): a response, recursion available, 3 for a name error.
                let question = packet[12..length].to_vec();
                packet[2] |= 0x80;
                packet[3] = if question.starts_with(known) { 0x80 } else { 0x83 };
                // No additional record of the question's own.
                packet[10..12].fill(0);
                let end = 12 + question.iter().position(|byte| *byte == 0).unwrap() + 5;
                let _ = server.send_to(&packet[..end], from).await;
            }
        });
        let mut connection = ConnectionConfig::udp();
        connection.port = address.port();
        let server = NameServerConfig::new(address.ip(), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let resolver = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap();
        SystemDns { resolver: OnceCell::new_with(Some(resolver)) }
    }

    #[tokio::test]
    async fn a_resolver_that_denies_com_is_not_believed() {
        let honest = denying(b"\x03com\x00").await;
        assert_eq!(honest.mx("gone.com").await, Ok(MxAnswer::NoSuchDomain));
        let cut_off = denying(b"\x07nothing\x00").await;
        assert!(matches!(cut_off.mx("gone.com").await, Err(DnsError::Failed(_))));
    }
}
