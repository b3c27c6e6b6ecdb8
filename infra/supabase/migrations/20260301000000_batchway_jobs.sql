-- The table into which Batchway mirrors jobs: one row a job, as its GET shows it.
--
-- `supabase db push`, or the SQL editor of the dashboard. For a table of another name
-- (SUPABASE_TABLE), replace every batchway_jobs in this file. docs/supabase.md says more.

create table public.batchway_jobs (
    job_id                    text primary key,
    user_id                   text not null,
    job_type                  text not null,
    status                    text not null,
    progress                  smallint not null,
    message                   text,
    error                     text,
    failure                   jsonb,
    waiting_reason            jsonb,
    created_at                timestamptz not null,
    completed_at              timestamptz,
    cancel_requested_at       timestamptz,
    last_checked_at           timestamptz,
    heartbeat_at              timestamptz,
    backend_unreachable_since timestamptz,
    attempts                  jsonb not null,
    backend                   text not null,
    aws_batch_job_id          text,
    version                   bigint not null
);

comment on table public.batchway_jobs is
    'Jobs of Batchway, written by it alone. A row stays when its job is removed there.';
comment on column public.batchway_jobs.user_id is
    'The user whose API key made the job. Row-level security compares it with the caller.';
comment on column public.batchway_jobs.status is
    'queued, running, completed, failed or cancelled.';
comment on column public.batchway_jobs.progress is
    '0 to 100; 100 exactly when completed.';
comment on column public.batchway_jobs.failure is
    'class, message, remedy, exit_code, signal, backend_reason.';
comment on column public.batchway_jobs.waiting_reason is
    'Why a queued job waits: code, message.';
comment on column public.batchway_jobs.attempts is
    'The last three starts, oldest first: number, backend_id, started_at, stopped_at, failure.';
comment on column public.batchway_jobs.version is
    'Grows with every change of the job. A row is never replaced by one that is not newer.';

-- A dashboard's list: somebody's jobs, newest first.
create index batchway_jobs_of_user on public.batchway_jobs (user_id, created_at desc, job_id);

-- Rows come at least once, and after a retry, or from several replicas, perhaps in another order.
-- What is not newer changes nothing, and tells nobody who listens for changes.
create function public.batchway_jobs_keep_newest() returns trigger
    language plpgsql
    set search_path = ''
as $$
begin
    if new.version <= old.version then
        return null;
    end if;
    return new;
end
$$;

revoke all on function public.batchway_jobs_keep_newest() from public;

create trigger batchway_jobs_keep_newest
    before update on public.batchway_jobs
    for each row execute function public.batchway_jobs_keep_newest();

-- Whoever isn't named by a policy sees nothing. The service's key goes past row-level security.
alter table public.batchway_jobs enable row level security;

revoke all on public.batchway_jobs from public, anon, authenticated;
grant select on public.batchway_jobs to authenticated;
grant select, insert, update, delete on public.batchway_jobs to service_role;

-- Who has signed in sees the jobs of one user of Batchway: the one that `batchway_user` in the
-- account's app_metadata names, which only the service can write (never user_metadata, which
-- people change themselves), or else the one that is called like the account's id.
create policy "Users read their own jobs" on public.batchway_jobs
    for select to authenticated
    using (
        user_id = (
            select coalesce(auth.jwt() -> 'app_metadata' ->> 'batchway_user', auth.uid()::text)
        )
    );
