//! ListJobs.

use super::*;
use crate::wire::{ArrayProperties, KeyValuesPair};

fn in_main() -> ListJobs {
    ListJobs {
        job_queue: Some("main".to_owned()),
        ..ListJobs::default()
    }
}

fn of_status(status: JobStatus) -> ListJobs {
    ListJobs {
        job_status: Some(status),
        ..in_main()
    }
}

fn filtered(name: &str, value: impl ToString) -> ListJobs {
    ListJobs {
        filters: vec![KeyValuesPair {
            name: name.to_owned(),
            values: vec![value.to_string()],
        }],
        ..in_main()
    }
}

fn unthrottled() -> Settings {
    Settings {
        submits_per_second: None,
        ..Settings::default()
    }
}

#[test]
fn running_jobs_unless_said_otherwise() {
    let mut world = World::new();
    let ended = world.running(&program("ended"));
    world.exit(&ended, Exit::with_code(1));
    let running = world.running(&program("running"));
    let starting = world.submit(&program("starting"));
    assert_eq!(ids(&world.list(&in_main())), [&*running.job_id]);
    assert_eq!(
        ids(&world.list(&of_status(JobStatus::Starting))),
        [starting.as_str()]
    );
    let failed = world.list(&of_status(JobStatus::Failed));
    assert_eq!(ids(&failed), [&*ended.job_id]);
    let container = failed[0].container.as_ref().unwrap();
    assert_eq!(container.exit_code, Some(1));
    assert!(failed[0].started_at.is_some() && failed[0].stopped_at.is_some());
    assert!(world.list(&of_status(JobStatus::Pending)).is_empty());
}

#[test]
fn by_name_in_any_status_and_any_case() {
    let mut world = World::new();
    let ended = world.running(&program("Test1"));
    world.exit(&ended, Exit::with_code(0));
    world.running(&program("test1"));
    world.submit(&program("Test10"));
    world.submit(&program("tes"));
    let table: [(&str, &[&str]); 6] = [
        ("test1", &["test1", "Test1"]),
        ("TEST1", &["test1", "Test1"]),
        ("test1*", &["Test10", "test1", "Test1"]),
        ("tes", &["tes"]),
        ("*", &["tes", "Test10", "test1", "Test1"]),
        ("t*t1", &[]),
    ];
    for (pattern, expected) in table {
        let request = ListJobs {
            job_status: Some(JobStatus::Pending),
            ..filtered("JOB_NAME", pattern)
        };
        let found = world.list(&request);
        let found = names(&found);
        assert_eq!(
            found.iter().map(|name| &**name).collect::<Vec<_>>(),
            expected,
            "{pattern}"
        );
    }
    let by_name = world.list(&filtered("JOB_NAME", "test1"));
    assert_eq!(by_name[0].status, JobStatus::Running);
    assert!(by_name.iter().all(|job| job.started_at.is_none()));
    assert!(
        world.list(&in_main())[0].started_at.is_some(),
        "only in lists by name"
    );
}

/// All pages of a request.
fn pages(world: &mut World, request: &ListJobs) -> Vec<Vec<String>> {
    let mut request = request.clone();
    let mut pages = Vec::new();
    loop {
        let listed = world.account.list_jobs(&request, world.now).unwrap();
        pages.push(
            listed
                .job_summary_list
                .iter()
                .map(|job| job.job_id.to_string())
                .collect(),
        );
        match listed.next_token {
            Some(token) => request.next_token = Some(token),
            None => return pages,
        }
    }
}

