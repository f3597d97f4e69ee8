//! Data providers: manifests and the built-in ones.

pub mod lists;
