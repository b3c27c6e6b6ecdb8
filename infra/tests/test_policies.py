"""The policies allow what the code calls, on what is ours, and nothing else.

`test_job` proves the same the other way round: a job runs under them.
"""

import unittest

import calls
from botocore.exceptions import ClientError
from emulator import Emulator, arn, parsed
from policies import Call, actions_of, allows
from stack import Stack

BUCKET = "arn:aws:s3:::live2-artifacts"
JOB = arn("batch", "job/0f4b2c7e")
OURS = {"aws:ResourceTag/batchway:deployment": "9c6fb3d7"}
TAGS = {"aws:TagKeys": ["batchway:deployment", "batchway:job"]}
LOG = arn("logs", "log-group:/batchway/live2/jobs:log-stream:job/default/1")
EVENTS = arn("sqs", "live2-events")

# What the code calls, on what the stack made.
OF_SERVICE = [
    Call("batch:SubmitJob", arn("batch", "job-queue/live2-job-queue")),
    Call("batch:SubmitJob", arn("batch", "job-queue/live2-job-queue-ec2")),
    Call("batch:SubmitJob", arn("batch", "job-definition/live2-simulation:7")),
    Call("batch:SubmitJob", arn("batch", "job-definition/live2-simulation-ec2:1")),
    Call("batch:TagResource", arn("batch", "job-queue/live2-job-queue"), TAGS),
    Call("batch:TagResource", arn("batch", "job-definition/live2-simulation:7"), TAGS),
    Call("batch:TagResource", JOB, TAGS),
    Call("batch:TerminateJob", JOB, OURS),
    Call("batch:DescribeJobs"),
    Call("batch:ListJobs"),
    Call("batch:DescribeJobQueues"),
    Call("batch:DescribeJobDefinitions"),
    Call("batch:DescribeComputeEnvironments"),
    Call("logs:GetLogEvents", LOG),
    Call("sqs:ReceiveMessage", EVENTS),
    Call("sqs:DeleteMessage", EVENTS),
    Call("sqs:GetQueueAttributes", EVENTS),
]
ON_ARTIFACTS = [
    Call("s3:ListBucket", BUCKET),
    Call("s3:GetObject", f"{BUCKET}/prod/user123/job_1/results.h5"),
    Call("s3:PutObject", f"{BUCKET}/prod/user123/job_1/_batchway/gate"),
    Call("s3:DeleteObject", f"{BUCKET}/prod/user123/job_1/_batchway/checkpoint"),
    Call("s3:AbortMultipartUpload", f"{BUCKET}/prod/user123/job_1/results.h5"),
    Call("s3:ListMultipartUploadParts", f"{BUCKET}/prod/user123/job_1/results.h5"),
]
# Near by, and nobody's business.
REFUSED_TO_ALL = [
    Call("s3:GetObject", f"{BUCKET}/staging/user123/job_1/results.h5"),
    Call("s3:PutObject", f"{BUCKET}/production/user123/job_1/results.h5"),
    Call("s3:GetObject", "arn:aws:s3:::live2-artifacts-of-others/prod/a"),
    Call("s3:ListBucket", "arn:aws:s3:::live2-artifacts-of-others"),
    Call("s3:ListAllMyBuckets"),
    Call("s3:DeleteBucket", BUCKET),
    Call("s3:PutBucketPolicy", BUCKET),
    Call("s3:PutLifecycleConfiguration", BUCKET),
    Call("s3:PutObjectAcl", f"{BUCKET}/prod/user123/job_1/results.h5"),
    Call("iam:CreateAccessKey", "arn:aws:iam::123456789012:user/live2-service"),
    Call("iam:PassRole", "arn:aws:iam::123456789012:role/live2-job"),
    Call("iam:AttachUserPolicy", "arn:aws:iam::123456789012:user/live2-service"),
    Call("sts:AssumeRole", "arn:aws:iam::123456789012:role/live2-job"),
    Call("batch:SubmitJob", arn("batch", "job-queue/somebody-elses")),
    Call("batch:SubmitJob", arn("batch", "job-queue/live2-job-queue-2")),
    Call("batch:SubmitJob", arn("batch", "job-definition/somebody-elses:1")),
    Call("batch:TerminateJob", JOB),
    Call("batch:TerminateJob", JOB, {"aws:ResourceTag/team": "others"}),
    Call("batch:CancelJob", JOB, OURS),
    Call("batch:TagResource", JOB, {"aws:TagKeys": ["batchway:job", "cost-centre"]}),
    Call("batch:UntagResource", JOB),
    Call("batch:RegisterJobDefinition", arn("batch", "job-definition/live2-simulation")),
    Call("batch:DeregisterJobDefinition", arn("batch", "job-definition/live2-simulation:7")),
    Call("batch:UpdateJobQueue", arn("batch", "job-queue/live2-job-queue")),
    Call("logs:GetLogEvents", arn("logs", "log-group:/aws/lambda/others:log-stream:1")),
    Call("logs:DeleteLogGroup", arn("logs", "log-group:/batchway/live2/jobs")),
    Call("sqs:SendMessage", EVENTS),
    Call("sqs:PurgeQueue", EVENTS),
    Call("sqs:ReceiveMessage", arn("sqs", "live2-events-dead")),
    Call("ec2:RunInstances"),
]


