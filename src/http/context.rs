//! What is known of a request before anybody looks inside it: its id, where it came from, through which door.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::connect_info::Connected;
use axum::http::{HeaderMap, HeaderName, request::Parts};
use axum::serve::IncomingStream;
use tokio::net::{TcpListener, UnixListener};

use crate::config::Network;
use crate::deps::{Deps, Random};
use crate::store::{Actor, Origin};

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const LONGEST_ID: usize = 128;

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    Tcp(SocketAddr),
    /// Through the socket in the data directory, which only the owner of the box can open.
    Local,
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self::Tcp(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(_stream: IncomingStream<'_, UnixListener>) -> Self {
        Self::Local
    }
}

/// Set by the outermost layer on every request.
#[derive(Debug, Clone)]
pub struct RequestContext {
    pub request_id: Arc<str>,
    /// The caller's own address, looking through trusted proxies.
    pub address: Option<IpAddr>,
    /// Through the socket in the data directory.
    pub is_local: bool,
    /// Whether the caller's end of the way is encrypted, as far as a trusted proxy says.
    pub is_https: bool,
}

impl RequestContext {
    pub(in crate::http) fn of(parts: &Parts, trusted: &[Network], random: &dyn Random) -> Self {
        let peer = parts.extensions.get::<axum::extract::ConnectInfo<Peer>>().map(|peer| peer.0);
        let (address, through_proxy) = match peer {
            Some(Peer::Tcp(address)) => caller(address.ip().to_canonical(), &parts.headers, trusted),
            Some(Peer::Local) | None => (None, false),
        };
        let is_https = through_proxy && last(&parts.headers, FORWARDED_PROTO) == Some("https");
        let request_id = given_id(&parts.headers).map_or_else(|| new_id(random), Arc::from);
        Self { request_id, address, is_local: peer == Some(Peer::Local), is_https }
    }

    /// Who does it, from where, when: for the events of a transaction.
    pub fn origin(&self, deps: &Deps, actor: Actor) -> Origin {
        Origin {
            at: deps.clock.now(),
            actor,
            source: self.address.map(|address| address.to_string()),
            request_id: Some(self.request_id.to_string()),
        }
    }
}

/// The right-most address of X-Forwarded-For that is not a trusted proxy; and whether a trusted proxy spoke at all.
fn caller(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> (Option<IpAddr>, bool) {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return (Some(peer), false);
    }
    let given: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let mut address = peer;
    for text in given.iter().flat_map(|line| line.split(',')).rev() {
        // What cannot be read ends the chain that can be believed.
        let Ok(next) = text.trim().parse::<IpAddr>() else { break };
        address = next.to_canonical();
        if !is_trusted(address) {
            break;
        }
    }
    (Some(address), true)
}

fn last<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next().map(str::trim)
}

/// The caller's own id, when it is one that can stand in a log.
fn given_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte);
    ((1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(plain)).then_some(id)
}

fn new_id(random: &dyn Random) -> Arc<str> {
    format!("req_{:016x}{:016x}", random.u64(), random.u64()).into()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> (String, bool) {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let trusted: Vec<Network> = trusted.iter().map(|text| text.parse().expect("a network")).collect();
        let (address, through_proxy) = caller(peer.parse().expect("an address"), &headers, &trusted);
        (address.expect("known").to_string(), through_proxy)
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(seen("198.51.100.9", &["203.0.113.1"], &[]), ("198.51.100.9".to_owned(), false));
        assert_eq!(seen("10.0.0.1", &["203.0.113.1"], &["10.0.0.0/8"]), ("203.0.113.1".to_owned(), true));
        // The caller wrote the first part itself.
        let forged = seen("10.0.0.1", &["1.1.1.1, 203.0.113.1", "10.0.0.2"], &["10.0.0.0/8"]);
        assert_eq!(forged, ("203.0.113.1".to_owned(), true));
        assert_eq!(seen("10.0.0.1", &["rubbish"], &["10.0.0.0/8"]), ("10.0.0.1".to_owned(), true));
    }

    #[test]
    fn an_id_that_would_spoil_a_log_is_not_taken() {
        let id = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(text).expect("a header"));
            given_id(&headers).is_some()
        };
        assert!(id("abc-123"));
        assert!(!id("two words"));
        assert!(!id(&"x".repeat(129)));
    }
}
