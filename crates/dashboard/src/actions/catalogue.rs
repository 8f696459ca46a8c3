//! The commands that people give here, and their forms.

use landfall_service::access::Right;

use super::fields::{Field, Kind, field, said, whole};
use crate::format;
use crate::params::Params;

/// A command as people know it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Action {
    /// Its type.
    pub(crate) command: &'static str,
    /// On a button that leads to its form.
    pub(crate) label: &'static str,
    /// Above its form.
    pub(crate) title: &'static str,
    /// What it does, where that is not plain.
    pub(crate) help: &'static str,
    /// What it takes.
    pub(crate) right: Right,
    /// Whether something is taken from somebody by it.
    pub(crate) hard: bool,
    pub(crate) fields: &'static [Field],
    /// What it has done, in words that the name of the thing follows.
    past: &'static str,
}

impl Action {
    /// What a form of it is about.
    fn about(&self, form: &Params) -> String {
        let names = self.fields.iter().filter(|field| field.names);
        let names = names.map(|field| said(field, form));
        let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
        names.join(" / ")
    }

    /// Whether it makes what it names: a name that can still be another.
    fn makes(&self) -> bool {
        matches!(
            self.command,
            "CreateBatch" | "CreateShipment" | "PlaceOrder" | "Allocate"
        )
    }

    /// Whether a field says which of the things that are there is acted on.
    pub(crate) fn acts_on(&self, field: &Field) -> bool {
        field.names && !self.makes()
    }
}

/// That something was done, as an address carries it on: only the name in it is not our own. `CancelOrder:SO-1`; of a
/// line that was dispatched also how many units were, `all` or a number: `Dispatch all:SO-1 / LAMP`.
pub(crate) fn done(action: &Action, form: &Params) -> String {
    let about = action.about(form);
    let of_line =
        action.fields.contains(&DISPATCHED_LINE) && !said(&DISPATCHED_LINE, form).is_empty();
    if !of_line {
        return format!("{}:{about}", action.command);
    }
    let units = whole(said(&DISPATCHED_UNITS, form));
    let units = units.map_or_else(|| "all".to_owned(), |units| units.to_string());
    format!("{} {units}:{about}", action.command)
}

/// The same in words; none where nobody has done that.
pub(crate) fn done_in_words(done: &str) -> Option<String> {
    let (command, about) = done.split_once(':')?;
    let (command, units) = match command.split_once(' ') {
        Some((command, units)) => (command, Some(units)),
        None => (command, None),
    };
    let past = find(command)?.past;
    match (command, units) {
        (_, None) => Some(format!("{past} {about}.")),
        ("Dispatch", Some("all")) => Some(format!("Dispatched line {about}.")),
        ("Dispatch", Some(units)) => {
            let units = format::count(units.parse().ok()?, "unit", "units");
            Some(format!("Dispatched {units} of line {about}."))
        }
        (_, Some(_)) => None,
    }
}

/// The action of a command.
pub(crate) fn find(command: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.command == command)
}

const REFERENCE: Field = field("reference", "Batch", Kind::Text).names();
const SHIPMENT: Field = field("reference", "Shipment", Kind::Text).names();
const ORDER: Field = field("order_id", "Order", Kind::Text).names();
const LINE: Field = field("line_id", "Line", Kind::Text).names();
const DISPATCHED_LINE: Field = field("line_id", "Line", Kind::Text).may_name();
const DISPATCHED_UNITS: Field = field("quantity", "Quantity", Kind::Whole)
    .help("All of the line where nothing is said; takes a line.");
const REASON: Field = field("reason", "Reason", Kind::Text).help("For the log.");
const CODE: Field = field("code", "Why it is held", Kind::Text)
    .required()
    .help("A short code: customs, paperwork, quality, damage…");
const NOTE: Field = field("note", "Note", Kind::Text);
const CLEAR: Field = field("expected_clear", "Expected clear date", Kind::Day)
    .help("Without one it is no supply: its lines move or wait.");
