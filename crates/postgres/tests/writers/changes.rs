//! Keys and changes that tests load and commit, on 16 partitions.

use landfall_domain::{LineKey, OrderLine, Sku, Terms};
use landfall_service::keys::Keys;
use landfall_service::store::{Changes, Head, LineChange, ProductChange, partition_of};
use landfall_testkit::commands::name;

/// A SKU that lies in this one of 16 partitions.
pub(crate) fn sku_in(partition: u16) -> Sku {
    let of = |number: u32| format!("SKU-{number}");
    let found = (0_u32..10_000)
        .map(of)
        .find(|sku| partition_of(sku, 16) == partition);
    name(&found.expect("there are enough"))
}

pub(crate) fn products(skus: &[Sku]) -> Keys {
    Keys {
        products: skus.to_vec(),
        ..Keys::default()
    }
}

pub(crate) fn lines(keys: &[LineKey]) -> Keys {
    Keys {
        lines: keys.to_vec(),
        ..Keys::default()
    }
}

/// A new product with a line that waits for it, on these heads.
pub(crate) fn new_line(heads: &[Head], sku: &Sku, key: LineKey) -> Changes {
    let partition = partition_of(sku.as_str(), 16);
    let head = heads.iter().find(|head| head.partition == partition);
    let head = *head.expect("its partition is locked");
    let line = OrderLine::new(head.next_number + 1, key, sku.clone(), Terms::plain(1));
    let product = ProductChange {
        number: head.next_number,
        sku: sku.clone(),
        before: landfall_domain::product::Counters::default(),
        after: landfall_domain::product::Counters {
            version: 1,
            backordered: 1,
            late: 0,
        },
        created: true,
        new_batches: Vec::new(),
        changed_batches: Vec::new(),
        availability: Vec::new(),
        lines: vec![LineChange {
            before: None,
            after: line,
        }],
    };
    let after = Head {
        version: head.version + 1,
        next_number: head.next_number + 2,
        ..head
    };
    Changes {
        heads: vec![(head, after)],
        products: vec![product],
        ..Changes::default()
    }
}
