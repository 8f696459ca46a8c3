//! The ids of commits.

use crate::codes::Id;

/// Numbers commits, so that a writer that lost the answer to one can find out whether it happened.
#[derive(Debug)]
pub struct CommitIds {
    writer: u64,
    next: u64,
}

impl CommitIds {
    /// The ids of one writer. `writer` must be another one for each, also after a restart: take it by chance.
    pub fn of(writer: u64) -> Self {
        Self { writer, next: 0 }
    }

    pub(super) fn next(&mut self) -> Id {
        self.next += 1;
        let id = u128::from(self.writer) << 64 | u128::from(self.next);
        Id(id.to_be_bytes())
    }
}
