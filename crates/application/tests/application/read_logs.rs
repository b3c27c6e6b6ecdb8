//! Reading what programs wrote: while they run, after, and when only the archive has it.

use batchway_application::RequestError;
use batchway_application::use_cases::{LogRequest, LogSource, LogStart, LogView};
use batchway_domain::identity::JobId;
use batchway_domain::job::{BackendId, Failure, FailureClass};
use batchway_domain::ports::ComputeBackend;
use batchway_memory_adapters::{ArtifactStoreCall, ComputeBackendCall, Fault};

use crate::job_types::{REMOTE, SIMULATE};
use crate::scene::{MINUTE, SECOND, Scene};

async fn try_read(scene: &Scene, id: &JobId, request: LogRequest) -> Result<LogView, RequestError> {
    let application = &scene.gateway.application;
    application
        .read_logs(&scene.world.key, id.as_str(), request)
        .await
}

async fn read(scene: &Scene, id: &JobId, from: LogStart) -> LogView {
    let attempt = None;
    let read = try_read(scene, id, LogRequest { attempt, from }).await;
    read.unwrap()
}

async fn after(scene: &Scene, id: &JobId, page: &LogView) -> LogView {
    let cursor = page.next_cursor.clone().expect("there is more to come");
    read(scene, id, LogStart::After(cursor)).await
}

async fn refused_after(scene: &Scene, id: &JobId, cursor: &str) -> RequestError {
    let from = LogStart::After(cursor.to_owned());
    let attempt = None;
    let read = try_read(scene, id, LogRequest { attempt, from }).await;
    read.unwrap_err()
}

fn texts(page: &LogView) -> Vec<&str> {
    page.lines.iter().map(|line| line.text.as_str()).collect()
}

/// Everything from here to the end, and how many pages that took.
async fn to_the_end(scene: &Scene, id: &JobId, from: LogStart) -> (Vec<String>, usize) {
    let mut page = read(scene, id, from).await;
    let (mut lines, mut pages) = (Vec::new(), 1);
    loop {
        lines.extend(texts(&page).into_iter().map(str::to_owned));
        if page.next_cursor.is_none() {
            return (lines, pages);
        }
        page = after(scene, id, &page).await;
        pages += 1;
    }
}

async fn finish(scene: &Scene, id: &JobId, copy: &BackendId) {
    scene.world.finish_runner(&scene.job(id), copy);
    scene.watch_all(id).await;
}

async fn archive(scene: &Scene, id: &JobId) {
    scene.world.clock.advance(MINUTE);
    scene.run("remove").await;
    assert_eq!(scene.job(id).archive_logs_at, None);
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("line {number}")).collect()
}

#[tokio::test]
async fn a_program_is_followed_to_its_end_and_each_line_comes_once() {
    for kind in [SIMULATE, REMOTE] {
        for forgets in [false, true] {
            let scene = Scene::new();
            let (id, copy) = scene.start(kind).await;
            let job = scene.job(&id);
            let backend = scene.world.backend_of(&job);
            let nothing = read(&scene, &id, LogStart::Beginning).await;
            assert_eq!(
                nothing.reason.unwrap(),
                "The program has written nothing so far."
            );
            backend.write(&copy, "one");
            backend.write(&copy, "two");
            let first = read(&scene, &id, LogStart::Beginning).await;
            assert_eq!(texts(&first), ["one", "two"]);
            assert_eq!(first.source, Some(LogSource::Backend));
            assert_eq!(first.lines[0].at, Some(scene.world.now()));
            let second = after(&scene, &id, &first).await;
            assert_eq!(texts(&second), [""; 0]);
            backend.write(&copy, "three");
            backend.write(&copy, "four");
            finish(&scene, &id, &copy).await;
            archive(&scene, &id).await;
            if forgets {
                backend.forget(&copy).await.unwrap();
            }
            let last = after(&scene, &id, &second).await;
            assert_eq!(texts(&last), ["three", "four"]);
            assert_eq!(last.next_cursor, None, "nothing more will come");
            let source = if forgets {
                LogSource::Archive
            } else {
                LogSource::Backend
            };
            assert_eq!(last.source, Some(source));
        }
    }
}

