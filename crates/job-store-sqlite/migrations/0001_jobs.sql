-- Times are milliseconds since 1970-01-01T00:00:00Z. What a row belongs to goes with it when
-- its job is removed (ON DELETE CASCADE); counters are kept by triggers, so that no statement
-- can change what is counted without changing the count.

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Users, by number, as their names stand in many indexes.
CREATE TABLE tenants (
    number    INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    active    INTEGER NOT NULL DEFAULT 0, -- jobs that have not ended
    events    INTEGER NOT NULL DEFAULT 0, -- number of the last event
    last_turn INTEGER NOT NULL DEFAULT 0  -- the turn at which a job of it was last taken to be sent
) STRICT;

CREATE TABLE keys (
    number     INTEGER PRIMARY KEY,
    sha256     BLOB NOT NULL UNIQUE,
    shard      TEXT NOT NULL,
    short      TEXT NOT NULL,
    tenant     INTEGER NOT NULL REFERENCES tenants,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX keys_by_short ON keys (short);
CREATE INDEX keys_by_tenant ON keys (tenant);

-- `record` is the job as the domain encodes it; the columns before it are what is searched by.
CREATE TABLE jobs (
    number          INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE, -- sorts by time of creation
    tenant          INTEGER NOT NULL REFERENCES tenants,
    job_type        TEXT NOT NULL,
    status          TEXT NOT NULL,
    ended           INTEGER NOT NULL AS (status IN ('completed', 'failed', 'cancelled')),
    version         INTEGER NOT NULL,
    operation       BLOB,                 -- names the change that made this version
    idempotency_key TEXT,
    record          BLOB NOT NULL
) STRICT;
CREATE INDEX jobs_of_tenant ON jobs (tenant, id);
CREATE INDEX jobs_by_status ON jobs (tenant, status, id);
CREATE INDEX jobs_by_type ON jobs (tenant, job_type, id);
CREATE INDEX jobs_by_type_and_status ON jobs (tenant, job_type, status, id);

CREATE TABLE params (
    job  INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    json TEXT NOT NULL
) STRICT;

-- One entry a job. Where tenants take turns, the index is walked tenant by tenant, so that
-- nobody's backlog makes anyone's turn dearer.
CREATE TABLE due (
    job         INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    tenant      INTEGER NOT NULL,
    lane        TEXT NOT NULL,
    takes_turns INTEGER NOT NULL, -- 1 in dispatch lanes
    at          INTEGER NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID; -- so that `job` bounds the indexes too
CREATE INDEX due_by_time ON due (lane, at, job) WHERE takes_turns = 0;
CREATE INDEX due_by_age ON due (lane, created_at, job) WHERE takes_turns = 0;
CREATE INDEX turns_by_time ON due (lane, tenant, at, job) WHERE takes_turns = 1;
CREATE INDEX turns_by_age ON due (lane, tenant, created_at, job) WHERE takes_turns = 1;

CREATE TABLE events (
    tenant INTEGER NOT NULL REFERENCES tenants,
    number INTEGER NOT NULL,
    job    INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    event  BLOB NOT NULL,
    PRIMARY KEY (tenant, number)
) STRICT;
CREATE INDEX events_of_job ON events (job);

-- `job` is an id, not a number: a key outlives its job, whose last record is then kept here.
CREATE TABLE idempotency (
    tenant      INTEGER NOT NULL REFERENCES tenants,
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    job         TEXT NOT NULL,
    last_record BLOB,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

-- How long completed jobs worked.
CREATE TABLE runs (
    job      INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    job_type TEXT NOT NULL,
    ended_at INTEGER NOT NULL,
    work     REAL NOT NULL,
    ran_for  INTEGER NOT NULL -- milliseconds
) STRICT;
CREATE INDEX runs_by_type ON runs (job_type, ended_at);

-- Jobs of all tenants that wait to be sent, and how many turns have been taken at it.
CREATE TABLE backlog (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    queued   INTEGER NOT NULL,
    turns    INTEGER NOT NULL
) STRICT;
INSERT INTO backlog (only_row, queued, turns) VALUES (1, 0, 0);

CREATE TRIGGER backlog_grows AFTER INSERT ON due WHEN new.takes_turns
BEGIN
    UPDATE backlog SET queued = queued + 1;
END;
CREATE TRIGGER backlog_shrinks AFTER DELETE ON due WHEN old.takes_turns
BEGIN
    UPDATE backlog SET queued = queued - 1;
END;
CREATE TRIGGER backlog_changes AFTER UPDATE OF takes_turns ON due
WHEN old.takes_turns <> new.takes_turns
BEGIN
    UPDATE backlog SET queued = queued + new.takes_turns - old.takes_turns;
END;

CREATE TRIGGER active_grows AFTER INSERT ON jobs WHEN NOT new.ended
BEGIN
    UPDATE tenants SET active = active + 1 WHERE number = new.tenant;
END;
CREATE TRIGGER active_shrinks AFTER DELETE ON jobs WHEN NOT old.ended
BEGIN
    UPDATE tenants SET active = active - 1 WHERE number = old.tenant;
END;
CREATE TRIGGER active_changes AFTER UPDATE OF status ON jobs WHEN old.ended <> new.ended
BEGIN
    UPDATE tenants SET active = active + old.ended - new.ended WHERE number = new.tenant;
END;
