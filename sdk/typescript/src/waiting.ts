import type { Client } from './connection.js';
import { getJob } from './generated/sdk.gen.js';
import type { Job } from './generated/types.gen.js';
import { ProblemError, UnexpectedAnswerError } from './problems.js';

/** How long the gateway is asked to keep one question open. */
const LONG_POLL = '30s';
/** So many failures in a row are borne before the last one is thrown: about half a minute. */
const PATIENCE = 5;
/** Answers after which the same question may be answered otherwise. */
const PASSING = new Set([408, 429, 502, 503, 504]);

/** Whether nothing of the job runs any more and nothing of it will. */
export function hasEnded(job: Job): boolean {
  return job.status !== 'queued' && job.status !== 'running';
}

/**
 * The job once it has ended, however that was: look at its `status`.
 *
 * Keeps one question open at the gateway in place of asking again and again, and bears it when the
 * gateway is away for half a minute. There is no limit to the wait; a `signal`, such as
 * `AbortSignal.timeout(60_000)`, sets one.
 */
export async function waitUntilEnded(
  client: Client,
  jobId: string,
  options: { signal?: AbortSignal } = {},
): Promise<Job> {
  const signal = options.signal ?? null;
  for (let failures = 0; ; ) {
    try {
      const query = { wait: LONG_POLL };
      const { data: job } = await getJob({ client, path: { job_id: jobId }, query, signal });
      if (hasEnded(job)) {
        return job;
      }
      failures = 0;
    } catch (error) {
      if (failures === PATIENCE || signal?.aborted || !isPassing(error)) {
        throw error;
      }
      const asked = error instanceof ProblemError ? (error.retryAfter ?? 0) : 0;
      await pause(Math.max(2 ** failures, Math.min(asked, 60)), signal);
      failures += 1;
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof ProblemError || error instanceof UnexpectedAnswerError) {
    return PASSING.has(error.status);
  }
  // What `fetch` throws where there is no connection.
  return error instanceof TypeError;
}

function pause(seconds: number, signal: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
