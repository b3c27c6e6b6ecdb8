//! Redis' wire format (RESP2), as much of it as a test's own commands need, so
//! that no test depends on `redis-cli` or on the client that it judges.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// A server that is stopped must not stop its test for ever.
const LIMIT: Duration = Duration::from_secs(120);

/// What Redis answered to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisReply {
    /// A simple or a bulk string; bytes that are not UTF-8 are replaced.
    Text(String),
    /// A number.
    Integer(i64),
    /// Nothing there.
    Nil,
    /// Several answers.
    Array(Vec<RedisReply>),
    /// A refusal, such as `MOVED 1234 127.0.0.1:7001`.
    Error(String),
}

impl RedisReply {
    /// As `redis-cli` writes it into a pipe: one line per element, none for nil.
    #[must_use]
    pub fn into_text(self) -> String {
        match self {
            Self::Text(text) | Self::Error(text) => text,
            Self::Integer(number) => number.to_string(),
            Self::Nil => String::new(),
            Self::Array(elements) => {
                let lines: Vec<String> = elements.into_iter().map(Self::into_text).collect();
                lines.join("\n")
            }
        }
    }
}

/// A connection to the Redis on a port of this machine.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(port: u16) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&address, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    pub(crate) fn ask(&mut self, command: &[&str]) -> io::Result<RedisReply> {
        let mut request = format!("*{}\r\n", command.len());
        for argument in command {
            request.push_str(&format!("${}\r\n{argument}\r\n", argument.len()));
        }
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.read_reply()
    }

    fn read_reply(&mut self) -> io::Result<RedisReply> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (kind, rest) = line.trim_end().split_at_checked(1).ok_or_else(malformed)?;
        let length = || rest.parse::<i64>().map_err(|_| malformed());
        Ok(match kind {
            "+" => RedisReply::Text(rest.to_owned()),
            "-" => RedisReply::Error(rest.to_owned()),
            ":" => RedisReply::Integer(length()?),
            "$" => match usize::try_from(length()?) {
                Ok(length) => RedisReply::Text(self.read_bulk(length)?),
                Err(_) => RedisReply::Nil,
            },
            "*" => match usize::try_from(length()?) {
                Ok(length) => {
                    let elements: io::Result<_> = (0..length).map(|_| self.read_reply()).collect();
                    RedisReply::Array(elements?)
                }
                Err(_) => RedisReply::Nil,
            },
            _ => return Err(malformed()),
        })
    }

    fn read_bulk(&mut self, length: usize) -> io::Result<String> {
        let mut bytes = vec![0; length + "\r\n".len()];
        self.stream.read_exact(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this is not Redis' wire format")
}
