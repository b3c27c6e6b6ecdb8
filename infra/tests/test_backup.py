"""Backup and restore as docs/deployment.md has them, command by command."""

import contextlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest
import urllib.request
from pathlib import Path

from gateway import Gateway, free_port, wait_for

PASSWORD = "a-password-of-the-tests"
START_LIMIT = 30


class Sqlite(unittest.TestCase):
    def test_a_copy_that_is_made_while_the_gateway_runs_has_jobs_keys_and_results(self):
        with folders("data", "backup", "restored") as (data, backup, restored):
            with Gateway({"BATCHWAY_DATA_DIR": str(data)}) as gateway:
                job = gateway.run_simulation()
                sqlite3_backup(data / "batchway.sqlite3", backup / "batchway.sqlite3")
                shutil.copy2(data / "secret", backup)
                shutil.copytree(data / "artifacts", backup / "artifacts")

            shutil.copytree(backup, restored, dirs_exist_ok=True)
            with Gateway({"BATCHWAY_DATA_DIR": str(restored)}, gateway.key) as gateway:
                self.assertEqual(results_of(gateway, job), b"\x89HDF")
                self.assertEqual(gateway.run_simulation()["status"], "completed")


class Redis(unittest.TestCase):
    def test_a_snapshot_over_the_network_is_restored_into_an_append_only_file(self):
        with folders("server", "restored") as (server, restored):
            with RedisServer(server) as redis, Gateway(redis.environment) as gateway:
                job = gateway.run_simulation()
                redis.command("--rdb", str(restored / "dump.rdb"))
                secret = gateway.secret()

            # With an append-only file Redis reads no snapshot: it would begin empty.
            with RedisServer(restored, "--appendonly", "no") as redis:
                redis.command("config", "set", "appendonly", "yes")
                wait_for("the append-only file", START_LIMIT, redis.has_rewritten)
            with RedisServer(restored) as redis:
                variables = {**redis.environment, "BATCHWAY_SECRET": secret}
                with Gateway(variables, gateway.key) as later:
                    restored_job = later.get(f"/api/v1/jobs/{job['job_id']}")
                    self.assertEqual(restored_job["status"], "completed")

    def test_the_append_only_file_is_copied_while_redis_runs(self):
        with folders("server", "restored") as (server, restored):
            with RedisServer(server) as redis, Gateway(redis.environment) as gateway:
                job = gateway.run_simulation()
                redis.command("config", "set", "auto-aof-rewrite-percentage", "0")
                wait_for("no rewriting", START_LIMIT, redis.is_not_rewriting)
                shutil.copytree(server / "appendonlydir", restored / "appendonlydir")
                redis.command("config", "set", "auto-aof-rewrite-percentage", "100")
                secret = gateway.secret()

            with RedisServer(restored) as redis:
                variables = {**redis.environment, "BATCHWAY_SECRET": secret}
                with Gateway(variables, gateway.key) as later:
                    restored_job = later.get(f"/api/v1/jobs/{job['job_id']}")
                    self.assertEqual(restored_job["status"], "completed")


class RedisServer:
    """As infra/compose.yaml has it, in a folder."""

    def __init__(self, folder, *options):
        self.port = free_port()
        settings = ["--appendonly", "yes", "--appendfsync", "always", "--requirepass", PASSWORD]
        place = ["--port", str(self.port), "--dir", str(folder), "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(
            ["redis-server", *settings, *place, *options], stdout=subprocess.DEVNULL
        )
        wait_for("Redis", START_LIMIT, lambda: "PONG" in self.command("ping"))

    environment = property(
        lambda self: {
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.port),
            "REDIS_PASSWORD": PASSWORD,
        }
    )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(START_LIMIT)

    def command(self, *words):
        said = subprocess.run(
            ["redis-cli", "-p", str(self.port), *words],
            env={"REDISCLI_AUTH": PASSWORD, "PATH": "/usr/local/bin:/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )
        return said.stdout

    def is_not_rewriting(self):
        return "aof_rewrite_in_progress:0" in self.command("info", "persistence")

    def has_rewritten(self):
        state = self.command("info", "persistence")
        is_done = self.is_not_rewriting() and "aof_rewrite_scheduled:0" in state
        return is_done and "aof_enabled:1" in state


def sqlite3_backup(source, destination):
    """What `sqlite3 SOURCE ".backup DESTINATION"` does."""
    with contextlib.closing(sqlite3.connect(source)) as running:
        with contextlib.closing(sqlite3.connect(destination)) as copy:
            running.backup(copy)


def results_of(gateway, job):
    """The first bytes of a job's main result."""
    link = gateway.get(f"/api/v1/jobs/{job['job_id']}")["result_url"]
    # The link is for whoever reaches the gateway as containers do.
    path = link.partition("//")[2].partition("/")[2]
    with urllib.request.urlopen(f"{gateway.url}/{path}") as results:
        return results.read(4)


@contextlib.contextmanager
def folders(*names):
    with tempfile.TemporaryDirectory(prefix="batchway-infra-") as folder:
        paths = [Path(folder) / name for name in names]
        for path in paths:
            path.mkdir()
        yield paths
