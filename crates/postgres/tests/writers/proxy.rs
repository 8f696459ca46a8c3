//! A way to the database that a test can cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to what a client says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cut {
    /// It reaches the database, and the answers come back.
    Open = 0,
    /// The connection breaks before it reaches the database.
    Before = 1,
    /// It reaches the database, which carries it out; but the connection breaks before any answer.
    After = 2,
    /// As [`Cut::After`], and nobody gets through to the database any longer.
    ForGood = 3,
    /// Nothing breaks, but the database refuses every BEGIN: for itself, and what is sent behind it is carried out.
    Begin = 4,
}

/// Listens on a port of its own and hands everything on to a database.
pub(crate) struct Proxy {
    port: u16,
    cut: Arc<AtomicU8>,
}

impl Proxy {
    /// In front of the database that listens on this port of 127.0.0.1.
    pub(crate) async fn before(database: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let cut = Arc::new(AtomicU8::new(Cut::Open as u8));
        let shared = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(hand_on(client, database, Arc::clone(&shared)));
            }
        });
        Self { port, cut }
    }

    /// The URL of a database behind it.
    pub(crate) fn url(&self, url: &str, database: u16) -> String {
        let (from, to) = (format!(":{database}/"), format!(":{}/", self.port));
        assert!(url.contains(&from), "{url} has no port {database}");
        url.replace(&from, &to)
    }

    /// From now on. [`Cut::Before`] and [`Cut::After`] happen once.
    pub(crate) fn cut(&self, cut: Cut) {
        self.cut.store(cut as u8, Ordering::SeqCst);
    }
}

async fn hand_on(mut client: TcpStream, database: u16, cut: Arc<AtomicU8>) {
    if cut.load(Ordering::SeqCst) == Cut::ForGood as u8 {
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", database)).await else {
        return;
    };
    let (mut said, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let Ok(length @ 1..) = read else { return };
                let now = cut.load(Ordering::SeqCst);
                if now == Cut::Begin as u8 {
                    misspell(&mut said[..length], b"BEGIN ISOLATION");
                }
                if now == Cut::Before as u8 {
                    cut.store(Cut::Open as u8, Ordering::SeqCst);
                    return;
                }
                if server.write_all(&said[..length]).await.is_err() {
                    return;
                }
                if now == Cut::After as u8 || now == Cut::ForGood as u8 {
                    if now == Cut::After as u8 {
                        cut.store(Cut::Open as u8, Ordering::SeqCst);
                    }
                    carried_out(&mut server).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Makes something of these words that the database does not understand.
fn misspell(said: &mut [u8], words: &[u8]) {
    let mut from = 0;
    while let Some(place) = said[from..].windows(words.len()).position(|at| at == words) {
        said[from + place] = b'?';
        from += place + words.len();
    }
}

/// Reads answers until no transaction is open any longer: until the last statement of a burst is answered, which is a
/// COMMIT, or the only one.
async fn carried_out(server: &mut TcpStream) {
    let mut answers = Vec::new();
    let mut piece = vec![0; 1 << 16];
    while !answers.windows(6).any(|window| window == b"Z\0\0\0\x05I") {
        match server.read(&mut piece).await {
            Ok(length @ 1..) => answers.extend_from_slice(&piece[..length]),
            _ => return,
        }
    }
}
