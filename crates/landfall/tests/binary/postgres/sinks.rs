//! What the command line says of sinks, and sends to them again, where the database is PostgreSQL.

use landfall_testkit::servers::{needed, postgres};

use super::Shop;
use crate::support::plenty;

#[test]
fn sinks_are_listed_and_replayed() {
    let Some(database) = needed(postgres::database()) else {
        return;
    };
    // Nobody is there: what is sent stays.
    let webhook = "[relay]\nbegin = 'beginning'\n[[webhooks]]\nname = 'shop'\n\
                   url = 'http://127.0.0.1:9/hook'\nsecret = 'whsec_aG9vay1zaWduaW5nLXNlY3JldC1obGxv'\n\
                   allow_private = true\n";
    let shop = Shop::on(database.url(), webhook);
    let service = shop.serve("shop");
    assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);
    let sinks = shop.run(&["events", "sinks", "--json"]).ended(0);
    assert!(sinks.stdout.contains("webhook:shop"), "{sinks:?}");
    shop.run(&["events", "dead-letters"]).ended(0);
    let replay = ["events", "replay", "--sink", "webhook:shop"];
    shop.run(&[&replay[..], &["--dead-letters"]].concat())
        .ended(0);
    let beyond = shop
        .run(&[&replay[..], &["--from", "15-999999"]].concat())
        .ended(2);
    assert!(
        beyond.stderr.contains("behind where the replay ends"),
        "{beyond:?}"
    );
    assert!(service.stop().success());
}
