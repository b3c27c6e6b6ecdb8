//! One connection, with what goes wrong on it.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use futures_util::future::try_join;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use crate::plan::{Occasion, Plan};
use crate::rule::{At, Fault};

/// What is read at once.
const CHUNK: usize = 16 * 1024;
/// What is kept of a request for rules that look into it.
const REQUEST_KEPT: usize = 1024;

/// How a connection ends before its sides have ended it.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Close,
    Reset,
}

pub(crate) struct Connection<'a> {
    plan: &'a Plan,
    number: u64,
    exchange: Mutex<Exchange>,
}

/// Whose turn it is.
#[derive(Default)]
struct Exchange {
    speaking: Option<At>,
    turn: u64,
    request: Vec<u8>,
}

impl<'a> Connection<'a> {
    /// `number`: of the proxy's connections, from 1.
    pub(crate) fn new(plan: &'a Plan, number: u64) -> Self {
        Self {
            plan,
            number,
            exchange: Mutex::default(),
        }
    }

    /// Returns when the connection has ended.
    pub(crate) async fn serve(&self, mut client: TcpStream, upstream: SocketAddr) {
        let mut are_replies_heard = true;
        let fault = self.plan.choose(&Occasion {
            at: At::Connect,
            connection: self.number,
            turn: 0,
            request: b"",
        });
        if let Some(fault) = fault {
            self.plan
                .count(|counters| counters.count(At::Connect, fault));
            match fault {
                Fault::Close { .. } => return,
                Fault::Reset { .. } => return reset(&client),
                Fault::Delay { least, .. } => tokio::time::sleep(least).await,
                Fault::Swallow => are_replies_heard = false,
                Fault::Hang => pending().await,
            }
        }
        let Ok(mut server) = TcpStream::connect(upstream).await else {
            // The nearest to being refused that is left once a connection was accepted.
            return reset(&client);
        };
        // Small messages must not wait for each other: the proxy is not to be felt.
        for stream in [&client, &server] {
            // A connection that has ended meanwhile is told by the first read.
            let _ = stream.set_nodelay(true);
        }
        let ending = {
            let (from_client, to_client) = client.split();
            let (from_server, to_server) = server.split();
            try_join(
                self.pump(At::Request, from_client, to_server, true),
                self.pump(At::Reply, from_server, to_client, are_replies_heard),
            )
            .await
        };
        match ending {
            Err(Ending::Reset) => {
                reset(&client);
                reset(&server);
            }
            // Both were told in order; they may be gone already.
            Ok(_) | Err(Ending::Close) => {
                let _ = client.shutdown().await;
                let _ = server.shutdown().await;
            }
        }
    }

    /// Passes on what one side says until it has no more to say.
    async fn pump(
        &self,
        at: At,
        mut from: ReadHalf<'_>,
        mut to: WriteHalf<'_>,
        mut is_heard: bool,
    ) -> Result<(), Ending> {
        let mut buffer = vec![0; CHUNK];
        let mut cut: Option<(usize, Fault)> = None;
        loop {
            let length = from.read(&mut buffer).await.map_err(|_| Ending::Reset)?;
            let chunk = &buffer[..length];
            if chunk.is_empty() {
                // The other side may have more to say.
                return to.shutdown().await.map_err(|_| Ending::Reset);
            }
            if self.begins_turn(at, chunk) {
                cut = None;
                match self.fault_of_turn(at) {
                    None => {}
                    Some(fault @ (Fault::Close { after } | Fault::Reset { after })) => {
                        cut = Some((after, fault));
                    }
                    Some(Fault::Delay { least, .. }) => tokio::time::sleep(least).await,
                    Some(Fault::Swallow) => is_heard = false,
                    Some(Fault::Hang) => pending().await,
                }
            }
            if !is_heard {
                continue;
            }
            let allowed = cut.map_or(chunk.len(), |(left, _)| left.min(chunk.len()));
            to.write_all(&chunk[..allowed])
                .await
                .map_err(|_| Ending::Reset)?;
            if let Some((left, fault)) = &mut cut {
                if *left < chunk.len() {
                    self.plan.count(|counters| counters.count(at, *fault));
                    return Err(match fault {
                        Fault::Reset { .. } => Ending::Reset,
                        _ => Ending::Close,
                    });
                }
                *left -= chunk.len();
            }
        }
    }

    /// Notes who speaks; true if the other side was the last to.
    fn begins_turn(&self, at: At, chunk: &[u8]) -> bool {
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = exchange.speaking != Some(at);
        if begins {
            exchange.speaking = Some(at);
            exchange.turn += 1;
            if at == At::Request {
                exchange.request.clear();
            }
        }
        if at == At::Request {
            let room = REQUEST_KEPT - exchange.request.len();
            exchange.request.extend(chunk.iter().take(room));
        }
        begins
    }

    fn fault_of_turn(&self, at: At) -> Option<Fault> {
        let exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = self.plan.choose(&Occasion {
            at,
            connection: self.number,
            turn: exchange.turn,
            request: &exchange.request,
        });
        self.plan.count(|counters| {
            counters.turns += 1;
            match fault {
                // They count once they are reached.
                None | Some(Fault::Close { .. } | Fault::Reset { .. }) => {}
                Some(fault) => counters.count(at, fault),
            }
        });
        fault
    }
}

/// The stream is reset instead of closed when it is dropped.
fn reset(stream: &TcpStream) {
    // One that has ended already needs none.
    let _ = stream.set_zero_linger();
}
