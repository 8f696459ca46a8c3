//! What is sent: the workloads, and the names and numbers in them, all from one seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most units that a generated line asks for; the least is 1.
const MAX_QUANTITY: u64 = 10;
/// The most lines of a generated order; the least is 1.
const MAX_LINES: u64 = 5;

/// A shape of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Workload {
    /// One line a request, uniform over the SKUs
    Spread,
    /// One line a request, all of one SKU
    Hot,
    /// One order of 1 to 5 lines a request
    Orders,
    /// Lines streamed as NDJSON over few connections
    Ndjson,
    /// A shipment with many lines is delayed, on a service of its own; other flags than --skus and
    /// --preload-lines do nothing
    Storm,
    /// Events go from a filled log to sinks, and then while lines come; of the other flags --database, --skus
    /// and --duration do something
    Relay,
}

impl Workload {
    /// The route that takes the requests.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Spread | Self::Hot => "/v1/allocations",
            Self::Orders => "/v1/orders",
            Self::Ndjson | Self::Storm | Self::Relay => "/v1/commands",
        }
    }
}

/// How order ids follow each other: it decides where in an index the new lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OrderIds {
    /// Every order id sorts after the ones before
    Increasing,
    /// Order ids are spread over the whole key space
    Random,
}

/// A small fast generator of numbers (`SplitMix64`); its quality suffices for choosing SKUs.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    /// A generator for one purpose: `stream` sets those of one seed apart.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        Self(mix(seed) ^ mix(stream.wrapping_add(0x5851_f42d_4c95_7f2d)))
    }

    /// A number from 0 to `bound` - 1; `bound` must not be 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        // The high half of a product is a uniform choice without a division.
        let product = u128::from(mix(self.0)) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or_default()
    }
}

/// `SplitMix64`'s finalizer: a bijection, so different numbers stay different.
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The names of one run. They begin with a tag, so that runs on one database do not meet.
#[derive(Debug)]
pub(super) struct Names {
    tag: String,
    order_ids: OrderIds,
    seed: u64,
    skus: Vec<String>,
}

impl Names {
    /// Names for a run over `skus` SKUs.
    pub(super) fn new(tag: String, order_ids: OrderIds, seed: u64, skus: u32) -> Self {
        let skus = (0..skus).map(|sku| format!("{tag}-sku-{sku:05}")).collect();
        Self {
            tag,
            order_ids,
            seed,
            skus,
        }
    }

    /// How many SKUs the run asks for.
    pub(super) fn skus(&self) -> u32 {
        u32::try_from(self.skus.len()).unwrap_or(u32::MAX)
    }

    /// The SKU of this number.
    pub(super) fn sku(&self, sku: u32) -> &str {
        &self.skus[sku as usize]
    }

    /// The reference of a SKU's batch.
    pub(super) fn batch(&self, sku: u32, batch: u32) -> String {
        format!("{}-b{batch:04}", self.sku(sku))
    }

    /// The SKU number of a batch reference, if the batch is one of this run's.
    pub(super) fn sku_of_batch(&self, reference: &str) -> Option<u32> {
        let rest = reference.strip_prefix(&self.tag)?.strip_prefix("-sku-")?;
        let (sku, _) = rest.split_once("-b")?;
        sku.parse().ok().filter(|&sku| sku < self.skus())
    }

    /// The SKU (and the batch's reference, too) of a product that is only there to be many.
    pub(super) fn bystander(&self, product: u64) -> String {
        format!("{}-other-{product:07}", self.tag)
    }

    /// The order id of this number, appended to `text`.
    fn push_order(&self, text: &mut Vec<u8>, order: u64) {
        text.extend_from_slice(self.tag.as_bytes());
        match self.order_ids {
            OrderIds::Increasing => {
                text.push(b'-');
                push_digits(text, order, 12);
            }
            OrderIds::Random => {
                text.push(b'-');
                let scattered = mix(order ^ mix(self.seed));
                for nibble in (0..16).rev() {
                    let digit = usize::try_from((scattered >> (4 * nibble)) & 15);
                    text.push(b"0123456789abcdef"[digit.unwrap_or_default()]);
                }
            }
        }
    }

