//! HTTP/1.1 by hand: what a client without any cleverness sends and sees.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::run::PATIENCE;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The headers, names in lower case.
    headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
}

impl Answer {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What the echo workload says of itself and of the request.
    pub(crate) fn echo(&self, field: &str) -> String {
        let echo: Value = serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error}: no echo: {self:?}"));
        echo[field].as_str().unwrap_or_default().to_owned()
    }
}

/// A connection.
pub(crate) struct Wire(BufReader<TcpStream>);

impl Wire {
    /// Connects.
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    /// Speaks over a connection.
    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Writes bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).unwrap();
    }

    /// Writes bytes to a peer that may be gone.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).ok();
    }

    /// Whether the peer has closed or reset, before it said a word.
    pub(crate) fn is_over(&mut self) -> bool {
        !matches!(self.0.fill_buf(), Ok(word) if !word.is_empty())
    }

    /// Writes a GET of `target` with header lines.
    pub(crate) fn ask(&mut self, target: &str, headers: &[(&str, &str)]) {
        let mut head = format!("GET {target} HTTP/1.1\r\n");
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        head.push_str("\r\n");
        self.write(head.as_bytes());
    }

    /// Reads an answer.
    pub(crate) fn read(&mut self) -> Answer {
        let first = self.line();
        let status = first.split(' ').nth(1).map(str::parse);
        let mut answer = Answer {
            status: status
                .unwrap_or_else(|| panic!("no answer: {first:?}"))
                .unwrap(),
            headers: Vec::new(),
            body: String::new(),
        };
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            let header = (name.to_ascii_lowercase(), value.trim().to_owned());
            answer.headers.push(header);
        }
        let length = answer.header("content-length");
        let length = length.expect("answers here have a length").parse().unwrap();
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        answer.body = String::from_utf8(body).unwrap();
        answer
    }

    /// Reads a line; it is empty at the end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Asks and reads.
    pub(crate) fn get(&mut self, target: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(target, headers);
        self.read()
    }

    /// Whether the peer has closed, with nothing more to read.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).is_ok() && rest.is_empty()
    }
}

/// One request at an edge, for a host.
pub(crate) fn at_edge(gateway: SocketAddr, host: &str, path: &str) -> Answer {
    Wire::to(gateway).get(path, &[("host", host)])
}

/// One request through a capture port, as a program with `http_proxy` set sends it.
pub(crate) fn captured(capture: SocketAddr, url: &str, headers: &[(&str, &str)]) -> Answer {
    let rest = url.trim_start_matches("http://");
    let authority = rest.split('/').next().unwrap_or_default();
    let mut all = vec![("host", authority)];
    all.extend_from_slice(headers);
    Wire::to(capture).get(url, &all)
}
