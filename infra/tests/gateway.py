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
ENDED = ("completed", "failed", "cancelled")


class Gateway:
    """`batchway serve` with these variables and no others, on a port that containers reach.

    With a key of an earlier one where the store has it already.
    """

    def __init__(self, environment, key=None):
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
        self.key = key or self._create_key()

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

    def secret(self):
        """What it signs with, where no variable says so."""
        return (Path(self._environment["BATCHWAY_DATA_DIR"]) / "secret").read_text().strip()

    def log(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def run_simulation(self, limit=60, **config):
        """A job, followed to its end."""
        config = {"num_particles": 100, "temperature": 300, "steps": 200, **config}
        params = {"simulation_config": {"mode": "open_chemistry", "config": config}}
        body = {"job_type": "run_simulation", "params": params}
        job = self.post("/api/v1/jobs", body)["job_id"]

        def end():
            seen = self.get(f"/api/v1/jobs/{job}?wait=2s")
            return seen if seen["status"] in ENDED else None

        return wait_for("the job to end", limit, end)

    def _create_key(self):
        created = self._start("keys", "create", "--user", USER, stdout=subprocess.PIPE)
        return created.communicate()[0].decode().strip()

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
            headers={
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def wait_for(what, limit, is_there):
    """What `is_there` answers once that is true, asked again and again for `limit` seconds."""
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