class Documents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        aws = cls.enterClassContext(Emulator())
        Stack(aws)
        iam = aws.client("iam")
        user = iam.list_attached_user_policies(UserName="live2-service")["AttachedPolicies"]
        arns = [one["PolicyArn"] for one in user]
        cls.service = [
            iam.get_policy_version(PolicyArn=one, VersionId="v1")["PolicyVersion"]["Document"]
            for one in arns
        ]
        cls.job, cls.execution = (
            [parsed(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])]
            for role, name in [("live2-job", "artifacts"), ("live2-execution", "start-containers")]
        )

    def test_the_service_may_what_the_code_calls_and_nothing_else(self):
        self.assertEqual(actions_of(self.service), calls.actions())

    def test_each_of_its_calls_is_allowed_on_what_is_ours(self):
        tried = OF_SERVICE + ON_ARTIFACTS
        self.assertEqual(actions_of(self.service), {call.action for call in tried})
        self.assert_all(self.service, tried, allowed=True)

    def test_a_job_may_what_its_runner_calls(self):
        of_s3 = {action for action in calls.actions() if action.startswith("s3:")}
        self.assertEqual(actions_of(self.job), of_s3)
        self.assert_all(self.job, ON_ARTIFACTS, allowed=True)

    def test_all_else_is_refused_to_the_service(self):
        self.assert_all(self.service, REFUSED_TO_ALL, allowed=False)

    def test_all_else_is_refused_to_a_job(self):
        self.assert_all(self.job, OF_SERVICE + REFUSED_TO_ALL, allowed=False)

    def test_a_container_is_started_from_the_repository_and_writes_its_log(self):
        repository = arn("ecr", "repository/live2-simulation")
        needed = [
            Call("ecr:GetAuthorizationToken"),
            Call("ecr:BatchGetImage", repository),
            Call("ecr:GetDownloadUrlForLayer", repository),
            Call("logs:CreateLogStream", LOG),
            Call("logs:PutLogEvents", LOG),
        ]
        others = [
            Call("ecr:BatchGetImage", arn("ecr", "repository/others")),
            Call("ecr:PutImage", repository),
            Call("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:others")),
            *ON_ARTIFACTS,
        ]
        self.assert_all(self.execution, needed, allowed=True)
        self.assert_all(self.execution, others, allowed=False)

    def assert_all(self, documents, tried, allowed):
        for call in tried:
            with self.subTest(call.action, on=call.resource, context=call.context):
                self.assertEqual(allows(documents, call), allowed)


class Requests(unittest.TestCase):
    """The same by real requests, with the keys that IAM and STS give."""

    @classmethod
    def setUpClass(cls):
        cls.aws = cls.enterClassContext(Emulator())
        stack = Stack(cls.aws)
        cls.credentials = {
            "operator": None,
            "service": stack.key_of_service(),
            "job": stack.session_of_job(),
        }

    def client(self, who, service):
        return self.aws.client(service, self.credentials[who])

    def test_a_job_writes_below_its_environment_and_nowhere_else(self):
        s3 = self.client("job", "s3")
        s3.put_object(Bucket="live2-artifacts", Key="prod/me/job_1/a", Body=b"1")
        self.assertEqual(
            s3.list_objects_v2(Bucket="live2-artifacts", Prefix="prod/")["KeyCount"], 1
        )
        self.assert_refused(
            s3.put_object, Bucket="live2-artifacts", Key="staging/me/job_1/a", Body=b"1"
        )
        self.client("operator", "s3").create_bucket(
            Bucket="others", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        self.assert_refused(s3.put_object, Bucket="others", Key="prod/a", Body=b"1")
        self.assert_refused(s3.delete_bucket, Bucket="live2-artifacts")

    def test_a_job_starts_no_jobs_and_reads_no_events(self):
        self.assert_refused(
            self.client("job", "batch").submit_job,
            jobName="theirs",
            jobQueue="live2-job-queue",
            jobDefinition="live2-simulation",
        )
        self.assert_refused(self.client("job", "sqs").receive_message, QueueUrl=self.events())

    def test_the_service_stops_no_jobs_of_others(self):
        somebody_elses = self.client("operator", "batch").submit_job(
            jobName="theirs", jobQueue="live2-job-queue", jobDefinition="live2-simulation"
        )
        batch = self.client("service", "batch")
        self.assertEqual(len(batch.describe_jobs(jobs=[somebody_elses["jobId"]])["jobs"]), 1)
        self.assert_refused(batch.terminate_job, jobId=somebody_elses["jobId"], reason="no")

    def test_the_service_changes_nothing_that_the_stack_made(self):
        batch, iam = self.client("service", "batch"), self.client("service", "iam")
        self.assert_refused(batch.deregister_job_definition, jobDefinition="live2-simulation:1")
        self.assert_refused(batch.update_job_queue, jobQueue="live2-job-queue", state="DISABLED")
        self.assert_refused(iam.create_access_key, UserName="live2-service")
        self.assert_refused(self.client("service", "sqs").purge_queue, QueueUrl=self.events())

    def events(self):
        return self.client("operator", "sqs").get_queue_url(QueueName="live2-events")["QueueUrl"]

    def assert_refused(self, call, **arguments):
        with self.assertRaises(ClientError) as refused:
            call(**arguments)
        self.assertIn("AccessDenied", refused.exception.response["Error"]["Code"])