#[tokio::test]
async fn the_end_is_told_once_nothing_can_be_late() {
    let scene = Scene::new();
    let (id, copy) = scene.start(REMOTE).await;
    scene.world.batch.write(&copy, "one");
    scene.world.clock.advance(MINUTE);
    scene.world.finish_runner(&scene.job(&id), &copy);
    scene.run("watch:aws-batch").await;
    let page = read(&scene, &id, LogStart::Beginning).await;
    assert!(page.next_cursor.is_some(), "lines may be on their way");
    scene.world.clock.advance(15 * SECOND);
    let page = read(&scene, &id, LogStart::Beginning).await;
    assert_eq!(
        (texts(&page), page.next_cursor.clone()),
        (vec!["one"], None)
    );

    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.process.write(&copy, "one");
    finish(&scene, &id, &copy).await;
    let page = read(&scene, &id, LogStart::Beginning).await;
    assert_eq!(
        (texts(&page), page.next_cursor.clone()),
        (vec!["one"], None)
    );
}

#[tokio::test]
async fn the_tail_is_the_last_lines_and_leads_on() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    for line in numbers(0..30) {
        scene.world.process.write(&copy, &line);
    }
    let tail = read(&scene, &id, LogStart::Tail(3)).await;
    assert_eq!(texts(&tail), numbers(27..30));
    scene.world.process.write(&copy, "line 30");
    let next = after(&scene, &id, &tail).await;
    assert_eq!(texts(&next), ["line 30"]);
    finish(&scene, &id, &copy).await;
    let tail = read(&scene, &id, LogStart::Tail(3)).await;
    assert_eq!(
        (tail.source, &tail.next_cursor),
        (Some(LogSource::Backend), &None)
    );
    archive(&scene, &id).await;
    let archived = read(&scene, &id, LogStart::Tail(3)).await;
    assert_eq!(
        (archived.source, &archived.next_cursor),
        (Some(LogSource::Archive), &None)
    );
    assert_eq!(archived.lines, tail.lines);
    let rest = after(&scene, &id, &next).await;
    assert_eq!((texts(&rest), rest.next_cursor.clone()), (vec![], None));
    scene.world.process.forget(&copy).await.unwrap();
    let cursor = next.next_cursor.unwrap();
    let error = refused_after(&scene, &id, &cursor).await;
    assert!(
        matches!(error, RequestError::InvalidCursor),
        "it counts from the end: {error:?}"
    );
}

#[tokio::test]
async fn a_long_log_comes_in_pages_from_wherever_it_lies() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    for line in numbers(0..2500) {
        scene.world.process.write(&copy, &line);
    }
    finish(&scene, &id, &copy).await;
    let (lines, pages) = to_the_end(&scene, &id, LogStart::Beginning).await;
    assert_eq!((lines, pages), (numbers(0..2500), 3));
    let begun = read(&scene, &id, LogStart::Beginning).await;
    archive(&scene, &id).await;
    let (lines, pages) = to_the_end(&scene, &id, LogStart::Beginning).await;
    assert_eq!((lines, pages), (numbers(0..2500), 3));
    scene.world.process.forget(&copy).await.unwrap();
    let cursor = begun.next_cursor.unwrap();
    let (lines, _) = to_the_end(&scene, &id, LogStart::After(cursor)).await;
    assert_eq!(lines, numbers(1000..2500));
    let tail = read(&scene, &id, LogStart::Tail(1000)).await;
    assert_eq!(texts(&tail), numbers(1500..2500));
}

#[tokio::test]
async fn a_page_of_long_lines_has_few_of_them() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    let line = "é".repeat(200_000);
    for _ in 0..10 {
        scene.world.process.write(&copy, &line);
    }
    finish(&scene, &id, &copy).await;
    archive(&scene, &id).await;
    let page = read(&scene, &id, LogStart::Beginning).await;
    assert_eq!(page.lines.len(), 3);
    let (lines, pages) = to_the_end(&scene, &id, LogStart::Beginning).await;
    assert_eq!((lines, pages), (vec![line; 10], 4));
    assert_eq!(read(&scene, &id, LogStart::Tail(10)).await.lines.len(), 2);
}

