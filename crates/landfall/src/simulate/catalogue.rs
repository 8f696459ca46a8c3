//! Names: of furniture and of ships. All of them are made up.

/// The first products of the range, and the most that a customer usually orders of each.
pub(super) const KNOWN: [(&str, u64); 40] = [
    ("SOFA-ALMA-2S-GREY", 1),
    ("SOFA-ALMA-3S-GREY", 1),
    ("SOFA-ALMA-3S-OCHRE", 1),
    ("SOFA-ALMA-CORNER-GREY", 1),
    ("SOFA-LUND-2S-BLUE", 1),
    ("SOFA-LUND-3S-BLUE", 1),
    ("SOFABED-NORA-OAT", 1),
    ("ARMCHAIR-ALMA-GREY", 2),
    ("ARMCHAIR-FELL-LEATHER-TAN", 2),
    ("FOOTSTOOL-ALMA-GREY", 2),
    ("BED-HOLM-DOUBLE-OAK", 1),
    ("BED-HOLM-KING-OAK", 1),
    ("BED-TARN-SINGLE-PINE", 2),
    ("MATTRESS-REST-DOUBLE", 1),
    ("MATTRESS-REST-KING", 1),
    ("BEDSIDE-HOLM-OAK", 2),
    ("WARDROBE-HOLM-2D-OAK", 1),
    ("WARDROBE-HOLM-3D-OAK", 1),
    ("CHEST-HOLM-5DR-OAK", 1),
    ("TABLE-ASK-6S-ASH", 1),
    ("TABLE-ASK-8S-ASH", 1),
    ("TABLE-ASK-ROUND-ASH", 1),
    ("CHAIR-ASK-ASH", 6),
    ("CHAIR-VIK-BLACK", 6),
    ("BENCH-ASK-ASH", 2),
    ("STOOL-VIK-BAR-BLACK", 4),
    ("SIDEBOARD-ASK-ASH", 1),
    ("COFFEE-TABLE-ORB-WALNUT", 1),
    ("SIDE-TABLE-ORB-WALNUT", 2),
    ("TV-BENCH-ORB-WALNUT", 1),
    ("BOOKCASE-TAL-HIGH-WHITE", 2),
    ("BOOKCASE-TAL-LOW-WHITE", 2),
    ("DESK-SKRIV-OAK", 1),
    ("DESK-CHAIR-SKRIV-FELT", 2),
    ("LAMP-BEAM-FLOOR-BLACK", 2),
    ("LAMP-GLOW-TABLE-OPAL", 2),
    ("RUG-FJORD-170X240-SAND", 1),
    ("RUG-FJORD-200X300-SAND", 1),
    ("LAMP-ARC-BRASS", 1),
    ("SOFA-ALMA-3S-GREEN", 1),
];

/// Further products have a kind (and the most that a customer usually orders of it), …
pub(super) const KINDS: [(&str, u64); 24] = [
    ("SOFA", 1),
    ("ARMCHAIR", 2),
    ("FOOTSTOOL", 2),
    ("BED-DOUBLE", 1),
    ("BEDSIDE", 2),
    ("WARDROBE", 1),
    ("CHEST", 1),
    ("TABLE", 1),
    ("CHAIR", 6),
    ("BENCH-GARDEN", 2),
    ("LOUNGER", 2),
    ("PARASOL", 1),
    ("HAMMOCK", 1),
    ("PLANTER", 4),
    ("STOOL", 4),
    ("SIDEBOARD", 1),
    ("DESK", 1),
    ("BOOKCASE", 2),
    ("LAMP-FLOOR", 2),
    ("LAMP-TABLE", 2),
    ("RUG", 1),
    ("THROW", 2),
    ("MIRROR", 1),
    ("SHELF", 4),
];

/// … a series, …
pub(super) const SERIES: [&str; 15] = [
    "BRIM", "CALDER", "DRIFT", "ESK", "FARO", "GLEN", "HAVEN", "INLET", "JURA", "KELP", "LOCH",
    "MOSS", "NESS", "OTTER", "PINE",
];

/// … and a finish.
pub(super) const FINISHES: [&str; 14] = [
    "OAK", "ASH", "WALNUT", "WHITE", "BLACK", "GREY", "BLUE", "GREEN", "OCHRE", "SAND", "RUST",
    "STONE", "CREAM", "SLATE",
];

/// The vessels. Each is back before it is wanted again: one sails a week, and none is away for so many weeks.
pub(super) const VESSELS: [&str; 20] = [
    "AURORA",
    "CORMORANT",
    "HALCYON",
    "MERIDIAN",
    "PETREL",
    "SOLVEIG",
    "TERN",
    "ORCA",
    "KITTIWAKE",
    "ALBATROSS",
    "NARWHAL",
    "FULMAR",
    "GANNET",
    "PELICAN",
    "SKUA",
    "STORMCOCK",
    "BRITTA",
    "GUILLEMOT",
    "DUNLIN",
    "WHIMBREL",
];

/// Who runs them.
pub(super) const CARRIERS: [&str; 4] = [
    "Northing Line",
    "Blue Meridian",
    "Halyard & Sons",
    "Pelagic Container",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_is_there_twice() {
        for names in [&SERIES[..], &FINISHES, &VESSELS] {
            let different: BTreeSet<_> = names.iter().collect();
            assert_eq!(different.len(), names.len());
        }
        let known: BTreeSet<_> = KNOWN.iter().map(|(name, _)| name).collect();
        assert_eq!(known.len(), KNOWN.len());
    }
}
