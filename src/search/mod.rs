//! The one home of tantivy.
