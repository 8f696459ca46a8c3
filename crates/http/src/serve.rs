//! The listening side: connections, their bounds, and an orderly end.

use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::known::Known;
use crate::{Limits, Tls};

/// The least room for a request's head that the protocol's implementation works with.
const MIN_HEAD: usize = 8 << 10;
/// How long to wait when no connection can be accepted, for instance because there are no more files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    pub(crate) over_tls: bool,
}

/// Serves connections until `shutdown` is cancelled. Then it accepts none any more, lets the requests under
/// way end (for `limits.drain` at the most), and returns: no connection is left, and the router has been
/// dropped.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: CancellationToken,
) -> io::Result<()> {
    listen(listener, None, router, limits, shutdown).await
}

/// As [`serve()`], over TLS.
pub async fn serve_over_tls(
    listener: TcpListener,
    tls: Arc<Tls>,
    router: Router,
    limits: Limits,
    shutdown: CancellationToken,
) -> io::Result<()> {
    listen(listener, Some(tls), router, limits, shutdown).await
}

async fn listen(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    router: Router,
    limits: Limits,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let room = Arc::new(Semaphore::new(limits.connections));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.headers)
        .max_buf_size(limits.head.max(MIN_HEAD));
    let mut connections = JoinSet::new();
    loop {
        // Those that have ended make room in the set; it gives them in no order.
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let (stream, address, room) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // A token of its own for each connection: waiting on a shared one would take a shared lock with
        // every request.
        let shutdown = shutdown.child_token();
        let (http, router, tls) = (http.clone(), router.clone(), tls.clone());
        let patience = limits.header_timeout;
        connections.spawn(async move {
            let peer = Peer {
                address,
                over_tls: tls.is_some(),
            };
            // An answer is written at once and whole: waiting for more would only delay it.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY cannot be set");
            }
            match tls {
                None => connection(stream, peer, http, router, shutdown).await,
                Some(tls) => {
                    let shaking = tokio::time::timeout(patience, tls.shake_hands(stream));
                    match shutdown.run_until_cancelled(shaking).await {
                        Some(Ok(Ok(stream))) => {
                            connection(stream, peer, http, router, shutdown).await;
                        }
                        Some(Ok(Err(error))) => {
                            tracing::debug!(%error, %address, "a handshake failed");
                        }
                        Some(Err(_)) => tracing::debug!(%address, "a handshake took too long"),
                        None => {}
                    }
                }
            }
            drop(room);
        });
    }
    drop(listener);
    let drain = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.drain, drain).await.is_err() {
        tracing::warn!("requests under way did not end in time; their connections are closed");
        connections.shutdown().await;
    }
    Ok(())
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, IpAddr, Option<OwnedSemaphorePermit>)> {
    // The semaphore is never closed.
    let room = Arc::clone(room).acquire_owned().await.ok();
    let (stream, address) = listener.accept().await?;
    Ok((stream, address.ip(), room))
}

/// One connection, until it ends or `shutdown` is cancelled and its request under way has ended.
async fn connection<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: I,
    peer: Peer,
    http: http1::Builder,
    router: Router,
    shutdown: CancellationToken,
) {
    let service = router.map_request(move |mut request: Request<Incoming>| {
        Known::of_mut(request.extensions_mut()).peer = Some(peer);
        request.map(Body::new)
    });
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients break off, and send what is no HTTP: neither is the service's failure.
        tracing::debug!(%error, "a connection ended with an error");
    }
}
