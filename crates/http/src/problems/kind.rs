//! The kinds of problems: what stays the same from one problem of a kind to the next.

use axum::http::StatusCode;

/// What a problem's `type` begins with. It is a name, not an address: it reads the same in an answer, in a
/// line of NDJSON and in a log.
pub const TYPE_PREFIX: &str = "urn:landfall:problem:";

/// The kinds of problems. The slug of a kind never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A body, header, path or query that breaks the syntax.
    IllFormed,
    /// No key that is in force came with the request.
    NoKey,
    /// The key may not do this.
    Forbidden,
    /// No such route.
    NoRoute,
    /// No such batch.
    UnknownBatch,
    /// No such order.
    UnknownOrder,
    /// No such order line.
    UnknownLine,
    /// No such shipment, where the command or the path is about it.
    NoShipment,
    /// No such product, where the path names it.
    UnknownProduct,
    /// The route exists with another method.
    MethodNotAllowed,
    /// The body did not come in time.
    Timeout,
    /// It exists with other content.
    Conflict,
    /// Too little stock, and the caller did not want to wait.
    OutOfStock,
    /// The line can no longer be changed.
    NotAmendable,
    /// The goods are not there to leave.
    NotInWarehouse,
    /// More is to leave than the line has.
    BeyondAllocated,
    /// Less than has left.
    BelowDispatched,
    /// The body is too long, or holds too many commands.
    TooLarge,
    /// The body's content type is not one that the route reads.
    MediaType,
    /// The command names a product that does not exist.
    UnknownSku,
    /// A batch names a shipment that does not exist.
    UnknownShipment,
    /// The idempotency key belongs to another command.
    IdReused,
    /// A field makes no sense beside what else is said or known.
    Senseless,
    /// More steps than one unit of work may take.
    TooMuchWork,
    /// The database refuses this command's data.
    Unstorable,
    /// The key, or the address, has asked too often of late.
    TooOften,
    /// The service failed; not the caller's fault.
    Internal,
    /// Too much is going on.
    Busy,
    /// The service is shutting down.
    Stopping,
    /// The database cannot be used at present; nothing was done.
    Unavailable,
    /// The database failed in the middle of the commit.
    OutcomeUnknown,
}

impl Kind {
    /// All of them, in the order of their status.
    pub const ALL: [Kind; 31] = [
        Kind::IllFormed,
        Kind::NoKey,
        Kind::Forbidden,
        Kind::NoRoute,
        Kind::UnknownBatch,
        Kind::UnknownOrder,
        Kind::UnknownLine,
        Kind::NoShipment,
        Kind::UnknownProduct,
        Kind::MethodNotAllowed,
        Kind::Timeout,
        Kind::Conflict,
        Kind::OutOfStock,
        Kind::NotAmendable,
        Kind::NotInWarehouse,
        Kind::BeyondAllocated,
        Kind::BelowDispatched,
        Kind::TooLarge,
        Kind::MediaType,
        Kind::UnknownSku,
        Kind::UnknownShipment,
        Kind::IdReused,
        Kind::Senseless,
        Kind::TooMuchWork,
        Kind::Unstorable,
        Kind::TooOften,
        Kind::Internal,
        Kind::Busy,
        Kind::Stopping,
        Kind::Unavailable,
        Kind::OutcomeUnknown,
    ];

