//! What a program wrote.
//!
//! Whoever runs the program may add lines of its own to its log; cases look at the program's.

use batchway_domain::job::BackendId;
use batchway_domain::ports::{LogCursor, LogError, LogPage, LogPosition};

use super::stage::Stage;
use super::{ComputeBackendFixture, Logs, Program};

/// How many lines the programs here write that end by themselves.
const LINES: u32 = 25;

/// Pages read one after the other hold each line once, in order, and no page is over its limit.
pub async fn pages_joined_hold_each_line_once(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let Some(id) = ended_with_log(&stage).await else {
        return;
    };
    for limit in [1, 7, 1000] {
        let (log, _) = read_on(&stage, &id, LogPosition::Start, limit).await;
        assert_eq!(numbers_in(&log), all_lines(), "{limit} at a time");
    }
}

/// At its end a log has no more lines, however often one asks, and the place stays good.
pub async fn at_the_end_there_is_nothing_more(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let Some(id) = ended_with_log(&stage).await else {
        return;
    };
    let (_, mut end) = read_on(&stage, &id, LogPosition::Start, 10).await;
    for _ in 0..3 {
        let page = read(&stage, &id, LogPosition::After(end), 10).await;
        assert_eq!(page.lines, [], "after the last line");
        end = page.next;
    }
}

/// The tail holds the last lines, in order, and leads on to its end.
pub async fn the_tail_holds_the_last_lines(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let Some(id) = ended_with_log(&stage).await else {
        return;
    };
    let (whole, _) = read_on(&stage, &id, LogPosition::Start, 1000).await;
    for limit in [1, 10, 1000] {
        let tail = read(&stage, &id, LogPosition::Tail, limit).await;
        let lines = texts_of(&tail);
        assert_eq!(lines.len(), limit.min(whole.len()));
        assert!(whole.ends_with(&lines), "{lines:?} is the end of {whole:?}");
        let rest = read(&stage, &id, LogPosition::After(tail.next), 10).await;
        assert_eq!(rest.lines, [], "after the tail");
    }
}

/// Who reads on while the program writes gets each line once, in order. Where logs appear only
/// after the end, they are whole then.
pub async fn a_running_program_can_be_followed(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let id = stage.start(Program::WritesUntilStopped).await;
    let mut log = Vec::new();
    let mut position = LogPosition::Start;
    if fixture.capabilities().logs == Logs::Live {
        while numbers_in(&log).len() < 20 {
            match stage.backend().read_log(&id, 1, position.clone(), 3).await {
                Ok(page) => {
                    log.extend(texts_of(&page));
                    position = LogPosition::After(page.next);
                }
                Err(LogError::NoLog { .. }) if log.is_empty() => {}
                Err(error) => panic!("the log is read: {error:?}"),
            }
            fixture.settle().await;
        }
    }
    stage.terminate(&id).await;
    stage.until_ended(&id).await;
    if log.is_empty() && !log_is_there(&stage, &id).await {
        return;
    }
    log.extend(read_on(&stage, &id, position, 3).await.0);
    let numbers = numbers_in(&log);
    let in_order: Vec<u32> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, in_order);
}

/// What is unknown, and an attempt that never was, has no log, whatever the id looks like.
pub async fn what_never_ran_has_no_log(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let known = stage.run(Program::SucceedsAtOnce).await;
    stage.until_ended(&known).await;
    let unknown = ["", "nothing", "..", "../../etc/passwd", "é\0"];
    let unknown = unknown.map(|text| (BackendId(text.to_owned()), 1));
    for (id, attempt) in unknown.into_iter().chain([(known.clone(), 0), (known, 7)]) {
        for position in [LogPosition::Start, LogPosition::Tail] {
            let read = stage.backend().read_log(&id, attempt, position, 10).await;
            assert!(
                matches!(read, Err(LogError::NoLog { .. })),
                "attempt {attempt} of {id}: {read:?}"
            );
        }
    }
}

/// A cursor that no backend like this one gives is refused.
pub async fn a_foreign_cursor_is_refused(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let Some(id) = ended_with_log(&stage).await else {
        return;
    };
    for text in ["", "0", "-1", "nothing", "é\0", "18446744073709551616"] {
        let position = LogPosition::After(LogCursor(text.to_owned()));
        let read = stage.backend().read_log(&id, 1, position, 10).await;
        assert!(
            matches!(read, Err(LogError::InvalidCursor)),
            "{text:?}: {read:?}"
        );
    }
}

/// A program that wrote its lines and has ended, once all of them can be read; `None` where logs
/// are not kept, which it proves.
async fn ended_with_log(stage: &Stage<'_>) -> Option<BackendId> {
    let id = stage.run(Program::WritesLines(LINES)).await;
    stage.until_ended(&id).await;
    if !log_is_there(stage, &id).await {
        return None;
    }
    // A log may come in some time after its program has ended.
    while numbers_in(&read_on(stage, &id, LogPosition::Start, 1000).await.0) != all_lines() {
        stage.fixture.settle().await;
    }
    Some(id)
}

/// Whether an ended program has a log, after as much patience as the backend needs.
async fn log_is_there(stage: &Stage<'_>, id: &BackendId) -> bool {
    let is_kept = stage.fixture.capabilities().logs != Logs::None;
    loop {
        match stage.backend().read_log(id, 1, LogPosition::Start, 1).await {
            Ok(_) if is_kept => return true,
            Err(LogError::NoLog { .. }) if is_kept => stage.fixture.settle().await,
            Err(LogError::NoLog { .. }) => return false,
            other => panic!("there is a log if, and only if, it says so: {other:?}"),
        }
    }
}

/// Page after page until there is no more for now, and where that is.
async fn read_on(
    stage: &Stage<'_>,
    id: &BackendId,
    from: LogPosition,
    limit: usize,
) -> (Vec<String>, LogCursor) {
    let mut log = Vec::new();
    let mut page = read(stage, id, from, limit).await;
    while !page.lines.is_empty() {
        log.extend(texts_of(&page));
        page = read(stage, id, LogPosition::After(page.next), limit).await;
    }
    (log, page.next)
}

async fn read(stage: &Stage<'_>, id: &BackendId, from: LogPosition, limit: usize) -> LogPage {
    let page = stage.backend().read_log(id, 1, from, limit).await;
    let page = page.expect("the log is there");
    assert!(page.lines.len() <= limit, "{page:?} is over {limit}");
    page
}

fn texts_of(page: &LogPage) -> Vec<String> {
    page.lines.iter().map(|line| line.text.clone()).collect()
}

/// The numbers of the lines that the program wrote.
fn numbers_in(log: &[String]) -> Vec<u32> {
    let numbers = log.iter().filter_map(|text| text.strip_prefix("line "));
    numbers.filter_map(|number| number.parse().ok()).collect()
}

fn all_lines() -> Vec<u32> {
    (1..=LINES).collect()
}
