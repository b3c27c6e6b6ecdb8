"""A gateway as docs/deployment.md starts it, and what a client asks of it."""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(os.environ.get("BATCHWAY_TEST_BIN_DIR", ROOT / "target/debug"))
USER = "user123"
START_LIMIT = 60


class Gateway:
    """`batchway serve` with these variables and no others, on a port that containers reach."""

    def __init__(self, environment):
        self._folder = tempfile.TemporaryDirectory(prefix="batchway-infra-")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._environment = {
            "PATH": os.environ["PATH"],
            "BATCHWAY_LISTEN": f"0.0.0.0:{port}",
            "BATCHWAY_PUBLIC_URL": f"http://host.docker.internal:{port}",
            "BATCHWAY_DATA_DIR": self._folder.name,
            **environment,
        }
        self._log = open(Path(self._folder.name) / "log", "w+b")
        self._process = self._start("serve", stderr=self._log)
        wait_for("the gateway", START_LIMIT, self._is_ready)
        self._key = self._start("keys", "create", "--user", USER, stdout=subprocess.PIPE)
        self._key = self._key.communicate()[0].decode().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(30)
        self._log.close()
        self._folder.cleanup()

    def get(self, path):
        return self._ask("GET", path)

    def post(self, path, body=None):
        return self._ask("POST", path, body or {})

    def log(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def _start(self, *arguments, **pipes):
        return subprocess.Popen(
            [PROGRAMS / "batchway", *arguments],
            env=self._environment,
            cwd=self._folder.name,
            **pipes,
        )

    def _is_ready(self):
        if self._process.poll() is not None:
            raise AssertionError(f"the gateway ended:\n{self.log()}")
        try:
            return urllib.request.urlopen(f"{self.url}/readyz").status == 200
        except OSError:
            return False

    def _ask(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def wait_for(what, limit, is_there):
    """What `is_there` answers once that is true; it is asked again and again for `limit` seconds."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if found := is_there():
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {limit} s for {what}")


def free_port():
    """Containers must know the port before the gateway listens on it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