    /// The order id of this number.
    pub(super) fn order(&self, order: u64) -> String {
        let mut text = Vec::new();
        self.push_order(&mut text, order);
        String::from_utf8(text).unwrap_or_default()
    }

    /// The line id of a line: the service's default, the SKU, unless the workload names its lines.
    pub(super) fn line_id(&self, line: Line) -> String {
        if line.number == 0 {
            self.sku(line.sku).to_owned()
        } else {
            line.number.to_string()
        }
    }
}

/// One order line as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    /// The number of its order.
    pub(super) order: u64,
    /// Which line of its order, from 1; 0 for a line that is sent alone.
    pub(super) number: u8,
    /// The number of its SKU.
    pub(super) sku: u32,
    /// Units.
    pub(super) quantity: u32,
}

/// Makes the requests of one connection.
pub(super) struct Generator {
    workload: Workload,
    names: Arc<Names>,
    rng: Rng,
    /// The number of the next order, shared by all connections: ids increase over all of them.
    next_order: Arc<AtomicU64>,
}

impl Generator {
    /// The generator of the connection with this number.
    pub(super) fn new(
        workload: Workload,
        names: Arc<Names>,
        next_order: Arc<AtomicU64>,
        connection: u64,
    ) -> Self {
        let rng = Rng::new(names.seed, connection);
        Self {
            workload,
            names,
            rng,
            next_order,
        }
    }

    /// Appends one command to `text`, and its lines to `lines`.
    pub(super) fn next(&mut self, text: &mut Vec<u8>, lines: &mut Vec<Line>) {
        let order = self.next_order.fetch_add(1, Ordering::Relaxed);
        match self.workload {
            Workload::Orders => self.push_order(text, lines, order),
            Workload::Spread
            | Workload::Hot
            | Workload::Ndjson
            | Workload::Storm
            | Workload::Relay => {
                let line = self.line(order, 0);
                push_allocate(text, &self.names, line);
                lines.push(line);
            }
        }
    }

    /// Chooses a line.
    fn line(&mut self, order: u64, number: u8) -> Line {
        let mut choose = |bound| u32::try_from(self.rng.below(bound)).unwrap_or_default();
        let sku = choose(u64::from(self.names.skus()));
        Line {
            order,
            number,
            sku,
            quantity: 1 + choose(MAX_QUANTITY),
        }
    }

    /// An order of a few lines; they are numbered, for two may ask for the same SKU.
    fn push_order(&mut self, text: &mut Vec<u8>, lines: &mut Vec<Line>, order: u64) {
        let count = 1 + u8::try_from(self.rng.below(MAX_LINES)).unwrap_or_default();
        text.extend_from_slice(b"{\"type\":\"PlaceOrder\",\"order_id\":\"");
        self.names.push_order(text, order);
        text.extend_from_slice(b"\",\"lines\":[");
        for number in 1..=count {
            let line = self.line(order, number);
            if number > 1 {
                text.push(b',');
            }
            text.extend_from_slice(b"{\"sku\":\"");
            text.extend_from_slice(self.names.sku(line.sku).as_bytes());
            text.extend_from_slice(b"\",\"quantity\":");
            push_digits(text, u64::from(line.quantity), 1);
            text.extend_from_slice(b",\"line_id\":\"");
            push_digits(text, u64::from(number), 1);
            text.extend_from_slice(b"\"}");
            lines.push(line);
        }
        text.extend_from_slice(b"]}");
    }
}

/// Appends an `Allocate` command.
pub(super) fn push_allocate(text: &mut Vec<u8>, names: &Names, line: Line) {
    text.extend_from_slice(b"{\"type\":\"Allocate\",\"order_id\":\"");
    names.push_order(text, line.order);
    text.extend_from_slice(b"\",\"sku\":\"");
    text.extend_from_slice(names.sku(line.sku).as_bytes());
    text.extend_from_slice(b"\",\"quantity\":");
    push_digits(text, u64::from(line.quantity), 1);
    text.push(b'}');
}

