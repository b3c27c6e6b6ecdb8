"""The template is sound, and what it says comes to be."""

import json
import subprocess
import sys
import unittest
from pathlib import Path

from emulator import Emulator
from stack import NOT_IN_MOTO, TEMPLATE, Stack, template

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:supabase-AbCdEf"


class Template(unittest.TestCase):
    def test_cfn_lint_has_nothing_to_say(self):
        lint = [Path(sys.executable).with_name("cfn-lint"), "--regions", "eu-central-1"]
        found = subprocess.run(
            [*lint, "--include-checks", "I", "--template", TEMPLATE],
            capture_output=True,
            text=True,
        )
        self.assertEqual((found.returncode, found.stdout), (0, ""), found.stderr)

    def test_every_parameter_is_explained_and_all_but_the_network_have_a_use_as_they_are(self):
        groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        grouped = [name for group in groups for name in group["Parameters"]]
        self.assertCountEqual(grouped, template()["Parameters"])
        for name, parameter in template()["Parameters"].items():
            self.assertIn("Description", parameter, name)
            self.assertIn("Default", parameter, name)

    def test_the_names_are_those_of_the_environment_file_that_is_there(self):
        defaults = {name: one["Default"] for name, one in template()["Parameters"].items()}
        self.assertEqual(defaults["JobQueueName"], "live2-job-queue")
        self.assertEqual(defaults["JobDefinitionName"], "live2-simulation")
        self.assertEqual(defaults["BucketName"], "live2-artifacts")

    def test_all_that_waits_costs_nothing(self):
        types = {one["Type"] for one in template()["Resources"].values()}
        self.assertFalse(types & {"AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::Instance"})
        machines = template()["Resources"]["Ec2Environment"]["Properties"]["ComputeResources"]
        self.assertEqual(machines["MinvCpus"], 0)

    def test_the_bucket_is_nobody_elses_and_sweeps_what_broke_off(self):
        bucket = template()["Resources"]["Bucket"]
        self.assertEqual(bucket["DeletionPolicy"], "Retain", "results outlive the stack")
        block = bucket["Properties"]["PublicAccessBlockConfiguration"]
        self.assertEqual([*block.values()], [True] * 4)
        sweep, *_ = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
        self.assertEqual(sweep["Status"], "Enabled")
        self.assertEqual(sweep["AbortIncompleteMultipartUpload"], {"DaysAfterInitiation": 7})
        self.assertNotIn("Prefix", sweep)

    def test_alarms_are_told_to_the_topic(self):
        alarms = alarms_of(template())
        self.assertCountEqual(alarms, ["FailedJobs", "StuckJobs", "DeadLetters"])
        for name, alarm in alarms.items():
            self.assertEqual(alarm["AlarmActions"], [{"Ref": "Alarms"}], name)
            self.assertEqual(alarm["TreatMissingData"], "notBreaching", name)


