//! Where the keyboard begins: at what is to be read, and never at what would do it.

use axum::http::StatusCode;
use landfall_testkit::commands::{batch, line};
use landfall_testkit::run;

use crate::support::{apply, looked, site};

/// The one mark of a page that has the focus when it is opened.
fn focused(page: &str) -> &str {
    let (before, after) = page.split_once(" autofocus").unwrap();
    assert!(!after.contains(" autofocus"), "there is one: {page}");
    let (_, mark) = before.rsplit_once('<').unwrap();
    mark
}

#[test]
fn what_it_would_do_is_read_before_it_can_be_done() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 9)).await;
        engine.line(line("SO-1", "SOFA", 1)).await;
        let page = looked(&site, &site.page("/do/CancelBatch?reference=B-1").await).await;
        // A second Enter, hit too soon, does nothing.
        assert_eq!(focused(&page), "h2 id=\"outcome-head\" tabindex=\"-1\"");
        engine.line(line("SO-2", "SOFA", 1)).await;
        let (path, form) = apply(&page);
        let again = site.post(&path, &form).await;
        assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.body);
        // What was not done is told before anything else.
        assert!(
            focused(&again.body).starts_with("div class=\"notice bad\""),
            "{}",
            again.body
        );
    });
}
