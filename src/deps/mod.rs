//! What the outside world gives us: time, randomness, ids, DNS and HTTP, behind one value.

pub mod random;