#[test]
fn newest_first_a_hundred_a_page() {
    let mut world = World::with(unthrottled());
    let mut submitted = Vec::new();
    for number in 0..900 {
        let name = if number % 3 == 0 { "same" } else { "bw-other" };
        submitted.push((name, world.submit(&program(name))));
        world.pass(Millis(1));
    }
    submitted.reverse();
    let of_name = |name: &str| {
        let of_it = submitted.iter().filter(|(other, _)| *other == name);
        of_it.map(|(_, id)| id.clone()).collect::<Vec<_>>()
    };
    let all: Vec<String> = submitted.iter().map(|(_, id)| id.clone()).collect();
    let table = [
        ("same", of_name("same"), 3),
        ("same*", of_name("same"), 3),
        // More than are put in order: looked through from the newest.
        ("bw-*", of_name("bw-other"), 6),
        ("*", all.clone(), 9),
    ];
    for (pattern, expected, count) in table {
        let pages = pages(&mut world, &filtered("JOB_NAME", pattern));
        assert_eq!(pages.len(), count, "{pattern}");
        assert_eq!(pages[0].len(), 100, "{pattern}");
        assert_eq!(pages.concat(), expected, "{pattern}");
    }
    let unfiltered = pages(&mut world, &of_status(JobStatus::Starting));
    assert_eq!(unfiltered.len(), 1, "a thousand fit");
    assert_eq!(unfiltered.concat(), all);
    let sevens = ListJobs {
        max_results: Some(7),
        ..of_status(JobStatus::Starting)
    };
    let pages = pages(&mut world, &sevens);
    assert!(pages[..pages.len() - 1].iter().all(|page| page.len() == 7));
    assert_eq!(pages.concat(), all);
}

#[test]
fn a_page_holds_its_place_while_jobs_come_and_go() {
    let mut world = World::new();
    let submitted: Vec<String> = (0..4).map(|_| world.submit(&program("a"))).collect();
    let request = ListJobs {
        max_results: Some(2),
        ..filtered("JOB_NAME", "a")
    };
    let first = world.account.list_jobs(&request, world.now).unwrap();
    world.submit(&program("a"));
    world.account.vanish(&submitted[2]);
    let second = ListJobs {
        next_token: first.next_token,
        ..request
    };
    let second = world.list(&second);
    assert_eq!(ids(&second), [&submitted[1], &submitted[0]]);
}

