/**
 * TypeScript SDK of Batchway, an HTTP gateway that runs long jobs.
 *
 * Operations and types are generated from the gateway's OpenAPI document. Besides them there is
 * what makes them pleasant: `connect`, `waitUntilEnded`, and problems as errors.
 */
export * from './generated/index.js';
export { connect } from './connection.js';
export { ProblemError, UnexpectedAnswerError } from './problems.js';
export { hasEnded, waitUntilEnded } from './waiting.js';
