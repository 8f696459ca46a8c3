//! When the statements of a connection are to be planned anew.

/// Rows written through a connection since its statements were planned.
///
/// A plan that was made when the tables were empty may go by any index that begins with the partition, for all are
/// alike then. So all are made anew each time as many rows again have been written, and a few times more: later, what
/// the database itself knows of its tables leads to the same.
#[derive(Debug)]
pub(super) struct Growth {
    pub(super) rows: usize,
    plan_at: usize,
}

impl Default for Growth {
    fn default() -> Self {
        Self {
            rows: 0,
            plan_at: 64,
        }
    }
}

impl Growth {
    /// Whether it is time to plan anew.
    pub(super) fn is_due(&mut self) -> bool {
        let due = self.rows >= self.plan_at;
        if due {
            self.plan_at = self.rows * 4;
        }
        due
    }
}
