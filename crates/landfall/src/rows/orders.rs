//! Rows of orders: one line of an order each.

use std::collections::HashSet;

use csv::ByteRecord;
use landfall_domain::commands::Allocate;
use landfall_domain::{Command, IfShort, LineId, OrderId, Policy, Priority, Sku};

use super::Parsed;
use super::columns::{Column, Mapping, optional, required};
use super::fields::Field;
use super::repeats::Repeats;

const COLUMNS: [Column; 7] = [
    required("orderid"),
    required("sku"),
    required("qty"),
    optional("line_id"),
    optional("requested_date"),
    optional("priority"),
    optional("policy"),
];

/// SKUs that are kept, so that their rows share one text.
const SHARED_SKUS: usize = 65_536;

/// Makes commands of rows.
pub(crate) struct OrderRows {
    order: Field,
    sku: Field,
    quantity: Field,
    line: Field,
    requested_date: Field,
    priority: Field,
    policy: Field,
    /// Whether repeats of an (order, SKU) get line ids of their own.
    number_lines: bool,
    if_short: IfShort,
    /// What was seen of repeats.
    pub(crate) repeats: Repeats,
    last_order: Option<OrderId>,
    skus: HashSet<Sku>,
}

impl OrderRows {
    /// Refuses a mapping of columns that no orders file has.
    pub(crate) fn check(mapping: &Mapping) -> Result<(), String> {
        mapping.check(&COLUMNS)
    }

    /// Finds the columns. With `number_lines` the nth row of an order and a SKU gets the line id `SKU#n`,
    /// n ≥ 2; a row with a line id of its own keeps it and is not counted.
    pub(crate) fn new(
        mapping: &Mapping,
        header: &ByteRecord,
        number_lines: bool,
        if_short: IfShort,
    ) -> Result<Self, String> {
        let found = mapping.resolve(&COLUMNS, header)?;
        let field = |number: usize| {
            let at = found.get(number).copied().flatten();
            Field::new(at, COLUMNS[number].name, mapping)
        };
        Ok(Self {
            order: field(0),
            sku: field(1),
            quantity: field(2),
            line: field(3),
            requested_date: field(4),
            priority: field(5),
            policy: field(6),
            number_lines,
            if_short,
            repeats: Repeats::default(),
            last_order: None,
            skus: HashSet::new(),
        })
    }

    /// What the file calls the column of line ids.
    pub(crate) fn line_column(mapping: &Mapping) -> &str {
        mapping.name("line_id")
    }

    /// The command that a row asks for. Every row that names an order and a SKU is counted, also one
    /// that is rejected: putting that right later must not number the others anew.
    pub(super) fn parse(&mut self, record: &ByteRecord) -> Parsed {
        let mut line_id = None;
        let command = self.command(record, &mut line_id);
        Parsed {
            command,
            shipment: None,
            line_id,
        }
    }

    fn command(
        &mut self,
        record: &ByteRecord,
        numbered: &mut Option<LineId>,
    ) -> Result<Command, String> {
        let order_id = self.order.required(record)?;
        let sku_text = self.sku.required(record)?;
        let mut line_id = self.line.optional::<LineId>(record)?;
        if line_id.is_none() {
            let nth = self.repeats.count(order_id, sku_text);
            line_id = self.numbered(sku_text, nth, numbered)?;
        }
        let (order_id, sku) = (self.order_id(order_id)?, self.sku(sku_text)?);
        Ok(Command::Allocate(Allocate {
            order_id,
            sku,
            quantity: self
                .quantity
                .quantity(record, "a return is not an order line")?,
            line_id,
            requested_date: self.requested_date.date(record)?,
            priority: self
                .priority
                .optional::<Priority>(record)?
                .unwrap_or_default(),
            policy: self.policy(record)?,
            split: false,
            if_short: self.if_short,
            locations: Vec::new(),
        }))
    }

    /// The line id of the nth row of its order and SKU.
    fn numbered(
        &self,
        sku: &str,
        nth: u32,
        numbered: &mut Option<LineId>,
    ) -> Result<Option<LineId>, String> {
        if !self.number_lines {
            return Ok(None);
        }
        let text = if nth == 1 {
            sku.to_owned()
        } else {
            format!("{sku}#{nth}")
        };
        *numbered = Some(LineId::new(text).map_err(|error| format!("its line id {error}"))?);
        // The first is left unsaid, as it would be without numbers.
        Ok(numbered.clone().filter(|_| nth > 1))
    }

    fn policy(&self, record: &ByteRecord) -> Result<Policy, String> {
        match self.policy.text(record)?.trim() {
            "" | "earliest" => Ok(Policy::Earliest),
            "just_in_time" => Ok(Policy::JustInTime),
            _ => Err(self.policy.wrong(&"must be earliest or just_in_time")),
        }
    }

    /// The order id. Rows of an order are mostly neighbours: they share one text.
    fn order_id(&mut self, text: &str) -> Result<OrderId, String> {
        if let Some(last) = &self.last_order
            && last.as_str() == text
        {
            return Ok(last.clone());
        }
        let id = self.order.read::<OrderId>(text)?;
        self.last_order = Some(id.clone());
        Ok(id)
    }

    /// The SKU, which many rows share.
    fn sku(&mut self, text: &str) -> Result<Sku, String> {
        if let Some(sku) = self.skus.get(text) {
            return Ok(sku.clone());
        }
        let sku = self.sku.read::<Sku>(text)?;
        if self.skus.len() >= SHARED_SKUS {
            self.skus.clear();
        }
        self.skus.insert(sku.clone());
        Ok(sku)
    }
}
