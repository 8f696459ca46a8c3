//! A server that does not take a message: now, or ever.

use std::sync::Mutex;

use landfall_service::notices::{NotSent, Notifications};
use landfall_testkit::servers::smtp::Manner;
use landfall_testkit::servers::{SmtpSink, free_port};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::*;

fn unavailable(result: &Result<(), NotSent>) -> bool {
    matches!(result, Err(NotSent::Unavailable(_)))
}

#[tokio::test]
async fn a_server_in_trouble_gets_it_later() {
    let sink = SmtpSink::start();
    let mailer = mailer_with(&sink.url(), "timeout = \"500ms\"");
    for manner in [
        Manner::Refuse("451 try again later".into()),
        Manner::RefuseData("452 too full".into()),
        Manner::Close,
        Manner::Hang,
    ] {
        sink.behave(manner.clone());
        let sent = mailer.send(&message("subject", "body")).await;
        assert!(unavailable(&sent), "{manner:?}: {sent:?}");
    }
    sink.behave(Manner::Accept);
    mailer.send(&message("subject", "body")).await.unwrap();
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_no_refusal() {
    let mailer = mailer(&format!("smtp://127.0.0.1:{}", free_port()));
    let sent = mailer.send(&message("subject", "body")).await;
    assert!(unavailable(&sent), "{sent:?}");
}

#[tokio::test]
async fn a_message_that_is_refused_for_good() {
    let sink = SmtpSink::start();
    let mailer = mailer(&sink.url());
    for manner in [
        Manner::Refuse("550 no such\tuser".into()),
        Manner::RefuseData("554 spam".into()),
    ] {
        sink.behave(manner.clone());
        let sent = mailer.send(&message("subject", "body")).await;
        let Err(NotSent::Refused(reason)) = &sent else {
            panic!("{manner:?}: {sent:?}");
        };
        assert!(
            reason.contains("55") && !reason.contains(char::is_control),
            "{reason}"
        );
    }
    sink.behave(Manner::Refuse("530 authentication required".into()));
    assert!(unavailable(&mailer.send(&message("subject", "body")).await));
}

type Answers = &'static [(&'static str, &'static str)];

/// A server that answers each of these beginnings with that, and everything else with 250.
async fn scripted(answers: Answers) -> String {
    noted(answers, Arc::default()).await
}

/// As [`scripted`]; it notes to whom it has taken a message.
async fn noted(answers: Answers, taken: Arc<Mutex<Vec<String>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let taken = Arc::clone(&taken);
            tokio::spawn(async move {
                // To whom, and whether the lines are those of the letter itself.
                let (mut reader, mut letter) = (String::new(), false);
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                let answer = |line: &str| {
                    let known = answers.iter().find(|answer| line.starts_with(answer.0));
                    format!("{}\r\n", known.map_or("250 ok", |answer| answer.1))
                };
                let mut say = answer("(greeting)");
                while write.write_all(say.as_bytes()).await.is_ok() {
                    let Ok(Some(line)) = lines.next_line().await else {
                        break;
                    };
                    if letter && line != "." {
                        say = String::new();
                        continue;
                    }
                    if letter {
                        taken.lock().unwrap().push(std::mem::take(&mut reader));
                    } else if let Some(address) = line.strip_prefix("RCPT TO:") {
                        address.clone_into(&mut reader);
                    }
                    letter = line == "DATA";
                    say = answer(&line);
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn a_wrong_password_is_mended_without_the_message() {
    let server = scripted(&[
        ("(greeting)", "220 hello"),
        ("EHLO", "250 AUTH PLAIN"),
        ("AUTH", "535 wrong"),
    ])
    .await;
    let mailer = mailer(&format!("smtp://stock:hunter2@{server}?tls=none"));
    let sent = mailer.send(&message("subject", "body")).await;
    assert!(unavailable(&sent), "{sent:?}");
    assert!(!format!("{sent:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_server_that_will_not_talk_is_no_refusal_of_the_message() {
    let server = scripted(&[("(greeting)", "554 go away")]).await;
    let sent = mailer(&format!("smtp://{server}"))
        .send(&message("subject", "body"))
        .await;
    assert!(unavailable(&sent), "{sent:?}");
}

#[tokio::test]
async fn one_reader_who_is_gone_takes_nothing_from_the_others() {
    const HELLO: (&str, &str) = ("(greeting)", "220 hello");
    let server = scripted(&[HELLO, ("RCPT TO:<gone@", "550 gone"), ("DATA", "354 go on")]).await;
    let mailer = mailer(&format!("smtp://{server}"));
    mailer.send(&to_both()).await.unwrap();
    let server = scripted(&[HELLO, ("RCPT", "550 gone")]).await;
    let sent = super::mailer(&format!("smtp://{server}"))
        .send(&to_both())
        .await;
    assert!(matches!(sent, Err(NotSent::Refused(_))), "{sent:?}");
}

#[tokio::test]
async fn a_reader_who_has_it_does_not_get_it_again_with_the_others() {
    let taken: Arc<Mutex<Vec<String>>> = Arc::default();
    let answers: Answers = &[
        ("(greeting)", "220 hello"),
        ("RCPT TO:<gone@", "550 gone"),
        ("RCPT TO:<full@", "452 full"),
        ("DATA", "354 go on"),
    ];
    let server = noted(answers, Arc::clone(&taken)).await;
    let mailer = mailer(&format!("smtp://{server}"));
    let to = ["stock@made.com", "gone@made.com", "full@made.com"];
    let to: Vec<_> = to.iter().map(|address| address.parse().unwrap()).collect();
    let all = Message { to, ..to_both() };
    for _ in 0..3 {
        let sent = mailer.send(&all).await;
        assert!(unavailable(&sent), "{sent:?}");
    }
    assert_eq!(*taken.lock().unwrap(), ["<stock@made.com>"]);
    // Another message is for all of them, and so is the same one once it was done with.
    let id = "notice.out-of-stock.0-8.1".to_owned();
    let other = Message { id, ..to_both() };
    for message in [&other, &other] {
        mailer.send(message).await.unwrap();
    }
    assert_eq!(taken.lock().unwrap().len(), 3);
}

/// Whichever the server says first.
#[tokio::test]
async fn a_reader_who_is_put_off_takes_nothing_from_the_others() {
    let answers: Answers = &[
        ("(greeting)", "220 hello"),
        ("RCPT TO:<gone@", "550 gone"),
        ("RCPT TO:<full@", "452 full"),
        ("DATA", "354 go on"),
    ];
    let orders = [
        ["full@made.com", "stock@made.com", "gone@made.com"],
        ["stock@made.com", "full@made.com", "gone@made.com"],
        ["gone@made.com", "full@made.com", "stock@made.com"],
    ];
    for order in orders {
        let taken: Arc<Mutex<Vec<String>>> = Arc::default();
        let server = noted(answers, Arc::clone(&taken)).await;
        let mailer = mailer(&format!("smtp://{server}"));
        let to = order.iter().map(|address| address.parse().unwrap());
        let to = to.collect();
        let all = Message { to, ..to_both() };
        for _ in 0..2 {
            let sent = mailer.send(&all).await;
            assert!(unavailable(&sent), "{order:?}: {sent:?}");
        }
        assert_eq!(*taken.lock().unwrap(), ["<stock@made.com>"], "{order:?}");
    }
}
