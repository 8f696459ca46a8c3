//! TLS from the first byte, and STARTTLS: whom the server has to be known to, and what is kept from it until then.

use std::path::PathBuf;

use landfall_service::notices::{NotSent, Notifications};
use landfall_testkit::servers::SmtpSink;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;

/// Puts TLS before a mail server; with STARTTLS, after the conversation that asks for it.
struct Front {
    port: u16,
    /// The certificate by which it is known.
    ca_file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Front {
    async fn start(sink: &SmtpSink, starttls: bool) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca_file = folder.path().join("ca.pem");
        std::fs::write(&ca_file, cert.pem()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (behind, tls) = (sink.port(), TlsAcceptor::from(Arc::new(config)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let tls = tls.clone();
                // Whoever goes away in the midst is its own business.
                tokio::spawn(async move { relay(stream, tls, behind, starttls).await });
            }
        });
        Self {
            port,
            ca_file,
            _folder: folder,
        }
    }

    fn config(&self) -> String {
        format!("ca_file = \"{}\"", self.ca_file.display())
    }
}

async fn relay(
    mut stream: TcpStream,
    tls: TlsAcceptor,
    behind: u16,
    starttls: bool,
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", behind)).await?;
    if starttls {
        let mut lines = BufReader::new(&mut stream);
        lines.get_mut().write_all(b"220 front\r\n").await?;
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let start = line.starts_with("STARTTLS");
            let answer: &[u8] = if start {
                b"220 go\r\n"
            } else {
                b"250-front\r\n250 STARTTLS\r\n"
            };
            lines.get_mut().write_all(answer).await?;
            if start {
                break;
            }
        }
        // The greeting was said already.
        let mut greeting = [0; "220 sink\r\n".len()];
        server.read_exact(&mut greeting).await?;
    }
    let mut stream = tls.accept(stream).await?;
    tokio::io::copy_bidirectional(&mut stream, &mut server).await?;
    Ok(())
}

#[tokio::test]
async fn with_tls_from_the_first_byte() {
    let sink = SmtpSink::start();
    let front = Front::start(&sink, false).await;
    let url = format!("smtps://stock:hunter2@localhost:{}", front.port);
    mailer_with(&url, &front.config())
        .send(&message("subject", "body"))
        .await
        .unwrap();
    assert!(sink.mails()[0].auth.is_some());
}

#[tokio::test]
async fn with_starttls() {
    let sink = SmtpSink::start();
    let front = Front::start(&sink, true).await;
    // With a password it is required without being asked for.
    for url in [
        "smtp://stock:hunter2@localhost:PORT",
        "smtp://localhost:PORT?tls=opportunistic",
    ] {
        let url = url.replace("PORT", &front.port.to_string());
        mailer_with(&url, &front.config())
            .send(&message("subject", "body"))
            .await
            .unwrap();
    }
    assert_eq!(sink.mails().len(), 2);
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_told_nothing() {
    let sink = SmtpSink::start();
    let (front, other) = (
        Front::start(&sink, false).await,
        Front::start(&sink, false).await,
    );
    let url = format!("smtps://stock:hunter2@localhost:{}", front.port);
    let sent = mailer_with(&url, &other.config())
        .send(&message("subject", "body"))
        .await;
    assert!(matches!(sent, Err(NotSent::Unavailable(_))), "{sent:?}");
    // By another name it is somebody else.
    let url = format!("smtps://stock:hunter2@127.0.0.1:{}", front.port);
    let sent = mailer_with(&url, &front.config())
        .send(&message("subject", "body"))
        .await;
    assert!(matches!(sent, Err(NotSent::Unavailable(_))), "{sent:?}");
    assert!(sink.mails().is_empty());
}

#[tokio::test]
async fn a_password_is_not_sent_in_the_clear_unless_somebody_says_so() {
    let sink = SmtpSink::start();
    let url = format!("smtp://stock:hunter2@127.0.0.1:{}", sink.port());
    let sent = mailer(&url).send(&message("subject", "body")).await;
    assert!(matches!(sent, Err(NotSent::Unavailable(_))), "{sent:?}");
    assert!(sink.mails().is_empty());
}

#[test]
fn what_cannot_work_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let start = |more: &str| {
        let config: Config =
            toml::from_str(&format!("url = \"smtps://localhost\"\n{more}")).unwrap();
        SmtpMailer::new(&config, clock())
            .err()
            .map(|error| error.to_string())
    };
    for (more, said) in [
        (
            format!("ca_file = {empty:?}"),
            "there is no certificate in it",
        ),
        (
            format!("ca_file = {:?}", folder.path().join("none.pem")),
            "No such file",
        ),
        ("timeout = \"0s\"".into(), "timeout"),
        ("timeout = \"21s\"".into(), "timeout"),
        ("hello = \"a\\r\\nb\"".into(), "hello"),
    ] {
        let error = start(&more).unwrap();
        assert!(error.contains(said), "{error}");
    }
    let none = Config::default();
    assert!(SmtpMailer::new(&none, clock()).unwrap().is_none());
}
