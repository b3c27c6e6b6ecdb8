//! No statement that is run for a request or by a loop reads a whole table.

use super::fixture::Fixture;
use crate::{
    admission, deliveries, due, events, idempotency, key_register, listing, mirror_backlog,
    receivers, records, runs, sweep_ledger, tenants, turns, webhook_secrets,
};

/// Every statement that looks something up, by what it looks for.
pub(super) const STATEMENTS: [(&str, &str); 52] = [
    ("a key's user", tenants::OF_KEY),
    ("a user's number", tenants::NUMBER_OF),
    ("limits", admission::COUNTS),
    ("known idempotency key", idempotency::FIND),
    ("expired idempotency keys", idempotency::REMOVE_EXPIRED),
    (
        "last record of a removed job",
        idempotency::KEEP_LAST_RECORD,
    ),
    ("load", records::LOAD),
    ("find", records::FIND),
    ("params", records::PARAMS),
    ("standing of a job", records::STANDING),
    ("update of a job", records::UPDATE),
    ("removal of a job", records::DELETE),
    ("list", listing::ALL),
    ("list by status", listing::BY_STATUS),
    ("list by type", listing::BY_TYPE),
    ("list by type and status", listing::BY_TYPE_AND_STATUS),
    ("due by time", due::BY_TIME),
    ("due by age", due::BY_AGE),
    ("record of a due job", due::RECORD),
    ("lease", due::LEASE),
    ("reschedule", due::RESCHEDULE),
    ("next tenant by time", turns::NEXT_TENANT_BY_TIME),
    ("next tenant by age", turns::NEXT_TENANT_BY_AGE),
    ("next job by time", turns::NEXT_JOB_BY_TIME),
    ("next job by age", turns::NEXT_JOB_BY_AGE),
    ("last turn", turns::LAST_TURN),
    ("turn", turns::TAKE_TURN),
    ("turns taken", turns::TURNS_TAKEN),
    ("count of turns", turns::COUNT_TURNS),
    ("number of an event", events::COUNT),
    ("old events", events::FORGET),
    ("events of a user", events::AFTER),
    ("recent runs", runs::RECENT),
    ("keys of a user", key_register::OF_USER),
    ("keys by short digest", key_register::BY_SHORT),
    ("how far a queue is swept", sweep_ledger::SWEPT_UNTIL),
    ("a known orphan", sweep_ledger::ORPHAN),
    ("an orphan to forget", sweep_ledger::FORGET_ORPHAN),
    ("next receiver of a user", receivers::NEXT_ORIGIN),
    ("receiver of the next user", receivers::NEXT_USER),
    ("next delivery", receivers::NEXT_DELIVERY),
    ("deliveries of a job", deliveries::OF_JOB),
    ("standing of a delivery", deliveries::STANDING),
    ("record of a due delivery", deliveries::RECORD),
    ("update of a delivery", deliveries::UPDATE),
    ("lease of a delivery", deliveries::LEASE),
    ("a delivery that is done", deliveries::DONE),
    ("a user's webhook secrets", webhook_secrets::OF_USER),
    ("jobs that are behind", mirror_backlog::DUE),
    ("lease of a job that is behind", mirror_backlog::LEASE),
    ("a job that is mirrored", mirror_backlog::LEAVE),
    ("a job that is mirrored later", mirror_backlog::MOVE),
];

fn plan(connection: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let mut steps = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get(3).unwrap());
    }
    steps
}

#[tokio::test]
async fn no_statement_scans_a_table_or_sorts_what_an_index_could() {
    let fixture = Fixture::new();
    let connection = fixture.connection();
    for (name, sql) in STATEMENTS {
        let plan = plan(&connection, sql);
        println!("{name}: {plan:?}");
        assert!(!plan.is_empty(), "{name}");
        for step in &plan {
            assert!(!step.starts_with("SCAN"), "{name}: {plan:?}");
        }
        let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE"));
        assert!(!sorts || name.starts_with("keys "), "{name}: {plan:?}");
    }
}

#[tokio::test]
async fn pages_and_claims_are_bounded_on_every_column_of_their_index() {
    let fixture = Fixture::new();
    let connection = fixture.connection();
    let expected = [
        (listing::ALL, "jobs_of_tenant (tenant=? AND id>? AND id<?)"),
        (
            listing::BY_STATUS,
            "jobs_by_status (tenant=? AND status=? AND id>? AND id<?)",
        ),
        (
            listing::BY_TYPE,
            "jobs_by_type (tenant=? AND job_type=? AND id>? AND id<?)",
        ),
        (
            listing::BY_TYPE_AND_STATUS,
            "jobs_by_type_and_status (tenant=? AND job_type=? AND status=? AND id>? AND id<?)",
        ),
        (due::BY_TIME, "due_by_time (lane=? AND at<?)"),
        (due::BY_AGE, "due_by_age (lane=? AND created_at<?)"),
        (
            turns::NEXT_TENANT_BY_TIME,
            "turns_by_time (lane=? AND tenant>?)",
        ),
        (
            turns::NEXT_TENANT_BY_AGE,
            "turns_by_age (lane=? AND tenant>?)",
        ),
        (
            turns::NEXT_JOB_BY_TIME,
            "turns_by_time (lane=? AND tenant=? AND (at,job)>(?,?))",
        ),
        (
            turns::NEXT_JOB_BY_AGE,
            "turns_by_age (lane=? AND tenant=? AND (created_at,job)>(?,?))",
        ),
        (
            receivers::NEXT_ORIGIN,
            "outbox_by_receiver (tenant=? AND origin>?)",
        ),
        (receivers::NEXT_USER, "outbox_by_receiver (tenant>?)"),
        (mirror_backlog::DUE, "mirror_backlog_by_time (due_at<?)"),
        (
            receivers::NEXT_DELIVERY,
            "outbox_by_receiver (tenant=? AND origin=? AND (due_at,delivery)>(?,?))",
        ),
    ];
    for (sql, index) in expected {
        let [step] = &plan(&connection, sql)[..] else {
            panic!("more than one step: {sql}");
        };
        assert!(step.ends_with(index), "{step}");
    }
}
