//! Janitor: removes what has had its time (`[retention]`), and what nobody needs any more.
//!
//! Owns: where its round stands. Receives: `Look`, a timer. Sends: bulk transactions that look again before they remove.
//! Fails by: a step that does not go through; it is left for the next round.
//! Restarts with: nothing; what is due is found in the rows.

mod chore;
mod errand;
mod files;
mod jobs;
mod sweep;
mod walk;

use std::time::Duration;

pub use self::chore::Chore;
pub use self::errand::Errand;
pub use self::sweep::{Sweep, SweepError, Swept, keeping};
use crate::actors::kit::{Handle, Message, Outcome, Role, RoleError, Turn};

/// Between two rounds.
const ROUND_EVERY: Duration = Duration::from_secs(60);

pub struct Janitor {
    sweep: Sweep,
    working: bool,
}

/// Time for the next step of a round.
#[derive(Debug, Default)]
pub struct Look;

impl Message for Look {
    type Reply = ();
}

impl Janitor {
    pub fn new(sweep: Sweep) -> Self {
        Self { sweep, working: false }
    }

    fn stepped(&mut self, sweep: Sweep, swept: Result<Swept, SweepError>, turn: &mut Turn<Self>) {
        self.working = false;
        self.sweep = sweep;
        match swept {
            Ok(Swept::More) => turn.notify(Look),
            Ok(Swept::RoundDone) => turn.alarm(ROUND_EVERY, Look),
            Err(error) => {
                tracing::warn!(%error, "something that has had its time was not removed; later");
                turn.alarm(ROUND_EVERY, Look);
            }
        }
    }
}

impl Role for Janitor {
    const NAME: &'static str = "janitor";

    fn rebuild(&mut self, turn: &mut Turn<Self>) -> Result<(), RoleError> {
        self.working = false;
        turn.alarm(ROUND_EVERY, Look);
        Ok(())
    }
}

impl Handle<Look> for Janitor {
    fn handle(&mut self, _look: Look, turn: &mut Turn<Self>) -> Outcome<()> {
        if self.working || turn.is_stopping() {
            return Outcome::now(());
        }
        self.working = true;
        let mut sweep = self.sweep.clone();
        let work = async move {
            let swept = sweep.step().await;
            (sweep, swept)
        };
        drop(turn.run(work, |role, (sweep, swept), turn| role.stepped(sweep, swept, turn)));
        Outcome::now(())
    }
}
