//! Tables: one description of each list, which is shown in a page or given as CSV.

use std::borrow::Cow;

use askama::Template;
use jiff::Zoned;
use jiff::civil::Date;
use landfall_domain::{BatchRef, LineId, Sku};
use landfall_service::resources::{AllocationResource, BatchResource};

use crate::format;
use crate::links;
use crate::pager::{self, Pager};
use crate::params::Params;

/// How something is meant: not by colour alone, its words say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    /// Neither good nor bad.
    Plain,
    /// As it should be.
    Good,
    /// Somebody should look at it.
    Warn,
    /// It is wrong.
    Bad,
}

impl Tone {
    /// The class in the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
            Tone::Plain => "plain",
        }
    }
}

/// The quantities of supply, as a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Bar {
    pub(crate) purchased: u64,
    pub(crate) allocated: u64,
    pub(crate) dispatched: u64,
}

impl Bar {
    /// A part of the whole, of a hundred.
    fn part(self, units: u64) -> u64 {
        let part = u128::from(units) * 100 / u128::from(self.purchased.max(1));
        u64::try_from(part.min(100)).unwrap_or(100)
    }

    pub(crate) fn dispatched_part(self) -> u64 {
        self.part(self.dispatched)
    }

    pub(crate) fn allocated_part(self) -> u64 {
        self.part(self.allocated)
            .min(100 - self.part(self.dispatched))
    }

    /// Units with a buyer.
    pub(crate) fn sold(self) -> u64 {
        self.allocated.saturating_add(self.dispatched)
    }

    /// How much is sold.
    pub(crate) fn words(self) -> String {
        match format::percent(self.sold(), self.purchased) {
            Some(share) => share,
            None => "–".to_owned(),
        }
    }
}

/// What stands in one place of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Nothing.
    None,
    /// Words.
    Text(String),
    /// The name of a thing that has a page.
    Name { href: String, text: String },
    /// A line by its order or its product, and by its own name where that is not its SKU.
    Line {
        href: String,
        text: String,
        own: Option<String>,
    },
    /// A quantity.
    Number(u64),
    /// A day.
    Day(Date),
    /// Since when something is so, by the warehouse's clock, and how long that is.
    Since { at: Zoned, age: String },
    /// A promise: the original one and the one that holds.
    Promise {
        original: Option<Date>,
        current: Option<Date>,
        overdue: bool,
    },
    /// A quantity that somebody should look at.
    Alarm(Tone, u64),
    /// A state.
    Badge(Tone, String),
    /// Quantities as a bar.
    Bar(Bar),
    /// Several, one beside the other.
    Several(Vec<Cell>),
    /// Something to do.
    Do { href: String, text: String },
}

impl Cell {
    /// Words; nothing where there are none.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A day; nothing where there is none.
    pub(crate) fn day(day: Option<Date>) -> Self {
        day.map_or(Self::None, Self::Day)
    }

    pub(crate) fn order(id: &str) -> Self {
        Self::Name {
            href: links::order(id),
            text: id.to_owned(),
        }
    }

    /// A line, as it is called in its order.
    pub(crate) fn line(order: &str, line: &str, sku: &str) -> Self {
        Self::Line {
            href: links::line(order, line),
            text: order.to_owned(),
            own: (line != sku).then(|| line.to_owned()),
        }
    }

    /// A line of an order that need not be named.
    pub(crate) fn product_of(sku: &Sku, line: &LineId) -> Self {
        let (sku, line) = (sku.as_str(), line.as_str());
        Self::Line {
            href: links::product(sku),
            text: sku.to_owned(),
            own: (line != sku).then(|| line.to_owned()),
        }
    }

    pub(crate) fn product(sku: &str) -> Self {
        Self::Name {
            href: links::product(sku),
            text: sku.to_owned(),
        }
    }

    pub(crate) fn batch(reference: &str) -> Self {
        Self::Name {
            href: links::batch(reference),
            text: reference.to_owned(),
        }
    }

    pub(crate) fn shipment(reference: Option<&str>) -> Self {
        reference.map_or(Self::None, |reference| Self::Name {
            href: links::shipment(reference),
            text: reference.to_owned(),
        })
    }

    /// What a line is pegged to.
    pub(crate) fn allocations(allocations: &[AllocationResource]) -> Self {
        Self::batches(allocations.iter().map(|one| &one.batch))
    }

