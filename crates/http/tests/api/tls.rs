//! TLS: certificates and their change, what is spoken over it; and logs, which hold no secret.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall_http::{Limits, Tls, TlsError};
use landfall_service::access::{AccessKeys, Doorkeeper, Keyless, Role};
use landfall_service::memory::MemoryKeys;
use landfall_testkit::Harness;
use landfall_testkit::access::made_up;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::limits::{Client, serve};
use crate::support::{Api, api_of, api_with, soon};

/// A certificate for `localhost` that only its own tests trust, in files.
struct Certificate {
    directory: tempfile::TempDir,
    der: CertificateDer<'static>,
}

impl Certificate {
    fn new() -> Self {
        let certificate = Self {
            directory: tempfile::tempdir().unwrap(),
            der: CertificateDer::from(Vec::new()),
        };
        certificate.renewed()
    }

    /// Another one in the same files.
    fn renewed(mut self) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(self.certificate(), made.cert.pem()).unwrap();
        std::fs::write(self.key(), made.signing_key.serialize_pem()).unwrap();
        self.der = made.cert.der().clone();
        self
    }

    fn certificate(&self) -> PathBuf {
        self.directory.path().join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.directory.path().join("key.pem")
    }

    fn load(&self) -> Result<Tls, TlsError> {
        Tls::load(&self.certificate(), &self.key())
    }

    /// Connects as one who trusts this certificate.
    async fn connect(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }
}

struct Server {
    api: Api,
    address: SocketAddr,
    tls: Arc<Tls>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

async fn serve_tls(certificate: &Certificate, limits: Limits) -> Server {
    let api = api_with(&limits);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tls = Arc::new(certificate.load().unwrap());
    let serving = landfall_http::serve_over_tls(
        listener,
        Arc::clone(&tls),
        api.router.clone(),
        limits,
        api.stopping.clone(),
    );
    Server {
        api,
        address,
        tls,
        task: tokio::spawn(serving),
    }
}

async fn ask(stream: &mut TlsStream<TcpStream>) -> String {
    let request = "GET /v1/orders HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn the_service_is_reached_over_tls() {
    let certificate = Certificate::new();
    let server = serve_tls(&certificate, Limits::default()).await;
    let mut stream = soon(certificate.connect(server.address)).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let answer = ask(&mut stream).await.to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 200 ok"), "{answer}");
    assert!(
        answer.contains("strict-transport-security: max-age="),
        "{answer}"
    );
    // Who trusts another certificate does not get that far.
    let other = Certificate::new();
    assert!(soon(other.connect(server.address)).await.is_err());
    // Nor who speaks no TLS.
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain
        .write_all(b"GET /v1/orders HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut heard = Vec::new();
    let _ = soon(plain.read_to_end(&mut heard)).await;
    assert!(!heard.starts_with(b"HTTP/"), "{heard:?}");
    server.api.stopping.cancel();
    soon(server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_and_a_bad_one_is_not() {
    let first = Certificate::new();
    let server = serve_tls(&first, Limits::default()).await;
    let old = first.der.clone();
    let second = first.renewed();
    assert_ne!(old, second.der);
    assert!(
        soon(second.connect(server.address)).await.is_err(),
        "nobody has told the service yet"
    );
    server.tls.reload().unwrap();
    let mut stream = soon(second.connect(server.address)).await.unwrap();

    // Half written, of another key, gone: what was there stays.
    let good = std::fs::read(second.key()).unwrap();
    for bad in ["", "-----BEGIN PRIVATE KEY-----\nAAAA"] {
        std::fs::write(second.key(), bad).unwrap();
        assert!(matches!(server.tls.reload(), Err(TlsError::File { .. })));
    }
    let stranger = Certificate::new();
    std::fs::copy(stranger.key(), second.key()).unwrap();
    let unfit = server.tls.reload().unwrap_err();
    assert!(matches!(unfit, TlsError::Unfit { .. }), "{unfit}");
    std::fs::remove_file(second.key()).unwrap();
    let missing = server.tls.reload().unwrap_err().to_string();
    assert!(missing.contains("key.pem"), "{missing}");
    std::fs::write(second.key(), good).unwrap();
    std::fs::write(second.certificate(), "nothing").unwrap();
    assert!(server.tls.reload().is_err());

    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200 OK"));
    let mut another = soon(second.connect(server.address)).await.unwrap();
    assert!(ask(&mut another).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn whoever_only_connects_is_let_go() {
    let certificate = Certificate::new();
    let limits = Limits {
        header_timeout: Duration::from_millis(50),
        connections: 1,
        ..Limits::default()
    };
    let server = serve_tls(&certificate, limits).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut heard = Vec::new();
    let _ = soon(silent.read_to_end(&mut heard)).await;
    assert_eq!(heard, b"");
    // Its place is free again.
    let mut stream = soon(certificate.connect(server.address)).await.unwrap();
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn files_that_are_no_good_are_named_and_not_shown() {
    let certificate = Certificate::new();
    let secret = "c2VjcmV0IHRoYXQgbm9ib2R5IG1heSBzZWU=";
    let broken = format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n");
    std::fs::write(certificate.key(), broken).unwrap();
    let error = certificate.load().unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("key.pem") && !shown.contains(secret),
        "{shown}"
    );
    let nowhere = Tls::load(Path::new("/nowhere/cert.pem"), &certificate.key());
    assert!(
        nowhere
            .unwrap_err()
            .to_string()
            .contains("/nowhere/cert.pem")
    );
}

/// Everything that is logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_key_is_ever_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("trace")
        .with_writer(move || writer.clone())
        .finish();
    // This thread alone, and all of this test runs on it.
    let _guard = tracing::subscriber::set_default(subscriber);

    let keys = MemoryKeys::default();
    let good = made_up("shop", Role::Read, 1);
    keys.create(&good.key).await.unwrap();
    let revoked = made_up("gone", Role::Read, 2);
    let door = Doorkeeper::new(Arc::new(keys), Keyless::Closed);
    let limits = Limits::default();
    let api = api_of(Harness::start(), &limits, |app| app.door = door);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = landfall_http::serve(listener, api.router.clone(), limits, api.stopping.clone());
    tokio::spawn(serving);
    let mut answers = String::new();
    for key in [good.text(), revoked.text()] {
        for path in [
            "/v1/orders",
            "/v1/commands",
            "/v1/nothing",
            "/v1/events?limit=x",
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!(
                "GET {path} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            soon(stream.read_to_string(&mut answers)).await.unwrap();
        }
    }
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    // It was listened to: whose key was refused is there.
    assert!(logged.contains(&revoked.key.id), "{logged}");
    assert!(logged.contains("/v1/orders"), "{logged}");
    for key in [good.text(), revoked.text()] {
        // The secret is in base64url, and may hold the character that stands before it.
        let secret = key.splitn(3, '_').last().unwrap();
        assert!(!logged.contains(secret), "{logged}");
        assert!(!answers.contains(secret), "{answers}");
    }
    assert!(!logged.to_ascii_lowercase().contains("bearer"), "{logged}");
}

/// Over plain HTTP nobody is told to come by TLS.
#[tokio::test]
async fn plain_http_says_nothing_of_tls() {
    let server = serve(Limits::default()).await;
    let mut client = Client::connect(&server).await;
    client
        .say("GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await;
    let heard = client.hear_out().await.to_ascii_lowercase();
    assert!(heard.contains("nosniff"), "{heard}");
    assert!(!heard.contains("strict-transport-security"), "{heard}");
}
