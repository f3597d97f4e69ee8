//! What the outside world gives us: time, randomness, ids, DNS and HTTP, behind one value.
//!
//! Everything that makes two runs of the same input differ comes in through [`Deps`], so that the whole system can run
//! from a seed in simulated time. `clippy.toml` bans the direct calls everywhere else. Databases, files and sockets
//! that we listen on are not here.

mod clock;
mod dns;
mod http;
mod ids;
mod random;
mod scripted_http;
mod simulation;

use std::sync::Arc;

pub use clock::{Clock, SimulatedClock, SystemClock};
pub use dns::{Dns, DnsError, MailExchange, MxAnswer, SimulatedDns, SwitchedOffDns, SystemDns};
pub use http::{
    HeaderMap, HeaderName, HeaderValue, Http, HttpError, Method, OutgoingRequest, OutgoingResponse, StatusCode,
    SystemHttp,
};
pub use ids::{IdBlock, Ids};
pub use random::{Random, SeededRandom, SystemRandom};
pub use scripted_http::ScriptedHttp;
pub use simulation::Simulation;

/// One handle to the outside world, cheap to clone and shared by everything in the process.
#[derive(Clone)]
pub struct Deps {
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// Shares `clock`; its floor is raised when the store has been opened.
    pub ids: Arc<Ids>,
    pub dns: Arc<dyn Dns>,
    pub http: Arc<dyn Http>,
}

impl Deps {
    /// The machine's own clock, randomness, resolver and network. Touches none of them until they are asked.
    pub fn real() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        Self {
            ids: Arc::new(Ids::new(clock.clone(), 0)),
            clock,
            random: Arc::new(SystemRandom),
            dns: Arc::new(SystemDns::default()),
            http: Arc::new(SystemHttp::default()),
        }
    }

    /// The same, except that nobody outside can be reached at all.
    pub fn without_network(self) -> Self {
        let nobody: Arc<dyn Http> = Arc::new(ScriptedHttp::new(Arc::clone(&self.clock)));
        Self { http: nobody, ..self.without_dns() }
    }

    /// The same, except that no name is ever looked up (`enrichment.dns_lookup = false`).
    pub fn without_dns(self) -> Self {
        Self { dns: Arc::new(SwitchedOffDns), ..self }
    }
}
