//! Books in which everything is right, and one thing after the other made wrong.

use super::*;
use crate::ledger::Process;
use crate::notebook::Wish;

/// One job that completed, and one that was cancelled while it ran.
fn right() -> Books {
    let order = |job: &str, wish| Order {
        job: job.to_owned(),
        caller: 1,
        idempotency_key: format!("key of {job}"),
        nonce: format!("nonce of {job}"),
        wish,
    };
    let stored = |status: &str, result: Option<&str>| Stored {
        caller: 1,
        status: status.to_owned(),
        failure: String::new(),
        result: result.map(str::to_owned),
    };
    let left = |id: &str| Left {
        gates: BTreeMap::from([(1, Some(id.to_owned()))]),
        ..Left::default()
    };
    Books {
        orders: vec![
            order("job_a", Wish::Result),
            order("job_b", Wish::CancelSurely),
        ],
        stored: BTreeMap::from([
            (
                "job_a".to_owned(),
                stored("completed", Some("nonce of job_a id_a")),
            ),
            ("job_b".to_owned(), stored("cancelled", None)),
        ]),
        runs: vec![
            run("job_a", 1, "id_a", true),
            run("job_b", 1, "id_b", false),
        ],
        batch: vec![
            at_batch("id_a", "job_a", 1, "SUCCEEDED"),
            at_batch("id_b", "job_b", 1, "FAILED"),
        ],
        bucket: BTreeMap::from([
            (
                "job_a".to_owned(),
                Left {
                    manifests: vec![1],
                    results: vec!["result.txt".to_owned()],
                    ..left("id_a")
                },
            ),
            ("job_b".to_owned(), left("id_b")),
        ]),
        are_final: true,
    }
}

fn run(job: &str, try_number: u32, backend_id: &str, has_ended: bool) -> Run {
    Run {
        job: job.to_owned(),
        try_number,
        backend_id: backend_id.to_owned(),
        // No process has such a number.
        process: Process {
            pid: u32::MAX,
            began: 0,
        },
        has_ended,
    }
}

fn at_batch(id: &str, job: &str, try_number: u32, status: &str) -> BatchJob {
    BatchJob {
        id: id.to_owned(),
        name: format!("bw-chaos-{job}-{try_number}"),
        status: status.to_owned(),
        is_over: status != "RUNNING",
    }
}

/// What is found once a thing is made wrong.
fn found(spoil: impl FnOnce(&mut Books)) -> String {
    let mut books = right();
    spoil(&mut books);
    books.discrepancies().join("; ")
}

#[test]
fn books_that_agree_break_no_promise() {
    assert_eq!(found(|_| {}), "");
    assert_eq!(right().surplus(), 0);
}

#[test]
fn a_surplus_copy_that_was_ended_without_a_run_is_none_of_anybodys_business() {
    let spoil = |books: &mut Books| books.batch.push(at_batch("id_c", "job_a", 1, "FAILED"));
    assert_eq!(found(spoil), "");
    let mut books = right();
    spoil(&mut books);
    assert_eq!(books.surplus(), 1);
}

#[test]
fn lost_doubled_and_unknown_jobs_are_found() {
    let lost = found(|books| drop(books.stored.remove("job_b")));
    assert!(
        lost.contains("job_b: accepted under key of job_b"),
        "{lost}"
    );
    let unknown = found(|books| drop(books.orders.pop()));
    assert!(unknown.contains("job_b: in the store"), "{unknown}");
    let shared = found(|books| books.orders[1].job = "job_a".to_owned());
    assert!(shared.contains("job_a: two keys"), "{shared}");
    let misplaced = found(|books| books.orders[0].caller = 2);
    assert!(misplaced.contains("shows it to user 1"), "{misplaced}");
}

#[test]
fn a_second_run_is_found_whoever_did_it() {
    let twice = found(|books| books.runs.push(run("job_a", 1, "id_c", true)));
    assert!(twice.contains("a try ran more than once"), "{twice}");
    assert!(twice.contains("its gate names Some(\"id_a\")"), "{twice}");
    let again = found(|books| {
        books.runs.push(run("job_a", 2, "id_c", true));
        let left = books.bucket.get_mut("job_a").unwrap();
        left.gates.insert(2, Some("id_c".to_owned()));
    });
    assert!(
        again.contains("2 programs of it came to their end"),
        "{again}"
    );
    let stray = found(|books| books.runs.push(run("job_z", 1, "id_z", true)));
    assert!(stray.contains("job_z: its program ran"), "{stray}");
}

#[test]
fn results_must_be_there_once_and_right() {
    let of = |spoil: fn(&mut Left)| found(|books| spoil(books.bucket.get_mut("job_a").unwrap()));
    assert!(of(|left| left.manifests.clear()).contains("tries with a manifest are []"));
    assert!(of(|left| left.results.push("other".to_owned())).contains("its results are"));
    let wrong = found(|books| {
        books.stored.get_mut("job_a").unwrap().result = Some("nonce of job_b id_b".to_owned());
    });
    assert!(wrong.contains("its result is"), "{wrong}");
    let none = found(|books| books.runs.clear());
    assert!(
        none.contains("0 programs of it came to their end"),
        "{none}"
    );
}

#[test]
fn what_does_not_end_and_what_fails_is_found() {
    let status = |status: &'static str| {
        found(|books| books.stored.get_mut("job_b").unwrap().status = status.to_owned())
    };
    assert!(status("queued").contains("still queued at the end; at AWS Batch: id_b FAILED"));
    assert!(status("failed").contains("job_b: failed"));
}

#[test]
fn what_was_not_waited_for_may_be_on_its_way_and_must_be_right_so_far() {
    let on_its_way = |books: &mut Books| {
        books.are_final = false;
        books.stored.get_mut("job_b").unwrap().status = "queued".to_owned();
        books.batch[1] = at_batch("id_b", "job_b", 1, "RUNNING");
    };
    assert_eq!(found(on_its_way), "");
    let twice = found(|books| {
        on_its_way(books);
        books.runs.push(run("job_b", 1, "id_c", false));
    });
    assert!(twice.contains("a try ran more than once"), "{twice}");
}

#[test]
fn what_runs_though_its_job_is_cancelled_is_found() {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(") ").unwrap().1;
    let this = Process {
        pid: std::process::id(),
        began: fields.split(' ').nth(19).unwrap().parse().unwrap(),
    };
    let alive = found(|books| books.runs[1].process = this);
    assert!(alive.contains("job_b: cancelled, and process"), "{alive}");
}

#[test]
fn aws_batch_is_left_with_nothing_that_goes_on_or_that_is_nobodys() {
    let alive = found(|books| books.batch.push(at_batch("id_c", "job_a", 1, "RUNNING")));
    assert!(alive.contains("is still RUNNING"), "{alive}");
    let orphan = found(|books| books.batch.push(at_batch("id_z", "job_z", 1, "FAILED")));
    assert!(orphan.contains("has no owner"), "{orphan}");
}
