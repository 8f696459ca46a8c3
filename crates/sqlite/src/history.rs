//! The kinds of things whose events the table `history` finds.

/// A kind of thing that has a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Product,
    Batch,
    Shipment,
    Line,
}

impl Kind {
    /// As the table has it.
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Product => 0,
            Self::Batch => 1,
            Self::Shipment => 2,
            Self::Line => 3,
        }
    }
}
