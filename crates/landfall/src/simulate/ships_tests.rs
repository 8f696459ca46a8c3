//! Ships of many seeds: what is told of each must make sense in its order.

use std::collections::BTreeMap;

use jiff::civil::date;

use super::*;

fn port(seed: u64, slips: &Slips) -> Port<'_> {
    let days = Days {
        first: date(2024, 1, 1),
    };
    Port { seed, slips, days }
}

fn cargo() -> Vec<Bought> {
    (0..20)
        .map(|product| Bought {
            product,
            sku: Sku::new(format!("S-{product}")).unwrap(),
            units: 4 + product as u64,
        })
        .collect()
}

/// All that is told of a ship after it was booked, by day.
fn told(booking: &Booking) -> Vec<(i32, &'static str)> {
    let mut by_day: BTreeMap<i32, Vec<&Task>> = BTreeMap::new();
    for task in &booking.later {
        by_day.entry(task.day).or_default().push(task);
    }
    let tasks = by_day.into_values().flatten();
    tasks.map(|task| (task.day, task.command.kind())).collect()
}

#[test]
fn every_ship_lands_once_and_nothing_comes_before_it_can() {
    let wild = Slips::seen(vec![-370, -40, -3, 0, 0, 2, 9, 60, 192]).unwrap();
    for slips in [Slips::built_in(), wild] {
        for number in 0_u32..400 {
            let booked = 7 * (i32::try_from(number).unwrap() - 17);
            let number = u64::from(number);
            let port = port(number % 3, &slips);
            let planned = port.planned(number, booked);
            assert!((60..=120).contains(&(planned - booked)));
            if planned <= 0 {
                continue;
            }
            let booking = port.book(number, booked, &cargo()).unwrap();
            assert_eq!(booking.commands.len(), 21);
            let told = told(&booking);
            let day_of = |kind| told.iter().rposition(|(_, told)| *told == kind);
            let landed = day_of("ReceiveShipment").expect("it lands");
            let count = |kind| told.iter().filter(|(_, told)| *told == kind).count();
            assert_eq!(count("ReceiveShipment"), 1);
            assert!(told.iter().all(|(day, _)| *day > booked && *day > 0));
            assert!(told[landed].0 >= booked + FASTEST);
            for before in ["ChangeShipmentEta", "CancelBatch"] {
                assert!(day_of(before).is_none_or(|at| at < landed), "{told:?}");
            }
            let holds = told.iter().position(|(_, kind)| *kind == "HoldShipment");
            assert_eq!(
                holds.is_some(),
                day_of("ReleaseShipment").is_some(),
                "{told:?}"
            );
            assert!(day_of("HoldShipment") <= day_of("ReleaseShipment"));
            assert!(day_of("HoldBatch") <= day_of("ReleaseBatch"));
        }
    }
}

#[test]
fn the_books_say_what_is_there_in_the_end() {
    let slips = Slips::built_in();
    for number in 0..200 {
        let booking = port(1, &slips).book(number, 0, &cargo()).unwrap();
        let mut quantity: BTreeMap<String, i64> = BTreeMap::new();
        let mut books = 0;
        for goods in cargo() {
            let name = format!("{}.{}", reference(&booking), goods.sku);
            quantity.insert(name, i64::try_from(goods.units).unwrap());
        }
        let bought: i64 = quantity.values().sum();
        let mut by_day: Vec<&Task> = booking.later.iter().collect();
        by_day.sort_by_key(|task| task.day);
        for task in by_day {
            books += task.books.iter().map(|(_, units)| units).sum::<i64>();
            let mut set = |batch: &BatchRef, units: u64| {
                let units = i64::try_from(units).unwrap();
                *quantity.get_mut(batch.as_str()).unwrap() = units;
            };
            match &task.command {
                Command::ChangeBatchQuantity(c) => set(&c.reference, c.quantity.get()),
                Command::CancelBatch(c) => set(&c.reference, 0),
                Command::ReceiveBatch(c) => set(&c.reference, c.quantity.get()),
                Command::ReceiveShipment(c) => {
                    for (batch, count) in &c.counts {
                        set(batch, count.get());
                    }
                }
                _ => {}
            }
        }
        assert_eq!(bought + books, quantity.values().sum::<i64>(), "{number}");
    }
}

fn reference(booking: &Booking) -> String {
    match &booking.commands[0] {
        Command::CreateShipment(c) => c.reference.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn vessels_have_names_as_people_write_them() {
    assert_eq!(title("AURORA"), "Aurora");
    assert_eq!(title(""), "");
}
