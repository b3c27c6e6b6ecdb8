-- What jobs with a webhook tell their receivers, from this step on: one row an event that counts,
-- written by the commit of the event, kept as long as the job.

CREATE TABLE deliveries (
    number  INTEGER PRIMARY KEY,
    job     INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    event   INTEGER NOT NULL, -- counts the events of the job
    version INTEGER NOT NULL,
    record  BLOB NOT NULL,    -- as the domain encodes it
    UNIQUE (job, event)
) STRICT;

-- Those that are still to be sent. The index is walked receiver by receiver, so that nobody's
-- backlog makes anyone's turn dearer.
CREATE TABLE outbox (
    delivery INTEGER PRIMARY KEY REFERENCES deliveries ON DELETE CASCADE,
    tenant   INTEGER NOT NULL,
    origin   TEXT NOT NULL, -- the receiver: one user's webhooks at one origin
    due_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID; -- so that `delivery` bounds the index too
CREATE INDEX outbox_by_receiver ON outbox (tenant, origin, due_at, delivery);

-- The secrets that sign them, sealed.
CREATE TABLE webhook_secrets (
    tenant INTEGER PRIMARY KEY REFERENCES tenants,
    sealed TEXT NOT NULL
) STRICT;
