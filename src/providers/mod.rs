//! Data providers: manifests and the built-in ones.
