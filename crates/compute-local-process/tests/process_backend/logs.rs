//! Logs of real programs: what no two backends have in common.

use batchway_domain::job::BackendId;
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{
    BackendState, ComputeBackend, LogCursor, LogError, LogPage, LogPosition, Submission,
};
use rustix::process::Signal;

use crate::fixture::{Stage, name};

const ALL: usize = 100_000;

const NOTE: &str = "[batchway-runner] ";

fn is_cut(line: &str) -> bool {
    line.starts_with(NOTE) && line.ends_with(" bytes of output were left out here")
}

impl Stage {
    async fn run_to_end(&self, submission: &Submission) -> BackendId {
        let id = self.backend.submit(submission).await.unwrap();
        self.until_ended(&id).await;
        id
    }

    async fn page(&self, id: &BackendId, from: LogPosition, limit: usize) -> LogPage {
        self.backend.read_log(id, 1, from, limit).await.unwrap()
    }

    /// What the program said, without the runner's notes but those on what was left out.
    async fn said(&self, id: &BackendId) -> Vec<String> {
        let mut said = Vec::new();
        let mut page = self.page(id, LogPosition::Start, ALL).await;
        while !page.lines.is_empty() {
            said.extend(page.lines.into_iter().map(|line| line.text));
            page = self.page(id, LogPosition::After(page.next), ALL).await;
        }
        said.retain(|line| is_cut(line) || !line.starts_with(NOTE));
        said
    }
}

fn with_log_of(mut submission: Submission, bytes: u64) -> Submission {
    if let Execution::Process(process) = &mut submission.execution {
        process.log_bytes = bytes;
    }
    submission
}

#[tokio::test]
async fn both_streams_are_there_and_what_is_no_text_is_replaced() {
    let stage = Stage::new();
    let script = r"printf 'a\377b\n'; printf 'no end' >&2";
    let id = stage.run_to_end(&stage.script(name(1), script)).await;
    let mut said = stage.said(&id).await;
    said.sort();
    assert_eq!(said, ["a\u{fffd}b", "no end"]);
}

#[tokio::test]
async fn a_very_long_line_comes_in_pieces() {
    let stage = Stage::new();
    let script = "head -c 100000 /dev/zero | tr '\\0' x; echo; echo after";
    let id = stage.run_to_end(&stage.script(name(1), script)).await;
    let said = stage.said(&id).await;
    assert!(said.iter().all(|line| line.len() <= 16 * 1024));
    assert_eq!(said.concat().len(), 100_000 + "after".len());
    assert_eq!(said.last().unwrap(), "after");
}

#[tokio::test]
async fn of_too_much_the_beginning_and_the_end_are_read_with_a_word_between() {
    let stage = Stage::new();
    let submission = stage.script(name(1), "seq 100000; exit 3");
    let id = stage.run_to_end(&with_log_of(submission, 4096)).await;
    let said = stage.said(&id).await;
    assert_eq!(said[..3], ["1", "2", "3"]);
    assert_eq!(said.last().unwrap(), "100000");
    let notices = said.iter().filter(|line| is_cut(line));
    assert_eq!(notices.count(), 1, "{said:?}");
    assert!(said.len() < 1000, "{} lines", said.len());

    let tail = stage.page(&id, LogPosition::Tail, 3).await;
    let tail: Vec<_> = tail.lines.iter().map(|line| &line.text).collect();
    assert_eq!(tail, ["99998", "99999", "100000"]);
    let tail = stage.page(&id, LogPosition::Tail, ALL).await;
    let whole: Vec<u32> = tail.lines.iter().map(|l| l.text.parse().unwrap()).collect();
    assert!(whole.is_sorted() && whole.len() > 100, "{whole:?}");
}