    /// Batches by name.
    pub(crate) fn batches<'a>(batches: impl IntoIterator<Item = &'a BatchRef>) -> Self {
        let batches = batches.into_iter().map(|batch| Self::batch(batch.as_str()));
        let mut batches: Vec<_> = batches.collect();
        match batches.len() {
            0 => Self::None,
            1 => batches.remove(0),
            _ => Self::Several(batches),
        }
    }

    /// When a batch is here, and what keeps it.
    pub(crate) fn supply(batch: &BatchResource) -> Self {
        let mut parts = Vec::new();
        let at = batch.location.as_ref();
        match batch.eta {
            None => parts.push(Self::Badge(Tone::Good, "in the warehouse".into())),
            Some(eta) => parts.push(Self::Day(eta)),
        }
        parts.extend(at.map(|at| Self::text(format!("at {at}"))));
        if batch.overdue {
            parts.push(Self::Badge(Tone::Bad, "overdue".into()));
        }
        for hold in [&batch.hold, &batch.shipment_hold].into_iter().flatten() {
            let until = match hold.expected_clear {
                Some(day) => format!("{} until {}", hold.code, format::day(day)),
                None => format!("{}, no clear date", hold.code),
            };
            parts.push(Self::Badge(Tone::Warn, until));
        }
        Self::Several(parts)
    }

    /// As it stands in a CSV file: days as `YYYY-MM-DD`, numbers without marks.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::None | Self::Do { .. } => String::new(),
            Self::Text(text)
            | Self::Name { text, .. }
            | Self::Line { text, .. }
            | Self::Badge(_, text) => text.clone(),
            Self::Number(number) | Self::Alarm(_, number) => number.to_string(),
            Self::Day(day) => day.to_string(),
            Self::Since { at, .. } => at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            Self::Promise { current, .. } => current.map(|day| day.to_string()).unwrap_or_default(),
            Self::Bar(bar) => bar.sold().to_string(),
            Self::Several(cells) => {
                let parts: Vec<_> = cells.iter().map(Self::plain).collect();
                parts.join("; ")
            }
        }
    }
}

/// A column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// What stands above it.
    pub(crate) label: &'static str,
    /// The same in a CSV file, which may say it in other units.
    pub(crate) in_csv: &'static str,
    /// Whether it has numbers.
    pub(crate) number: bool,
    /// Where the list can be sorted by it.
    pub(crate) sort: Option<Sort>,
    /// Where it is.
    pub(crate) place: ColumnPlace,
}

/// Where a column is: a page has room for what somebody looks for, a file for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnPlace {
    Everywhere,
    /// In a page alone: what can be done, and what takes a file several columns.
    Page,
    /// In a file alone.
    File,
}

/// How a list goes by a column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sort {
    /// What it is called in `sort`.
    pub(crate) name: &'static str,
    /// For assistive technology: `ascending`, `descending`.
    pub(crate) order: &'static str,
    /// Whether the list is sorted so where nothing is said.
    pub(crate) usual: bool,
}

/// A column of words.
pub(crate) const fn column(label: &'static str) -> Column {
    Column {
        label,
        in_csv: label,
        number: false,
        sort: None,
        place: ColumnPlace::Everywhere,
    }
}

/// A column of numbers.
pub(crate) const fn numbers(label: &'static str) -> Column {
    Column {
        label,
        in_csv: label,
        number: true,
        sort: None,
        place: ColumnPlace::Everywhere,
    }
}

/// The column of what can be done, which no file has.
pub(crate) const DO: Column = Column {
    place: ColumnPlace::Page,
    ..column("Do")
};

impl Column {
    /// The list can be sorted by it, the most first.
    pub(crate) const fn sorted_by(self, name: &'static str) -> Self {
        self.sorted(name, "descending")
    }

    /// The list can be sorted by it, the first by name or day first.
    pub(crate) const fn rising_by(self, name: &'static str) -> Self {
        self.sorted(name, "ascending")
    }

    const fn sorted(mut self, name: &'static str, order: &'static str) -> Self {
        self.sort = Some(Sort {
            name,
            order,
            usual: false,
        });
        self
    }

    /// The list is sorted so where nothing is said.
    pub(crate) const fn usual(mut self) -> Self {
        if let Some(sort) = &mut self.sort {
            sort.usual = true;
        }
        self
    }

    /// A file has it by another name: what a page tells in words or as a part is a number or an instant there.
    pub(crate) const fn named_in_csv(mut self, label: &'static str) -> Self {
        self.in_csv = label;
        self
    }

    /// Only a page has it: a file has the same in columns of their own.
    pub(crate) const fn on_page(mut self) -> Self {
        self.place = ColumnPlace::Page;
        self
    }

