//! Something is wrong: the step that finds it says so, and nothing is left running.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::findings::{Findings, STEPS, command, expect_no_key, expect_nothing_left, jobs};
use super::meddler::{Answer, Meddler};
use super::{ENDLESS, FAILING, QUICK, simulating_by};
use crate::program::{Gateway, Installation, PATIENCE};

#[test]
fn a_program_that_fails_is_told_with_its_last_words_and_the_rest_is_ended() {
    let installation = simulating_by(FAILING);
    let gateway = installation.serve();
    let findings = Findings::at(&installation, &gateway);
    findings.expect_failure("wait", "exit", "");
    assert_eq!(findings.ids_with("skipped"), ["artifacts", "download"]);
    assert_eq!(findings.expect("download", "skipped"), "wait failed");
    findings.expect("cancel", "passed");

    let job = &findings.step("wait")["job"];
    assert_eq!(job["status"], "failed");
    let id = job["job_id"].as_str().unwrap();
    assert!(findings.expect("submit", "passed").contains(id), "{job:#}");
    let log = job["log"].as_array().unwrap();
    for line in ["looking for cheese", "out of cheese"] {
        assert!(log.contains(&json!(line)), "{job:#}");
    }
    let statuses = expect_nothing_left(&installation, &gateway);
    assert_eq!(statuses, ["cancelled", "failed"]);
}

#[test]
fn what_is_not_done_in_time_is_told_and_cancelled() {
    let installation = simulating_by(ENDLESS);
    let gateway = installation.serve();
    let findings = Findings::of(&installation, &["--url", gateway.url(), "--timeout", "5s"]);
    assert_eq!(findings.code, Some(1), "{findings:#?}");
    // On a busy machine it may be one before `wait`.
    let failed = findings.ids_with("failed");
    assert_eq!(failed.len(), 1, "{findings:#?}");
    let seen = findings.expect(failed[0], "failed");
    assert!(seen.contains("within the 5s of --timeout"), "{seen}");
    findings.expect("clean-up", "passed");
    for job in jobs(&installation, &gateway) {
        assert_eq!(job["status"], "cancelled", "{job:#}");
    }
}

/// Same size, other content, after it was listed.
#[test]
fn a_result_that_was_changed_is_found() {
    let (findings, key) = with_result_meddled(LISTED, |path| {
        let content = fs::read(path).unwrap();
        let other: Vec<u8> = content.iter().map(|byte| byte ^ 1).collect();
        fs::write(path, other).unwrap();
    });
    findings.expect_failure("download", &key, "who else may write");
    findings.expect_failure("download", "is not what the runner stored", "");
}

#[test]
fn a_result_that_was_cut_off_is_found() {
    let (findings, key) = with_result_meddled(LISTED, |path| fs::write(path, "a").unwrap());
    findings.expect_failure("download", &key, "who else may write");
}

#[test]
fn a_result_that_is_gone_is_found() {
    let (findings, key) = with_result_meddled(LISTED, |path| fs::remove_file(path).unwrap());
    findings.expect_failure("download", &key, "");
}

/// Before it was listed: the list says nothing of it.
#[test]
fn a_result_that_was_stored_and_is_not_listed_is_found() {
    let (findings, key) = with_result_meddled(LOOKED_AT, |path| fs::remove_file(path).unwrap());
    findings.expect_failure("download", &key, "somebody removed it");
}

#[test]
fn links_that_lead_nowhere_name_the_variable() {
    let installation = simulating_by(QUICK).set("BATCHWAY_PUBLIC_URL", "http://127.0.0.1:1");
    let gateway = installation.serve();
    let findings = Findings::at(&installation, &gateway);
    findings.expect_failure("download", "127.0.0.1:1", "BATCHWAY_PUBLIC_URL");
    assert!(!findings.says("signature="), "links are never shown");
    expect_nothing_left(&installation, &gateway);
}

#[test]
fn an_answer_that_is_lost_starts_no_second_job() {
    let installation = simulating_by(QUICK);
    let gateway = installation.serve();
    let is_first = AtomicBool::new(true);
    let proxy = Meddler::before(gateway.url(), move |request| {
        let is_post = request.starts_with("POST /api/v1/jobs ");
        match is_post && is_first.swap(false, Ordering::SeqCst) {
            true => Answer::Lost,
            false => Answer::PassedOn,
        }
    });
    Findings::of(&installation, &["--url", proxy.url()]).expect_all_passed();
    let statuses = expect_nothing_left(&installation, &gateway);
    assert_eq!(statuses, ["cancelled", "completed"]);
}

