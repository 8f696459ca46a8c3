//! Forms become commands, and what is wrong is said at its field.

use landfall_domain::Command;

use super::shown::is_of;
use super::*;

fn action(command: &str) -> &'static Action {
    catalogue::find(command).unwrap()
}

fn command(kind: &str, form: &str) -> Result<Command, Vec<FieldError>> {
    read(action(kind), &Params::read(form))
}

#[test]
fn every_command_has_a_form() {
    for kind in Command::KINDS {
        let action = catalogue::find(kind);
        assert!(
            action.is_some_and(|action| !action.fields.is_empty()),
            "{kind}"
        );
    }
}

#[test]
fn numbers_are_read_as_people_type_them() {
    let form = "reference=B-1&sku=LAMP&quantity=1,200&eta=2027-01-05";
    let Ok(Command::CreateBatch(batch)) = command("CreateBatch", form) else {
        panic!("no batch");
    };
    assert_eq!(batch.quantity.get(), 1_200);
    for (typed, read) in [
        ("7", Some(7)),
        ("0042", Some(42)),
        ("1 200", Some(1_200)),
        ("12'345'678", Some(12_345_678)),
        ("1\u{202f}200", Some(1_200)),
        ("99999999999999999999999", Some(u64::MAX)),
        ("1,5", None),
        ("1'0", None),
        ("1 5", None),
        ("1,2345", None),
        ("1234,567", None),
        ("1,234 567", None),
        ("1,,234", None),
        ("0,500", None),
        (",500", None),
        ("500,", None),
        ("1.200", None),
        ("+5", None),
        ("-5", None),
        ("٣", None),
        ("", None),
    ] {
        assert_eq!(fields::whole(typed), read, "{typed}");
    }
    let wrong = command("CreateBatch", "reference=B-1&sku=LAMP&quantity=1,5").unwrap_err();
    assert_eq!(wrong[0].field, "quantity");
    assert_eq!(wrong[0].message, "must be a whole number, and is \"1,5\"");
}

#[test]
fn all_that_the_form_knows_to_be_wrong_is_told_at_once() {
    let fields = |wrong: Vec<FieldError>| -> Vec<String> {
        wrong.into_iter().map(|error| error.field).collect()
    };
    let wrong = command("CreateBatch", "eta=soon&sku=+").unwrap_err();
    assert_eq!(fields(wrong), ["reference", "sku", "quantity", "eta"]);
    let wrong = command("PlaceOrder", "lines=A+2%0A%0AB%0AC+1,5%0AA+3&priority=x").unwrap_err();
    let messages: Vec<_> = wrong.iter().map(|error| error.message.clone()).collect();
    assert_eq!(
        fields(wrong),
        [
            "order_id",
            "lines[1]",
            "lines[2].quantity",
            "lines",
            "priority"
        ]
    );
    assert_eq!(
        messages[1..4],
        [
            "\"B\" is not a SKU and a quantity, as in LAMP 2",
            "must be a whole number, and is \"1,5\"",
            "has \"A\" in two lines: put its units into one",
        ]
    );
    let wrong = command("ReceiveShipment", "reference=S&counts=B-1+x").unwrap_err();
    assert_eq!(wrong[0].field, "counts[0]");
}

#[test]
fn the_line_that_is_wrong_is_told_as_it_was_typed() {
    let form = Params::read("order_id=SO-1&lines=A+2%0A%0AB+0");
    let action = action("PlaceOrder");
    let errors = read(action, &form).unwrap_err();
    let shown = shown::filled_in(action, &form, &errors);
    let told = shown[1].wrong.as_deref().unwrap();
    assert!(
        told.starts_with("Line 3: the quantity must be a whole number"),
        "{told}"
    );
    let lines: Vec<_> = (0..9).map(|at| format!("S{at}")).collect();
    let form = Params::default().with("lines", Some(&lines.join("\n")));
    let errors = read(action, &form).unwrap_err();
    let shown = shown::filled_in(action, &form, &errors);
    let told = shown[1].wrong.as_deref().unwrap();
    assert!(told.contains("Line 5: \"S4\" is not a SKU"), "{told}");
    assert!(told.ends_with("And 4 more are like that."), "{told}");
}

