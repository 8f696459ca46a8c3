//! A session that has ended under an open page: one is told so, and comes back to where one was.

use axum::http::{HeaderMap, StatusCode, header};
use landfall_service::access::Role;
use landfall_testkit::run;

use crate::support::{Site, done, site, words};

/// A dashboard to which one signs in.
async fn guarded() -> Site {
    let site = site();
    site.sign_in(Role::Orders).await;
    site
}

fn location(headers: &HeaderMap, name: &str) -> String {
    headers[name].to_str().unwrap().to_owned()
}

#[test]
fn a_form_that_came_too_late_is_there_again() {
    run(async {
        let site = guarded().await;
        let form = "order_id=SO-1&given_order_id=SO-1&line_id=A%26B&quantity=2&next=%2Forders%2FSO-1\
                    &step=apply&id=page-1&seen=1f&anyhow=true";
        let to = done(&site.post("/do/Dispatch", form).await);
        let page = words(&site.page(&to).await);
        assert!(
            page.contains("Nothing has been done: your session has ended"),
            "{page}"
        );
        let next = to
            .split(['?', '&'])
            .find_map(|pair| pair.strip_prefix("next="));
        assert_eq!(
            next,
            Some(
                "%2Fdo%2FDispatch%3Forder_id%3DSO-1%26line_id%3DA%2526B%26quantity%3D2%26next%3D%252Forders%252FSO-1"
            )
        );
        // What it leads to is the form, filled in, for who has signed in.
        let session = site.sign_in(Role::Supply).await;
        let path = "/do/CreateBatch?reference=B-1&sku=SOFA&next=%2F";
        let form = site.get_as(&session, path).await.body;
        assert!(form.contains("value=\"SOFA\""), "{form}");
    });
}

#[test]
fn a_form_that_no_address_holds_is_empty_and_one_from_elsewhere_is_none() {
    run(async {
        let site = guarded().await;
        for lines in ["SOFA+1%0A".repeat(400), "SOFA+1%0A".repeat(30_000)] {
            let to = done(&site.post("/do/PlaceOrder", &format!("lines={lines}")).await);
            assert_eq!(to, "/sign-in?next=%2Fdo%2FPlaceOrder&why=unsent");
        }
        assert_eq!(
            done(&site.post("/orders", "a=b").await),
            "/sign-in?why=unsent"
        );
    });
}

#[test]
fn who_follows_a_link_is_told_and_who_comes_for_the_first_time_is_not() {
    run(async {
        let site = guarded().await;
        let followed = site.get_boosted("/orders?sku=SOFA").await;
        assert_eq!(followed.status, StatusCode::NO_CONTENT);
        let to = location(&followed.headers, "hx-redirect");
        assert_eq!(to, "/sign-in?next=%2Forders%3Fsku%3DSOFA&why=ended");
        let page = words(&site.page(&to).await);
        assert!(
            page.contains("your session has ended, or its key was revoked"),
            "{page}"
        );
        let first = site.get("/orders").await;
        let to = location(&first.headers, header::LOCATION.as_str());
        assert_eq!(to, "/sign-in?next=%2Forders");
        let page = site.page(&to).await;
        assert!(!words(&page).contains("ended"), "{page}");
        let odd = site.page("/sign-in?why=%3Cb%3E").await;
        assert!(!odd.contains("id=\"why\""), "{odd}");
    });
}

/// Browsers bring no `SameSite=Strict` cookie where another site's page has led here.
#[test]
fn a_link_in_a_mail_leads_to_its_page() {
    run(async {
        let site = guarded().await;
        let to = "/sign-in?next=%2Forders%3Fsku%3DA%2526B%26done%3DYes";
        let goes_on = "<meta http-equiv=\"refresh\" content=\"0; url=/orders?sku=A%26B\">";
        for (from, hops) in [
            ("cross-site", true),
            ("same-site", true),
            ("same-origin", false),
            ("none", false),
        ] {
            let page = site.get_from(from, to).await;
            assert_eq!(page.status, StatusCode::OK);
            assert_eq!(page.body.contains(goes_on), hops, "{from}: {}", page.body);
        }
        // From here the browser has its session.
        let session = site.sign_in(Role::Read).await;
        let on = site.get_as(&session, to).await;
        assert_eq!(on.status, StatusCode::SEE_OTHER);
        assert_eq!(location(&on.headers, "location"), "/orders?sku=A%26B");
        let nested = "/sign-in?next=%2Fsign-in%3Fnext%3D%252Forders";
        let on = site.get_as(&session, nested).await;
        assert_eq!(location(&on.headers, "location"), "/");
    });
}
