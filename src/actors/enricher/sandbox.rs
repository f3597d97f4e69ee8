//! The outside world of a sandbox workspace: every provider is played from its manifest, and nothing else is there.
//!
//! Only a slice whose workspace is a sandbox is given these; a live workspace has no way to them.

use std::sync::{Arc, Mutex, PoisonError};

use crate::deps::{Deps, Http};
use crate::providers::manifest::Shelf;
use crate::providers::simulator::Simulator;

/// Plays the providers of the shelf.
pub struct Sandbox {
    shelf: Arc<Shelf>,
    deps: Deps,
    seed: u64,
    /// Played since that revision of the shelf.
    current: Mutex<Option<(u64, Arc<Simulator>)>>,
}

impl Sandbox {
    /// The same `seed` gives the same answers.
    pub fn new(shelf: Arc<Shelf>, deps: &Deps, seed: u64) -> Self {
        Self { shelf, deps: deps.clone().without_dns(), seed, current: Mutex::default() }
    }

    /// What calls are made with: no name is looked up, and every address is a played one.
    pub fn deps(&self) -> Deps {
        let http: Arc<dyn Http> = self.simulator();
        Deps { http, ..self.deps.clone() }
    }

    /// Plays the manifests as they are now; work that was submitted to those of before goes on.
    pub fn simulator(&self) -> Arc<Simulator> {
        let revision = self.shelf.revision();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some((known, simulator)) if *known == revision => Arc::clone(simulator),
            known => {
                let manifests = self.shelf.all();
                let simulator = Arc::new(match known {
                    Some((_, before)) => before.recast(manifests),
                    None => Simulator::new(manifests, self.seed, Arc::clone(&self.deps.clock)),
                });
                *current = Some((revision, Arc::clone(&simulator)));
                simulator
            }
        }
    }
}