#[test]
fn by_creation_definition_and_share() {
    let mut world = World::new();
    let first = world.submit(&program("a"));
    world.pass_secs(1);
    let second = world.submit(&machine("b"));
    let middle = world.now;
    world.pass_secs(1);
    let third = world.submit(&program("c"));
    let mut find = |name: &str, value: String| {
        let found = world.list(&filtered(name, value));
        found
            .iter()
            .map(|job| job.job_id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        find("BEFORE_CREATED_AT", middle.to_string()),
        std::slice::from_ref(&first)
    );
    assert_eq!(
        find("AFTER_CREATED_AT", middle.to_string()),
        std::slice::from_ref(&third)
    );
    let programs = [third, first];
    assert_eq!(find("JOB_DEFINITION", "program".to_owned()), programs);
    assert_eq!(find("JOB_DEFINITION", "prog*".to_owned()), programs);
    assert!(
        find("JOB_DEFINITION", "Program".to_owned()).is_empty(),
        "case matters"
    );
    let arn = "arn:aws:batch:eu-central-1:123456789012:job-definition/machine:1";
    assert_eq!(find("JOB_DEFINITION", arn.to_owned()), [second]);

    let shared = |share: &str| SubmitJob {
        job_queue: "fair".to_owned(),
        share_identifier: Some(share.to_owned()),
        ..program("shared")
    };
    let of_a = world.submit(&shared("a"));
    world.submit(&shared("b"));
    let by_share = |status| ListJobs {
        job_queue: Some("fair".to_owned()),
        job_status: status,
        ..filtered("SHARE_IDENTIFIER", "a")
    };
    assert_eq!(ids(&world.list(&by_share(None))), [of_a.as_str()]);
    assert_eq!(
        ids(&world.list(&by_share(Some(JobStatus::Starting)))),
        [of_a.as_str()]
    );
    assert!(world.list(&by_share(Some(JobStatus::Failed))).is_empty());
}

#[test]
fn requests_that_are_refused() {
    let two = |request: ListJobs| {
        let filters = [request.filters.clone(), request.filters.clone()].concat();
        ListJobs { filters, ..request }
    };
    let table = [
        ("nothing to list", ListJobs::default()),
        (
            "queue and parent",
            ListJobs {
                array_job_id: Some("a".to_owned()),
                ..in_main()
            },
        ),
        (
            "nodes",
            ListJobs {
                multi_node_job_id: Some("a".to_owned()),
                ..ListJobs::default()
            },
        ),
        (
            "unknown queue",
            ListJobs {
                job_queue: Some("no".to_owned()),
                ..ListJobs::default()
            },
        ),
        ("two filters", two(filtered("JOB_NAME", "a"))),
        ("no such filter", filtered("JOB_COLOUR", "a")),
        ("no moment", filtered("BEFORE_CREATED_AT", "yesterday")),
        (
            "a strange token",
            ListJobs {
                next_token: Some("x".to_owned()),
                ..in_main()
            },
        ),
        (
            "an empty page",
            ListJobs {
                max_results: Some(0),
                ..in_main()
            },
        ),
    ];
    let mut world = World::new();
    for (case, request) in table {
        let error = world
            .account
            .list_jobs(&request, world.now)
            .expect_err(case);
        assert_eq!(error.code, "ClientException", "{case}");
    }
}

#[test]
fn children_are_listed_by_their_parent_only() {
    let mut world = World::new();
    let id = world.submit(&SubmitJob {
        array_properties: Some(ArrayProperties { size: Some(5) }),
        ..program("array")
    });
    let children = world.start_all();
    world.exit(&children[3], Exit::with_code(0));
    assert!(world.list(&in_main()).is_empty(), "the parent is PENDING");
    assert_eq!(
        ids(&world.list(&of_status(JobStatus::Pending))),
        [id.as_str()]
    );
    assert_eq!(
        ids(&world.list(&filtered("JOB_NAME", "array"))),
        [id.as_str()]
    );
    let of_parent = ListJobs {
        array_job_id: Some(id.clone()),
        max_results: Some(3),
        ..ListJobs::default()
    };
    let expected = [0, 1, 2, 4].map(|index| format!("{id}:{index}"));
    let found = pages(&mut world, &of_parent);
    assert_eq!(found, [expected[..3].to_vec(), expected[3..].to_vec()]);
}

#[test]
fn a_list_that_lags_shows_what_was() {
    let mut world = World::with(Settings {
        list_lag: Millis::from_secs(60),
        ..Settings::default()
    });
    let start = world.running(&program("a"));
    let by_name = filtered("JOB_NAME", "a");
    assert_eq!(world.status(&start.job_id), JobStatus::Running);
    world.pass(Millis(59_999));
    assert!(world.list(&by_name).is_empty(), "not seen yet");
    world.exit(&start, Exit::with_code(0));
    world.pass(Millis(1));
    assert_eq!(
        world.list(&by_name)[0].status,
        JobStatus::Running,
        "what was a minute ago"
    );
    assert_eq!(ids(&world.list(&in_main())), [&*start.job_id]);
    world.pass_secs(60);
    assert_eq!(world.list(&by_name)[0].status, JobStatus::Succeeded);
    assert!(world.list(&in_main()).is_empty());
}

#[test]
fn a_lag_can_change() {
    let mut world = World::new();
    let early = world.submit(&program("a"));
    world.account.advance(world.now);
    world.account.set_list_lag(Millis::from_secs(3600));
    let late = world.submit(&program("a"));
    world.pass_secs(60);
    let by_name = filtered("JOB_NAME", "a");
    assert_eq!(
        ids(&world.list(&by_name)),
        [early.as_str()],
        "what is known stays known"
    );
    world.account.set_list_lag(Millis::from_secs(10));
    assert_eq!(ids(&world.list(&by_name)), [late.as_str(), early.as_str()]);
}
