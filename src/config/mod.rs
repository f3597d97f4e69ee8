//! One struct per section of `config.toml`.
