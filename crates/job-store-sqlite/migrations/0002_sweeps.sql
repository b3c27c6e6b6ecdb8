-- What sweeps of the backends' queues remember. Since when this store keeps jobs, which they ask
-- for too, stands in `settings` under `kept_since`, written with this step: by the time at which
-- it is taken, not that of the oldest job there, as jobs before may have been lost without a trace.

CREATE TABLE sweeps (
    queue       TEXT PRIMARY KEY,
    swept_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Jobs at a backend that bear our name and of which there is no record; a thousand at most.
CREATE TABLE orphans (
    backend    TEXT NOT NULL,
    id         TEXT NOT NULL,
    name       TEXT NOT NULL,
    queue      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    noted_at   INTEGER NOT NULL,
    PRIMARY KEY (backend, id)
) STRICT, WITHOUT ROWID;
