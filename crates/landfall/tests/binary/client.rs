//! A client of a service: small, because what is tested is on its other end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::support::PATIENCE;

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// The lines of the head.
    head: Vec<String>,
    pub(crate) body: String,
}

impl Response {
    /// The values of a field of the head.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.iter().filter_map(|line| line.split_once(':'));
        let found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).collect()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A connection, for one request after the other.
pub(crate) struct Client {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> std::io::Result<Self> {
        Self::connect_within(address, PATIENCE)
    }

    /// As [`Self::connect`], with less patience: also to wait for answers.
    pub(crate) fn connect_within(address: SocketAddr, patience: Duration) -> std::io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_nodelay(true)?;
        let stream = BufReader::new(stream);
        Ok(Self { address, stream })
    }

    pub(crate) fn request(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
    ) -> std::io::Result<Response> {
        self.request_with(method, path, "", body)
    }

    /// As [`Self::request`], with more lines in its head, each with its end.
    pub(crate) fn request_with(
        &mut self,
        method: &str,
        path: &str,
        more: &str,
        body: &str,
    ) -> std::io::Result<Response> {
        self.begin_with(method, path, more, body.len())?;
        self.end(body)
    }

    /// Sends the head of a request.
    pub(crate) fn begin(&mut self, method: &str, path: &str, length: usize) -> std::io::Result<()> {
        self.begin_with(method, path, "", length)
    }

    fn begin_with(
        &mut self,
        method: &str,
        path: &str,
        more: &str,
        length: usize,
    ) -> std::io::Result<()> {
        let address = self.address;
        let kind = if more.contains("content-type:") {
            ""
        } else {
            "content-type: application/json\r\n"
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\n{kind}{more}\
             content-length: {length}\r\n\r\n"
        );
        self.stream.get_mut().write_all(head.as_bytes())
    }

    /// Sends the body, and reads the answer.
    pub(crate) fn end(&mut self, body: &str) -> std::io::Result<Response> {
        self.stream.get_mut().write_all(body.as_bytes())?;
        let mut line = String::new();
        let mut head = Vec::new();
        while line != "\r\n" {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            head.push(line.clone());
        }
        let status = head[0].split(' ').nth(1).unwrap().parse().unwrap();
        let length = head
            .iter()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, length)| length);
        let length = length
            .expect("answers here are never chunked")
            .trim()
            .parse()
            .unwrap();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let body = String::from_utf8(body).unwrap();
        Ok(Response { status, head, body })
    }
}
