use axum::http::StatusCode;
use landfall_domain::{BatchRef, CommandId, LineId, LineKey, OrderId, ShipmentRef, Sku};
use serde_json::{Value, json};

use super::*;

fn line() -> LineKey {
    LineKey {
        order_id: OrderId::new("o").unwrap(),
        line_id: LineId::new("l").unwrap(),
    }
}

fn form(problem: impl Into<Problem>) -> Value {
    serde_json::to_value(problem.into()).unwrap()
}

#[test]
fn every_kind_has_a_slug_of_its_own_and_an_error_status() {
    let mut slugs: Vec<_> = Kind::ALL.iter().map(|kind| kind.slug()).collect();
    slugs.sort_unstable();
    slugs.dedup();
    assert_eq!(slugs.len(), Kind::ALL.len());
    for kind in Kind::ALL {
        assert!(kind.status().is_client_error() || kind.status().is_server_error());
        let later = [
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        let later = later.contains(&kind.status());
        assert_eq!(kind.retry_after().is_some(), later, "{kind:?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table: one case a rejection")]
fn rejections_have_their_status() {
    let reference = || BatchRef::new("b").unwrap();
    let sku = || Sku::new("S").unwrap();
    let cases = [
        (
            Rejection::Invalid {
                field: "f".into(),
                message: "m".into(),
            },
            400,
        ),
        (
            Rejection::UnknownBatch {
                reference: reference(),
            },
            404,
        ),
        (
            Rejection::UnknownOrder {
                order_id: OrderId::new("o").unwrap(),
            },
            404,
        ),
        (Rejection::UnknownLine { line: line() }, 404),
        (
            Rejection::Conflict {
                what: "batch b".into(),
                differences: vec![],
            },
            409,
        ),
        (
            Rejection::OutOfStock {
                sku: sku(),
                line: line(),
                quantity: 1,
            },
            409,
        ),
        (
            Rejection::NotAmendable {
                line: line(),
                state: "is cancelled".into(),
            },
            409,
        ),
        (
            Rejection::BelowDispatched {
                reference: reference(),
                dispatched: 3,
            },
            409,
        ),
        (
            Rejection::Senseless {
                field: "f".into(),
                message: "m".into(),
            },
            422,
        ),
        (
            Rejection::UnknownSku {
                field: "sku".into(),
                sku: sku(),
            },
            422,
        ),
        (
            Rejection::UnknownShipment {
                field: Some("shipment".into()),
                reference: ShipmentRef::new("s").unwrap(),
            },
            422,
        ),
        (
            Rejection::UnknownShipment {
                field: None,
                reference: ShipmentRef::new("s").unwrap(),
            },
            404,
        ),
        (
            Rejection::NotInWarehouse {
                line: line(),
                state: "it waits for stock".into(),
            },
            409,
        ),
        (
            Rejection::BeyondAllocated {
                line: line(),
                quantity: 5,
                allocated: 3,
            },
            409,
        ),
        (
            Rejection::IdReused {
                id: CommandId::new("k").unwrap(),
            },
            422,
        ),
        (Rejection::TooMuchWork { limit: 9 }, 422),
    ];
    for (rejection, status) in cases {
        let problem = Problem::from(rejection);
        assert_eq!(problem.kind().status().as_u16(), status, "{problem:?}");
    }
}

#[test]
fn a_problem_names_type_title_status_and_detail() {
    let rejection = Rejection::OutOfStock {
        sku: Sku::new("S").unwrap(),
        line: line(),
        quantity: 3,
    };
    assert_eq!(
        form(rejection),
        json!({
            "type": "urn:landfall:problem:out-of-stock",
            "title": "There is too little stock",
            "status": 409,
            "detail": "Nothing can hold 3 of S for line l of order o.",
        })
    );
}

#[test]
fn bad_input_is_named_field_by_field() {
    let rejection = Rejection::Invalid {
        field: "lines[1].line_id".into(),
        message: "is twice".into(),
    };
    let form = form(rejection);
    assert_eq!(
        form["errors"],
        json!([{"field": "lines[1].line_id", "message": "is twice"}])
    );
    assert_eq!(form["detail"], "lines[1].line_id is twice.");
}

#[test]
fn a_conflict_says_what_differs() {
    let differences = vec![Difference {
        field: "quantity".into(),
        accepted: "3".into(),
        given: "4".into(),
    }];
    let form = form(Rejection::Conflict {
        what: "batch b".into(),
        differences,
    });
    assert_eq!(
        form["differences"],
        json!([{"field": "quantity", "accepted": "3", "given": "4"}])
    );
    assert_eq!(
        form["detail"],
        "Batch b exists with other content: quantity was 3 and is 4."
    );
}

#[test]
fn the_databases_words_go_to_the_log_only() {
    let failure = Failure::Unavailable {
        reason: "/var/x.db: disk full".into(),
        outcome_unknown: false,
    };
    let problem = Problem::from(failure);
    assert!(!form(problem.clone()).to_string().contains("disk full"));
    let response = problem.into_response();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[RETRY_AFTER], "5");
    assert_eq!(
        response.extensions().get::<Cause>().unwrap().0,
        "/var/x.db: disk full"
    );
}

#[test]
fn what_the_database_refuses_or_cannot_read_is_for_the_log() {
    let reason = || "value too long for line 7 of table order_lines".to_owned();
    for (failure, status) in [
        (Failure::Unstorable { reason: reason() }, 422),
        (Failure::Damaged { reason: reason() }, 500),
    ] {
        let problem = Problem::from(failure);
        let told = form(problem.clone()).to_string();
        assert!(!told.contains("order_lines"), "{told}");
        assert!(problem.detail().contains("Nothing was done"), "{told}");
        let response = problem.into_response();
        assert_eq!(response.status(), status);
        assert!(!response.headers().contains_key(RETRY_AFTER));
        let Cause(cause) = response.extensions().get().unwrap();
        assert!(cause.contains(&reason()), "{cause}");
    }
}

#[test]
fn an_unknown_outcome_is_not_called_undone() {
    let problem: Problem = Failure::Unavailable {
        reason: "gone".into(),
        outcome_unknown: true,
    }
    .into();
    assert_eq!(problem.kind(), Kind::OutcomeUnknown);
    assert!(!problem.detail().contains("Nothing was done"));
    assert!(problem.detail().contains("same command again"));
}

#[test]
fn a_view_that_cannot_be_read_is_the_services_affair() {
    let unavailable = Problem::from(ViewError::Unavailable("locked".into()));
    assert_eq!(unavailable.kind(), Kind::Unavailable);
    let corrupt = Problem::from(ViewError::Corrupt("row 7 of batches".into()));
    assert_eq!(corrupt.kind(), Kind::Internal);
    assert!(!form(corrupt).to_string().contains("row 7"));
    assert_eq!(
        Problem::from(ViewError::BadCursor).errors()[0].field,
        "cursor"
    );
}

#[test]
fn every_kind_is_explained() {
    let page = include_str!("../../../../docs/http.md");
    for kind in Kind::ALL {
        let slug = format!("`{}`", kind.slug());
        let rows = page.lines().filter(|line| line.starts_with("| "));
        let status = format!("| {} |", kind.status().as_u16());
        let found = rows
            .filter(|row| row.starts_with(&status))
            .any(|row| row.contains(&slug));
        assert!(found, "docs/http.md does not explain {slug}");
    }
}
