//! Behaviour over rows: each actor owns caches that can be rebuilt from the store at any moment.

pub mod kit;
