//! Sealing of secrets and raw answers.
