//! After a run: is every acknowledged line in the database, and no batch over-allocated?

use super::BenchError;
use super::client::Connection;
use super::setup::BATCH_QUANTITY;
use super::tally::{Sum, Tally};
use super::workload::{Line, Names};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

/// The most pages of batches that are read: a list that goes on for ever must not.
const MAX_PAGES: u32 = 100_000;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) passed: bool,
    pub(super) detail: String,
}

impl Check {
    /// A check that passed when it found no faults; the first few are shown.
    fn new(name: &'static str, detail: String, faults: &[String]) -> Self {
        if faults.is_empty() {
            return Self {
                name,
                passed: true,
                detail,
            };
        }
        let shown = faults
            .iter()
            .take(5)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            name,
            passed: false,
            detail: format!("{detail}; {} wrong: {shown}", faults.len()),
        }
    }
}

/// A batch, as far as it concerns us.
#[derive(Debug, Deserialize)]
struct Batch {
    reference: String,
    purchased: u64,
    allocated: u64,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Batch>,
    cursor: Option<String>,
}

/// An order, as far as it concerns us.
#[derive(Debug, Deserialize)]
struct Order {
    lines: Vec<OrderLine>,
}

#[derive(Debug, Deserialize)]
struct OrderLine {
    line_id: String,
    sku: String,
    quantity: u64,
    status: String,
    allocations: Vec<Allocation>,
}

#[derive(Debug, Deserialize)]
struct Allocation {
    batch: String,
    quantity: u64,
}

/// Looks at every batch of the run, and at a sample of its lines, through the service.
pub(super) async fn through_the_service(
    server: SocketAddr,
    names: &Names,
    tally: &Tally,
    batches_a_sku: u32,
) -> Result<Vec<Check>, BenchError> {
    let mut connection = Connection::open(server)
        .await
        .map_err(|error| BenchError::Check(error.to_string()))?;
    Ok(vec![
        something_was_done(tally),
        batches(server, &mut connection, names, tally, batches_a_sku).await?,
        sample(server, &mut connection, names, &tally.sample.lines).await?,
    ])
}

/// A run in which nothing was acknowledged shows nothing.
fn something_was_done(tally: &Tally) -> Check {
    let detail = format!("{} lines in the measured time", tally.measured_lines);
    let fault = (tally.measured_lines == 0).then(|| "no line was acknowledged".to_owned());
    Check::new("the service works", detail, fault.as_slice())
}

/// Every unit acknowledged is allocated, and no more than was purchased.
async fn batches(
    server: SocketAddr,
    connection: &mut Connection,
    names: &Names,
    tally: &Tally,
    batches_a_sku: u32,
) -> Result<Check, BenchError> {
    let mut allocated = vec![0; names.skus() as usize];
    let mut seen = 0_u64;
    let mut faults = Vec::new();
    let mut path = "/v1/batches?limit=1000".to_owned();
    for page in 0.. {
        let list: Page = fetch(server, connection, &path).await?;
        for batch in list.items {
            let Some(sku) = names.sku_of_batch(&batch.reference) else {
                continue;
            };
            seen += 1;
            allocated[sku as usize] += batch.allocated;
            if batch.allocated > batch.purchased || batch.purchased != BATCH_QUANTITY {
                faults.push(format!("{batch:?}"));
            }
        }
        let Some(cursor) = list.cursor else { break };
        if page == MAX_PAGES {
            return Err(BenchError::Check(
                "the list of batches has no end".to_owned(),
            ));
        }
        path = format!("/v1/batches?limit=1000&cursor={cursor}");
    }
    let expected = u64::from(names.skus()) * u64::from(batches_a_sku);
    if seen != expected {
        faults.push(format!("{seen} of the run's {expected} batches are listed"));
    }
    let known = tally
        .acknowledged
        .iter()
        .zip(&tally.unknown)
        .zip(&allocated);
    for (sku, ((acknowledged, unknown), &allocated)) in (0..).zip(known) {
        faults.extend(wrong_sum(
            names.sku(sku),
            *acknowledged,
            *unknown,
            allocated,
        ));
    }
    let lines: u64 = tally.acknowledged.iter().map(|sum| sum.lines).sum();
    let quantity: u64 = tally.acknowledged.iter().map(|sum| sum.quantity).sum();
    let detail = format!("{lines} lines, {quantity} units, {seen} batches");
    Ok(Check::new(
        "acknowledged units are allocated",
        detail,
        &faults,
    ))
}

/// What is wrong with a SKU's allocated units. Lines whose answer was lost may be in or not.
fn wrong_sum(sku: &str, acknowledged: Sum, unknown: Sum, allocated: u64) -> Option<String> {
    let (least, most) = (
        acknowledged.quantity,
        acknowledged.quantity + unknown.quantity,
    );
    (allocated < least || allocated > most)
        .then(|| format!("{sku}: {allocated} allocated, {least} to {most} acknowledged"))
}

