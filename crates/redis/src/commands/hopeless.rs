//! How long a command is tried that meets damaged data, and when it is given up.
//!
//! A row that cannot be read is mostly one product's, and what comes behind it should not wait until somebody has
//! mended it. But where everything is damaged, or the service may not read its own tables, giving up would empty
//! the stream into the dead letters, one command after the other. So commands are given up one by one, as long as
//! others are answered in between.

use super::outcome::{Asked, End, Outcome};

/// So often a command is carried out that meets damaged data: perhaps it is mended, or was read wrongly once.
pub(crate) const TRIES: u32 = 5;

/// So many commands may be given up without any other being answered in between. From then on it is not they that
/// are damaged, and all wait.
const IN_A_ROW: usize = 100;

/// How many commands were given up since one was answered.
#[derive(Debug, Default)]
pub(super) struct Hopeless {
    in_a_row: usize,
}

impl Hopeless {
    /// These came to their end: where the database has answered any of them, it can be read.
    pub(super) fn settled(&mut self, outcomes: &[Outcome]) {
        let answered = |outcome: &Outcome| matches!(outcome.end, End::Done(_) | End::Refused(_));
        if outcomes.iter().any(answered) {
            self.in_a_row = 0;
        }
    }

    /// Takes those out that are to be given up, of the commands that are to be tried again.
    pub(super) fn give_up(&mut self, again: &mut Vec<Asked>) -> Vec<Outcome> {
        let tried = |asked: &Asked| asked.damaged.as_ref().is_some_and(|met| met.times >= TRIES);
        let count = again.iter().filter(|asked| tried(asked)).count();
        if count == 0 || self.in_a_row + count > IN_A_ROW {
            return Vec::new();
        }
        self.in_a_row += count;
        let hopeless = again.extract_if(.., |asked| tried(asked));
        hopeless.map(Asked::given_up).collect()
    }
}

#[cfg(test)]
mod tests {
    use landfall_domain::Rejection;
    use landfall_service::Failure;

    use super::super::outcome::{COMMAND, judge, read};
    use super::*;
    use crate::entries::Entry;

    fn asked() -> Asked {
        let command = br#"{"type":"CancelOrder","order_id":"o"}"#.to_vec();
        let entry = Entry {
            id: "7-1".into(),
            fields: vec![(COMMAND.to_vec(), command)],
        };
        read("s", &"redis".into(), entry).ok().unwrap()
    }

    /// A command that has met damaged data so often.
    fn tried(times: u32) -> Asked {
        let damaged = |asked| {
            let reason = "row 7".into();
            let again = judge(asked, Err(Failure::Damaged { reason }));
            again.err().unwrap().0
        };
        (0..times).fold(asked(), |asked, _| damaged(asked))
    }

    fn refused() -> Outcome {
        let order_id = "o".parse().unwrap();
        judge(asked(), Err(Rejection::UnknownOrder { order_id }.into()))
            .ok()
            .unwrap()
    }

    #[test]
    fn who_was_tried_often_enough_is_given_up_with_the_reason() {
        let mut hopeless = Hopeless::default();
        let mut again = vec![tried(0), tried(TRIES), tried(TRIES - 1)];
        let given_up = hopeless.give_up(&mut again);
        assert_eq!((given_up.len(), again.len()), (1, 2));
        let End::Damaged(reason) = &given_up[0].end else {
            panic!("it is not given up");
        };
        assert!(reason.contains("row 7"), "{reason}");
    }

    #[test]
    fn where_nothing_can_be_read_nothing_is_given_up() {
        let mut hopeless = Hopeless::default();
        let all = |count: usize| (0..count).map(|_| tried(TRIES)).collect::<Vec<_>>();
        let mut piece = all(IN_A_ROW + 1);
        assert!(hopeless.give_up(&mut piece).is_empty());
        assert_eq!(piece.len(), IN_A_ROW + 1, "all of them wait");
        for _ in 0..IN_A_ROW {
            assert_eq!(hopeless.give_up(&mut all(1)).len(), 1);
        }
        assert!(hopeless.give_up(&mut all(1)).is_empty());
        hopeless.settled(&[]);
        assert!(hopeless.give_up(&mut all(1)).is_empty());
        hopeless.settled(&[refused()]);
        assert_eq!(hopeless.give_up(&mut all(1)).len(), 1);
    }
}
