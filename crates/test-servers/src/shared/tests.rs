use tempfile::TempDir;

use super::*;

/// A server that does nothing but to count its starts; idle for a second it is ended.
struct Idler {
    server: SharedServer,
    folder: TempDir,
}

impl Idler {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let server = SharedServer {
            name: "idler",
            folder: folder.path().to_path_buf(),
            idle_limit: Duration::from_secs(1),
        };
        Self { server, folder }
    }

    fn join(&self) -> Joined {
        self.join_if(true)
    }

    fn join_if(&self, answers: bool) -> Joined {
        self.server.join(
            |_| answers,
            || self.start("echo started >>starts; echo ready; exec sleep 1000"),
        )
    }

    fn start(&self, script: &str) -> Start {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Start {
            command,
            address: "somewhere".to_owned(),
            ready: "ready",
            port: None,
        }
    }

    fn starts(&self) -> usize {
        let starts = std::fs::read_to_string(self.folder.path().join("starts"));
        starts.unwrap_or_default().lines().count()
    }

    fn ends_within(&self, limit: Duration) -> bool {
        deadline::within(limit, || (!self.server.is_alive()).then_some(())).is_some()
    }
}

impl Drop for Idler {
    fn drop(&mut self) {
        self.server.end();
    }
}

const LONG: Duration = Duration::from_secs(150);

#[test]
fn the_first_starts_it_and_the_others_use_it() {
    let idler = Idler::new();
    let users: Vec<Joined> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| idler.join())).collect();
        all.into_iter().map(|user| user.join().unwrap()).collect()
    });
    assert!(users.iter().all(|user| user.address == "somewhere"));
    assert_eq!(idler.starts(), 1);
}

#[test]
fn it_ends_when_nobody_has_used_it_for_a_while_and_not_before() {
    let idler = Idler::new();
    let (one, other) = (idler.join(), idler.join());
    drop(one);
    let longer_than_idle = Duration::from_secs(3);
    assert!(!idler.ends_within(longer_than_idle), "it is in use");
    drop(other);
    assert!(idler.ends_within(LONG));

    let _again = idler.join();
    assert_eq!(idler.starts(), 2);
}

#[test]
fn asked_to_end_it_ends_though_it_is_in_use() {
    let idler = Idler::new();
    let _user = idler.join();
    idler.server.end();
    assert!(!idler.server.is_alive());
    // And nothing is wrong with asking twice.
    idler.server.end();
}

#[test]
fn one_that_no_longer_answers_is_replaced() {
    let idler = Idler::new();
    let _user = idler.join();
    let _other = idler.join_if(false);
    assert_eq!(idler.starts(), 2);
}

#[test]
fn one_that_died_is_started_again() {
    let idler = Idler::new();
    let dies = "echo ready; until [ -e enough ]; do sleep 0.01; done";
    let _user = idler.server.join(|_| true, || idler.start(dies));
    std::fs::write(idler.folder.path().join("enough"), "").unwrap();
    assert!(idler.ends_within(LONG));
    let _other = idler.join();
    assert_eq!(idler.starts(), 1);
}

#[test]
#[should_panic(expected = "idler ended at once:\nno port for me")]
fn one_that_does_not_start_fails_at_once_in_its_words() {
    let idler = Idler::new();
    idler
        .server
        .join(|_| true, || idler.start("echo no port for me; exit 1"));
}
