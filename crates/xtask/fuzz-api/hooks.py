"""What no document can say that is the same for every gateway.

The document is read from the gateway under test. Where it leaves open what this one gateway
knows, it is narrowed, so that valid data is valid here too: which job types there are, where a
webhook may go, what was given out to callers. Nothing is widened, and no failure is let pass.
"""

import hashlib
import itertools
import json
import re

import schemathesis

with open("known.json", encoding="utf-8") as file:
    KNOWN = json.load(file)

LONG_WAIT = re.compile(r"0*([2-9]|[1-9][0-9]+)s?|0*[1-9]m")
LONGEST_KEY = 255

# The last cursor that was given out, by operation and job.
CURSORS = {}

# A delivery that was listed, by job.
DELIVERIES = dict(KNOWN["deliveries"])

NUMBERS = itertools.count()


@schemathesis.hook
def before_load_schema(context, raw_schema):
    schemas = raw_schema["components"]["schemas"]
    schemas["SubmitJobRequest"] = {
        "oneOf": [request_for(kind, schemas["SubmitJobRequest"]) for kind in KNOWN["job_types"]]
    }
    for operation in operations(raw_schema):
        for parameter in operation.get("parameters", []):
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
        "enum": [KNOWN["webhook_url"], None],
        "nullable": True,
    }
    return {**request, "properties": properties}


@schemathesis.hook
def before_call(context, case, kwargs):
    # A minute in which nothing happens finds nothing.
    wait = (case.query or {}).get("wait")
    if isinstance(wait, str) and LONG_WAIT.fullmatch(wait):
        case.query["wait"] = "1s"
    if is_positive(case):
        if "cursor" in (case.query or {}):
            take_a_given_cursor(case)
        # No schema can say how often a job was started: once at least.
        if "attempt" in (case.query or {}):
            case.query["attempt"] = 1
        if operation_id(case) == "submit_job":
            name_by_content(case)
        if operation_id(case) == "replay_webhook_delivery" and next(NUMBERS) % 4:
            take_a_listed_delivery(case)


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code == 200 and operation_id(case) in ("list_jobs", "read_logs"):
        cursor = response.json().get("next_cursor")
        if cursor is not None:
            CURSORS[place(case)] = cursor
    if response.status_code == 200 and operation_id(case) == "list_webhook_deliveries":
        for delivery in response.json()["deliveries"]:
            DELIVERIES[response.json()["job_id"]] = delivery["delivery_id"]


def operation_id(case):
    return case.operation.definition.raw.get("operationId")


def place(case):
    return operation_id(case), (case.path_parameters or {}).get("job_id")


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


def take_a_given_cursor(case):
    """No schema can say which cursors were given out, nor that one says where to begin, so that
    nothing else may."""
    del case.query["cursor"]
    cursor = CURSORS.get(place(case))
    if cursor is not None:
        case.query["cursor"] = cursor
        for other in ("tail", "attempt"):
            case.query.pop(other, None)


def take_a_listed_delivery(case):
    """No schema can say which delivery is which job's. One in four asks for what there is not."""
    job_id = case.path_parameters["job_id"]
    if job_id not in DELIVERIES:
        job_id = next(reversed(DELIVERIES))
    case.path_parameters["job_id"] = job_id
    case.path_parameters["delivery_id"] = DELIVERIES[job_id]


def name_by_content(case):
    """No schema can say that an idempotency key stands for one request, and is the same in the
    header and in the body: the request becomes a part of its key.

    In a chain its number does. A request that starts a job the first time and is a replay the
    next leads elsewhere each time: Hypothesis would call the chain flaky, and end the phase."""
    headers = case.headers or {}
    key = case.body.get("idempotency_key") or headers.get("Idempotency-Key")
    if key is None:
        return
    ending = f"#{next(NUMBERS)}" if is_in_chain(case) else digest_of(case.body)
    key = key[: LONGEST_KEY - len(ending)] + ending
    if case.body.get("idempotency_key") is not None:
        case.body["idempotency_key"] = key
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = key


def is_in_chain(case):
    return case.meta.phase.name.value == "stateful"


def digest_of(body):
    request = {name: value for name, value in body.items() if name != "idempotency_key"}
    content = json.dumps(request, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:16]
