"""Waiting for a job's end."""

import time

import httpx

from .api.jobs import get_job
from .client import AuthenticatedClient
from .errors import UnexpectedStatus
from .models import Job, JobStatus
from .problems import ProblemError, expect

# How long the gateway is asked to keep one question open, in seconds.
_LONG_POLL = 30
# So many failures in a row are borne before the last one is raised: about half a minute.
_PATIENCE = 5
# Answers after which the same question may be answered otherwise.
_PASSING = frozenset((408, 429, 502, 503, 504))


def has_ended(job: Job) -> bool:
    """Whether nothing of the job runs any more and nothing of it will."""
    return job.status not in (JobStatus.QUEUED, JobStatus.RUNNING)


def wait_until_ended(
    client: AuthenticatedClient, job_id: str, *, timeout: float | None = None
) -> Job:
    """The job once it has ended, however that was: look at its `status`.

    Keeps one question open at the gateway in place of asking again and again, and bears it when
    the gateway is away for half a minute.

    Args:
        timeout: The most seconds to wait; None, for ever.

    Raises:
        TimeoutError: If it has not ended in time.
        ProblemError: If the gateway says no.
        httpx.TransportError: If the gateway can't be reached for longer.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    failures = 0
    while True:
        left = float("inf") if deadline is None else deadline - time.monotonic()
        if left < 0:
            raise TimeoutError(f"{job_id} has not ended within {timeout} seconds")
        asked = 0.0
        try:
            wait = f"{max(1, int(min(left, _LONG_POLL)))}s"
            answer = get_job.sync_detailed(job_id, client=client, wait=wait)
            asked = _retry_after(answer.headers)
            job = expect(answer.parsed)
            if has_ended(job):
                return job
            failures = 0
        except (httpx.TransportError, ProblemError, UnexpectedStatus) as error:
            if failures == _PATIENCE or not _is_passing(error):
                raise
            time.sleep(max(2.0**failures, asked))
            failures += 1


def _is_passing(error: Exception) -> bool:
    match error:
        case ProblemError():
            return error.status in _PASSING
        case UnexpectedStatus():
            return error.status_code in _PASSING
        case _:
            return True


def _retry_after(headers: httpx.Headers) -> float:
    """The pause that the gateway asks for, bounded."""
    text = headers.get("Retry-After", "")
    return min(float(text), 60.0) if text.isdigit() else 0.0