const POLICY: Kind = Kind::Choice(&[
    ("earliest", "Earliest supply"),
    ("just_in_time", "Just in time for the requested date"),
]);
const SHORT: Kind = Kind::Choice(&[("backorder", "Wait for stock"), ("reject", "Refuse")]);
const REQUESTED: Field = field("requested_date", "Requested date", Kind::Day);
const PRIORITY: Field = field("priority", "Priority", Kind::Whole)
    .first("5")
    .help("0 to 9, higher first.");

const ACTIONS: [Action; 18] = [
    Action {
        command: "CreateBatch",
        label: "New batch",
        title: "New batch",
        help: "New supply. Lines that wait for it get it at once.",
        right: Right::Supply,
        hard: false,
        fields: &[
            field("reference", "Batch", Kind::Text).names(),
            field("sku", "SKU", Kind::Text).required(),
            field("quantity", "Quantity", Kind::Whole).required(),
            field("eta", "ETA", Kind::Day).help("Without one it is in the warehouse."),
            field("shipment", "Shipment", Kind::Text).help("It then has the shipment's ETA."),
            field("location", "Location", Kind::Text),
        ],
        past: "Created batch",
    },
    Action {
        command: "ChangeBatchQuantity",
        label: "Adjust quantity",
        title: "Adjust a batch's quantity",
        help: "Lines that no longer fit look for other stock, or wait.",
        right: Right::Supply,
        hard: true,
        fields: &[
            REFERENCE,
            field("quantity", "Units purchased", Kind::Whole).required(),
            REASON,
        ],
        past: "Adjusted batch",
    },
    Action {
        command: "ChangeBatchEta",
        label: "Change ETA",
        title: "Change a batch's ETA",
        help: "A later day moves promises, an earlier one pulls late promises back.",
        right: Right::Supply,
        hard: true,
        fields: &[
            REFERENCE,
            field("eta", "ETA", Kind::DayOrNone).help("It is in the warehouse"),
        ],
        past: "Changed the ETA of batch",
    },
    Action {
        command: "HoldBatch",
        label: "Hold",
        title: "Hold a batch",
        help: "It cannot be dispatched until it is released.",
        right: Right::Supply,
        hard: true,
        fields: &[REFERENCE, CODE, CLEAR, NOTE],
        past: "Held batch",
    },
    Action {
        command: "ReleaseBatch",
        label: "Release",
        title: "Release a batch",
        help: "Its own hold ends; its shipment's does not.",
        right: Right::Supply,
        hard: false,
        fields: &[REFERENCE],
        past: "Released batch",
    },
    Action {
        command: "ReceiveBatch",
        label: "Receive",
        title: "Receive a batch",
        help: "It is in the warehouse, and was counted. A second count corrects the first.",
        right: Right::Supply,
        hard: true,
        fields: &[
            REFERENCE,
            field("quantity", "Units counted", Kind::Whole).required(),
        ],
        past: "Received batch",
    },
    Action {
        command: "CancelBatch",
        label: "Cancel batch",
        title: "Cancel a batch",
        help: "What was not dispatched will never come.",
        right: Right::Supply,
        hard: true,
        fields: &[REFERENCE, REASON],
        past: "Cancelled batch",
    },
    Action {
        command: "CreateShipment",
        label: "New shipment",
        title: "New shipment",
        help: "A vessel or container. Batches that name it take its ETA.",
        right: Right::Supply,
        hard: false,
        fields: &[
            SHIPMENT,
            field("eta", "ETA", Kind::DayOrNone).help("It has landed"),
            field("carrier", "Carrier", Kind::Text),
            field("vessel", "Vessel", Kind::Text),
            field("container", "Container", Kind::Text),
        ],
        past: "Created shipment",
    },
    Action {
        command: "ChangeShipmentEta",
        label: "Change ETA",
        title: "Change a shipment's ETA",
        help: "All its batches at once.",
        right: Right::Supply,
        hard: true,
        fields: &[
            SHIPMENT,
            field("eta", "ETA", Kind::DayOrNone).help("It has landed"),
        ],
        past: "Changed the ETA of shipment",
    },
    Action {
        command: "HoldShipment",
        label: "Hold",
        title: "Hold a shipment",
        help: "All its batches at once.",
        right: Right::Supply,
        hard: true,
        fields: &[SHIPMENT, CODE, CLEAR, NOTE],
        past: "Held shipment",
    },
    Action {
        command: "ReleaseShipment",
        label: "Release",
        title: "Release a shipment",
        help: "Its batches' own holds stay.",
        right: Right::Supply,
        hard: false,
        fields: &[SHIPMENT],
        past: "Released shipment",
    },
    Action {
        command: "ReceiveShipment",
        label: "Receive",
        title: "Receive a shipment",
        help: "Batches that are not counted here arrived as expected; those that were counted before stay so.",
        right: Right::Supply,
        hard: true,
        fields: &[
            SHIPMENT,
            field("counts", "Counts", Kind::Counts)
                .help("Only what differs: a batch and its count in each line, as in B-17 40."),
        ],
        past: "Received shipment",
    },
    Action {
        command: "Allocate",
        label: "Add line",
        title: "One order line",
        help: "",
        right: Right::Orders,
        hard: false,
        fields: &[
            ORDER,
            field("sku", "SKU", Kind::Text).required(),
            field("quantity", "Quantity", Kind::Whole).required(),
            field("line_id", "Line", Kind::Text).help("The SKU where nothing is said."),
            REQUESTED,
            PRIORITY,
            field("policy", "Supply", POLICY),
            field("if_short", "If there is too little", SHORT),
            field("split", "May take several batches", Kind::Flag),
            field("locations", "Locations", Kind::Names)
                .help("In order of preference, with commas; without, any."),
        ],
        past: "Accepted a line of order",
    },
    Action {
        command: "PlaceOrder",
        label: "New order",
        title: "New order",
        help: "All its lines in one commit.",
        right: Right::Orders,
        hard: false,
        fields: &[
            ORDER,
            field("lines", "Lines", Kind::Lines)
                .required()
                .help("A SKU and a quantity in each line, as in LAMP 2."),
            REQUESTED,
            PRIORITY,
            field("policy", "Supply", POLICY),
            field("if_short", "If there is too little", SHORT),
            field(
                "deliver",
                "Deliver",
                Kind::Choice(&[("as_ready", "As ready"), ("together", "All together")]),
            ),
        ],
        past: "Placed order",
    },
    Action {
        command: "ChangeLineQuantity",
        label: "Amend",
        title: "Amend a line",
        help: "It keeps its batch where it can.",
        right: Right::Orders,
        hard: true,
        fields: &[
            ORDER,
            LINE,
            field("quantity", "Quantity", Kind::Whole).required(),
            field(
                "if_short",
                "If there is too little",
                Kind::Choice(&[
                    ("reject", "Change nothing"),
                    ("backorder", "Wait for stock"),
                ]),
            ),
        ],
        past: "Amended line",
    },
    Action {
        command: "CancelLine",
        label: "Cancel line",
        title: "Cancel a line",
        help: "Its stock goes back, and fills backorders.",
        right: Right::Orders,
        hard: true,
        fields: &[ORDER, LINE],
        past: "Cancelled line",
    },
    Action {
        command: "CancelOrder",
        label: "Cancel order",
        title: "Cancel an order",
        help: "Its stock goes back, and fills backorders.",
        right: Right::Orders,
        hard: true,
        fields: &[ORDER],
        past: "Cancelled order",
    },
    Action {
        command: "Dispatch",
        label: "Dispatch",
        title: "Dispatch",
        help: "The goods leave for the customer. Without a line: every allocated line whose batch is in the warehouse.",
        right: Right::Orders,
        hard: true,
        fields: &[ORDER, DISPATCHED_LINE, DISPATCHED_UNITS],
        past: "Dispatched order",
    },
];