#[test]
fn who_interrupts_it_leaves_nothing_running() {
    let installation = simulating_by(ENDLESS);
    let gateway = installation.serve();
    let (waiting, waits) = channel();
    let waiting = Mutex::new(waiting);
    let proxy = Meddler::before(gateway.url(), move |request| {
        if request.contains("/cancel ") {
            // The second is asked to stop: the first is next.
            let _ = waiting.lock().unwrap().send(());
        }
        Answer::PassedOn
    });
    let smoke = start(&installation, &proxy);
    let findings = interrupt_once(smoke, &waits);
    assert_eq!(findings.code, Some(1));
    let failed = findings.ids_with("failed");
    assert_eq!(findings.expect(failed[0], "failed"), "interrupted");
    findings.expect("clean-up", "passed");
    let statuses = expect_nothing_left(&installation, &gateway);
    assert_eq!(statuses, ["cancelled", "cancelled"]);
}

/// The job is accepted, and whoever sent it is gone before it is told so.
#[test]
fn a_job_whose_answer_never_came_is_found_and_cancelled() {
    let installation = simulating_by(ENDLESS);
    let gateway = installation.serve();
    let (sent, is_sent) = channel();
    let sent = Mutex::new(Some(sent));
    let proxy = Meddler::before(gateway.url(), move |request| {
        if !request.starts_with("POST /api/v1/jobs ") {
            return Answer::PassedOn;
        }
        let first = sent.lock().unwrap().take();
        if let Some(first) = first {
            first.send(()).unwrap();
            // No answer, for as long as anyone may wait for one.
            std::thread::sleep(PATIENCE);
        }
        Answer::PassedOn
    });
    let smoke = start(&installation, &proxy);
    let findings = interrupt_once(smoke, &is_sent);
    assert_eq!(findings.ids_with("failed"), ["submit"], "{findings:#?}");
    assert_eq!(findings.ids_with("skipped"), STEPS[3..10]);
    let cleaned = findings.expect("clean-up", "passed");
    assert!(cleaned.contains(" cancelled, the key revoked"), "{cleaned}");
    expect_no_key(&installation);
    let jobs = jobs(&installation, &gateway);
    assert_eq!(jobs.len(), 1, "{jobs:#?}");
    assert_eq!(jobs[0]["status"], "cancelled");
}

fn start(installation: &Installation, proxy: &Meddler) -> Child {
    let mut command = command(installation, &["--url", proxy.url()]);
    command.spawn().unwrap()
}

fn interrupt_once(smoke: Child, happened: &Receiver<()>) -> Findings {
    happened.recv_timeout(PATIENCE).unwrap();
    kill_process(Pid::from_child(&smoke), Signal::INT).unwrap();
    Findings::in_output(&smoke.wait_with_output().unwrap())
}

/// The request whose answer lists the results.
const LISTED: &str = "/artifacts ";
/// The requests of which the last one says that the job is completed.
const LOOKED_AT: &str = "?wait=";

/// What is found, and the key of the result that something was done to, if it was stored, when
/// such a request was answered.
fn with_result_meddled(
    request: &'static str,
    meddle: impl Fn(&Path) + Send + Sync + 'static,
) -> (Findings, String) {
    let installation = simulating_by(QUICK);
    let gateway = installation.serve();
    let artifacts = installation.path().join("data/artifacts");
    let proxy = Meddler::before(gateway.url(), move |asked| {
        if asked.contains(request)
            && let Some(result) = find(&artifacts, "results.txt")
        {
            meddle(&result);
        }
        Answer::PassedOn
    });
    let findings = Findings::of(&installation, &["--url", proxy.url()]);
    let statuses = expect_nothing_left(&installation, &gateway);
    assert_eq!(statuses, ["cancelled", "completed"]);
    let completed = completed_job(&installation, &gateway);
    (findings, format!("prod/smoke/{completed}/results.txt"))
}

fn completed_job(installation: &Installation, gateway: &Gateway) -> String {
    let jobs = jobs(installation, gateway);
    let is_completed = |job: &&Value| job["status"] == "completed";
    let job = jobs.iter().find(is_completed).unwrap();
    job["job_id"].as_str().unwrap().to_owned()
}

/// In folders that may come and go meanwhile.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    entries.map(|entry| entry.path()).find_map(|path| {
        if path.is_dir() {
            return find(&path, name);
        }
        path.ends_with(name).then_some(path)
    })
}
