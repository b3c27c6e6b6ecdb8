"""Python SDK of Batchway, an HTTP gateway that runs long jobs.

Operations (`batchway.api`) and types (`batchway.models`) are generated from the gateway's OpenAPI
document. Besides them there is what makes them pleasant: `connect`, `expect`, `wait_until_ended`.
"""

from .client import AuthenticatedClient
from .connection import connect
from .problems import ProblemError, expect
from .waiting import has_ended, wait_until_ended

__all__ = (
    "AuthenticatedClient",
    "ProblemError",
    "connect",
    "expect",
    "has_ended",
    "wait_until_ended",
)
