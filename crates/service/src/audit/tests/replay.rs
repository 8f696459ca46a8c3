//! What a rebuild is made of: the read models as the log tells them, and the refusal of a log that makes
//! no sense.

use super::story::{Story, story};
use crate::audit::Replay;

fn replay(story: &Story) -> Replay {
    let mut replay = Replay::default();
    for record in &story.events {
        replay.event(record);
    }
    replay
}

#[test]
fn the_log_alone_tells_both_read_models() {
    let mut story = story();
    let replay = replay(&story);
    assert_eq!(replay.wrong(), None);
    let mut rows: Vec<_> = replay.order_lines().collect();
    for row in &mut story.order_view {
        for a in &mut row.allocations {
            a.batch_number = 0;
        }
    }
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    story.order_view.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(rows, story.order_view);
    story.availability.retain(|row| row.units > 0);
    assert_eq!(replay.availability(), story.availability);
}

#[test]
fn a_log_that_makes_no_sense_is_told() {
    let mut gap = story();
    gap.events.remove(3);
    let wrong = replay(&gap).wrong().unwrap();
    assert!(wrong.contains("offset 4 should stand here"), "{wrong}");
    let mut unsettled = story();
    unsettled.forget(|event| event.kind() == "LineCancelled");
    let wrong = replay(&unsettled).wrong().unwrap();
    assert_eq!(
        wrong,
        "line o-gone/SOFA: the log does not say what became of it"
    );
}
