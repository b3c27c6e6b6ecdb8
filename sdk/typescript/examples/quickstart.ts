import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { connect, listArtifacts, ProblemError, submitJob, waitUntilEnded } from '@batchway/client';

const client = connect(process.env.BATCHWAY_URL!, process.env.BATCHWAY_API_KEY!);

const body = {
  job_type: 'run_simulation',
  params: {
    simulation_config: {
      mode: 'open_chemistry',
      config: { num_particles: 200, temperature: 300, steps: 2000 },
    },
  },
};
// Sent twice under one key, it still starts one job.
const headers = { 'Idempotency-Key': 'quickstart-1' };
const { data: submitted } = await submitJob({ client, body, headers }).catch((error) => {
  if (error instanceof ProblemError) {
    console.error(`${error.kind}: ${error.message}`);
    process.exit(1);
  }
  throw error;
});

const job = await waitUntilEnded(client, submitted.job_id);
console.log(job.job_id, job.status, job.error ?? '');
if (job.status !== 'completed') {
  process.exit(1);
}

const { data: list } = await listArtifacts({ client, path: { job_id: job.job_id } });
for (const artifact of list.artifacts) {
  const name = artifact.key.split('/').at(-1)!;
  const answer = await fetch(artifact.url);
  if (!answer.ok || answer.body === null) {
    throw new Error(`${name}: status ${answer.status}`);
  }
  await pipeline(answer.body, createWriteStream(name));
  console.log(`${name}: ${artifact.size} bytes`);
}
