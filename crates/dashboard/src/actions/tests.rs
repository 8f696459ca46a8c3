//! Forms become commands, and what is wrong is said at its field.

use landfall_domain::Command;

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
    let wrong = command("CreateBatch", "reference=B-1&sku=LAMP&quantity=many").unwrap_err();
    assert_eq!(wrong[0].field, "quantity");
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
    let to = with_done("/orders?sku=A", &done);
    assert_eq!(to, "/orders?sku=A&done=CancelLine%3ASO-1+%2F+LAMP");
    assert_eq!(
        done_in_words(&done).as_deref(),
        Some("Cancelled line SO-1 / LAMP.")
    );
    // Nobody makes a page say what they like.
    assert_eq!(done_in_words("Your key has expired, write to us"), None);
}
