//! The trace of a caller's request goes along with the command that is handed on.

use tracing::Span;

/// How traces are told and taken up; the format is theirs who trace.
#[derive(Debug, Clone, Copy)]
pub struct Traces {
    /// What is said of the span that the caller is in. `None`: nobody traces it.
    pub present: fn() -> Option<String>,
    /// The span for a command of this type, in the trace of which this was said.
    pub follow: fn(kind: &str, said: &str) -> Span,
}
