//! StoreWriter: the thread that commits.
//!
//! Owns: the writer core (the group being committed). The two queues are in the store, bounded by permits.
//! Receives: `Serve`, a wake-up. Sends: nothing; answers go from the core to who submitted.
//! Fails by: a commit whose outcome is unknown (the core reopens the store once) or a store that cannot be reopened (the
//! process stops with a clear message).
//! Restarts with: the queues as they are.

use crate::actors::kit::{Handle, Message, Outcome, Role, RoleError, Turn};
use crate::store::{Served, WriterCore};

pub struct StoreWriter {
    core: WriterCore,
}

/// There is something in the queues.
#[derive(Debug, Default)]
pub struct Serve;

impl Message for Serve {
    type Reply = ();
}

impl StoreWriter {
    pub fn new(core: WriterCore) -> Self {
        Self { core }
    }
}

impl Role for StoreWriter {
    const NAME: &'static str = "store_writer";

    fn rebuild(&mut self, turn: &mut Turn<Self>) -> Result<(), RoleError> {
        turn.notify(Serve);
        Ok(())
    }

    fn stopping(&mut self) -> Result<(), RoleError> {
        self.core.serve_all().map_err(RoleError::fatal)
    }
}

impl Handle<Serve> for StoreWriter {
    fn handle(&mut self, _wake: Serve, turn: &mut Turn<Self>) -> Outcome<()> {
        match self.core.serve() {
            // What queued during this commit makes the next group.
            Ok(Served::Something) => turn.notify(Serve),
            Ok(Served::Nothing) => {}
            Err(broken) => turn.stop_with_error(RoleError::fatal(broken)),
        }
        Outcome::now(())
    }
}
