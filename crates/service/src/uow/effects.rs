//! What commands did to lines: what the summary of a dry run is made of, and who must be told.

use hashbrown::{HashMap, HashSet};
use jiff::civil::Date;
use landfall_domain::line::Status;
use landfall_domain::{Allocation, Event, LineKey, OrderLine, Priority, Sku};

use super::{Undo, UnitOfWork};

/// A line before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineEffect {
    /// The line.
    pub key: LineKey,
    /// Its product.
    pub sku: Sku,
    /// 0–9, higher first.
    pub priority: Priority,
    /// As it was; `None`: it is new.
    pub before: Option<LineState>,
    /// As it is.
    pub after: LineState,
}

/// What a customer would notice of a line, and where its goods are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineState {
    /// Where it stands.
    pub status: Status,
    /// Units that have left.
    pub dispatched: u64,
    /// Units that have not left.
    pub outstanding: u64,
    /// The promise that holds.
    pub promise: Option<Date>,
    /// Where its goods are.
    pub allocations: Vec<Allocation>,
}

impl LineState {
    fn of(line: &OrderLine) -> Self {
        Self {
            status: line.status(),
            dispatched: line.dispatched,
            outstanding: line.outstanding(),
            promise: line.current_promise,
            allocations: line.allocations.clone(),
        }
    }
}

impl UnitOfWork {
    /// From now on, keeps what the commands do to lines.
    pub fn observe(&mut self) {
        self.effects = Some(Vec::new());
    }

    /// What the commands since the last call did to lines, each line once for each command.
    pub fn take_effects(&mut self) -> Vec<LineEffect> {
        self.effects
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// The lines that the present command has changed, in the order in which it first did, as they were before
    /// it; `None`: it made them.
    pub(crate) fn lines_before(&self) -> Vec<(&LineKey, Option<&OrderLine>)> {
        let mut seen: HashSet<&LineKey> = HashSet::new();
        let changed = self.undo.iter().filter_map(|undo| match undo {
            Undo::Line(key, before) => Some((key, before.as_deref())),
            _ => None,
        });
        changed.filter(|(key, _)| seen.insert(key)).collect()
    }

    /// The lines whose promise is another than before the present command, with what was told. Not those that the
    /// command has made; not a line that never had stock, whose first promise its allocation tells; not one of
    /// which nothing is wanted any longer.
    pub(crate) fn promises_to_tell(&self) -> Vec<(LineKey, Option<Date>)> {
        let mut to_tell = Vec::new();
        for (key, before) in self.lines_before() {
            let knows =
                |line: &&OrderLine| line.original_promise.is_some() || !line.allocations.is_empty();
            let Some(before) = before.filter(knows) else {
                continue;
            };
            let now = self.lines.get(key).and_then(|slot| slot.now.as_ref());
            if now.is_some_and(|now| {
                now.outstanding() > 0 && now.current_promise != before.current_promise
            }) {
                to_tell.push((key.clone(), before.current_promise));
            }
        }
        to_tell
    }

    /// The promises of these lines are known only now: the present command's facts of their allocation get
    /// them, too.
    pub(crate) fn complete_allocated(&mut self, lines: &[OrderLine]) {
        let by_key: HashMap<_, &OrderLine> = lines
            .iter()
            .map(|line| ((&line.key.order_id, &line.key.line_id), line))
            .collect();
        for record in &mut self.events[self.first_event..] {
            if let Event::Allocated {
                order_id,
                line_id,
                original_promise,
                current_promise,
                ..
            } = &mut record.event
                && let Some(line) = by_key.get(&(&*order_id, &*line_id))
            {
                *original_promise = line.original_promise;
                *current_promise = line.current_promise;
            }
        }
    }

    /// Keeps what the present command did to lines, where somebody asks.
    pub(super) fn note_effects(&mut self) {
        if self.effects.is_none() {
            return;
        }
        let mut found = self.effects_of_command();
        if let Some(effects) = &mut self.effects {
            effects.append(&mut found);
        }
    }

    fn effects_of_command(&self) -> Vec<LineEffect> {
        let mut found: Vec<LineEffect> = Vec::new();
        let now = |key: &LineKey| self.lines.get(key).and_then(|slot| slot.now.as_ref());
        let mut add = |key: &LineKey, before: Option<&OrderLine>| {
            if let Some(after) = now(key) {
                found.push(LineEffect {
                    key: key.clone(),
                    sku: after.sku.clone(),
                    priority: after.terms.priority,
                    before: before.map(LineState::of),
                    after: LineState::of(after),
                });
            }
        };
        let changed = self.lines_before();
        let mut seen: HashSet<&LineKey> = changed.iter().map(|(key, _)| *key).collect();
        for (key, before) in &changed {
            add(key, *before);
        }
        for key in &self.concerned {
            if seen.insert(key) {
                add(key, now(key));
            }
        }
        found
    }
}