/// The lines of the sample are in the database as they were sent.
async fn sample(
    server: SocketAddr,
    connection: &mut Connection,
    names: &Names,
    lines: &[Line],
) -> Result<Check, BenchError> {
    let mut faults = Vec::new();
    for &line in lines {
        let id = names.order(line.order);
        match fetch::<Order>(server, connection, &format!("/v1/orders/{id}")).await {
            Ok(order) => faults.extend(wrong_line(names, line, &order)),
            Err(BenchError::Check(reason)) => faults.push(reason),
            Err(other) => return Err(other),
        }
    }
    let detail = format!("{} acknowledged lines fetched", lines.len());
    Ok(Check::new("acknowledged lines are there", detail, &faults))
}

/// What is wrong with a line as the database has it.
fn wrong_line(names: &Names, line: Line, order: &Order) -> Option<String> {
    let line_id = names.line_id(line);
    let Some(found) = order.lines.iter().find(|found| found.line_id == line_id) else {
        return Some(format!("{} has no line {line_id}", names.order(line.order)));
    };
    let quantity = u64::from(line.quantity);
    let right = found.sku == names.sku(line.sku)
        && found.quantity == quantity
        && found.status == "allocated"
        && found
            .allocations
            .iter()
            .map(|part| part.quantity)
            .sum::<u64>()
            == quantity
        && found
            .allocations
            .iter()
            .all(|part| names.sku_of_batch(&part.batch) == Some(line.sku));
    (!right).then(|| {
        format!(
            "{}: sent {line:?}, found {found:?}",
            names.order(line.order)
        )
    })
}

/// Fetches and parses one resource.
async fn fetch<T: DeserializeOwned>(
    server: SocketAddr,
    connection: &mut Connection,
    path: &str,
) -> Result<T, BenchError> {
    let wrong = |reason| BenchError::Check(format!("GET {path}: {reason}"));
    let head = connection
        .get(server, path)
        .await
        .map_err(|error| wrong(error.to_string()))?;
    if head.close {
        *connection = Connection::open(server)
            .await
            .map_err(|error| wrong(error.to_string()))?;
    }
    if head.status != 200 {
        return Err(wrong(format!("status {}", head.status)));
    }
    serde_json::from_slice(connection.body()).map_err(|error| wrong(error.to_string()))
}

/// Runs `landfall audit` on a database that no service holds any more.
pub(super) fn audit(database: &str) -> Result<Check, BenchError> {
    let output = Command::new(std::env::current_exe().map_err(BenchError::Spawn)?)
        .args(["audit", "--database", database, "--json"])
        .stdin(Stdio::null())
        .output()
        .map_err(BenchError::Spawn)?;
    let said = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.trim().chars().take(500).collect::<String>()
    };
    let fault = (!output.status.success()).then(|| {
        format!(
            "{}: {} {}",
            output.status,
            said(&output.stdout),
            said(&output.stderr)
        )
    });
    Ok(Check::new(
        "audit",
        "landfall audit after the end".to_owned(),
        fault.as_slice(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::workload::OrderIds;

    #[test]
    fn the_sum_must_be_what_was_acknowledged() {
        let sum = |quantity| Sum { lines: 1, quantity };
        assert_eq!(wrong_sum("s", sum(10), sum(0), 10), None);
        assert_eq!(wrong_sum("s", sum(10), sum(5), 12), None);
        for allocated in [9, 16] {
            assert!(wrong_sum("s", sum(10), sum(5), allocated).is_some());
        }
    }

    #[test]
    fn a_line_must_be_as_it_was_sent() {
        let names = Names::new("t".into(), OrderIds::Increasing, 1, 3);
        let order = |status: &str, allocated: u64, batch: &str| {
            let order = serde_json::json!({"lines": [{"line_id": "2", "sku": names.sku(1),
                "quantity": 5, "status": status,
                "allocations": [{"batch": batch, "quantity": allocated}]}]});
            serde_json::from_value::<Order>(order).unwrap()
        };
        let (line, batch) = (
            Line {
                order: 9,
                number: 2,
                sku: 1,
                quantity: 5,
            },
            names.batch(1, 0),
        );
        assert_eq!(
            wrong_line(&names, line, &order("allocated", 5, &batch)),
            None
        );
        for bad in [
            order("backordered", 5, &batch),
            order("allocated", 4, &batch),
            order("allocated", 5, &names.batch(2, 0)),
            Order { lines: vec![] },
        ] {
            assert!(wrong_line(&names, line, &bad).is_some(), "{bad:?}");
        }
        let other = Line {
            quantity: 6,
            ..line
        };
        assert!(wrong_line(&names, other, &order("allocated", 5, &batch)).is_some());
    }

    #[test]
    fn a_failed_check_shows_what_is_wrong() {
        let check = Check::new("x", "looked".into(), &["a".into(), "b".into()]);
        assert_eq!(
            (check.passed, check.detail.as_str()),
            (false, "looked; 2 wrong: a; b")
        );
        assert!(Check::new("x", "looked".into(), &[]).passed);
    }
}
