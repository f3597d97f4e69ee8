//! Asking a built-in provider in a test.

use std::time::Duration;

use futures::FutureExt;

use crate::deps::Simulation;
use crate::domain::enrichment::{Input, Operation, Outcome};
use crate::domain::id::{AttemptId, Id};
use crate::domain::lead::LeadField;
use crate::providers::{CallContext, Provider, Request, call_one};

/// The outcome; empty inputs count as not there.
pub fn ask(provider: &dyn Provider, operation: Operation, inputs: &[(LeadField, &str)]) -> Outcome {
    let given = inputs.iter().filter(|(_, text)| !text.is_empty());
    let inputs = given.map(|(field, text)| (Input::Lead(*field), (*text).to_owned())).collect();
    let request = Request { id: AttemptId::from_u64(1), operation, inputs, ticket: None, callback: None };
    let world = Simulation::from_seed(1);
    let context = CallContext { deps: &world.deps, credential: None, timeout: Duration::from_secs(1), further: None };
    call_one(provider, &request, context).now_or_never().expect("answers at once").expect("one reply").outcome
}

/// Outcome and values in one line.
pub fn shown(outcome: &Outcome) -> String {
    let values = match outcome {
        Outcome::Found(answer) | Outcome::Partial(answer) => answer.values.as_slice(),
        _ => &[],
    };
    let values = values.iter().map(|value| format!(" {}={}", value.field, value.value));
    format!("{}{}", outcome.name(), values.collect::<String>())
}
