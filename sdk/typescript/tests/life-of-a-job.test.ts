// The whole life of a job through the installed package, against a gateway that runs. Its URL and
// a key are in the environment: see crates/end-to-end-tests.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import {
  cancelJob,
  connect,
  explainJob,
  getJob,
  hasEnded,
  listArtifacts,
  listJobs,
  listJobTypes,
  listWebhookDeliveries,
  ProblemError,
  readLogs,
  replayWebhookDelivery,
  submitJob,
  type SubmitJobRequest,
  waitUntilEnded,
} from '@batchway/client';

const url = process.env.BATCHWAY_URL ?? '';
const client = connect(url, process.env.BATCHWAY_API_KEY ?? '');
/** As many steps as a simulation may have. */
const forLong = 10_000_000;
const unknown = `job_${'0'.repeat(28)}`;

function simulation(steps: number): SubmitJobRequest {
  const config = { num_particles: 50, temperature: 300, steps };
  const params = { simulation_config: { mode: 'open_chemistry', config } };
  return { job_type: 'run_simulation', params };
}

async function start(steps: number): Promise<string> {
  const { data } = await submitJob({ client, body: simulation(steps) });
  return data.job_id;
}

async function problemOf(call: Promise<unknown>): Promise<ProblemError> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof ProblemError, String(error));
    return error;
  }
  assert.fail('it must be refused');
}

test('a job runs to its end and leaves its results', async () => {
  const jobId = await start(200);
  const job = await waitUntilEnded(client, jobId, { signal: AbortSignal.timeout(150_000) });
  assert.deepEqual([job.status, job.progress, job.failure], ['completed', 100, null]);
  assert.deepEqual(
    job.attempts.map(({ number }) => number),
    [1],
  );

  const { data: list } = await listArtifacts({ client, path: { job_id: jobId } });
  const results = list.artifacts.find(({ key }) => key.endsWith('/results.h5'));
  assert.ok(results);
  // Without the key, which is nobody's business where a link leads.
  const download = await fetch(results.url);
  assert.ok(download.ok);
  const content = Buffer.from(await download.arrayBuffer());
  assert.equal(content.byteLength, results.size);
  assert.equal(createHash('sha256').update(content).digest('hex'), results.sha256);

  const { data: logs } = await readLogs({ client, path: { job_id: jobId } });
  assert.deepEqual([logs.attempt, logs.complete, logs.next_cursor], [1, true, null]);
  assert.ok(logs.lines.length > 0 || logs.reason);
});

test('the same request again starts nothing', async () => {
  const again = { client, headers: { 'Idempotency-Key': `typescript-${randomUUID()}` } };
  const first = await submitJob({ ...again, body: simulation(10) });
  const second = await submitJob({ ...again, body: simulation(10) });
  assert.deepEqual([first.response.status, second.response.status], [202, 200]);
  assert.equal(second.response.headers.get('Idempotent-Replayed'), 'true');
  assert.deepEqual(first.data, second.data);

  const otherBody = await problemOf(submitJob({ ...again, body: simulation(11) }));
  assert.equal(otherBody.status, 422);
});

test('a list is read page by page', async () => {
  const submitted = [await start(10), await start(10), await start(10)];
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: 2, ...(cursor && { cursor }) };
    const { data: page } = await listJobs({ client, query });
    seen.push(...page.jobs.map(({ job_id }) => job_id));
    cursor = page.next_cursor;
  } while (cursor !== null);
  assert.equal(new Set(seen).size, seen.length);
  assert.ok(submitted.every((jobId) => seen.includes(jobId)));
});

test('a job is stopped', async () => {
  const jobId = await start(forLong);
  let { data: job } = await cancelJob({ client, path: { job_id: jobId } });
  if (!hasEnded(job)) {
    job = await waitUntilEnded(client, jobId);
  }
  assert.equal(job.status, 'cancelled');
  assert.notEqual(job.cancel_requested_at, null);
  const { data: told } = await explainJob({ client, path: { job_id: jobId } });
  assert.deepEqual([told.status, told.phase], ['cancelled', 'cancelled']);
});

test('a webhook that nobody takes is sent again', async () => {
  const body = { ...simulation(10), webhook_url: 'http://127.0.0.1:1/nobody' };
  const { data: submitted } = await submitJob({ client, body });
  const path = { job_id: submitted.job_id };
  await waitUntilEnded(client, submitted.job_id);
  const { data: log } = await listWebhookDeliveries({ client, path });
  const completed = log.deliveries.find(({ event_type }) => event_type === 'job.completed');
  assert.ok(completed);
  assert.equal(completed.status, 'pending');
  const { delivery_id } = completed;
  const { data: again } = await replayWebhookDelivery({ client, path: { ...path, delivery_id } });
  assert.deepEqual([again.delivery_id, again.status], [delivery_id, 'pending']);
});

test('a job that never was is a problem', async () => {
  const problem = await problemOf(getJob({ client, path: { job_id: unknown } }));
  assert.deepEqual([problem.status, problem.kind], [404, 'job-not-found']);
  await problemOf(waitUntilEnded(client, unknown));
});

test('what is wrong with a request is pointed at', async () => {
  const body = { job_type: 'run_simulation', params: {} };
  const { status, problem } = await problemOf(submitJob({ client, body }));
  assert.equal(status, 422);
  assert.match(problem.errors?.[0]?.pointer ?? '', /^\/params/);
});

test('a wrong key is refused', async () => {
  const stranger = connect(url, 'bw_wrong');
  assert.equal((await problemOf(listJobs({ client: stranger }))).status, 401);
});

test('a wait ends when it is told to', async () => {
  const jobId = await start(forLong);
  const signal = AbortSignal.timeout(100);
  await assert.rejects(waitUntilEnded(client, jobId, { signal }), { name: 'TimeoutError' });
  await cancelJob({ client, path: { job_id: jobId } });
});

test('job types come with an example', async () => {
  const { data } = await listJobTypes({ client });
  const simulations = data.job_types.find(({ name }) => name === 'run_simulation');
  assert.ok(simulations);
  assert.ok('simulation_config' in (simulations.example as object));
});
