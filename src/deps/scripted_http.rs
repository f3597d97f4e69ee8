//! Outgoing HTTP of a simulated run: a script in the process answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Clock, Http, HttpError, OutgoingRequest, OutgoingResponse};

type Script = Box<dyn Fn(&OutgoingRequest) -> Result<OutgoingResponse, HttpError> + Send + Sync>;

/// Answers from a script in the process, after a latency on the given clock, and remembers what was sent.
pub struct ScriptedHttp {
    clock: Arc<dyn Clock>,
    script: Mutex<Arc<Script>>,
    latency: Mutex<Duration>,
    /// The last [`ScriptedHttp::REMEMBERED`] requests, oldest first.
    sent: Mutex<VecDeque<OutgoingRequest>>,
}

impl ScriptedHttp {
    pub const REMEMBERED: usize = 10_000;

    /// Nobody is at any address until a script is set.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let nobody: Script = Box::new(|_| Err(HttpError::Connect("nobody listens in the simulation".to_owned())));
        Self {
            clock,
            script: Mutex::new(Arc::new(nobody)),
            latency: Mutex::new(Duration::ZERO),
            sent: Mutex::new(VecDeque::new()),
        }
    }

    pub fn answer_with(
        &self,
        script: impl Fn(&OutgoingRequest) -> Result<OutgoingResponse, HttpError> + Send + Sync + 'static,
    ) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(Box::new(script));
    }

    /// Every later answer takes this long; one that takes longer than its request allows is a timeout.
    pub fn set_latency(&self, latency: Duration) {
        *self.latency.lock().unwrap_or_else(PoisonError::into_inner) = latency;
    }

    pub fn sent(&self) -> Vec<OutgoingRequest> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Http for ScriptedHttp {
    fn send(&self, request: OutgoingRequest) -> BoxFuture<'_, Result<OutgoingResponse, HttpError>> {
        async move {
            {
                let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
                if sent.len() == Self::REMEMBERED {
                    sent.pop_front();
                }
                sent.push_back(request.clone());
            }
            let latency = *self.latency.lock().unwrap_or_else(PoisonError::into_inner);
            if latency > request.timeout {
                self.clock.sleep(request.timeout).await;
                return Err(HttpError::Timeout(request.timeout));
            }
            if !latency.is_zero() {
                self.clock.sleep(latency).await;
            }
            let script = self.script.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let response = script(&request)?;
            if response.body.len() > request.max_answer_bytes {
                return Err(HttpError::TooLarge { limit: request.max_answer_bytes });
            }
            Ok(response)
        }
        .boxed()
    }
}
