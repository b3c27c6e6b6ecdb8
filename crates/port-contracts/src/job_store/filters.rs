//! Which of a caller's jobs are listed.

use std::slice;
use std::time::Duration;

use batchway_domain::job::{FailureClass, Job, JobStatus};
use batchway_domain::ports::JobQuery;

use super::JobStoreFixture;
use super::scene::{Caller, Scene, newest_first, page_of};
use crate::specimens;

/// Only jobs with this status, as it is now; each status is found.
pub async fn by_status(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let jobs = two_of_each_status(&scene, &ada).await;
    for status in JobStatus::ALL {
        let query = JobQuery {
            status: Some(status),
            ..page_of(1)
        };
        let expected: Vec<Job> = jobs
            .iter()
            .filter(|job| job.status() == status)
            .cloned()
            .collect();
        assert_eq!(expected.len(), 2, "{status}");
        let listed = scene.pages(&ada, &query).await;
        assert_eq!(listed, newest_first(&expected), "{status}");
    }
}

/// Only jobs of this type; a type that nobody used has none.
pub async fn by_type(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let jobs = of_alternating_types(&scene, &ada, 6).await;
    for job_type in ["run_simulation", "generate_dataset", "unheard_of"] {
        let query = JobQuery {
            job_type: Some(job_type.parse().expect("a valid name")),
            ..page_of(2)
        };
        let expected: Vec<Job> = jobs
            .iter()
            .filter(|job| job.job_type.as_str() == job_type)
            .cloned()
            .collect();
        let listed = scene.pages(&ada, &query).await;
        assert_eq!(listed, newest_first(&expected), "{job_type}");
    }
}

/// Only jobs created after or before a time; one created at that very time is neither.
pub async fn by_time_of_creation(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let jobs = scene.admit_many(&ada, 6).await;
    let after = JobQuery {
        created_after: Some(jobs[1].created_at),
        ..page_of(2)
    };
    assert_eq!(scene.pages(&ada, &after).await, newest_first(&jobs[2..]));
    let before = JobQuery {
        created_before: Some(jobs[4].created_at),
        ..page_of(2)
    };
    assert_eq!(scene.pages(&ada, &before).await, newest_first(&jobs[..4]));
    let between = JobQuery {
        created_after: after.created_after,
        created_before: before.created_before,
        ..page_of(1)
    };
    assert_eq!(scene.pages(&ada, &between).await, newest_first(&jobs[2..4]));
    let millisecond = Duration::from_millis(1);
    let exactly = JobQuery {
        created_after: Some(jobs[3].created_at.minus(millisecond)),
        created_before: Some(jobs[3].created_at.plus(millisecond)),
        ..page_of(2)
    };
    assert_eq!(scene.pages(&ada, &exactly).await, newest_first(&jobs[3..4]));
    let never = JobQuery {
        created_after: before.created_before,
        created_before: after.created_after,
        ..page_of(2)
    };
    assert!(scene.pages(&ada, &never).await.is_empty());
}

/// All conditions hold together, with the place where a page begins.
pub async fn all_conditions_together(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let mut jobs = of_alternating_types(&scene, &ada, 12).await;
    for number in [0, 2, 3, 4, 8, 9, 10] {
        jobs[number] = scene.start(&jobs[number]).await;
    }
    let query = JobQuery {
        before: Some(jobs[10].id.clone()),
        status: Some(JobStatus::Running),
        job_type: Some(jobs[0].job_type.clone()),
        created_after: Some(jobs[0].created_at),
        created_before: Some(jobs[11].created_at),
        ..page_of(2)
    };
    let expected = [&jobs[8], &jobs[4], &jobs[2]].map(|job| job.id.clone());
    assert_eq!(scene.pages(&ada, &query).await, expected);
}

/// A job that is rare among many others is found.
pub async fn a_rare_job_is_found_among_many(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let rare = scene.admit_many(&ada, 1).await;
    scene.cancel(&rare[0]).await;
    scene.admit_many(&ada, 150).await;
    let query = JobQuery {
        status: Some(JobStatus::Cancelled),
        ..page_of(1)
    };
    assert_eq!(
        scene.pages(&ada, &query).await,
        slice::from_ref(&rare[0].id)
    );
}

async fn two_of_each_status(scene: &Scene<'_>, caller: &Caller) -> Vec<Job> {
    let mut jobs = scene.admit_many(caller, 10).await;
    for turn in [0, 5] {
        jobs[turn + 1] = scene.start(&jobs[turn + 1]).await;
        jobs[turn + 2] = scene.complete(&jobs[turn + 2]).await;
        let running = scene.start(&jobs[turn + 3]).await;
        let exit = specimens::failed(&running, FailureClass::ProgramExit, scene.now());
        jobs[turn + 3] = scene.observe(&running, exit).await;
        jobs[turn + 4] = scene.cancel(&jobs[turn + 4]).await;
    }
    jobs
}

/// One a second, simulations and datasets by turns, a simulation first.
async fn of_alternating_types(scene: &Scene<'_>, caller: &Caller, count: usize) -> Vec<Job> {
    let mut jobs = Vec::with_capacity(count);
    for number in 0..count {
        let mut admission = scene.admission(caller);
        if number % 2 == 1 {
            admission.job.job_type = "generate_dataset".parse().expect("a valid name");
        }
        jobs.push(scene.submit(caller, admission).await.job);
        scene.fixture.advance(Duration::from_secs(1));
    }
    jobs
}
