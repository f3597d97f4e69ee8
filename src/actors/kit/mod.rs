//! The one home of actix: panic capture, restart, permits, metrics, orderly stop.
