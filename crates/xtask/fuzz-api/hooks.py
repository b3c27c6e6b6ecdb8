"""What no document can say that is the same for every gateway.

The document is read from the gateway under test. Where it leaves open what this one gateway
knows, it is narrowed, so that valid data is valid here too: which job types there are, which
cursors were given out, where a webhook may go. Nothing is widened.
"""

import json
import re

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData

with open("known.json", encoding="utf-8") as file:
    KNOWN = json.load(file)

LONG_WAIT = re.compile(r"0*([2-9]|[1-9][0-9]+)s?|0*[1-9]m")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    schemas = raw_schema["components"]["schemas"]
    schemas["SubmitJobRequest"] = {
        "oneOf": [request_for(kind, schemas["SubmitJobRequest"]) for kind in KNOWN["job_types"]]
    }
    for operation in operations(raw_schema):
        for parameter in operation.get("parameters", []):
            if parameter["name"] == "cursor" and operation["operationId"] == "list_jobs":
                parameter["schema"] = {"type": "string", "enum": KNOWN["cursors"]}
            if parameter["name"] == "job_id":
                parameter.pop("example", None)
                parameter["examples"] = {
                    status: {"value": job_id} for status, job_id in KNOWN["jobs"].items()
                }
        if operation["operationId"] == "report_progress":
            body = operation["requestBody"]["content"]["application/json"]
            body.pop("examples", None)
            body["example"] = KNOWN["report"]


def operations(raw_schema):
    for item in raw_schema["paths"].values():
        for method in ("get", "post"):
            if method in item:
                yield item[method]


def request_for(kind, request):
    """A request for jobs of one type."""
    properties = dict(request["properties"])
    properties["job_type"] = {"type": "string", "enum": [kind["name"]]}
    properties["params"] = kind["params_schema"]
    properties["webhook_url"] = {
        "type": "string",
        "enum": [KNOWN["webhook_url"]],
        "nullable": True,
    }
    return {**request, "properties": properties}


@schemathesis.hook
def before_call(context, case, kwargs):
    # A minute in which nothing happens finds nothing.
    wait = (case.query or {}).get("wait")
    if isinstance(wait, str) and LONG_WAIT.fullmatch(wait):
        case.query["wait"] = "1s"
    # No schema can say that a header and a field must be equal where both are given.
    if is_positive(case) and isinstance(case.body, dict) and case.headers:
        key = case.body.get("idempotency_key")
        if key is not None and "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = key


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # No schema can say which keys were used before, and for what.
    is_refusal = isinstance(failure, RejectedPositiveData)
    return not (is_refusal and problem_of(response) == "idempotency-key-reused")


def problem_of(response):
    try:
        return response.json()["type"].rsplit("/", 1)[-1]
    except (ValueError, KeyError, TypeError):
        return None
