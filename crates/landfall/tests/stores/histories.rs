//! One long history: those of many shops with the names of each its own, one step of each in turn.

use landfall_service::{Request, wire};
use landfall_testkit::history::{Step, history};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// How many histories go side by side. Each has three products.
const SHOPS: usize = 12;
/// Steps of each, at the most.
const STEPS: usize = 240;

/// Always the same one.
pub(crate) fn long() -> Vec<Step> {
    let mut runner = TestRunner::deterministic();
    let mut histories: Vec<_> = (0..SHOPS)
        .map(|shop| {
            let tree = history(STEPS).new_tree(&mut runner);
            let steps = tree.expect("a history").current();
            steps
                .into_iter()
                .filter_map(move |step| of_shop(shop, step))
        })
        .collect();
    let mut long = Vec::new();
    loop {
        let before = long.len();
        long.extend(histories.iter_mut().filter_map(Iterator::next));
        if long.len() == before {
            return long;
        }
    }
}

/// The step with the names of this shop. Days pass for all shops at once, as the first one says.
fn of_shop(shop: usize, step: Step) -> Option<Step> {
    let request = match step {
        Step::Wait(_) => return (shop == 0).then_some(step),
        Step::Ask(request) => request,
    };
    let mut json = wire::canonical(&request.command);
    for kind in ["S-", "b-", "o-", "MV-", "l-"] {
        json = json.replace(&format!("\"{kind}"), &format!("\"{shop}/{kind}"));
    }
    let renamed = wire::parse(json.as_bytes()).expect("a command");
    let id = request.id.map(|id| format!("{shop}/{id}"));
    Some(Step::Ask(Request {
        id: id.map(|id| id.parse().expect("an id")),
        actor: (shop % 3 == 1).then(|| format!("shop {shop}").into()),
        ..renamed
    }))
}
