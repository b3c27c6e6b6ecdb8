"""`batchway doctor` on the stack, with the rights that the stack gives: it finds nothing, and what
is taken away it finds; the policy that it prints is the stack's."""

import json
import os
import subprocess
import tempfile
import unittest

from emulator import Emulator, parsed
from gateway import PROGRAMS
from policies import actions_of, allows
from stack import Stack
from test_policies import OF_SERVICE, ON_ARTIFACTS, REFUSED_TO_ALL

RIGHTS = [
    "Submit",
    "SubmitWithTags",
    "Follow",
    "WhyTheyWait",
    "LastLines",
    "Objects",
    "WhatIsThere",
]
POLICY = "arn:aws:iam::123456789012:policy/live2-service"


class Doctor(unittest.TestCase):
    def setUp(self):
        self.aws = self.enterContext(Emulator())
        self.stack = Stack(self.aws)
        self.key = self.stack.key_of_service()
        # moto has no notion of the template's.
        self.let_events_in()
        # It refuses links to what is not there that say how it is to be shown.
        self.aws.client("s3").put_object(
            Bucket="live2-artifacts", Key="prod/batchway-doctor/job_0/absent", Body=b""
        )

    def test_the_rights_of_the_stack_are_enough(self):
        code, checks = self.doctor()
        failed = [check for check in checks if check["verdict"] == "failed"]
        # Nobody has pushed it yet.
        self.assertEqual([check["id"] for check in failed if check["id"] != "batch.image"], [])
        rights = {
            check["subject"]: check["verdict"]
            for check in checks
            if check["id"] == "rights.service"
        }
        # IAM alone could tell of these two.
        unknown = {sid for sid, verdict in rights.items() if verdict == "skipped"}
        self.assertEqual(unknown, {"StopOwnJobs", "Events"})
        passed = {sid for sid, verdict in rights.items() if verdict == "passed"}
        self.assertEqual(passed, {one["Sid"] for one in self.statements()} - unknown)
        # It has no right to look at these, and needs none.
        for of_operators in ("batch.image", "batch.job_role", "s3.lifecycle", "batch.logs"):
            verdicts = {check["verdict"] for check in checks if check["id"] == of_operators}
            self.assertEqual(verdicts, {"skipped"}, of_operators)
        self.assertEqual(code, 0)

    def test_nothing_is_changed_and_nothing_is_refused_but_looks(self):
        before = self.contents()
        self.doctor()
        self.assertEqual(self.contents(), before)
        refused = {one.call.action for one in self.aws.verdicts if not one.is_allowed}
        self.assertEqual(
            refused,
            {
                "ecr:DescribeImages",
                "iam:GetRole",
                "iam:SimulatePrincipalPolicy",
                "logs:DescribeLogGroups",
                "s3:GetLifecycleConfiguration",
            },
        )

    def test_each_right_that_is_taken_away_is_found_with_the_statement_that_gives_it(self):
        for sid in RIGHTS:
            with self.subTest(sid):
                statements = self.statements()
                self.replace([one for one in statements if one["Sid"] != sid])
                code, checks = self.doctor()
                self.replace(statements)
                # Jobs run without the right to explain them.
                verdict = "warning" if sid == "WhyTheyWait" else "failed"
                self.assertEqual(code, 0 if verdict == "warning" else 1)
                found = [
                    check["mend"]["policy"]
                    for check in checks
                    if check["verdict"] == verdict and check["mend"]["policy"]
                ]
                taken = next(one for one in statements if one["Sid"] == sid)
                given = actions_of([{"Statement": found}])
                self.assertLessEqual(given, actions_of([{"Statement": taken}]))
                self.assertNotEqual(given, set())

    def test_the_policy_that_it_prints_allows_what_the_gateway_calls_and_nothing_else(self):
        policy = json.loads(self.run_doctor("--policy").stdout)
        # The second queue and definition are for job types that name them.
        of_one_queue = [call for call in OF_SERVICE if "-ec2" not in call.resource]
        for call in of_one_queue + ON_ARTIFACTS:
            with self.subTest(call.action, on=call.resource):
                self.assertTrue(allows([policy], call))
        for call in REFUSED_TO_ALL:
            with self.subTest(call.action, on=call.resource):
                self.assertFalse(allows([policy], call))

    def statements(self):
        iam = self.aws.client("iam")
        versions = iam.list_policy_versions(PolicyArn=POLICY)["Versions"]
        newest = next(one["VersionId"] for one in versions if one["IsDefaultVersion"])
        version = iam.get_policy_version(PolicyArn=POLICY, VersionId=newest)["PolicyVersion"]
        return parsed(version["Document"])["Statement"]

    def replace(self, statements):
        """The gate goes by the newest version; no more than five are kept."""
        iam = self.aws.client("iam")
        for version in iam.list_policy_versions(PolicyArn=POLICY)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=POLICY, VersionId=version["VersionId"])
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.create_policy_version(PolicyArn=POLICY, PolicyDocument=document, SetAsDefault=True)

    def contents(self):
        """What could have been made."""
        jobs = self.aws.client("batch").list_jobs(
            jobQueue="live2-job-queue", filters=[{"name": "JOB_NAME", "values": ["*"]}]
        )
        s3 = self.aws.client("s3")
        objects = s3.list_objects_v2(Bucket="live2-artifacts")["KeyCount"]
        uploads = s3.list_multipart_uploads(Bucket="live2-artifacts").get("Uploads", [])
        return [len(jobs["jobSummaryList"]), objects, len(uploads)]

    def let_events_in(self):
        sqs = self.aws.client("sqs")
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
        }
        sqs.set_queue_attributes(
            QueueUrl=sqs.get_queue_url(QueueName="live2-events")["QueueUrl"],
            Attributes={"Policy": json.dumps({"Statement": [allowed]})},
        )

    def doctor(self):
        ran = self.run_doctor("--json")
        return ran.returncode, json.loads(ran.stdout)["checks"]

    def run_doctor(self, *arguments):
        with tempfile.TemporaryDirectory(prefix="batchway-infra-") as folder:
            environment = {
                "PATH": os.environ["PATH"],
                "AWS_ACCESS_KEY_ID": self.key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": self.key["SecretAccessKey"],
                "AWS_ENDPOINT_URL": self.aws.url,
                "BATCHWAY_PUBLIC_URL": "https://jobs.example.org",
                "BATCHWAY_DATA_DIR": f"{folder}/data",
                **self.stack.environment,
            }
            return subprocess.run(
                [PROGRAMS / "batchway", "doctor", *arguments],
                cwd=folder,
                env=environment,
                capture_output=True,
                timeout=60,
            )
