//! Asking for what several things lack at once.

use super::Stop;
use crate::keys::Keys;

/// Does the same to each, and asks at once for what any of them lacks: a command that asks is run again, and one
/// that asked for its lines one by one would be run as often as it has lines.
///
/// So what comes after one that lacks something is done all the same, on a state in which that one was not. It is
/// undone with the rest of the command; but it must neither rely on what was done to those before it nor refuse
/// the command for what they left as it was. Where that cannot be had, ask in one pass and change in the next.
pub fn each<T, R>(
    things: impl IntoIterator<Item = T>,
    mut ask: impl FnMut(T) -> Result<R, Stop>,
) -> Result<Vec<R>, Stop> {
    // Nearly always nothing is missing, and this is on the way of every command.
    let mut missing: Option<Box<Keys>> = None;
    let mut found = Vec::new();
    for thing in things {
        match ask(thing) {
            Ok(result) => found.push(result),
            Err(Stop::Needs(keys)) => match &mut missing {
                Some(missing) => missing.extend(*keys),
                None => missing = Some(keys),
            },
            Err(stop) => return Err(stop),
        }
    }
    match missing {
        None => Ok(found),
        Some(missing) => Err(Stop::Needs(missing)),
    }
}
