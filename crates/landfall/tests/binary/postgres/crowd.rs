//! Customers who order from several replicas at once, and do not give up until each order is acknowledged.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{Client, Response};
use crate::support::PATIENCE;

/// Who waits longer for an answer asks another replica.
const WAITS: Duration = Duration::from_secs(4);

/// Turns for which a replica that gave no answer is left alone.
const AVOIDED: usize = 10;

/// SKUs that everybody wants, and of which there is too little.
pub(super) const HOT: [&str; 2] = ["SOFA", "LAMP"];
/// How many others there are.
pub(super) const COLD: usize = 24;

/// An order as a customer knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) id: String,
    /// Each line's SKU and quantity.
    pub(super) lines: Vec<(String, u64)>,
    pub(super) cancelled: bool,
}

/// The replicas, and what they have acknowledged.
pub(super) struct Crowd {
    replicas: Mutex<Vec<SocketAddr>>,
    over: AtomicBool,
    acknowledged: Vec<AtomicUsize>,
    /// Requests whose answer did not come, or was no.
    troubles: AtomicUsize,
}

impl Crowd {
    pub(super) fn of(replicas: Vec<SocketAddr>) -> Self {
        Self {
            acknowledged: replicas.iter().map(|_| AtomicUsize::new(0)).collect(),
            replicas: Mutex::new(replicas),
            over: AtomicBool::new(false),
            troubles: AtomicUsize::new(0),
        }
    }

    /// Another replica in the place of one.
    pub(super) fn replace(&self, replica: usize, address: SocketAddr) {
        self.replicas.lock().unwrap()[replica] = address;
    }

    /// Commands that were acknowledged by this replica, or those that were in its place before.
    pub(super) fn acknowledged_by(&self, replica: usize) -> usize {
        self.acknowledged[replica].load(Ordering::Relaxed)
    }

    /// Commands that were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        let all = self.acknowledged.iter();
        all.map(|by| by.load(Ordering::Relaxed)).sum()
    }

    pub(super) fn troubles(&self) -> usize {
        self.troubles.load(Ordering::Relaxed)
    }

    /// Tells the customers to go home when their last order is acknowledged.
    pub(super) fn is_over(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Orders until it is over. All that is returned was acknowledged, and nothing else was asked for.
    pub(super) fn order(&self, customer: usize) -> Vec<Order> {
        let mut asks = Asks {
            crowd: self,
            turn: customer,
            connections: self.acknowledged.iter().map(|_| None).collect(),
            avoided: vec![0; self.acknowledged.len()],
        };
        let mut orders: Vec<Order> = Vec::new();
        while !self.over.load(Ordering::Relaxed) {
            let number = orders.len();
            let order = order(customer, number);
            let lines: Vec<_> = order
                .lines
                .iter()
                .map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity}))
                .collect();
            let body =
                json!({"id": format!("k-{}", order.id), "order_id": order.id, "lines": lines});
            asks.twice(
                "/v1/orders",
                &body.to_string(),
                number.is_multiple_of(4),
                201,
            );
            if number % 7 == 6 {
                let before = &mut orders[number - 1];
                let path = format!("/v1/orders/{}/cancel", before.id);
                let body = json!({"id": format!("c-{}", before.id)});
                asks.twice(&path, &body.to_string(), number.is_multiple_of(2), 200);
                before.cancelled = true;
            }
            orders.push(order);
        }
        orders
    }
}

/// What a customer orders: something hot, and one or two other things.
fn order(customer: usize, number: usize) -> Order {
    let hot = HOT[(customer + number) % HOT.len()];
    let cold = |step: usize| format!("COLD-{}", (customer * 5 + number * step) % COLD);
    let mut lines = vec![(hot.to_owned(), 1), (cold(1), 2)];
    if number.is_multiple_of(3) && cold(7) != cold(1) {
        lines.push((cold(7), 1));
    }
    Order {
        id: format!("o-{customer}-{number}"),
        lines,
        cancelled: false,
    }
}

/// A customer's connections, one to each replica.
struct Asks<'a> {
    crowd: &'a Crowd,
    turn: usize,
    connections: Vec<Option<(SocketAddr, Client)>>,
    /// How many turns each is to be left alone, as a load balancer does with one that gave no answer.
    avoided: Vec<usize>,
}

impl Asks<'_> {
    /// Asks until it is acknowledged; where wanted once more, of another replica, which must give the same answer.
    fn twice(&mut self, path: &str, body: &str, again: bool, status: u16) {
        let first = self.insist(path, body);
        assert_eq!(first.status, status, "{body}: {first:?}");
        if again {
            let second = self.insist(path, body);
            assert_eq!(
                (second.status, second.body),
                (first.status, first.body),
                "the answer to {body}"
            );
        }
    }

    /// Asks one replica after the other until one acknowledges.
    fn insist(&mut self, path: &str, body: &str) -> Response {
        let since = Instant::now();
        loop {
            self.turn += 1;
            let replica = self.turn % self.connections.len();
            if self.avoided[replica] > 0 {
                self.avoided[replica] -= 1;
                continue;
            }
            match self.ask(replica, path, body) {
                Ok(response) if response.status != 503 => {
                    self.crowd.acknowledged[replica].fetch_add(1, Ordering::Relaxed);
                    return response;
                }
                Ok(_) => std::thread::sleep(Duration::from_millis(20)),
                Err(_) => {
                    self.connections[replica] = None;
                    self.avoided[replica] = AVOIDED;
                }
            }
            self.crowd.troubles.fetch_add(1, Ordering::Relaxed);
            assert!(since.elapsed() < PATIENCE, "nobody answers {path} {body}");
        }
    }

    fn ask(&mut self, replica: usize, path: &str, body: &str) -> std::io::Result<Response> {
        let address = self.crowd.replicas.lock().unwrap()[replica];
        let connection = &mut self.connections[replica];
        let known = connection.take_if(|(to, _)| *to == address);
        let (_, client) = connection.insert(if let Some(known) = known {
            known
        } else {
            (address, Client::connect_within(address, WAITS)?)
        });
        client.request("POST", path, body)
    }
}
