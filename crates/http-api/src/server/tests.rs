use std::sync::atomic::{AtomicUsize, Ordering};

use poem::EndpointExt;
use poem::endpoint::make;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::*;

/// Nothing in these tests takes that long unless it hangs.
const DEADLINE: Duration = Duration::from_secs(150);

/// A server whose `/slow` answers once `release` is told to, and everything else at once.
struct Running {
    address: SocketAddr,
    drain: CancellationToken,
    /// Told when a slow request has begun.
    begun: Arc<Notify>,
    release: Arc<Notify>,
    server: tokio::task::JoinHandle<io::Result<()>>,
}

async fn start(grace: Duration) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (drain, begun, release) = (
        CancellationToken::new(),
        Arc::new(Notify::new()),
        Arc::new(Notify::new()),
    );
    let endpoint = slow_or_not(begun.clone(), release.clone());
    let server = tokio::spawn(serve(listener, endpoint, drain.clone(), grace));
    Running {
        address,
        drain,
        begun,
        release,
        server,
    }
}

fn slow_or_not(
    begun: Arc<Notify>,
    release: Arc<Notify>,
) -> impl Endpoint<Output = Response> + 'static {
    make(move |request: Request| {
        let (begun, release) = (begun.clone(), release.clone());
        async move {
            if request.uri().path() == "/slow" {
                begun.notify_one();
                release.notified().await;
            }
            Ok::<_, poem::Error>("done")
        }
    })
    .map_to_response()
}

async fn connect(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that has seen enough may close before the end.
    let _ = stream.write_all(request.as_bytes()).await;
    stream
}

/// Everything that comes until the other side closes.
async fn read_to_end(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // A connection that is cut ends with an error, and that is an end too.
    let _ = timeout(DEADLINE, stream.read_to_end(&mut text))
        .await
        .expect("it is closed");
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn what_has_begun_is_finished_and_nothing_new_is_taken() {
    let running = start(DEADLINE).await;
    let slow = connect(running.address, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    running.begun.notified().await;
    let idle = connect(running.address, "").await;
    running.drain.cancel();
    assert_eq!(
        read_to_end(idle).await,
        "",
        "an idle connection is closed at once"
    );
    running.release.notify_one();
    let answer = read_to_end(slow).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"),
        "{answer}"
    );
    timeout(DEADLINE, running.server)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn whoever_does_not_end_in_time_is_cut() {
    let running = start(Duration::from_millis(50)).await;
    let slow = connect(running.address, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    running.begun.notified().await;
    running.drain.cancel();
    timeout(DEADLINE, running.server)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(read_to_end(slow).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_in_time_is_not_waited_for() {
    let running = start(DEADLINE).await;
    let started = Instant::now();
    for half in ["", "GET / HTTP/1.1\r\nhost: x\r\n"] {
        let stream = connect(running.address, half).await;
        let mut text = Vec::new();
        let mut stream = stream;
        let _ = stream.read_to_end(&mut text).await;
        let text = String::from_utf8(text).unwrap();
        assert!(
            text.is_empty() || text.starts_with("HTTP/1.1 408"),
            "{text}"
        );
    }
    assert!(started.elapsed() >= HEAD_DEADLINE);
}

#[tokio::test]
async fn a_head_that_is_far_too_large_is_refused() {
    let running = start(DEADLINE).await;
    let head = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "x".repeat(4 * MAX_HEAD_BYTES)
    );
    let answer = read_to_end(connect(running.address, &head).await).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
}

fn server(endpoint: impl Endpoint<Output = Response> + 'static) -> Server {
    Server {
        endpoint: Arc::new(ToDynEndpoint(endpoint)),
        local: "127.0.0.1:1".parse().unwrap(),
        drain: CancellationToken::new(),
        cut: CancellationToken::new(),
        tasks: TaskTracker::new(),
    }
}

/// A system that refuses ten times, and then has nobody.
struct Refusing {
    kind: io::ErrorKind,
    attempts: AtomicUsize,
    drain: CancellationToken,
}

impl Accept for Refusing {
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        if self.attempts.fetch_add(1, Ordering::Relaxed) == 10 {
            self.drain.cancel();
            std::future::pending::<()>().await;
        }
        Err(self.kind.into())
    }
}

/// How long a server takes to be refused ten times.
async fn time_of_ten_refusals(kind: io::ErrorKind) -> Duration {
    let server = server(slow_or_not(Arc::default(), Arc::default()));
    let refusing = Refusing {
        kind,
        attempts: AtomicUsize::new(0),
        drain: server.drain.clone(),
    };
    let started = Instant::now();
    server.accept_until_drained(&refusing, 1).await;
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_system_that_refuses_is_not_asked_again_at_once() {
    assert!(time_of_ten_refusals(io::ErrorKind::Other).await >= 10 * ACCEPT_PAUSE);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_went_away_delays_nobody() {
    let aborted = io::ErrorKind::ConnectionAborted;
    assert_eq!(time_of_ten_refusals(aborted).await, Duration::ZERO);
}

/// A listener that counts.
struct Counting {
    listener: TcpListener,
    accepted: AtomicUsize,
}

impl Accept for Counting {
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let connection = self.listener.accept().await;
        self.accepted.fetch_add(1, Ordering::Relaxed);
        connection
    }
}

#[tokio::test]
async fn connections_are_bounded() {
    let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let server = server(slow_or_not(begun.clone(), release.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counting = Counting {
        listener,
        accepted: AtomicUsize::new(0),
    };
    let scenario = async {
        let close = "GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let first = connect(address, close).await;
        let second = connect(address, close).await;
        begun.notified().await;
        assert_eq!(
            counting.accepted.load(Ordering::Relaxed),
            1,
            "the second one waits in the system"
        );
        release.notify_one();
        assert!(read_to_end(first).await.ends_with("done"));
        begun.notified().await;
        release.notify_one();
        assert!(read_to_end(second).await.ends_with("done"));
        server.drain.cancel();
    };
    tokio::join!(server.accept_until_drained(&counting, 1), scenario);
    server.finish(DEADLINE).await;
}
