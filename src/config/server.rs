//! `[server]`

use std::net::{Ipv4Addr, SocketAddr};

use super::network::Network;
use super::quantity::{ByteSize, Period};
use super::section::section;

section! {
    /// The HTTP server.
    pub struct Server = "server" {
        /// Address and port. Only this machine can reach 127.0.0.1; put a proxy with TLS before any other address.
        pub listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        /// The address that people type, for links in messages: "https://leads.example.com".
        pub public_url: Option<String> = None;
        /// Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or networks.
        pub trusted_proxies: Vec<Network> = Vec::new();
        /// Largest body of a request, uploads excepted (they follow import.max_file_bytes).
        pub max_body_bytes: ByteSize = ByteSize::mib(2);
        /// Requests served at the same time; more get 503 OVERLOADED with Retry-After.
        pub max_in_flight: usize = 512;
        /// Live event streams open at the same time.
        pub max_event_streams: usize = 1_000;
        /// A request that takes longer is given up; uploads, downloads and event streams excepted.
        pub request_timeout: Period = Period::seconds(30);
        /// How long a stopping server waits for the requests in flight.
        pub shutdown_grace: Period = Period::seconds(20);
    }
}