#[tokio::test]
async fn earlier_attempts_keep_their_logs() {
    let scene = Scene::new();
    let (id, first) = scene.start(SIMULATE).await;
    scene.world.process.write(&first, "of the first");
    let lost = Failure::new(FailureClass::HostLost, "The machine went away.");
    scene.world.process.fail(&first, lost);
    scene.watch_all(&id).await;
    let retrying = read(&scene, &id, LogStart::Beginning).await;
    assert_eq!(
        (retrying.attempt, texts(&retrying)),
        (1, vec!["of the first"])
    );
    assert_eq!(retrying.next_cursor, None, "that attempt is over");

    let of = |number| LogRequest {
        attempt: Some(number),
        from: LogStart::Beginning,
    };
    let next = try_read(&scene, &id, of(2)).await.unwrap();
    assert_eq!((next.attempt, next.source), (2, None));
    scene.world.clock.advance(MINUTE);
    scene.run("dispatch:process").await;
    let second = scene.job(&id).state.backend_id().cloned().unwrap();
    scene.world.start_runner(&scene.job(&id), &second).await;
    scene.watch_all(&id).await;
    scene.world.process.write(&second, "of the second");
    assert_eq!(texts(&after(&scene, &id, &next).await), ["of the second"]);
    let last = read(&scene, &id, LogStart::Beginning).await;
    assert_eq!((last.attempt, texts(&last)), (2, vec!["of the second"]));
    finish(&scene, &id, &second).await;
    archive(&scene, &id).await;
    for (number, text) in [(1, "of the first"), (2, "of the second")] {
        let page = try_read(&scene, &id, of(number)).await.unwrap();
        assert_eq!(
            (page.source, texts(&page)),
            (Some(LogSource::Archive), vec![text])
        );
    }
    for number in [0, 3, u32::MAX] {
        let error = try_read(&scene, &id, of(number)).await.unwrap_err();
        assert!(
            matches!(error, RequestError::AttemptNotFound { attempts: 2, .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn where_there_is_no_log_the_reason_is_told() {
    let scene = Scene::new();
    let id = scene.submit(SIMULATE).await;
    let waiting = read(&scene, &id, LogStart::Tail(5)).await;
    assert_eq!((waiting.attempt, waiting.source), (1, None));
    let reason = waiting.reason.as_deref().unwrap();
    assert_eq!(reason, "The job's program has not been started yet.");
    let key = &scene.world.key;
    let cancelled = scene.gateway.application.cancel_job(key, id.as_str());
    cancelled.await.unwrap();
    let never = after(&scene, &id, &waiting).await;
    let reason = never.reason.as_deref().unwrap();
    assert_eq!(reason, "The job ended before its program was started.");
    assert_eq!(never.next_cursor, None);

    let (id, copy) = scene.start(SIMULATE).await;
    finish(&scene, &id, &copy).await;
    let empty = read(&scene, &id, LogStart::Beginning).await;
    assert_eq!(empty.reason.unwrap(), "The program wrote nothing.");
    archive(&scene, &id).await;
    let empty = read(&scene, &id, LogStart::Beginning).await;
    assert_eq!(empty.source, Some(LogSource::Archive));
    assert_eq!(empty.reason.unwrap(), "The program wrote nothing.");

    let (id, copy) = scene.start(SIMULATE).await;
    finish(&scene, &id, &copy).await;
    scene.world.process.forget(&copy).await.unwrap();
    let page = read(&scene, &id, LogStart::Beginning).await;
    assert!(page.next_cursor.is_some(), "it may be archived yet");
    archive(&scene, &id).await;
    let gone = after(&scene, &id, &page).await;
    assert_eq!(
        gone.reason.unwrap(),
        "There is no log: the job is not known."
    );
    assert_eq!((gone.source, gone.next_cursor), (None, None));
}

#[tokio::test]
async fn a_backend_that_does_not_answer_is_no_empty_log() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.process.write(&copy, "one");
    let page = read(&scene, &id, LogStart::Beginning).await;
    let faults = scene.gateway.process.faults();
    let fail = || faults.fail_next(ComputeBackendCall::ReadLog, Fault::RequestLost);
    for from in [LogStart::Beginning, LogStart::Tail(1)] {
        fail();
        let attempt = None;
        let error = try_read(&scene, &id, LogRequest { attempt, from }).await;
        assert!(
            matches!(error, Err(RequestError::BackendUnavailable(_))),
            "{error:?}"
        );
    }
    fail();
    let cursor = page.next_cursor.clone().unwrap();
    let error = refused_after(&scene, &id, &cursor).await;
    assert!(
        matches!(error, RequestError::BackendUnavailable(_)),
        "{error:?}"
    );
    finish(&scene, &id, &copy).await;
    archive(&scene, &id).await;
    fail();
    let rest = after(&scene, &id, &page).await;
    assert_eq!(rest.source, Some(LogSource::Archive), "which has it too");
    let store = scene.gateway.artifacts.faults();
    store.fail_next(ArtifactStoreCall::Read, Fault::RequestLost);
    let attempt = None;
    let from = LogStart::Beginning;
    let error = try_read(&scene, &id, LogRequest { attempt, from }).await;
    assert!(
        matches!(error, Err(RequestError::ArtifactStoreUnavailable(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_log_alone() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.process.write(&copy, "one");
    let (other, _) = scene.start(SIMULATE).await;
    let page = read(&scene, &id, LogStart::Beginning).await;
    let cursor = page.next_cursor.unwrap();
    for (id, cursor) in [
        (&other, &cursor[..]),
        (&id, "x"),
        (&id, ""),
        (&id, &cursor[1..]),
    ] {
        let error = refused_after(&scene, id, cursor).await;
        assert!(matches!(error, RequestError::InvalidCursor), "{error:?}");
    }
    let request = LogRequest {
        attempt: Some(2),
        from: LogStart::After(cursor),
    };
    let error = try_read(&scene, &id, request).await.unwrap_err();
    assert!(matches!(error, RequestError::InvalidCursor), "{error:?}");
}

#[tokio::test]
async fn the_logs_of_others_are_not_there() {
    let scene = Scene::new();
    let (id, _) = scene.start(SIMULATE).await;
    let stranger = scene.world.register("bob");
    for id in [id.as_str(), "job_0", "x"] {
        let read = scene.gateway.application.read_logs(
            &stranger,
            id,
            LogRequest {
                attempt: Some(9),
                from: LogStart::After("x".to_owned()),
            },
        );
        let error = read.await.unwrap_err();
        assert!(
            matches!(error, RequestError::JobNotFound { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn what_the_runner_stored_is_read_where_nothing_else_is() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    let job = scene.job(&id);
    scene.world.process.write(&copy, "line 0");
    let page = read(&scene, &id, LogStart::Beginning).await;
    let stored = numbers(0..2500).join("\n");
    let key = job.folder().log(1, 1);
    scene.world.artifacts.insert(key.as_str(), stored);
    finish(&scene, &id, &copy).await;
    scene.world.process.forget(&copy).await.unwrap();
    archive(&scene, &id).await;
    let (lines, pages) = to_the_end(&scene, &id, LogStart::Beginning).await;
    assert_eq!((lines, pages), (numbers(0..2500), 3));
    let tail = read(&scene, &id, LogStart::Tail(2)).await;
    assert_eq!(texts(&tail), numbers(2498..2500));
    assert_eq!(tail.source, Some(LogSource::Archive));
    // Its lines are others than those of the backend.
    let moved = after(&scene, &id, &page).await;
    assert_eq!((moved.source, moved.next_cursor), (None, None));
    assert!(moved.reason.is_some());
}
