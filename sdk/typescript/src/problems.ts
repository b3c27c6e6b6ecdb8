import type { Problem } from './generated/types.gen.js';

/** The gateway answered that something is wrong. */
export class ProblemError extends Error {
  /** What the gateway said. */
  readonly problem: Problem;
  /** Seconds after which another attempt may succeed, where the gateway said so. */
  readonly retryAfter: number | undefined;

  constructor(problem: Problem, retryAfter?: number) {
    super(`${problem.detail} (request ${problem.request_id})`);
    this.name = 'ProblemError';
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  /** Which kind it is, such as `job-not-found`: the last part of the problem's `type`. */
  get kind(): string {
    return this.problem.type.split('/').at(-1) ?? '';
  }

  /** The HTTP status. */
  get status(): number {
    return this.problem.status;
  }
}

/** Something answered that the gateway would not have said: a proxy, perhaps. */
export class UnexpectedAnswerError extends Error {
  /** The HTTP status. */
  readonly status: number;

  constructor(status: number, body: unknown) {
    super(`the answer, with status ${status}, is not a problem of the gateway: ${String(body)}`);
    this.name = 'UnexpectedAnswerError';
    this.status = status;
  }
}

/** What is thrown for what the generated client found: a body, or an error before any answer. */
export function asError(found: unknown, response: Response | undefined): unknown {
  if (response === undefined || response.ok) {
    return found;
  }
  if (!isProblem(found)) {
    return new UnexpectedAnswerError(response.status, found);
  }
  const retryAfter = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return new ProblemError(found, Number.isFinite(retryAfter) ? retryAfter : undefined);
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'type' in body && 'detail' in body;
}
