"""A job runs from the stack's outputs, under the stack's policies."""

import json
import unittest
import urllib.request

import engine
from emulator import Emulator
from gateway import USER, Gateway, wait_for
from stack import Stack

RUNNER = "batchway-infra-runner:test"
IMAGE = "batchway-infra-job:test"
JOB_LIMIT = 120

LONG_SIMULATION = {
    "mode": "open_chemistry",
    "config": {"num_particles": 1000, "temperature": 300, "steps": 10_000_000},
}


class Job(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        engine.host()
        cls.aws = cls.enterClassContext(Emulator())
        cls.stack = Stack(cls.aws, Image=IMAGE)
        engine.build(RUNNER, "job.Dockerfile", "batchway-runner", "open-chemistry")
        engine.build_text(IMAGE, as_started_by_ecs(cls.aws, cls.stack.session_of_job()))
        key = cls.stack.key_of_service()
        environment = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "AWS_ENDPOINT_URL": cls.aws.url,
            **cls.stack.environment,
        }
        cls.gateway = cls.enterClassContext(Gateway(environment))

    def test_it_runs_to_its_results_and_every_call_is_allowed(self):
        ended = self.gateway.run_simulation(JOB_LIMIT)
        job = ended["job_id"]
        self.assertEqual(ended["status"], "completed", json.dumps(ended, indent=2))

        artifacts = self.gateway.get(f"/api/v1/jobs/{job}/artifacts")["artifacts"]
        keys = [one["key"] for one in artifacts]
        self.assertIn(f"prod/{USER}/{job}/results.h5", keys)
        with urllib.request.urlopen(ended["result_url"]) as results:
            self.assertEqual(results.read(8), b"\x89HDF\r\n\x1a\n")
        self.assert_judged("live2-service", ["batch:SubmitJob", "batch:TagResource"])
        self.assert_judged("live2-service", ["batch:DescribeJobs", "sqs:ReceiveMessage"])
        self.assert_judged("live2-job", ["s3:GetObject", "s3:PutObject"])
        refused = [one for one in self.aws.verdicts if not one.is_allowed]
        self.assertEqual(refused, [])

    def test_it_is_cancelled_and_nothing_else_can_be(self):
        job = self.submit(LONG_SIMULATION)
        wait_for("the job to run", JOB_LIMIT, lambda: self.status(job) == "running")
        self.gateway.post(f"/api/v1/jobs/{job}/cancel")
        wait_for("the job to be stopped", JOB_LIMIT, lambda: self.status(job) == "cancelled")
        self.assert_judged("live2-service", ["batch:TerminateJob"])

    def submit(self, simulation):
        body = {"job_type": "run_simulation", "params": {"simulation_config": simulation}}
        return self.gateway.post("/api/v1/jobs", body)["job_id"]

    def status(self, job):
        return self.gateway.get(f"/api/v1/jobs/{job}")["status"]

    def assert_judged(self, who, actions):
        judged = {one.call.action for one in self.aws.verdicts if one.who == who}
        self.assertLessEqual(set(actions), judged)


def as_started_by_ecs(aws, session):
    """ECS lends a container its role's credentials. moto does not, so the image brings them."""
    return f"""
FROM {RUNNER}
ENV AWS_ACCESS_KEY_ID={session["AccessKeyId"]}
ENV AWS_SECRET_ACCESS_KEY={session["SecretAccessKey"]}
ENV AWS_SESSION_TOKEN={session["SessionToken"]}
ENV AWS_REGION=eu-central-1
ENV AWS_ENDPOINT_URL={aws.url_in_containers}
"""
