//! What a mail server is handed.

use landfall_service::notices::Notifications;
use landfall_testkit::servers::SmtpSink;

use super::*;

#[tokio::test]
async fn the_books_mail() {
    let sink = SmtpSink::start();
    let text = "Out of stock for POPULAR-CURTAINS";
    mailer(&sink.url())
        .send(&message(text, text))
        .await
        .unwrap();
    let [mail] = &sink.mails()[..] else {
        panic!("{:?}", sink.mails());
    };
    assert_eq!(mail.from, "allocations@example.com");
    assert_eq!(mail.to, ["stock@made.com"]);
    assert_eq!(mail.body().trim_end_matches("\r\n"), text);
    assert_eq!(mail.auth, None);
    for (name, value) in [
        ("From", "allocations@example.com"),
        ("To", "stock@made.com"),
        ("Subject", text),
        ("Date", "Sun, 10 May 2026 12:00:00 +0000"),
        ("Message-ID", "<notice.out-of-stock.0-7.1@example.com>"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "7bit"),
        ("Auto-Submitted", "auto-generated"),
    ] {
        assert_eq!(mail.header(name).as_deref(), Some(value), "{}", mail.data);
    }
}

#[tokio::test]
async fn a_name_cannot_be_a_header() {
    let sink = SmtpSink::start();
    let sly = "x\r\nBcc: all@made.com\r\n\r\nBuy more";
    mailer(&sink.url())
        .send(&message(sly, "body"))
        .await
        .unwrap();
    let mail = &sink.mails()[0];
    assert_eq!(mail.header("Bcc"), None, "{}", mail.data);
    assert_eq!(mail.body().trim_end(), "body", "{}", mail.data);
    assert_eq!(mail.to, ["stock@made.com"]);
}

/// Readers decode such words: they would show another name, and whatever else is in it.
#[tokio::test]
async fn a_name_that_looks_encoded_is_not_decoded() {
    let sink = SmtpSink::start();
    let subject = "Out of stock for =?utf-8?q?X=0D=0ABcc:_a=40b?=";
    mailer(&sink.url())
        .send(&message(subject, "body"))
        .await
        .unwrap();
    let mail = &sink.mails()[0];
    let subject = mail.header("Subject").unwrap();
    assert!(!subject.contains("=?utf-8?q?X"), "{subject}");
    assert!(
        subject.starts_with("Out of stock for =?utf-8?b?"),
        "{subject}"
    );
}

#[tokio::test]
async fn whatever_the_text_it_is_clean_and_complete() {
    let sink = SmtpSink::start();
    let subject = format!("Ü{}", "größer ".repeat(40));
    let body = format!(".\n..\nlong {}\nGrüße\n", "x".repeat(3000));
    mailer(&sink.url())
        .send(&message(&subject, &body))
        .await
        .unwrap();
    let mail = &sink.mails()[0];
    assert!(mail.data.is_ascii());
    assert!(
        mail.data.lines().all(|line| line.len() <= 998),
        "{}",
        mail.data
    );
    assert!(
        mail.data
            .lines()
            .take_while(|line| !line.is_empty())
            .all(|line| line.len() <= 78)
    );
    assert!(mail.header("Subject").unwrap().starts_with("=?utf-8?"));
    let encoding = mail.header("Content-Transfer-Encoding").unwrap();
    assert_eq!(encoding, "quoted-printable");
    let decoded = mail
        .body()
        .replace("=\r\n", "")
        .replace("=C3=BC", "ü")
        .replace("=C3=9F", "ß");
    assert_eq!(decoded.replace("\r\n", "\n").trim_end(), body.trim_end());
}

#[tokio::test]
async fn a_password_is_used() {
    let sink = SmtpSink::start();
    let url = format!("smtp://stock:hunter2@127.0.0.1:{}?tls=none", sink.port());
    mailer(&url)
        .send(&message("subject", "body"))
        .await
        .unwrap();
    // The Base64 of a nothing, the user and the password, with zeros between them.
    assert_eq!(
        sink.mails()[0].auth.as_deref(),
        Some("AHN0b2NrAGh1bnRlcjI=")
    );
}

#[tokio::test]
async fn one_message_to_all_its_readers() {
    let sink = SmtpSink::start();
    let mailer = mailer_with(
        &sink.url(),
        "from = \"landfall@shop.com\"\nhello = \"landfall.shop.com\"",
    );
    mailer.send(&to_both()).await.unwrap();
    let mails = sink.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["stock@made.com", "gone@made.com"]);
    assert_eq!(mails[0].from, "landfall@shop.com");
    assert!(
        mails[0]
            .header("Message-ID")
            .unwrap()
            .ends_with("@shop.com>")
    );
}