#[test]
fn a_name_is_what_the_address_gave_or_what_was_typed() {
    let order = |form: &str| match command("CancelOrder", form) {
        Ok(Command::CancelOrder(cancel)) => cancel.order_id.to_string(),
        other => panic!("{form}: {other:?}"),
    };
    assert_eq!(order("order_id=+ZAP&given_order_id=+ZAP"), " ZAP");
    assert_eq!(order("order_id=+ZAP"), "ZAP");
    assert_eq!(order("order_id=+ZIP+&given_order_id=+ZAP"), "ZIP");
    let shown = |kind: &str, form: &str| {
        let fields = shown::filled_in(action(kind), &Params::read(form), &[]);
        let locked = fields.iter().filter(|shown| shown.locked);
        let locked: Vec<_> = locked.map(|shown| shown.field.name).collect();
        locked
    };
    let given = "order_id=+ZAP&given_order_id=+ZAP";
    assert_eq!(shown("CancelOrder", given), ["order_id"]);
    // What was typed can be typed anew, and so can the name of what is only to be made.
    assert!(shown("CancelOrder", "order_id=ZAP").is_empty());
    for kind in ["Allocate", "PlaceOrder"] {
        assert!(shown(kind, given).is_empty(), "{kind}");
    }
    let given = "reference=B&given_reference=B";
    for kind in ["CreateBatch", "CreateShipment"] {
        assert!(shown(kind, given).is_empty(), "{kind}");
    }
    assert_eq!(shown("ReceiveBatch", given), ["reference"]);
}

#[test]
fn a_name_that_ends_in_a_comma_is_written_with_another() {
    for (text, name) in [
        ("LAMP 2", "LAMP"),
        ("LAMP, 2", "LAMP"),
        ("LAMP ;\t2", "LAMP"),
        ("LAMP,, 2", "LAMP,"),
        ("LAMP;, 1\u{a0}200", "LAMP;"),
    ] {
        let form = Params::read("order_id=O").with("lines", Some(text));
        let Ok(Command::PlaceOrder(order)) = read(action("PlaceOrder"), &form) else {
            panic!("{text}");
        };
        assert_eq!(order.lines[0].sku.as_str(), name, "{text}");
    }
}

#[test]
fn an_empty_day_is_no_day_where_that_means_something() {
    let Ok(Command::ChangeBatchEta(change)) =
        command("ChangeBatchEta", "reference=B-1&eta=&eta_none=true")
    else {
        panic!("no change");
    };
    assert_eq!(change.eta, None);
    // A field that was left empty, or is not there at all, says nothing: goods do not land by that.
    for form in ["reference=B-1&eta=", "reference=B-1"] {
        let wrong = command("ChangeBatchEta", form).unwrap_err();
        assert_eq!(wrong[0].field, "eta", "{form}");
    }
}

#[test]
fn lines_are_read_from_text() {
    let form = "order_id=SO-1&lines=LAMP+2%0D%0A%0D%0ABIG+SOFA%2C+1%0D%0A";
    let Ok(Command::PlaceOrder(order)) = command("PlaceOrder", form) else {
        panic!("no order");
    };
    let lines: Vec<_> = order
        .lines
        .iter()
        .map(|line| (line.sku.as_str(), line.quantity.get()))
        .collect();
    assert_eq!(lines, [("LAMP", 2), ("BIG SOFA", 1)]);
    let wrong = command("PlaceOrder", "order_id=SO-1&lines=LAMP").unwrap_err();
    assert!(is_of(&wrong[0].field, &action("PlaceOrder").fields[1]));
    let wrong = command("PlaceOrder", "order_id=SO-1&lines=LAMP+2%0ALAMP+1").unwrap_err();
    assert_eq!(
        wrong[0].message,
        "has \"LAMP\" in two lines: put its units into one"
    );
    let wrong = command("PlaceOrder", "order_id=SO-1&lines=LAMP+0").unwrap_err();
    assert_eq!(wrong[0].field, "lines[0].quantity");
    assert!(is_of(&wrong[0].field, &action("PlaceOrder").fields[1]));
}

#[test]
fn what_was_done_is_told_where_one_goes_back_to() {
    let form = Params::read("order_id=SO-1&line_id=LAMP");
    let done = catalogue::done(action("CancelLine"), &form);
    let to = links::list("/orders?sku=A", &[("done", &done)]);
    assert_eq!(to, "/orders?sku=A&done=CancelLine%3ASO-1+%2F+LAMP");
    assert_eq!(
        done_in_words(&done).as_deref(),
        Some("Cancelled line SO-1 / LAMP.")
    );
    let done = |form: &str| {
        let done = catalogue::done(action("Dispatch"), &Params::read(form));
        done_in_words(&done).unwrap()
    };
    assert_eq!(done("order_id=T1"), "Dispatched order T1.");
    assert_eq!(
        done("order_id=T1&line_id=SOFA"),
        "Dispatched line T1 / SOFA."
    );
    assert_eq!(
        done("order_id=T1&line_id=SOFA&quantity=2"),
        "Dispatched 2 units of line T1 / SOFA."
    );
    for made_up in ["Dispatch x:T1", "CancelOrder 2:T1", "Dispatch :T1"] {
        assert_eq!(done_in_words(made_up), None, "{made_up}");
    }
    // Nobody makes a page say what they like.
    assert_eq!(done_in_words("Your key has expired, write to us"), None);
}
