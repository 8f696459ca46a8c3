//! From the log to the mailbox: the sink `mail` with a real server behind it.

use jiff::ToSpan;
use landfall_domain::{Event, LineId, OrderId, Sku};
use landfall_service::notices::{self, MailPublisher};
use landfall_service::relay::EventPublisher;
use landfall_service::{Clock, LogRecord};
use landfall_testkit::servers::SmtpSink;
use landfall_testkit::servers::smtp::Manner;

use super::*;

fn out_of_stock(offset: u64, sku: &str) -> LogRecord {
    LogRecord {
        partition: 0,
        offset,
        sku: Sku::new(sku).ok(),
        time: clock().now(),
        command_id: "k".into(),
        actor: None,
        event: Event::OutOfStock {
            order_id: OrderId::new("o-1").unwrap(),
            line_id: LineId::new("l").unwrap(),
            quantity: 2,
        },
    }
}

#[tokio::test]
async fn the_first_at_once_the_rest_in_a_digest_and_nothing_lost_in_between() {
    let sink = SmtpSink::start();
    let clock = clock();
    let mailer = Arc::new(mailer(&sink.url()));
    let publisher = MailPublisher::new(mailer, notices::Config::default(), clock.clone());
    let records = [
        out_of_stock(1, "POPULAR-CURTAINS"),
        out_of_stock(2, "SOFA"),
        out_of_stock(3, "BLÅHAJ"),
    ];
    let delivery = publisher.publish(0, &records).await;
    assert_eq!((delivery.taken, delivery.through), (Some(3), Some(1)));
    let mails = sink.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        mails[0].body().trim_end(),
        "Out of stock for POPULAR-CURTAINS"
    );
    sink.behave(Manner::Close);
    clock.set(clock.now() + 10.minutes());
    let delivery = publisher.publish(0, &[]).await;
    assert_eq!(delivery.through, Some(1));
    assert!(delivery.setback.is_some());
    sink.behave(Manner::Accept);
    clock.set(clock.now() + 1.minute());
    let delivery = publisher.publish(0, &[]).await;
    assert_eq!((delivery.through, delivery.setback), (Some(3), None));
    let mails = sink.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(
        mails[1].header("Subject").unwrap(),
        "Out of stock: 2 products, 2 orders"
    );
    for row in ["SOFA", "BL=C3=85HAJ"] {
        assert!(mails[1].body().contains(row), "{}", mails[1].data);
    }
}