    /// Status, slug and title.
    #[expect(clippy::too_many_lines, reason = "a table: one row a kind")]
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Kind::IllFormed => (S::BAD_REQUEST, "ill-formed", "The request is ill-formed"),
            Kind::NoKey => (S::UNAUTHORIZED, "no-key", "A key is needed"),
            Kind::Forbidden => (S::FORBIDDEN, "forbidden", "The key may not do this"),
            Kind::NoRoute => (
                S::NOT_FOUND,
                "no-such-route",
                "There is nothing at this address",
            ),
            Kind::UnknownBatch => (S::NOT_FOUND, "unknown-batch", "There is no such batch"),
            Kind::UnknownOrder => (S::NOT_FOUND, "unknown-order", "There is no such order"),
            Kind::UnknownLine => (S::NOT_FOUND, "unknown-line", "There is no such order line"),
            Kind::NoShipment => (
                S::NOT_FOUND,
                "no-such-shipment",
                "There is no such shipment",
            ),
            Kind::UnknownProduct => (S::NOT_FOUND, "unknown-product", "There is no such product"),
            Kind::MethodNotAllowed => (
                S::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "This address takes another method",
            ),
            Kind::Timeout => (
                S::REQUEST_TIMEOUT,
                "timeout",
                "The body did not come in time",
            ),
            Kind::Conflict => (S::CONFLICT, "conflict", "It exists with other content"),
            Kind::OutOfStock => (S::CONFLICT, "out-of-stock", "There is too little stock"),
            Kind::NotAmendable => (
                S::CONFLICT,
                "not-amendable",
                "The line can no longer be changed",
            ),
            Kind::NotInWarehouse => (
                S::CONFLICT,
                "not-in-warehouse",
                "The goods are not there to leave",
            ),
            Kind::BeyondAllocated => (
                S::CONFLICT,
                "beyond-allocated",
                "More is to leave than the line has",
            ),
            Kind::BelowDispatched => (
                S::CONFLICT,
                "below-dispatched",
                "More than that has been dispatched",
            ),
            Kind::TooLarge => (
                S::PAYLOAD_TOO_LARGE,
                "too-large",
                "The request is too large",
            ),
            Kind::MediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "The content type is not one that is read here",
            ),
            Kind::UnknownSku => (
                S::UNPROCESSABLE_ENTITY,
                "unknown-sku",
                "There is no product with this SKU",
            ),
            Kind::UnknownShipment => (
                S::UNPROCESSABLE_ENTITY,
                "unknown-shipment",
                "The batch names a shipment that does not exist",
            ),
            Kind::IdReused => (
                S::UNPROCESSABLE_ENTITY,
                "id-reused",
                "The idempotency key belongs to another command",
            ),
            Kind::Senseless => (
                S::UNPROCESSABLE_ENTITY,
                "senseless",
                "A field makes no sense beside what else is said or known",
            ),
            Kind::TooMuchWork => (
                S::UNPROCESSABLE_ENTITY,
                "too-much-work",
                "The command sets off more than one unit of work may do",
            ),
            Kind::Unstorable => (
                S::UNPROCESSABLE_ENTITY,
                "unstorable",
                "The database refuses this data",
            ),
            Kind::TooOften => (
                S::TOO_MANY_REQUESTS,
                "too-often",
                "Too many requests came of late",
            ),
            Kind::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "The service failed"),
            Kind::Busy => (S::SERVICE_UNAVAILABLE, "busy", "The service is busy"),
            Kind::Stopping => (
                S::SERVICE_UNAVAILABLE,
                "stopping",
                "The service is shutting down",
            ),
            Kind::Unavailable => (
                S::SERVICE_UNAVAILABLE,
                "unavailable",
                "The database cannot be used at present",
            ),
            Kind::OutcomeUnknown => (
                S::SERVICE_UNAVAILABLE,
                "outcome-unknown",
                "Whether the command was carried out is not known",
            ),
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        self.row().0
    }

    /// What follows [`TYPE_PREFIX`] in `type`.
    pub const fn slug(self) -> &'static str {
        self.row().1
    }

    /// A sentence for people: the same for every problem of the kind.
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// After how many seconds trying again makes sense.
    pub(super) const fn retry_after(self) -> Option<u16> {
        match self {
            Kind::Busy | Kind::TooOften => Some(1),
            Kind::Stopping | Kind::Unavailable | Kind::OutcomeUnknown => Some(5),
            _ => None,
        }
    }
}
