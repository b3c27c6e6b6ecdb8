"""The whole life of a job through the installed package, against a gateway that runs.

Its URL and two keys of one user are in the environment: see `crates/end-to-end-tests`.
"""

import os
import tempfile
import unittest
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import httpx
from batchway.api.job_types import list_job_types
from batchway.api.jobs import (
    cancel_job,
    explain_job,
    get_job,
    list_artifacts,
    list_jobs,
    read_logs,
    submit_job,
)
from batchway.api.webhooks import list_webhook_deliveries, replay_webhook_delivery
from batchway.models import JobStatus, SubmitJobRequest, WebhookDeliveryStatus

from batchway import ProblemError, connect, expect, has_ended, wait_until_ended

URL = os.environ["BATCHWAY_URL"]
API_KEY = os.environ["BATCHWAY_API_KEY"]
UNKNOWN = f"job_{'0' * 28}"
FOR_LONG = 10_000_000
"""As many steps as a simulation may have."""


def simulation(steps: int) -> SubmitJobRequest:
    config = {"num_particles": 50, "temperature": 300, "steps": steps}
    return SubmitJobRequest.from_dict(
        {
            "job_type": "run_simulation",
            "params": {"simulation_config": {"mode": "open_chemistry", "config": config}},
        }
    )


class LifeOfAJob(unittest.TestCase):
    def setUp(self) -> None:
        self.client = self.enterContext(connect(URL, API_KEY))

    def start(self, steps: int) -> str:
        return expect(submit_job.sync(client=self.client, body=simulation(steps))).job_id

    def test_a_job_runs_to_its_end_and_leaves_its_results(self) -> None:
        job_id = self.start(steps=200)
        job = wait_until_ended(self.client, job_id, timeout=150)
        self.assertEqual((job.status, job.progress, job.failure), (JobStatus.COMPLETED, 100, None))
        self.assertGreaterEqual(job.completed_at, job.created_at)
        self.assertEqual([attempt.number for attempt in job.attempts], [1])

        artifacts = expect(list_artifacts.sync(job_id, client=self.client)).artifacts
        results = next(one for one in artifacts if one.key.endswith("/results.h5"))
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "results.h5")
            with httpx.stream("GET", results.url, timeout=150) as answer, target.open("wb") as file:
                answer.raise_for_status()
                for piece in answer.iter_bytes():
                    file.write(piece)
            self.assertEqual(target.stat().st_size, results.size)
            self.assertEqual(sha256(target.read_bytes()).hexdigest(), results.sha256)
        logs = expect(read_logs.sync(job_id, client=self.client))
        self.assertEqual((logs.attempt, logs.complete, logs.next_cursor), (1, True, None))
        self.assertTrue(logs.lines or logs.reason)
        # Without the key, which is nobody's business where a link leads.
        self.assertEqual(httpx.get(job.result_url, timeout=150).content[1:4], b"HDF")

    def test_the_same_request_again_starts_nothing(self) -> None:
        key = f"python-{uuid4()}"
        first, second = (
            submit_job.sync_detailed(client=self.client, body=simulation(10), idempotency_key=key)
            for _ in range(2)
        )
        self.assertEqual((first.status_code, second.status_code), (202, 200))
        self.assertEqual(second.headers["Idempotent-Replayed"], "true")
        self.assertEqual(expect(first.parsed), expect(second.parsed))

        with self.assertRaises(ProblemError) as other_body:
            expect(submit_job.sync(client=self.client, body=simulation(11), idempotency_key=key))
        self.assertEqual(other_body.exception.status, 422)

    def test_a_list_is_read_page_by_page(self) -> None:
        submitted = {self.start(steps=10) for _ in range(3)}
        seen: list[str] = []
        cursor = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            page = expect(list_jobs.sync(client=self.client, limit=2, **more))
            seen += [job.job_id for job in page.jobs]
            cursor = page.next_cursor
            if cursor is None:
                break
        self.assertLessEqual(submitted, set(seen))
        self.assertEqual(len(seen), len(set(seen)))

    def test_a_job_is_stopped(self) -> None:
        job_id = self.start(steps=FOR_LONG)
        job = expect(cancel_job.sync(job_id, client=self.client))
        if not has_ended(job):
            job = wait_until_ended(self.client, job_id, timeout=150)
        self.assertEqual(job.status, JobStatus.CANCELLED)
        self.assertIsNotNone(job.cancel_requested_at)

    def test_a_job_is_looked_at(self) -> None:
        job_id = self.start(steps=10)
        job = expect(get_job.sync(job_id, client=self.client))
        self.assertEqual((job.job_id, job.job_type), (job_id, "run_simulation"))

    def test_a_job_is_explained(self) -> None:
        job_id = self.start(steps=FOR_LONG)
        cancel_job.sync(job_id, client=self.client)
        wait_until_ended(self.client, job_id, timeout=150)
        told = expect(explain_job.sync(job_id, client=self.client))
        self.assertEqual((told.status, told.phase), ("cancelled", "cancelled"))
        self.assertTrue(told.summary)

    def test_a_webhook_that_nobody_takes_is_sent_again(self) -> None:
        body = simulation(steps=10)
        body.webhook_url = "http://127.0.0.1:1/nobody"
        job_id = expect(submit_job.sync(client=self.client, body=body)).job_id
        wait_until_ended(self.client, job_id, timeout=150)
        deliveries = expect(list_webhook_deliveries.sync(job_id, client=self.client)).deliveries
        completed = next(one for one in deliveries if one.event_type == "job.completed")
        self.assertEqual(completed.status, WebhookDeliveryStatus.PENDING)
        again = expect(
            replay_webhook_delivery.sync(job_id, completed.delivery_id, client=self.client)
        )
        self.assertEqual((again.delivery_id, again.status), (completed.delivery_id, "pending"))
        self.assertIsNotNone(again.next_attempt_at)

    def test_a_job_that_never_was_is_a_problem(self) -> None:
        with self.assertRaises(ProblemError) as unknown:
            expect(get_job.sync(UNKNOWN, client=self.client))
        self.assertEqual((unknown.exception.status, unknown.exception.kind), (404, "job-not-found"))
        with self.assertRaises(ProblemError):
            wait_until_ended(self.client, UNKNOWN)

    def test_what_is_wrong_with_a_request_is_pointed_at(self) -> None:
        wrong = SubmitJobRequest.from_dict({"job_type": "run_simulation", "params": {}})
        with self.assertRaises(ProblemError) as invalid:
            expect(submit_job.sync(client=self.client, body=wrong))
        self.assertEqual(invalid.exception.status, 422)
        self.assertTrue(invalid.exception.problem.errors[0].pointer.startswith("/params"))

    def test_a_wrong_key_is_refused_and_never_shown(self) -> None:
        with connect(URL, "bw_wrong") as stranger:
            self.assertNotIn("bw_wrong", repr(stranger))
            with self.assertRaises(ProblemError) as refused:
                expect(list_jobs.sync(client=stranger))
        self.assertEqual(refused.exception.status, 401)

    def test_job_types_come_with_an_example_that_runs(self) -> None:
        types = expect(list_job_types.sync(client=self.client)).job_types
        simulation_type = next(one for one in types if one.name == "run_simulation")
        self.assertIn("simulation_config", simulation_type.example)


class LifeOfAJobInAnEventLoop(unittest.IsolatedAsyncioTestCase):
    async def test_a_job_is_started_and_looked_at(self) -> None:
        async with connect(URL, API_KEY) as client:
            submitted = expect(await submit_job.asyncio(client=client, body=simulation(10)))
            job = expect(await get_job.asyncio(submitted.job_id, client=client, wait="1s"))
        self.assertEqual(job.job_id, submitted.job_id)


if __name__ == "__main__":
    unittest.main()
