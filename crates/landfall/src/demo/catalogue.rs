//! What the retailer of the demo sells, on which ships it comes, and how it is bought and ordered.

/// A product as its buyer knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    pub(super) sku: &'static str,
    /// How often it is ordered, beside the others.
    pub(super) popularity: u64,
    /// Units that are usually bought together.
    pub(super) lot: u64,
    /// The most that a customer usually orders.
    pub(super) most: u64,
}

const fn product(sku: &'static str, popularity: u64, lot: u64, most: u64) -> Product {
    Product {
        sku,
        popularity,
        lot,
        most,
    }
}

/// The range.
pub(super) const PRODUCTS: [Product; 40] = [
    product("SOFA-ALMA-2S-GREY", 9, 16, 1),
    product("SOFA-ALMA-3S-GREY", 12, 18, 1),
    product("SOFA-ALMA-3S-OCHRE", 6, 12, 1),
    product("SOFA-ALMA-CORNER-GREY", 5, 8, 1),
    product("SOFA-LUND-2S-BLUE", 5, 10, 1),
    product("SOFA-LUND-3S-BLUE", 6, 12, 1),
    product("SOFABED-NORA-OAT", 7, 14, 1),
    product("ARMCHAIR-ALMA-GREY", 6, 16, 2),
    product("ARMCHAIR-FELL-LEATHER-TAN", 4, 10, 2),
    product("FOOTSTOOL-ALMA-GREY", 5, 20, 2),
    product("BED-HOLM-DOUBLE-OAK", 6, 12, 1),
    product("BED-HOLM-KING-OAK", 8, 14, 1),
    product("BED-TARN-SINGLE-PINE", 4, 16, 2),
    product("MATTRESS-REST-DOUBLE", 7, 24, 1),
    product("MATTRESS-REST-KING", 8, 24, 1),
    product("BEDSIDE-HOLM-OAK", 9, 36, 2),
    product("WARDROBE-HOLM-2D-OAK", 4, 8, 1),
    product("WARDROBE-HOLM-3D-OAK", 3, 6, 1),
    product("CHEST-HOLM-5DR-OAK", 5, 10, 1),
    product("TABLE-ASK-6S-ASH", 6, 12, 1),
    product("TABLE-ASK-8S-ASH", 4, 8, 1),
    product("TABLE-ASK-ROUND-ASH", 4, 10, 1),
    product("CHAIR-ASK-ASH", 14, 96, 6),
    product("CHAIR-VIK-BLACK", 9, 64, 6),
    product("BENCH-ASK-ASH", 3, 12, 2),
    product("STOOL-VIK-BAR-BLACK", 5, 32, 4),
    product("SIDEBOARD-ASK-ASH", 4, 8, 1),
    product("COFFEE-TABLE-ORB-WALNUT", 6, 18, 1),
    product("SIDE-TABLE-ORB-WALNUT", 5, 24, 2),
    product("TV-BENCH-ORB-WALNUT", 5, 12, 1),
    product("BOOKCASE-TAL-HIGH-WHITE", 7, 24, 2),
    product("BOOKCASE-TAL-LOW-WHITE", 5, 24, 2),
    product("DESK-SKRIV-OAK", 6, 16, 1),
    product("DESK-CHAIR-SKRIV-FELT", 6, 20, 2),
    product("LAMP-BEAM-FLOOR-BLACK", 5, 30, 2),
    product("LAMP-GLOW-TABLE-OPAL", 7, 48, 2),
    product("RUG-FJORD-170X240-SAND", 5, 20, 1),
    product("RUG-FJORD-200X300-SAND", 4, 14, 1),
    product("LAMP-ARC-BRASS", 8, 10, 1),
    product("SOFA-ALMA-3S-GREEN", 8, 6, 1),
];

/// How many at the end of the range are bought too seldom: only the first ship carries them, and customers
/// wait.
pub(super) const SCARCE: usize = 2;

/// A ship and how its days went. Days count from today: -3 is three days ago.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ship {
    pub(super) name: &'static str,
    /// The day on which it was first expected.
    pub(super) expected: i32,
    /// What became of that.
    pub(super) course: Course,
    /// How many products it carries.
    pub(super) products: usize,
}

/// What became of a ship.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// As expected so far. If the day has passed, nobody has said why.
    AsExpected,
    /// On the first day it was told that it comes on the second.
    Moved { told: i32, to: i32 },
    /// It came on this day.
    Arrived(i32),
}

const fn ship(name: &'static str, expected: i32, course: Course, products: usize) -> Ship {
    Ship {
        name,
        expected,
        course,
        products,
    }
}

/// The ships of the last days and of the next four months. The last one carries, beside its own, what no
/// other carries.
pub(super) const SHIPS: [Ship; 8] = [
    ship("MV-CORMORANT", 0, Course::Arrived(0), 9),
    ship("MV-AURORA", -3, Course::AsExpected, 1),
    ship("MV-HALCYON", -1, Course::Moved { told: -9, to: 6 }, 12),
    ship("MV-MERIDIAN", 19, Course::AsExpected, 14),
    ship("MV-PETREL", 45, Course::Moved { told: -5, to: 38 }, 14),
    ship("MV-SOLVEIG", 61, Course::AsExpected, 16),
    ship("MV-TERN", 89, Course::AsExpected, 16),
    ship("MV-ORCA", 117, Course::AsExpected, 12),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_is_there_once() {
        let skus: std::collections::BTreeSet<_> =
            PRODUCTS.iter().map(|product| product.sku).collect();
        assert_eq!(skus.len(), PRODUCTS.len());
    }

    #[test]
    fn one_ship_is_overdue_and_carries_one_batch() {
        let overdue = |ship: &&Ship| ship.expected < 0 && ship.course == Course::AsExpected;
        let ships: Vec<_> = SHIPS.iter().filter(overdue).collect();
        assert_eq!(ships.len(), 1);
        assert_eq!(ships[0].products, 1);
    }
}
