//! Making the supply that a run needs, and the lines and products that have to be there before.

use super::BenchError;
use super::client::Connection;
use super::ndjson::{self, Chunk};
use super::tally::Sum;
use super::workload::{Line, Names, push_allocate};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a batch holds: the most that the contract allows, so that none runs out.
pub(super) const BATCH_QUANTITY: u64 = 1_000_000_000_000;
/// The longest that making it all may take.
const LIMIT: Duration = Duration::from_mins(15);

/// What has to be there before the run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Preload {
    /// Open batches of each SKU that is asked for.
    pub(super) batches: u32,
    /// Lines on the first batch of the first SKU.
    pub(super) lines: u64,
    /// Products that nobody asks for, each with one batch.
    pub(super) products: u64,
}

/// Creates the batches, the bystanders and the lines, in that order; returns the lines' sum, which
/// is the first SKU's.
pub(super) async fn setup(
    server: SocketAddr,
    names: &Names,
    preload: Preload,
    next_order: &AtomicU64,
) -> Result<Sum, BenchError> {
    let own = u64::from(names.skus()) * u64::from(preload.batches);
    send(
        server,
        own + preload.products,
        "batches",
        |number, text, lines| {
            if number < own {
                let sku = u32::try_from(number / u64::from(preload.batches)).unwrap_or_default();
                let batch = u32::try_from(number % u64::from(preload.batches)).unwrap_or_default();
                push_batch(text, names.sku(sku), &names.batch(sku, batch), batch);
            } else {
                let name = names.bystander(number - own);
                push_batch(text, &name, &name, 0);
            }
            lines.push(Line {
                order: 0,
                number: 0,
                sku: 0,
                quantity: 0,
            });
        },
    )
    .await?;
    let mut sum = Sum::default();
    send(server, preload.lines, "lines", |_, text, lines| {
        let order = next_order.fetch_add(1, Ordering::Relaxed);
        let line = Line {
            order,
            number: 0,
            sku: 0,
            quantity: 1,
        };
        push_allocate(text, names, line);
        lines.push(line);
        sum.add(line);
    })
    .await?;
    Ok(sum)
}

/// Sends `count` commands as one NDJSON stream; every one must succeed.
async fn send(
    server: SocketAddr,
    count: u64,
    what: &'static str,
    mut command: impl FnMut(u64, &mut Vec<u8>, &mut Vec<Line>),
) -> Result<(), BenchError> {
    if count == 0 {
        return Ok(());
    }
    let failed = |reason| BenchError::Setup { what, reason };
    let connection = Connection::open(server)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let (mut next, mut done, mut bad) = (0, 0_u64, None);
    let fill = |chunk: &mut Chunk| {
        while next < count && !chunk.is_full() {
            chunk.push(|text, lines| command(next, text, lines));
            next += 1;
        }
        next < count
    };
    let on_result = |_, _, _, outcome| match outcome {
        Ok(()) => done += 1,
        Err(failure) => bad = bad.or(Some(failure)),
    };
    let deadline = Instant::now() + LIMIT;
    let outcome = ndjson::stream(server, connection, fill, on_result, deadline).await;
    outcome.map_err(|error| failed(error.to_string()))?;
    match bad {
        None if done == count => Ok(()),
        None => Err(failed(format!("only {done} of {count} were acknowledged"))),
        Some(failure) => Err(failed(format!(
            "{done} of {count} succeeded; first: {failure}"
        ))),
    }
}

/// Appends a `CreateBatch` command. A SKU's first batch is in the warehouse; the others arrive on
/// days far ahead, four weeks to the month, so that no clock is needed.
fn push_batch(text: &mut Vec<u8>, sku: &str, reference: &str, batch: u32) {
    // Writing to a Vec cannot fail.
    let _ = write!(
        text,
        "{{\"type\":\"CreateBatch\",\"reference\":\"{reference}\",\"sku\":\"{sku}\",\
         \"quantity\":{BATCH_QUANTITY}"
    );
    if batch > 0 {
        let (year, month, day) = (2100 + batch / 336, 1 + batch / 28 % 12, 1 + batch % 28);
        let _ = write!(text, ",\"eta\":\"{year}-{month:02}-{day:02}\"");
    }
    text.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_arrive_one_after_the_other_on_days_that_exist() {
        let mut last = None;
        for batch in 1..2000 {
            let mut text = Vec::new();
            push_batch(&mut text, "s", "r", batch);
            let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let eta: jiff::civil::Date = json["eta"].as_str().unwrap().parse().unwrap();
            assert!(last < Some(eta));
            last = Some(eta);
        }
        let mut text = Vec::new();
        push_batch(&mut text, "s", "r", 0);
        let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(json.get("eta"), None);
        assert_eq!(json["quantity"], BATCH_QUANTITY);
    }
}
