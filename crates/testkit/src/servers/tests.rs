//! The servers of the tests start, can be told apart, survive what they should, and are gone at the end.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::smtp::Manner;
use super::*;

#[test]
fn names_differ() {
    assert_ne!(unique_name(), unique_name());
}

#[test]
fn databases_are_apart_and_survive_a_kill() {
    let Some(mut server) = needed(PostgresServer::start()) else {
        return;
    };
    let (one, other) = (server.new_database(), server.new_database());
    let sql = "CREATE TABLE words (word text); INSERT INTO words VALUES ('B'), ('a')";
    postgres::execute(&one.url(), sql.into()).unwrap();
    postgres::execute(&other.url(), sql.into()).unwrap();
    server.kill();
    assert!(postgres::execute(&one.url(), "SELECT 1".into()).is_err());
    server.restart();
    postgres::execute(&one.url(), "INSERT INTO words VALUES ('c')".into()).unwrap();
    let again = postgres::execute(&one.url(), "CREATE TABLE words (word text)".into());
    assert!(again.is_err(), "what was committed is there");

    let directory = server.directory().to_path_buf();
    assert!(directory.exists());
    drop((one, other, server));
    assert!(!directory.exists(), "nothing is left behind");
}

#[test]
fn a_paused_server_goes_on() {
    let Some(server) = needed(PostgresServer::start()) else {
        return;
    };
    server.pause();
    let (url, directory) = (server.url(), server.directory().to_path_buf());
    let asked = std::thread::spawn(move || postgres::execute(&url, "SELECT 1".into()).is_ok());
    server.resume();
    assert!(asked.join().unwrap());
    server.pause();
    drop(server);
    assert!(!directory.exists(), "a paused server can be ended, too");
}

#[test]
fn databases_on_the_shared_server_are_dropped() {
    let Some(database) = needed(postgres::database()) else {
        return;
    };
    postgres::execute(&database.url(), "CREATE TABLE t (n int)".into()).unwrap();
    let copy = postgres::copy_of(&database);
    let there = "INSERT INTO t VALUES (1)";
    postgres::execute(&copy.url(), there.into()).unwrap();
    let url = database.url();
    drop((database, copy));
    assert!(postgres::execute(&url, "SELECT 1".into()).is_err());
}

fn ask_redis(port: u16, command: &str) -> String {
    let mut stream = dial(port).unwrap();
    stream.write_all(command.as_bytes()).unwrap();
    stream.write_all(b"\r\nQUIT\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn redis_keeps_what_it_confirmed() {
    let Some(mut server) = needed(RedisServer::start()) else {
        return;
    };
    assert!(ask_redis(server.port(), "SET word there").starts_with("+OK"));
    server.kill();
    assert!(dial(server.port()).is_err());
    server.restart();
    assert!(ask_redis(server.port(), "GET word").contains("there"));
    let directory = server.directory().to_path_buf();
    drop(server);
    assert!(!directory.exists());
}

#[test]
fn nats_starts_again() {
    let Some(mut server) = needed(NatsServer::start()) else {
        return;
    };
    server.kill();
    assert!(dial(server.port()).is_err());
    server.restart();
    assert!(dial(server.port()).is_ok());
    let directory = server.directory().to_path_buf();
    drop(server);
    assert!(!directory.exists());
}

/// Says these lines to a mail server, one after the other, and gives its last answer back.
fn say(stream: &mut TcpStream, lines: &[&str]) -> String {
    let mut answer = String::new();
    for line in lines {
        stream.write_all(line.as_bytes()).unwrap();
        stream.write_all(b"\r\n").unwrap();
        answer = hear(stream);
    }
    answer
}

/// One answer: as many lines as belong to it.
fn hear(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !(answer.ends_with(b"\r\n")
        && answer
            .rsplit(|b| *b == b'\n')
            .nth(1)
            .is_some_and(|line| line.get(3) == Some(&b' ')))
    {
        if stream.read(&mut byte).unwrap() == 0 {
            break;
        }
        answer.push(byte[0]);
    }
    String::from_utf8(answer).unwrap()
}

#[test]
fn mail_is_kept_or_refused() {
    let sink = SmtpSink::start();
    let mut stream = dial(sink.port()).unwrap();
    assert!(hear(&mut stream).starts_with("220"));
    let hello = [
        "EHLO me",
        "MAIL FROM:<a@example.com> SIZE=9",
        "RCPT TO:<b@example.com>",
    ];
    assert!(say(&mut stream, &hello).starts_with("250"));
    let data = "Subject: two\r\n words\r\n\r\n..dot\r\nend\r\n.";
    assert!(say(&mut stream, &["DATA", data]).starts_with("250"));
    let mails = sink.wait_for(1);
    assert_eq!(mails[0].from, "a@example.com");
    assert_eq!(mails[0].to, ["b@example.com"]);
    assert_eq!(mails[0].header("subject").as_deref(), Some("two words"));
    assert_eq!(mails[0].body(), ".dot\r\nend\r\n");

    sink.behave(Manner::Refuse("451 later".into()));
    assert_eq!(
        say(&mut stream, &["MAIL FROM:<a@example.com>"]),
        "451 later\r\n"
    );
    sink.behave(Manner::Close);
    let mut closed = dial(sink.port()).unwrap();
    assert_eq!(hear(&mut closed), "");
    assert_eq!(say(&mut stream, &["QUIT"]), "221 bye\r\n");
    assert_eq!((sink.mails().len(), sink.connections()), (1, 2));

    sink.behave(Manner::Hang);
    let mut hung = dial(sink.port()).unwrap();
    let ended = std::thread::spawn(move || hung.read(&mut [0]).unwrap());
    // Only its end is heard.
    drop(sink);
    assert_eq!(ended.join().unwrap(), 0);
}
