//! Each fault before a plain echo server.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use batchway_fault_proxy::{At, Fault, FaultProxy, Rule};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, timeout};

/// For what must happen.
const PATIENCE: Duration = Duration::from_secs(150);
/// For what must not happen: it would be there in a fraction.
const SILENCE: Duration = Duration::from_millis(200);

/// Answers what it is told, and tells the test what it heard.
struct Echo {
    address: SocketAddr,
    heard: UnboundedReceiver<Vec<u8>>,
}

impl Echo {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, heard) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let tell = tell.clone();
                tokio::spawn(async move {
                    let mut buffer = vec![0; 64 * 1024];
                    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                        let _ = tell.send(buffer[..length].to_vec());
                        if stream.write_all(&buffer[..length]).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { address, heard }
    }

    async fn hears(&mut self) -> Vec<u8> {
        timeout(PATIENCE, self.heard.recv()).await.unwrap().unwrap()
    }
}

async fn with(rule: Rule) -> (Echo, FaultProxy, TcpStream) {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.address, 1).unwrap();
    proxy.add(rule);
    let client = TcpStream::connect(proxy.address()).await.unwrap();
    (echo, proxy, client)
}

/// Says something and hears it back.
async fn is_echoed(client: &mut TcpStream, words: &[u8]) {
    client.write_all(words).await.unwrap();
    let mut answer = vec![0; words.len()];
    timeout(PATIENCE, client.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer, words);
}

/// All that comes until the connection ends, and how it ends.
async fn rest(client: &mut TcpStream) -> (Vec<u8>, Option<ErrorKind>) {
    let mut all = Vec::new();
    let ended = timeout(PATIENCE, client.read_to_end(&mut all))
        .await
        .unwrap();
    (all, ended.err().map(|error| error.kind()))
}

async fn nothing_comes(client: &mut TcpStream) {
    let mut buffer = [0; 1];
    let came = timeout(SILENCE, client.read(&mut buffer)).await;
    assert!(came.is_err(), "{came:?}");
}

#[tokio::test]
async fn without_rules_everything_comes_through_and_ends_in_order() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.address, 1).unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    is_echoed(&mut client, b"hello").await;
    let much: Vec<u8> = (0..1_000_000_u32).map(|number| number as u8).collect();
    let (mut from, mut to) = client.split();
    let (said, heard) = tokio::join!(
        async {
            to.write_all(&much).await.unwrap();
            to.shutdown().await
        },
        async {
            let mut all = Vec::new();
            from.read_to_end(&mut all).await.map(|_| all)
        }
    );
    said.unwrap();
    assert!(heard.unwrap() == much);
    assert_eq!(proxy.counters().faults(), 0);
    assert_eq!(proxy.counters().connections, 1);
}

#[tokio::test]
async fn a_dropped_connection_is_accepted_and_closed_and_the_next_is_not() {
    let drop_one = Rule::new(At::Connect, Fault::Close { after: 0 }).times(1);
    let (_echo, proxy, mut client) = with(drop_one).await;
    assert_eq!(rest(&mut client).await, (vec![], None));
    let mut next = TcpStream::connect(proxy.address()).await.unwrap();
    is_echoed(&mut next, b"hello").await;
    assert_eq!(proxy.counters().drops, 1);
}

#[tokio::test]
async fn who_is_refused_meets_nobody_until_it_listens_again_on_the_same_port() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.address, 1).unwrap();
    let mut there_before = TcpStream::connect(proxy.address()).await.unwrap();
    is_echoed(&mut there_before, b"hello").await;
    proxy.refuse().await;
    let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    is_echoed(&mut there_before, b"still here").await;
    let taken = TcpListener::bind(proxy.address()).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AddrInUse, "it keeps its port");
    proxy.listen_again().unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    is_echoed(&mut client, b"again").await;
    assert_eq!(proxy.counters().refusals, 1);
}

#[tokio::test]
async fn each_way_can_be_delayed() {
    let delay = Duration::from_millis(150);
    let fault = Fault::Delay {
        least: delay,
        most: delay,
    };
    for at in [At::Connect, At::Request, At::Reply] {
        let (_echo, proxy, mut client) = with(Rule::new(at, fault)).await;
        let start = Instant::now();
        is_echoed(&mut client, b"hello").await;
        assert!(start.elapsed() >= delay, "{at:?}");
        assert_eq!(proxy.counters().delays, 1);
    }
}

#[tokio::test]
async fn a_reply_is_cut_after_so_many_bytes() {
    let cut = Rule::new(At::Reply, Fault::Close { after: 3 });
    let (mut echo, proxy, mut client) = with(cut).await;
    client.write_all(b"hello").await.unwrap();
    assert_eq!(echo.hears().await, b"hello", "the request came through");
    assert_eq!(rest(&mut client).await, (b"hel".to_vec(), None));
    assert_eq!(proxy.counters().cuts, 1);
}

#[tokio::test]
async fn a_reply_that_is_shorter_than_the_cut_comes_whole() {
    let cut = Rule::new(At::Reply, Fault::Close { after: 5 }).times(1);
    let (_echo, proxy, mut client) = with(cut).await;
    is_echoed(&mut client, b"hello").await;
    is_echoed(&mut client, b"and much more").await;
    assert_eq!(proxy.counters().cuts, 0);
}

