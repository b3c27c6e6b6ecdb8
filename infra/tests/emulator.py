"""moto, with a gate in front that judges each request by the policies of whoever signs it.

moto knows few resources and no conditions of policies, so what a request asks of IAM is worked
out here, and `policies` answers. Signatures are not looked at: the key id says who asks.
"""

import io
import json
import threading
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

import boto3
import moto.batch.models as batch
import requests
import yaml
from botocore.loaders import Loader
from moto.batch.models import batch_backends
from moto.core.utils import unix_time_millis
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import s3_backends
from moto.sts.models import sts_backends
from werkzeug.serving import make_server

import policies
from policies import Call

ACCOUNT = "123456789012"
REGION = "eu-central-1"
# Whoever creates the stack: it may do everything.
OPERATOR = "operator"

# moto dates lines of logs in fractions of a millisecond, which no client can read.
batch.unix_time_millis = lambda moment=None: int(unix_time_millis(moment))


@dataclass
class Verdict:
    """What was decided about one call."""

    who: str
    call: Call
    is_allowed: bool


class Emulator:
    """An AWS on a port of its own, on all addresses, for containers to reach it."""

    def __init__(self):
        self.verdicts = []
        moto = DomainDispatcherApplication(create_backend_app)
        gate = Gate(moto, self.verdicts)
        self._server = make_server(
            "0.0.0.0", 0, gate, threaded=True, request_handler=QuietRequests
        )
        self.port = self._server.port
        self.url = f"http://127.0.0.1:{self.port}"
        self.url_in_containers = f"http://host.docker.internal:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        # What moto holds is one for the whole process.
        requests.post(f"{self.url}/moto-api/reset", timeout=60)

    def client(self, service, credentials=None):
        """A client of boto3: the operator's, or with a key as IAM or STS gave it."""
        credentials = credentials or {"AccessKeyId": OPERATOR, "SecretAccessKey": "none"}
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class QuietRequests(MotoRequestHandler):
    def log(self, *_):
        """One line a request would hide the tests."""


class Gate:
    """A WSGI application that asks before another one answers."""

    def __init__(self, application, verdicts):
        self.application = application
        self.verdicts = verdicts

    def __call__(self, environ, start_response):
        request = Request.of(environ)
        if request is None or request.key_id == OPERATOR:
            return self.application(environ, start_response)
        who, documents = policies_of(request.key_id)
        for call in calls_of(request):
            verdict = Verdict(who, call, policies.allows(documents, call))
            self.verdicts.append(verdict)
            if not verdict.is_allowed:
                return refuse(request, verdict, start_response)
        if is_part_of_no_upload(request):
            start_response("404 Not Found", [("content-type", "application/xml")])
            return [b"<Error><Code>NoSuchUpload</Code></Error>"]
        return self.application(environ, start_response)


@dataclass
class Request:
    service: str
    key_id: str
    method: str
    path: str
    query: dict
    target: str
    body: bytes

    @classmethod
    def of(cls, environ):
        """None for what is not signed, such as moto's own pages."""
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        signed = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0]
        scope = signed or query.get("X-Amz-Credential", [""])[0]
        if not scope:
            return None
        key_id, _, _, service, _ = scope.split("/")
        body = b""
        # Artifacts are large, and what is asked stands in method and path.
        if service != "s3":
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
        return cls(
            service=service,
            key_id=key_id,
            method=environ["REQUEST_METHOD"],
            path=unquote(environ["PATH_INFO"]),
            query=query,
            target=environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2],
            body=body,
        )


def policies_of(key_id):
    """The owner of a key, and the documents of its policies."""
    iam = iam_backends[ACCOUNT]["aws"]
    for user in iam.users.values():
        if any(key.access_key_id == key_id for key in user.access_keys):
            return user.name, documents_of(user)
    for session in sts_backends[ACCOUNT]["aws"].assumed_roles:
        if session.access_key_id == key_id:
            role = iam.get_role_by_arn(session.role_arn)
            return role.name, documents_of(role)
    return f"nobody ({key_id})", []


def documents_of(owner):
    managed = [policy.versions[-1].document for policy in owner.managed_policies.values()]
    return [parsed(one) for one in [*owner.policies.values(), *managed]]


def parsed(document):
    """moto keeps some as JSON and some as Python writes them; YAML has both."""
    return yaml.safe_load(document) if isinstance(document, str) else document


