//! Pictures of figures, drawn on the server as SVG. Each has a table beside it that says the same.

pub(crate) mod columns;
pub(crate) mod scale;
pub(crate) mod spark;
pub(crate) mod steps;
pub(crate) mod timeline;
