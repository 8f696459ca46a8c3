//! Who is at the other end of a request, as the listening side knows before anybody has shown a key.

use std::net::IpAddr;
use std::sync::Arc;

use super::rates::Rates;
use crate::answer::Origin;

/// What entrypoints that let callers in by themselves are told with each request.
#[derive(Clone)]
pub struct Visitor {
    /// Where the connection comes from; none within one process.
    pub address: Option<IpAddr>,
    /// Whether the connection is encrypted up to here. (Where a proxy does that, it is not.)
    pub over_tls: bool,
    /// The id of the request.
    pub request_id: Origin,
    /// What each key and each address has asked of late: one count for all entrypoints of a replica.
    pub rates: Arc<Rates>,
}
