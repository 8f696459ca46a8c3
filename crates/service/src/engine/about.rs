//! What the log says of a group: which requests and which commands it is about.

use std::fmt;

use landfall_domain::CommandId;

use super::Place;
use crate::answer::Request;
use crate::store::StoreError;

/// As many ids as fit into a line that people read; of more it is said how many.
const MOST: usize = 20;

/// A group of commands, and where it stands among those whose origins are known.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    /// Its commands.
    pub(super) group: &'a [Request],
    /// The place of the first of them.
    pub(super) first: usize,
    /// The origins of commands, by place.
    pub(super) origins: &'a [Place],
}

impl<'a> About<'a> {
    /// Says that they were not committed. What is run again `again` is nothing to worry about, as long as it does not go
    /// on: that is what other replicas do.
    pub(super) fn not_committed(self, error: &StoreError, attempt: u32, again: bool) {
        let commands = self.group.len();
        let (request_ids, command_ids) = (self.request_ids(), self.command_ids());
        if again {
            tracing::debug!(
                %error, commands, attempt, %request_ids, %command_ids,
                "a group is tried again"
            );
        } else {
            tracing::warn!(
                %error, commands, attempt, %request_ids, %command_ids,
                "a group was not committed"
            );
        }
    }

    /// The ids of the requests that the commands came with, as far as they have any.
    pub(super) fn request_ids(self) -> List<impl Iterator<Item = &'a str> + Clone> {
        let places = self.first..self.first + self.group.len();
        let here = self
            .origins
            .iter()
            .filter(move |(range, _)| range.start < places.end && places.start < range.end);
        List(here.map(|(_, origin)| &**origin))
    }

    /// The idempotency keys of the commands, as far as they have any.
    pub(super) fn command_ids(self) -> List<impl Iterator<Item = &'a str> + Clone> {
        let ids = self.group.iter().filter_map(|request| request.id.as_ref());
        List(ids.map(CommandId::as_str))
    }
}

/// Ids with commas between them.
#[derive(Clone)]
pub(super) struct List<I>(I);

impl<'a, I: Iterator<Item = &'a str> + Clone> fmt::Display for List<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ids = self.0.clone();
        for (place, id) in ids.by_ref().take(MOST).enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{id}")?;
        }
        match ids.count() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use landfall_domain::Command;
    use landfall_domain::commands::CancelOrder;

    use super::*;

    fn command(id: Option<&str>) -> Request {
        let order_id = "o".parse().unwrap();
        Request {
            id: id.map(|id| id.parse().unwrap()),
            ..Command::CancelOrder(CancelOrder { order_id }).into()
        }
    }

    #[test]
    fn only_what_is_in_the_group_is_named() {
        let requests = [Some("a"), None, Some("c"), Some("d")].map(command);
        let origins = [
            (0..1, "r-1".into()),
            (1..3, "r-2".into()),
            (3..4, "r-3".into()),
        ];
        let about = |from: usize, to: usize| {
            let group = &requests[from..to];
            let about = About {
                group,
                first: from,
                origins: &origins,
            };
            (
                about.request_ids().to_string(),
                about.command_ids().to_string(),
            )
        };
        assert_eq!(about(0, 4), ("r-1,r-2,r-3".into(), "a,c,d".into()));
        assert_eq!(about(0, 2), ("r-1,r-2".into(), "a".into()));
        assert_eq!(about(2, 3), ("r-2".into(), "c".into()));
        assert_eq!(about(1, 2), ("r-2".into(), String::new()));
    }

    #[test]
    fn a_line_does_not_grow_with_the_group() {
        let requests: Vec<_> = (0..25).map(|_| command(Some("x"))).collect();
        let about = About {
            group: &requests,
            first: 0,
            origins: &[],
        };
        let said = about.command_ids().to_string();
        assert!(said.ends_with("x,x and 5 more"), "{said}");
        assert_eq!(about.request_ids().to_string(), "");
    }
}
