"""Which operations of AWS the code calls, read from the code, and what each asks of IAM."""

import re
from functools import cache
from pathlib import Path

from botocore import xform_name
from botocore.loaders import Loader

CRATES = Path(__file__).parents[2] / "crates"

# The adapters of each service. Tests and fakes call more, and need no rights.
ADAPTERS = {
    "batch": ["compute-aws-batch"],
    "logs": ["compute-aws-batch"],
    "s3": ["artifact-store-s3"],
    "sqs": ["event-feed-sqs"],
}

# Where the action has another name than the operation.
ACTIONS = {
    "batch:SubmitJob": ["batch:SubmitJob", "batch:TagResource"],
    "s3:AbortMultipartUpload": ["s3:AbortMultipartUpload"],
    "s3:CompleteMultipartUpload": ["s3:PutObject"],
    "s3:CreateMultipartUpload": ["s3:PutObject"],
    "s3:HeadBucket": ["s3:ListBucket"],
    "s3:HeadObject": ["s3:GetObject"],
    "s3:ListObjectsV2": ["s3:ListBucket"],
    "s3:ListParts": ["s3:ListMultipartUploadParts"],
    "s3:UploadPart": ["s3:PutObject"],
    "sqs:DeleteMessageBatch": ["sqs:DeleteMessage"],
}


@cache
def operations():
    """Such as `batch:SubmitJob`, for every call of a client in the code."""
    return {
        f"{service}:{operation}"
        for service, crates in ADAPTERS.items()
        for operation in operations_of(service)
        for crate in crates
        if is_called(xform_name(operation), sources_of(crate))
    }


def actions():
    """What the code needs to be allowed."""
    return {
        action for operation in operations() for action in ACTIONS.get(operation, [operation])
    }


def operations_of(service):
    return Loader().load_service_model(service, "service-2")["operations"]


def is_called(method, source):
    """The clients' methods take no arguments: they begin a request."""
    return re.search(rf"\.{method}\(\)", source) is not None


@cache
def sources_of(crate):
    files = (CRATES / crate / "src").rglob("*.rs")
    texts = [file.read_text() for file in files if "tests" not in file.stem]
    return "\n".join(text.split("#[cfg(test)]")[0] for text in texts)