#[tokio::test]
async fn a_request_is_cut_and_the_server_never_has_the_rest() {
    let cut = Rule::new(At::Request, Fault::Close { after: 2 });
    let (mut echo, _proxy, mut client) = with(cut).await;
    client.write_all(b"hello").await.unwrap();
    assert_eq!(echo.hears().await, b"he");
    rest(&mut client).await;
}

#[tokio::test]
async fn a_reset_is_no_orderly_end() {
    for at in [At::Connect, At::Request, At::Reply] {
        let (_echo, proxy, mut client) = with(Rule::new(at, Fault::Reset { after: 0 })).await;
        // It may be reset before it has said anything.
        let _ = client.write_all(b"hello").await;
        let (heard, ended) = rest(&mut client).await;
        assert_eq!(heard, b"");
        assert_eq!(ended, Some(ErrorKind::ConnectionReset), "{at:?}");
        assert_eq!(proxy.counters().resets, 1);
    }
}

#[tokio::test]
async fn swallowed_replies_leave_the_requests_alone() {
    let swallow = Rule::new(At::Reply, Fault::Swallow).times(1);
    let (mut echo, proxy, mut client) = with(swallow).await;
    client.write_all(b"one").await.unwrap();
    assert_eq!(echo.hears().await, b"one");
    nothing_comes(&mut client).await;
    client.write_all(b"two").await.unwrap();
    assert_eq!(echo.hears().await, b"two", "requests still pass");
    nothing_comes(&mut client).await;
    assert_eq!(proxy.counters().swallows, 1, "it is one connection");

    let mut other = TcpStream::connect(proxy.address()).await.unwrap();
    is_echoed(&mut other, b"another connection").await;
}

#[tokio::test]
async fn replies_can_be_swallowed_from_the_start() {
    let (mut echo, _proxy, mut client) = with(Rule::new(At::Connect, Fault::Swallow)).await;
    client.write_all(b"one").await.unwrap();
    assert_eq!(echo.hears().await, b"one");
    nothing_comes(&mut client).await;
}

#[tokio::test]
async fn a_connection_that_hangs_stays_open_and_says_nothing_until_it_is_closed() {
    for at in [At::Connect, At::Request] {
        let (mut echo, proxy, mut client) = with(Rule::new(at, Fault::Hang)).await;
        client.write_all(b"hello").await.unwrap();
        nothing_comes(&mut client).await;
        assert!(echo.heard.try_recv().is_err(), "the server hears nothing");
        proxy.mend();
        nothing_comes(&mut client).await;
        assert_eq!(proxy.counters().hangs, 1);
        proxy.disconnect_all();
        rest(&mut client).await;
        let mut next = TcpStream::connect(proxy.address()).await.unwrap();
        is_echoed(&mut next, b"hello").await;
    }
}

#[tokio::test]
async fn a_rule_can_be_about_some_requests_only() {
    let cut = Rule::new(At::Reply, Fault::Close { after: 0 }).where_request_has("submit");
    let (mut echo, proxy, mut client) = with(cut).await;
    is_echoed(&mut client, b"list").await;
    client.write_all(b"please submit this").await.unwrap();
    assert_eq!(echo.hears().await, b"list");
    assert_eq!(echo.hears().await, b"please submit this");
    assert_eq!(rest(&mut client).await, (vec![], None));
    assert_eq!(proxy.counters().turns, 4);
}

#[tokio::test]
async fn a_rule_holds_until_it_is_removed() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.address, 1).unwrap();
    let rule = proxy.add(Rule::new(At::Connect, Fault::Close { after: 0 }));
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(rest(&mut client).await, (vec![], None));
    proxy.remove(rule);
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    is_echoed(&mut client, b"hello").await;
}

#[tokio::test]
async fn the_same_connections_in_the_same_order_meet_the_same_faults() {
    async fn fates(seed: u64) -> Vec<bool> {
        let echo = Echo::start().await;
        let proxy = FaultProxy::start(echo.address, seed).unwrap();
        let half = Rule::new(At::Reply, Fault::Close { after: 0 }).with_probability(0.5);
        proxy.add(half);
        let mut fates = Vec::new();
        for _ in 0..40 {
            let mut client = TcpStream::connect(proxy.address()).await.unwrap();
            client.write_all(b"x").await.unwrap();
            let mut answer = [0; 1];
            let length = timeout(PATIENCE, client.read(&mut answer)).await.unwrap();
            fates.push(length.unwrap() == 1);
        }
        fates
    }
    let first = fates(3).await;
    assert_eq!(first, fates(3).await);
    assert_ne!(first, fates(4).await);
}

#[tokio::test]
async fn a_server_that_is_not_there_resets_the_client_and_may_move() {
    let echo = Echo::start().await;
    // A port that the system gives to nobody who asks for any.
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let proxy = FaultProxy::start(nobody, 1).unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(
        rest(&mut client).await,
        (vec![], Some(ErrorKind::ConnectionReset))
    );
    proxy.set_upstream(echo.address);
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    is_echoed(&mut client, b"hello").await;
}