class Created(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        aws = cls.enterClassContext(Emulator())
        cls.stack = Stack(aws, AlarmEmail="operator@example.org", SupabaseKeySecret=SECRET)

    def client(self, service):
        return self.stack.aws.client(service)

    def test_whatever_moto_knows_is_there(self):
        self.assertEqual(self.stack.description["StackStatus"], "CREATE_COMPLETE")
        expected = {one["Type"] for one in template()["Resources"].values()}
        self.assertEqual(expected - self.stack.types(), NOT_IN_MOTO)

    def test_the_outputs_are_an_environment_file(self):
        environment = self.stack.environment
        self.assertEqual(environment.pop("BATCHWAY_EVENTS_QUEUE_URL")[:8], "https://")
        self.assertEqual(
            environment,
            {
                "AWS_REGION": "eu-central-1",
                "AWS_BATCH_JOB_QUEUE": "live2-job-queue",
                "AWS_BATCH_JOB_DEFINITION": "live2-simulation",
                "AWS_S3_BUCKET": "live2-artifacts",
                "ENV": "prod",
            },
        )

    def test_queues_lead_to_machines_that_begin_at_none(self):
        batch = self.client("batch")
        environments = {
            one["computeEnvironmentArn"]: one["computeResources"]
            for one in batch.describe_compute_environments()["computeEnvironments"]
        }
        queues = batch.describe_job_queues()["jobQueues"]
        types = {
            queue["jobQueueName"]: environments[
                queue["computeEnvironmentOrder"][0]["computeEnvironment"]
            ]["type"]
            for queue in queues
        }
        self.assertEqual(
            types, {"live2-job-queue": "FARGATE_SPOT", "live2-job-queue-ec2": "SPOT"}
        )
        for one in environments.values():
            self.assertEqual(one.get("minvCpus", 0), 0)
            self.assertEqual(len(one["subnets"]), 2)

    def test_a_definition_runs_the_repositorys_image_under_the_job_role(self):
        definitions = self.client("batch").describe_job_definitions()["jobDefinitions"]
        names = [one["jobDefinitionName"] for one in definitions]
        self.assertCountEqual(names, ["live2-simulation", "live2-simulation-ec2"])
        for one in definitions:
            container = one["containerProperties"]
            self.assertEqual(container["image"], f"{self.stack.outputs['RepositoryUri']}:1")
            self.assertEqual(container["jobRoleArn"], self.stack.outputs["JobRoleArn"])
            self.assertEqual(container["secrets"], [{"name": "SUPABASE_KEY", "valueFrom": SECRET}])
            self.assertEqual(container["environment"], [], "secrets are not written out")

    def test_an_event_of_aws_batch_reaches_the_gateways_queue(self):
        self.put_event("Batch Job State Change", "live2-job-queue", status="RUNNING")
        self.put_event("Batch Job State Change", "somebody-elses", status="RUNNING")
        url = self.stack.environment["BATCHWAY_EVENTS_QUEUE_URL"]
        got = self.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        self.assertEqual(len(got.get("Messages", [])), 1, got)
        self.assertIn("live2-job-queue", got["Messages"][0]["Body"])

    def test_what_can_not_be_read_ten_times_is_put_aside(self):
        attributes = self.client("sqs").get_queue_attributes(
            QueueUrl=self.stack.environment["BATCHWAY_EVENTS_QUEUE_URL"],
            AttributeNames=["RedrivePolicy"],
        )["Attributes"]
        self.assertIn('"maxReceiveCount": 10', attributes["RedrivePolicy"])
        self.assertIn("live2-events-dead", attributes["RedrivePolicy"])

    def test_what_failed_by_itself_is_counted_and_what_the_gateway_stopped_is_not(self):
        change, blocked = "Batch Job State Change", "Batch Job Queue Blocked"
        ours = "live2-job-queue"
        for kind, queue, status, reason in [
            (change, ours, "FAILED", {"statusReason": "Essential container in task exited"}),
            (change, ours, "FAILED", {}),
            (change, ours, "FAILED", {"statusReason": "Batchway: cancelled by its owner"}),
            (change, ours, "SUCCEEDED", {}),
            (change, "somebody-elses", "FAILED", {"statusReason": "no"}),
            (blocked, ours, "RUNNABLE", {"statusReason": "CAPACITY:INSUFFICIENT"}),
        ]:
            self.put_event(kind, queue, status=status, **reason)
        logged = self.client("logs").filter_log_events(logGroupName="/aws/events/live2-alarms")
        events = [json.loads(one["message"]) for one in logged["events"]]
        counted = [(one["detail-type"], one["detail"].get("statusReason")) for one in events]
        self.assertCountEqual(
            counted,
            [
                (change, "Essential container in task exited"),
                (change, None),
                (blocked, "CAPACITY:INSUFFICIENT"),
            ],
        )

    def test_alarms_are_sent_by_mail(self):
        topic = self.stack.outputs["AlarmTopic"]
        listed = self.client("sns").list_subscriptions_by_topic(TopicArn=topic)
        self.assertEqual(
            [one["Endpoint"] for one in listed["Subscriptions"]], ["operator@example.org"]
        )

    def put_event(self, kind, queue, **detail):
        arn = f"arn:aws:batch:eu-central-1:123456789012:job-queue/{queue}"
        detail = {"jobQueue": arn, "jobId": "1", "jobName": "bw-live2-job_1-1", **detail}
        self.client("events").put_events(
            Entries=[{"Source": "aws.batch", "DetailType": kind, "Detail": json.dumps(detail)}]
        )


class InANetworkOfOnesOwn(unittest.TestCase):
    def test_jobs_run_in_its_subnets_and_no_other_is_made(self):
        with Emulator() as aws:
            ec2 = aws.client("ec2")
            subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]]
            vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
            Stack(aws, VpcId=vpc, SubnetIds=",".join(subnets), Ec2="no")
            environments = aws.client("batch").describe_compute_environments()
            [only] = environments["computeEnvironments"]
            self.assertEqual(only["computeResources"]["subnets"], subnets)
            self.assertEqual(len(ec2.describe_vpcs()["Vpcs"]), 1)


def alarms_of(template):
    return {
        name: one["Properties"]
        for name, one in template["Resources"].items()
        if one["Type"] == "AWS::CloudWatch::Alarm"
    }


if __name__ == "__main__":
    unittest.main()
