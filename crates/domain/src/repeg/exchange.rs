//! Exchanges: rings of moves that keep more weight satisfied than they give up, for pegs of equal quantity.
//!
//! Taking the pegs in the order of their weight, each with a chain, is already the best there is while those
//! that miss their day hold no stock (see the parent module). One that does hold stock frees it when it
//! moves, so that a peg which found no room in its turn may find it later, in exchange for one that was
//! served before it. Whoever is served best is a flow of least cost, and a flow is of least cost when its
//! residual graph has no ring of negative cost: so rings are looked for until there is none.

use super::state::Board;

/// Above this number of supplies no ring is looked for.
pub(super) const MAX_SUPPLIES: usize = 256;
/// The most rings turned in one plan.
const MAX_RINGS: usize = 1_000;
/// Weight counts before the number of moves; a ring has fewer moves than this.
const WEIGHT: i64 = 1 << 10;

/// The cheapest way from one place to another: its cost, and the peg that would move (`None`: an empty place).
type Arc = Option<(i64, Option<usize>)>;

/// Turns rings until none is left that gains weight.
pub(super) fn exchange(board: &mut Board) {
    // Pegs that hold stock and miss their day are what makes rings possible.
    let possible = (0..board.rules.len()).any(|peg| {
        let rule = &board.rules[peg];
        !rule.kept && rule.origin < board.nowhere
    });
    if !possible || board.nowhere > MAX_SUPPLIES {
        return;
    }
    for _ in 0..MAX_RINGS {
        let arcs = arcs(board);
        let Some(ring) = negative_ring(&arcs, board.nowhere + 2) else {
            return;
        };
        for &(peg, _) in &ring {
            board.put(peg, board.nowhere);
        }
        for (peg, to) in ring {
            board.put(peg, to);
        }
    }
}

/// The arcs between the supplies, `nowhere`, and a last node that takes and gives empty places.
fn arcs(board: &mut Board) -> Vec<Arc> {
    let nodes = board.nowhere + 2;
    let empty = board.nowhere + 1;
    let mut arcs: Vec<Arc> = vec![None; nodes * nodes];
    for place in 0..board.order.len() {
        let peg = board.order[place];
        let at = board.at(peg);
        let now = board.satisfied(peg);
        let weight = board.rules[peg].weight * WEIGHT;
        for to in 0..=board.nowhere {
            let then = board.good(peg, to);
            if to == at || !board.may(peg, to) || (board.rules[peg].kept && !then) {
                continue;
            }
            let cost = match (now, then) {
                (false, true) => 1 - weight,
                (true, false) => 1 + weight,
                _ => 1,
            };
            // Of equals the older is satisfied and the younger gives way.
            let arc = &mut arcs[at * nodes + to];
            let better = match *arc {
                None => true,
                Some((best, _)) if now => cost <= best,
                Some((best, _)) => cost < best,
            };
            if better {
                *arc = Some((cost, Some(peg)));
            }
        }
    }
    board.budget.chains.spend(board.order.len());
    let quantity = board.classes.first().map_or(0, |class| class.0);
    for at in 0..=board.nowhere {
        if at == board.nowhere || board.free[at] >= quantity {
            arcs[at * nodes + empty] = Some((0, None));
        }
        arcs[empty * nodes + at] = Some((0, None));
    }
    arcs
}

/// The moves of a ring whose cost is negative (Bellman and Ford, from everywhere at once).
fn negative_ring(arcs: &[Arc], nodes: usize) -> Option<Vec<(usize, usize)>> {
    let mut cost = vec![0_i64; nodes];
    let mut from: Vec<Option<usize>> = vec![None; nodes];
    let mut last = None;
    for _ in 0..nodes {
        last = None;
        for at in 0..nodes {
            for to in 0..nodes {
                if let Some((step, _)) = arcs[at * nodes + to]
                    && cost[at] + step < cost[to]
                {
                    cost[to] = cost[at] + step;
                    from[to] = Some(at);
                    last = Some(to);
                }
            }
        }
        last?;
    }
    // What still got cheaper after as many rounds as there are nodes hangs on a ring: go back into it.
    let mut node = last?;
    for _ in 0..nodes {
        node = from[node]?;
    }
    let (first, mut ring) = (node, Vec::new());
    loop {
        let before = from[node]?;
        if let Some((_, Some(peg))) = arcs[before * nodes + node] {
            ring.push((peg, node));
        }
        node = before;
        if node == first {
            return Some(ring);
        }
    }
}
