-- Jobs that have changed since they were mirrored, where the store is opened to keep them in mind:
-- one row a job, however often it changes.
CREATE TABLE mirror_backlog (
    job    INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    due_at INTEGER NOT NULL -- since when it is behind, or until when it is put off
) STRICT, WITHOUT ROWID; -- so that `job` bounds the index too
CREATE INDEX mirror_backlog_by_time ON mirror_backlog (due_at, job);