def calls_of(request):
    """What a request asks of IAM."""
    match request.service:
        case "batch":
            return calls_of_batch(request)
        case "s3":
            return [call_of_s3(request)]
        case "sqs":
            asked = json.loads(request.body)
            queue = asked["QueueUrl"].rpartition("/")[2]
            action = request.target.removesuffix("Batch")
            return [Call(f"sqs:{action}", arn("sqs", queue))]
        case "logs":
            asked = json.loads(request.body)
            stream = f"{asked.get('logGroupName')}:log-stream:{asked.get('logStreamName')}"
            return [Call(f"logs:{request.target}", arn("logs", f"log-group:{stream}"))]
        case service:
            asked = parse_qs(request.body.decode(errors="replace"))
            action = request.target or asked.get("Action", ["Unknown"])[0]
            # Anyone may ask who they are.
            if (service, action) == ("sts", "GetCallerIdentity"):
                return []
            return [Call(f"{service}:{action}")]


def calls_of_batch(request):
    action = BATCH_ACTIONS.get(request.path, "Unknown")
    if action == "SubmitJob":
        asked = json.loads(request.body)
        targets = [
            arn("batch", f"job-queue/{name_in(asked['jobQueue'])}"),
            arn("batch", f"job-definition/{name_in(asked['jobDefinition'])}"),
        ]
        calls = [Call("batch:SubmitJob", target) for target in targets]
        if asked.get("tags"):
            context = {"aws:TagKeys": list(asked["tags"])}
            tagged = [*targets, arn("batch", "job/unborn")]
            calls += [Call("batch:TagResource", target, context) for target in tagged]
        return calls
    if action in ("TerminateJob", "CancelJob"):
        job_id = json.loads(request.body)["jobId"]
        job = batch_backends[ACCOUNT][REGION].get_job_by_id(job_id)
        tags = job.describe().get("tags", {}) if job else {}
        context = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
        return [Call(f"batch:{action}", arn("batch", f"job/{job_id}"), context)]
    return [Call(f"batch:{action}")]


BATCH_ACTIONS = {
    operation["http"]["requestUri"]: name
    for name, operation in Loader().load_service_model("batch", "service-2")["operations"].items()
}

# By method, and by a word of the query where that changes what is asked.
S3_OBJECT_ACTIONS = {
    ("GET", "uploadId"): "ListMultipartUploadParts",
    ("GET", None): "GetObject",
    ("HEAD", None): "GetObject",
    ("PUT", None): "PutObject",
    ("POST", None): "PutObject",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("DELETE", None): "DeleteObject",
}
S3_BUCKET_ACTIONS = {
    ("HEAD", None): "ListBucket",
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("GET", "lifecycle"): "GetLifecycleConfiguration",
    ("GET", "policy"): "GetBucketPolicy",
    ("GET", "location"): "GetBucketLocation",
    ("GET", None): "ListBucket",
    ("PUT", "policy"): "PutBucketPolicy",
    ("PUT", "lifecycle"): "PutLifecycleConfiguration",
    ("PUT", None): "CreateBucket",
    ("DELETE", None): "DeleteBucket",
}


def call_of_s3(request):
    bucket, _, key = request.path.lstrip("/").partition("/")
    actions = S3_OBJECT_ACTIONS if key else S3_BUCKET_ACTIONS
    word = next((word for _, word in actions if word in request.query), None)
    action = actions.get((request.method, word)) or actions.get((request.method, None), "Unknown")
    return Call(f"s3:{action}", f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}")


def is_part_of_no_upload(request):
    """moto breaks down over it."""
    if request.service != "s3" or not {"partNumber", "uploadId"} <= request.query.keys():
        return False
    bucket = s3_backends[ACCOUNT]["aws"].buckets.get(request.path.split("/")[1])
    return bucket is not None and request.query["uploadId"][0] not in bucket.multiparts


def arn(service, resource):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def name_in(name_or_arn):
    return name_or_arn.rpartition("/")[2]


def refuse(request, verdict, start_response):
    message = f"{verdict.who} may not {verdict.call.action} on {verdict.call.resource}"
    if request.service in ("batch", "sqs", "logs"):
        headers = [
            ("content-type", "application/json"),
            ("x-amzn-errortype", "AccessDeniedException"),
        ]
        body = json.dumps({"__type": "AccessDeniedException", "message": message})
    else:
        headers = [("content-type", "application/xml")]
        error = f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>"
        is_s3 = request.service == "s3"
        body = error if is_s3 else f"<ErrorResponse>{error}</ErrorResponse>"
    start_response("403 Forbidden", headers)
    return [body.encode()]
