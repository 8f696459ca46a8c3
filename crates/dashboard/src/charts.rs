//! Pictures of figures, drawn on the server as SVG. Each has a table beside it that says the same.

pub(crate) mod spark;
pub(crate) mod steps;
