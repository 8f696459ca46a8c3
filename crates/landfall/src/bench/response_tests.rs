//! The response reader on answers that arrive cut at every awkward place.

use super::*;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;

/// A source that gives its pieces one a read, then ends.
struct Pieces(std::collections::VecDeque<Vec<u8>>);

impl Pieces {
    fn new<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(pieces.into_iter().map(<[u8]>::to_vec).collect())
    }
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if let Some(piece) = self.0.pop_front() {
            buffer.put_slice(&piece);
        }
        Poll::Ready(Ok(()))
    }
}

async fn read(pieces: Pieces) -> Result<(Head, Vec<u8>), ClientError> {
    let mut body = Vec::new();
    let head = ResponseReader::new(pieces)
        .response(&mut body, 1000)
        .await?;
    Ok((head, body))
}

const SIZED: &[u8] = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nx: y\r\n\r\nhello";
const CHUNKED: &[u8] =
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nconnection: close\r\n\r\n\
    3\r\nhel\r\n2;note=1\r\nlo\r\n0\r\ntrailer: x\r\n\r\n";

#[tokio::test]
async fn an_answer_cut_anywhere_in_two_is_read_whole() {
    for (bytes, status, close) in [(SIZED, 201, false), (CHUNKED, 200, true)] {
        for cut in 1..bytes.len() {
            let (left, right) = bytes.split_at(cut);
            let (head, body) = read(Pieces::new([left, right])).await.unwrap();
            assert_eq!((head.status, head.close), (status, close), "cut at {cut}");
            assert_eq!(body, b"hello", "cut at {cut}");
        }
    }
}

#[tokio::test]
async fn an_answer_byte_by_byte_is_read_whole() {
    for bytes in [SIZED, CHUNKED] {
        assert_eq!(
            read(Pieces::new(bytes.chunks(1))).await.unwrap().1,
            b"hello"
        );
    }
}

#[tokio::test]
async fn a_connection_that_ends_early_is_never_an_answer() {
    for bytes in [SIZED, CHUNKED] {
        for cut in 0..bytes.len() {
            let outcome = read(Pieces::new([&bytes[..cut]])).await;
            assert_eq!(outcome, Err(ClientError::Closed), "cut at {cut}");
        }
    }
}

#[tokio::test]
async fn several_answers_follow_each_other_on_one_connection() {
    let mut reader = ResponseReader::new(Pieces::new([SIZED, CHUNKED, SIZED]));
    let mut body = Vec::new();
    for status in [201, 200, 201] {
        assert_eq!(
            reader.response(&mut body, 1000).await.unwrap().status,
            status
        );
        assert_eq!(body, b"hello");
    }
}

#[tokio::test]
async fn an_informational_answer_is_skipped() {
    let bytes: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
    let (head, body) = read(Pieces::new([bytes])).await.unwrap();
    assert_eq!((head.status, body.len()), (204, 0));
}

#[tokio::test]
async fn what_is_not_our_http_is_malformed() {
    let bad: [&[u8]; 9] = [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\ncontent-length: five\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello, and more",
    ];
    for bytes in bad {
        let outcome = read(Pieces::new([bytes])).await;
        assert!(
            matches!(outcome, Err(ClientError::Malformed(_))),
            "{bytes:?} gave {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let bytes = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n",
        vec![b'x'; 1001].as_slice(),
    ]
    .concat();
    assert!(matches!(
        read(Pieces::new([&bytes[..]])).await,
        Err(ClientError::Malformed(_))
    ));
}