    /// Only a file has it.
    pub(crate) const fn in_file(mut self) -> Self {
        self.place = ColumnPlace::File;
        self
    }
}

/// A row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its cells, one for each column; the first one names the row.
    pub(crate) cells: Vec<Cell>,
}

/// How a column's head leads to a sorted list.
pub(crate) struct Heading {
    pub(crate) label: &'static str,
    pub(crate) number: bool,
    /// Only a file has it.
    hidden: bool,
    /// Where a click leads.
    pub(crate) href: Option<String>,
    /// For assistive technology: `ascending`, `descending`.
    pub(crate) sorted: Option<&'static str>,
}

/// A table in a page.
#[derive(Template)]
#[template(path = "table.html")]
pub(crate) struct Table {
    /// Unique in its page.
    pub(crate) id: Cow<'static, str>,
    /// What it is a table of.
    pub(crate) caption: String,
    /// The names of what it shows, see `live`.
    pub(crate) live: String,
    pub(crate) headings: Vec<Heading>,
    pub(crate) rows: Vec<Row>,
    /// What is said of the rows, where there are any.
    pub(crate) help: &'static str,
    /// What is said where there are no rows.
    pub(crate) empty: String,
    /// Where its other pages are.
    pub(crate) pager: Pager,
    /// Where the whole list is as CSV.
    pub(crate) csv: Option<String>,
}

impl Table {
    /// A short table that is part of a page.
    pub(crate) fn new(
        id: impl Into<Cow<'static, str>>,
        caption: impl Into<String>,
        columns: &[Column],
    ) -> Self {
        let headings = columns.iter().map(|column| Heading {
            label: column.label,
            number: column.number,
            hidden: column.place == ColumnPlace::File,
            href: None,
            sorted: None,
        });
        Self {
            id: id.into(),
            caption: caption.into(),
            live: "*".into(),
            headings: headings.collect(),
            rows: Vec::new(),
            help: "",
            empty: "None.".into(),
            pager: Pager::default(),
            csv: None,
        }
    }

    /// A list of its own: it can be sorted, has pages, and is there as CSV. `next`: where the next page begins.
    pub(crate) fn listed(
        mut self,
        path: &str,
        params: &Params,
        columns: &[Column],
        next: Option<&str>,
    ) -> Self {
        let mut sorts = columns.iter().filter_map(|column| column.sort);
        let usual = sorts.find(|sort| sort.usual).map(|sort| sort.name);
        let now = params.get("sort").or(usual);
        for (heading, column) in self.headings.iter_mut().zip(columns) {
            let Some(sort) = column.sort else { continue };
            let is_now = now == Some(sort.name);
            heading.sorted = is_now.then_some(sort.order);
            // A second click goes back to the usual order.
            let name = Some(sort.name).filter(|name| !is_now && usual != Some(*name));
            let sorted = pager::beginning(params).with("sort", name);
            heading.href = Some(sorted.url(path));
        }
        self.pager = Pager::new(path, params, next);
        let csv = pager::beginning(params).with("format", Some("csv"));
        self.csv = Some(csv.url(path));
        self
    }

    /// What stands above the columns of a page.
    fn heads(&self) -> impl Iterator<Item = &Heading> {
        self.headings.iter().filter(|heading| !heading.hidden)
    }

    /// A row's cells in a page, and whether each is in a column of numbers.
    fn cells<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = (&'a Cell, bool)> {
        let cells = row.cells.iter().zip(&self.headings);
        cells
            .filter(|(_, heading)| !heading.hidden)
            .map(|(cell, heading)| (cell, heading.number))
    }

    /// With these rows.
    pub(crate) fn with_rows(mut self, rows: impl IntoIterator<Item = Row>) -> Self {
        self.rows = rows.into_iter().collect();
        self
    }

    /// With these words of its rows.
    pub(crate) fn explained(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// With these words where there are no rows.
    pub(crate) fn or_empty(mut self, empty: impl Into<String>) -> Self {
        self.empty = empty.into();
        self
    }

    /// Changes with nothing by itself.
    pub(crate) fn still(mut self) -> Self {
        self.live.clear();
        self
    }

    /// Changes with these things alone (see `live::names`), and not with everything.
    pub(crate) fn live(mut self, names: String) -> Self {
        self.live = names;
        self
    }
}

/// One cell, as HTML.
#[derive(Template)]
#[template(path = "cell.html")]
pub(crate) struct CellHtml<'a> {
    pub(crate) cell: &'a Cell,
}

/// A cell as HTML.
pub(crate) fn html(cell: &Cell) -> CellHtml<'_> {
    CellHtml { cell }
}