/// Appends a number in decimal, with zeros in front up to `width` digits (at most 20).
fn push_digits(text: &mut Vec<u8>, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    while number > 0 {
        start -= 1;
        digits[start] = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    text.extend_from_slice(&digits[start.min(digits.len() - width.min(digits.len()))..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(
        workload: Workload,
        ids: OrderIds,
        seed: u64,
        count: usize,
    ) -> (Vec<String>, Vec<Line>) {
        let names = Arc::new(Names::new("t".into(), ids, seed, 7));
        let mut generator = Generator::new(workload, names, Arc::default(), 3);
        let mut lines = Vec::new();
        let texts = (0..count).map(|_| {
            let mut text = Vec::new();
            generator.next(&mut text, &mut lines);
            String::from_utf8(text).unwrap()
        });
        (texts.collect(), lines)
    }

    #[test]
    fn one_seed_gives_one_load() {
        for workload in [Workload::Spread, Workload::Orders, Workload::Ndjson] {
            for ids in [OrderIds::Increasing, OrderIds::Random] {
                assert_eq!(text(workload, ids, 1, 50), text(workload, ids, 1, 50));
                assert_ne!(text(workload, ids, 1, 50), text(workload, ids, 2, 50));
            }
        }
    }

    #[test]
    fn the_text_says_what_the_lines_say() {
        let (texts, lines) = text(Workload::Orders, OrderIds::Increasing, 5, 200);
        let names = Names::new("t".into(), OrderIds::Increasing, 5, 7);
        let mut lines = lines.into_iter();
        let mut sizes = std::collections::BTreeSet::new();
        for text in texts {
            let order: serde_json::Value = serde_json::from_str(&text).unwrap();
            let sent = order["lines"].as_array().unwrap();
            sizes.insert(sent.len());
            for json in sent {
                let line = lines.next().unwrap();
                assert_eq!(order["order_id"], names.order(line.order));
                assert_eq!(json["sku"], names.sku(line.sku));
                assert_eq!(json["quantity"], line.quantity);
                assert_eq!(json["line_id"], names.line_id(line));
                assert!((1..=10).contains(&line.quantity));
            }
        }
        assert_eq!(lines.next(), None);
        assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn order_ids_are_unique_and_in_the_order_asked_for() {
        let ids = |ids| {
            let names = Names::new("t".into(), ids, 1, 1);
            (0..2000)
                .map(|order| names.order(order))
                .collect::<Vec<_>>()
        };
        assert!(ids(OrderIds::Increasing).is_sorted());
        let random = ids(OrderIds::Random);
        assert!(!random.is_sorted());
        let unique: std::collections::HashSet<_> = random.iter().collect();
        assert_eq!(unique.len(), random.len());
    }

    #[test]
    fn every_sku_gets_its_share() {
        let (_, lines) = text(Workload::Spread, OrderIds::Random, 1, 7000);
        for sku in 0..7 {
            let count = lines.iter().filter(|line| line.sku == sku).count();
            assert!((800..1200).contains(&count), "{count} lines of {sku}");
        }
    }

    #[test]
    fn a_batch_is_known_by_its_reference() {
        let names = Names::new("t".into(), OrderIds::Random, 1, 7);
        assert_eq!(names.sku_of_batch(&names.batch(6, 12)), Some(6));
        for other in [
            names.bystander(3),
            "t-sku-00007-b0000".into(),
            "u-sku-1-b0".into(),
        ] {
            assert_eq!(names.sku_of_batch(&other), None, "{other}");
        }
    }

    #[test]
    fn digits_are_padded_and_never_cut() {
        let digits = |number, width| {
            let mut text = Vec::new();
            push_digits(&mut text, number, width);
            String::from_utf8(text).unwrap()
        };
        assert_eq!(digits(0, 1), "0");
        assert_eq!(digits(42, 5), "00042");
        assert_eq!(digits(12345, 2), "12345");
        assert_eq!(digits(u64::MAX, 20), u64::MAX.to_string());
    }
}
