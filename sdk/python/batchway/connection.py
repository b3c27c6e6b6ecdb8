"""How a client comes to be: its gateway and its key."""

import httpx

from .client import AuthenticatedClient

# Longer than the longest wait that the gateway offers.
_TIMEOUT = httpx.Timeout(90, connect=10)


class _Client(AuthenticatedClient):
    def __repr__(self) -> str:
        """Without the key, which would end up in logs."""
        return f"<client of {self._base_url}>"


def connect(url: str, api_key: str) -> AuthenticatedClient:
    """A client of the gateway at a URL, such as `http://127.0.0.1:8000`, with an API key.

    Give it to each operation: `get_job.sync(job_id, client=client)`. It keeps connections: make
    one, use it as a context manager, and it closes them. Redirects are not followed.
    """
    return _Client(
        base_url=url.rstrip("/"),
        token=api_key,
        timeout=_TIMEOUT,
        raise_on_unexpected_status=True,
    )