/// Whoever reads while the writer comes round gets no line twice, out of order, or in rags.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_is_overtaken_reads_on_in_order() {
    let stage = Stage::new();
    let submission = with_log_of(stage.script(name(1), "exec seq -w 1000000 2000000"), 65_536);
    let id = stage.backend.submit(&submission).await.unwrap();
    let is_waiting = |state: &BackendState| matches!(state, BackendState::Waiting { .. });
    stage.until(&id, |state| !is_waiting(state)).await;
    let (mut position, mut lines) = (LogPosition::Start, Vec::new());
    loop {
        let has_ended = stage.describe(&id).await.unwrap().state.has_ended();
        let page = stage.page(&id, position, 500).await;
        let is_empty = page.lines.is_empty();
        lines.extend(page.lines.into_iter().map(|line| line.text));
        position = LogPosition::After(page.next);
        if is_empty && has_ended {
            break;
        }
    }
    lines.retain(|line| is_cut(line) || !line.starts_with(NOTE));
    let whole = |line: &String| line.len() == 7;
    let numbers = lines.iter().filter(|line| whole(line));
    assert!(numbers.is_sorted_by(|a, b| a < b));
    assert_eq!(lines.last().unwrap(), "2000000");
    for (index, line) in lines.iter().enumerate() {
        let neighbours = [index.wrapping_sub(1), index + 1].map(|index| lines.get(index));
        let is_at_cut = neighbours.iter().flatten().any(|line| is_cut(line));
        assert!(
            whole(line) || is_cut(line) || is_at_cut,
            "{line:?} is a rag of a line"
        );
    }
    assert!(lines.iter().any(|line| is_cut(line)), "it was overtaken");
}

#[tokio::test]
async fn a_line_is_told_once_it_has_ended() {
    let stage = Stage::new();
    let script = "printf half; sleep 600";
    let submission = stage.script(name(1), script);
    let id = stage.backend.submit(&submission).await.unwrap();
    stage.until_running(&id).await;
    let log = stage.run_folder(&submission.name).join("program.log");
    crate::fixture::until(async || {
        let bytes = std::fs::read(&log).unwrap();
        bytes.windows(4).any(|bytes| bytes == b"half").then_some(())
    })
    .await;
    assert!(!stage.said(&id).await.contains(&"half".to_owned()));
    stage
        .backend
        .terminate(&id, "a test is over")
        .await
        .unwrap();
    stage.until_ended(&id).await;
    assert_eq!(stage.said(&id).await, ["half"]);
}

#[tokio::test]
async fn the_log_outlives_a_killed_runner_and_not_its_job() {
    let stage = Stage::new();
    let submission = stage.script(name(1), "echo alive; sleep 600");
    let id = stage.backend.submit(&submission).await.unwrap();
    stage.until_running(&id).await;
    crate::fixture::until(async || {
        let said = stage.said(&id).await;
        (!said.is_empty()).then_some(())
    })
    .await;
    stage.signal_runner(&submission.name, Signal::KILL);
    stage.until_ended(&id).await;
    assert_eq!(stage.said(&id).await, ["alive"]);
    stage.backend.forget(&id).await.unwrap();
    let read = stage.backend.read_log(&id, 1, LogPosition::Start, 1).await;
    assert!(matches!(read, Err(LogError::NoLog { .. })), "{read:?}");
}

#[tokio::test]
async fn a_cursor_is_good_for_one_log_and_as_far_as_that_goes() {
    let stage = Stage::new();
    let one = stage.run_to_end(&stage.script(name(1), "echo 1")).await;
    let other = stage.run_to_end(&stage.script(name(2), "echo 2")).await;
    let page = stage.page(&one, LogPosition::Start, 1).await;
    let far = LogCursor(page.next.0.replace(':', ":9999"));
    let signed = LogCursor(page.next.0.replace(':', ":+"));
    for (id, cursor) in [(&other, page.next), (&one, far), (&one, signed)] {
        let from = LogPosition::After(cursor);
        let read = stage.backend.read_log(id, 1, from, 10).await;
        assert!(matches!(read, Err(LogError::InvalidCursor)), "{read:?}");
    }
}
