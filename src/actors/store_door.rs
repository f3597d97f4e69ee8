//! StoreDoor: shuts the store for writes in the moment between the last other actor and the writer.
//!
//! Owns: nothing. Receives, sends: nothing. It is spawned right after the StoreWriter and therefore ended right before
//! it: whoever drains may still write, and nobody waits for a writer that is gone.
//! Fails by, restarts with: nothing.

use crate::actors::kit::{Role, RoleError, Turn};
use crate::store::Store;

pub struct StoreDoor {
    store: Store,
}

impl StoreDoor {
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl Role for StoreDoor {
    const NAME: &'static str = "store_door";

    fn rebuild(&mut self, _turn: &mut Turn<Self>) -> Result<(), RoleError> {
        Ok(())
    }

    fn stopping(&mut self) -> Result<(), RoleError> {
        self.store.close_admission();
        Ok(())
    }
}
