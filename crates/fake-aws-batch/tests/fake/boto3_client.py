"""Uses AWS Batch as a program written with boto3 does. Ends with a status other than 0 where
something is not as AWS Batch would have it."""

import sys
import time

import boto3
from botocore.exceptions import ClientError

queue, definition = sys.argv[1:]
batch = boto3.client("batch")
logs = boto3.client("logs")


def submit(name, script):
    answer = batch.submit_job(
        jobName=name,
        jobQueue=queue,
        jobDefinition=definition,
        containerOverrides={
            "command": ["/bin/sh", "-c", script],
            "environment": [{"name": "GREETING", "value": "hello"}],
        },
        tags={"owner": "ada"},
    )
    assert answer["jobName"] == name
    return answer["jobId"]


def until(job_id, *statuses):
    while True:
        (job,) = batch.describe_jobs(jobs=[job_id])["jobs"]
        if job["status"] in statuses:
            return job
        time.sleep(0.05)


# It runs, and what it wrote can be read.
greets = submit("greets", "echo $GREETING; exit 3")
job = until(greets, "SUCCEEDED", "FAILED")
assert job["status"] == "FAILED", job
assert job["container"]["exitCode"] == 3, job
assert job["attempts"][0]["container"]["exitCode"] == 3, job
assert job["tags"] == {"owner": "ada"}, job
events = logs.get_log_events(
    logGroupName="/aws/batch/job",
    logStreamName=job["container"]["logStreamName"],
    startFromHead=True,
)["events"]
assert [event["message"] for event in events] == ["hello"], events

# It is found, by its status and by its name.
runs = submit("runs", "exec sleep 100")
until(runs, "RUNNING")
listed = batch.list_jobs(jobQueue=queue)["jobSummaryList"]
assert [one["jobId"] for one in listed] == [runs], listed
pages = batch.get_paginator("list_jobs").paginate(
    jobQueue=queue, filters=[{"name": "JOB_NAME", "values": ["GREETS"]}]
)
assert [one["jobId"] for page in pages for one in page["jobSummaryList"]] == [greets]

# Cancelling does nothing to what runs, and says nothing of it; terminating does.
batch.cancel_job(jobId=runs, reason="too late")
assert until(runs, "RUNNING", "FAILED")["status"] == "RUNNING"
batch.terminate_job(jobId=runs, reason="enough")
job = until(runs, "FAILED")
assert (job["isTerminated"], job["statusReason"]) == (True, "enough"), job

# Errors are of the types that the client knows.
try:
    batch.submit_job(jobName="x", jobQueue="none", jobDefinition=definition)
    raise AssertionError("there is no such queue")
except batch.exceptions.ClientException as error:
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
try:
    batch.list_jobs()
    raise AssertionError("of which queue?")
except ClientError as error:
    assert error.response["Error"]["Code"] == "ClientException", error

print("all is well")
