//! A project with the table, and rows to put into it.

use batchway_domain::ports::{JobMirror, MirrorError, MirrorRow};
use batchway_job_mirror_supabase::{SupabaseConfig, SupabaseMirror};
use batchway_test_servers::Supabase;
use serde_json::{Value, json};

const MIGRATION: &str =
    include_str!("../../../../infra/supabase/migrations/20260301000000_batchway_jobs.sql");

pub(crate) const TABLE: &str = "batchway_jobs";

/// A project of its own for one test.
pub(crate) struct Project {
    pub(crate) supabase: Supabase,
    pub(crate) mirror: SupabaseMirror,
}

impl Project {
    /// As its operator makes it: the migration applied, the secret key configured.
    pub(crate) fn new() -> Self {
        let project = Self::without_table();
        project.supabase.sql(MIGRATION);
        project
    }

    pub(crate) fn without_table() -> Self {
        let supabase = Supabase::start();
        let mirror = mirror(&supabase.url(), supabase.secret_key());
        Self { supabase, mirror }
    }

    /// Another gateway's mirror, with this key.
    pub(crate) fn mirror_with(&self, key: &str) -> SupabaseMirror {
        mirror(&self.supabase.url(), key)
    }

    pub(crate) fn apply_migration(&self) {
        self.supabase.sql(MIGRATION);
    }

    /// What the mirror says of these rows, in its words.
    pub(crate) async fn refusal(&self, rows: &[MirrorRow]) -> MirrorError {
        self.mirror.upsert(rows).await.unwrap_err()
    }

    /// One column of each row, by job.
    pub(crate) fn column(&self, name: &str) -> Vec<String> {
        let query = format!("select coalesce(({name})::text, 'null') from {TABLE} order by job_id");
        let rows = self.supabase.sql(&query);
        rows.lines().map(str::to_owned).collect()
    }
}

pub(crate) fn mirror(url: &str, key: &str) -> SupabaseMirror {
    SupabaseMirror::new(SupabaseConfig::new(url, key, TABLE).unwrap())
}

/// The row of the `number`th job at a version, of the user `ada`.
pub(crate) fn row(number: u32, version: u64) -> MirrorRow {
    row_with(number, version, &json!({}))
}

/// The same with other columns.
pub(crate) fn row_with(number: u32, version: u64, other: &Value) -> MirrorRow {
    let id = format!("job_0001k3m5z8a7q4x9c2v6b1n{number:05}");
    let mut columns = json!({
        "job_id": id,
        "user_id": "ada",
        "job_type": "run_simulation",
        "status": "running",
        "progress": 42,
        "message": format!("version {version}"),
        "error": null,
        "failure": null,
        "waiting_reason": null,
        "created_at": "2026-03-01T12:00:00.250Z",
        "completed_at": null,
        "cancel_requested_at": null,
        "last_checked_at": "2026-03-01T12:00:21.400Z",
        "heartbeat_at": null,
        "backend_unreachable_since": null,
        "attempts": [{
            "number": 1,
            "backend_id": "host-a/3f2c8d1e",
            "started_at": "2026-03-01T12:00:01.000Z",
            "stopped_at": null,
            "failure": null
        }],
        "backend": "process",
        "aws_batch_job_id": null,
        "version": version,
    });
    let columns_of_row = columns.as_object_mut().unwrap();
    columns_of_row.extend(other.as_object().unwrap().clone());
    MirrorRow {
        job: id.parse().unwrap(),
        version,
        columns: columns.to_string().into(),
    }
}
