"""The images: small, not root, and at work as compose starts them."""

import json
import re
import unittest
import urllib.request
import uuid

import compose
import engine
from engine import docker
from gateway import ROOT, wait_for

GATEWAY = "batchway-infra-gateway:test"
JOB = "batchway-infra-runner:test"
PASSWORD = "a-password-of-the-tests"
START_LIMIT = 90
STOP_LIMIT = 20
MEBIBYTE = 1024 * 1024
# Of the programs: those of this build are not optimised, and smaller ones follow.
LARGEST_PROGRAMS = 150 * MEBIBYTE


def setUpModule():
    engine.build(GATEWAY, "gateway.Dockerfile", "batchway", "batchway-runner", "open-chemistry")
    engine.build(JOB, "job.Dockerfile", "batchway-runner", "open-chemistry")


class Images(unittest.TestCase):
    def test_nobody_is_root_in_them(self):
        for image, user in [(GATEWAY, "10001"), (JOB, "1000")]:
            said = docker("run", "--rm", "--entrypoint", "id", image, "-u")
            self.assertEqual(said, user, image)

    def test_they_hold_the_programs_and_little_else(self):
        base = size_of("debian:bookworm-slim")
        for image in (GATEWAY, JOB):
            self.assertLess(size_of(image) - base, LARGEST_PROGRAMS, image)

    def test_a_job_runs_in_its_image_without_aws(self):
        config = {"num_particles": 100, "temperature": 300, "steps": 100}
        params = {"simulation_config": {"mode": "open_chemistry", "config": config}}
        variables = {
            "JOB_ID": "job_0000000000000000000000000001",
            "USER_ID": "me",
            "ENV": "try",
            "JOB_PARAMS": json.dumps(params),
            "BATCHWAY_ARTIFACTS_DIR": "/tmp/artifacts",
        }
        options = [word for name, text in variables.items() for word in ("--env", f"{name}={text}")]
        name = f"batchway-infra-{uuid.uuid4().hex[:12]}"
        self.addCleanup(docker, "rm", "--force", name)
        docker("run", "--name", name, *options, JOB)
        self.assertIn("/results.h5", docker("diff", name))

    def test_what_compiles_them_has_all_that_the_sources_include(self):
        """Nobody compiles an image in the test run: it takes a quarter of an hour."""
        ignored = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines()]
        copied = copied_into("gateway.Dockerfile")
        self.assertLessEqual(copied, set(ignored))
        for source in ROOT.glob("crates/*/src/**/*.rs"):
            for path in re.findall(r'include_(?:str|bytes)!\("(\.\./[^"]+)"\)', source.read_text()):
                included = (source.parent / path).resolve().relative_to(ROOT)
                is_test_only = included.parts[0] == "infra"
                self.assertTrue(is_test_only or included.parts[0] in copied, (source, path))


class Compose(unittest.TestCase):
    """infra/compose.yaml, run by the engine alone: most have no compose."""

    def setUp(self):
        self.name = f"batchway-infra-{uuid.uuid4().hex[:12]}"
        self.volumes = {name: f"{self.name}-{name}" for name in ("gateway", "redis")}
        self.services = compose.services(
            {"REDIS_PASSWORD": PASSWORD, "GATEWAY_IMAGE": GATEWAY, "REDIS_IMAGE": "redis:7"}
        )
        docker("network", "create", self.name)
        self.addCleanup(docker, "network", "rm", self.name)
        for volume in self.volumes.values():
            docker("volume", "create", volume)
            self.addCleanup(docker, "volume", "rm", volume)

    def test_both_may_little(self):
        for name, service in self.services.items():
            self.assertTrue(service["read_only"], name)
            self.assertEqual(service["cap_drop"], ["ALL"], name)
            self.assertEqual(service["security_opt"], ["no-new-privileges:true"], name)
        self.assertEqual(self.services["redis"]["user"], "redis")
        self.assertNotIn("ports", self.services["redis"], "nobody but the gateway reaches it")
        for port in self.services["gateway"]["ports"]:
            self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_a_job_survives_the_restart_of_both(self):
        self.start_redis()
        # Its own command, only more often: nobody is to wait here.
        often = ["--health-interval", "1s"]
        self.start("gateway", *often, "--env", f"REDIS_PASSWORD={PASSWORD}")
        self.wait_until_healthy()
        create = ["batchway", "keys", "create", "--user", "me"]
        key = docker("exec", self.container("gateway"), *create)
        job = self.ask(key, "/api/v1/jobs", simulation())["job_id"]
        ended = wait_for("the job to end", START_LIMIT, lambda: self.if_completed(key, job))
        self.assertEqual(ended["status"], "completed", json.dumps(ended))

        for service in ("gateway", "redis"):
            docker("stop", "--time", STOP_LIMIT, self.container(service))
            status = docker("inspect", "--format", "{{.State.ExitCode}}", self.container(service))
            self.assertEqual(status, "0", f"{service} stops when told to")
        docker("start", self.container("redis"))
        docker("start", self.container("gateway"))
        self.wait_until_healthy()
        self.assertEqual(self.ask(key, f"/api/v1/jobs/{job}")["status"], "completed")

    def test_redis_asks_for_the_password_and_keeps_all_that_it_has(self):
        self.start_redis()
        redis = self.container("redis")
        self.assertIn("NOAUTH", docker("exec", redis, "redis-cli", "config", "get", "maxmemory"))
        for setting, value in [
            ("appendonly", "yes"),
            ("appendfsync", "always"),
            ("maxmemory-policy", "noeviction"),
        ]:
            said = docker(
                "exec", "--env", f"REDISCLI_AUTH={PASSWORD}", redis,
                "redis-cli", "config", "get", setting,
            )  # fmt: skip
            self.assertEqual(said.split(), [setting, value])
        self.assertNotIn(PASSWORD, docker("top", redis))

    def start_redis(self):
        # The image of the tests is Debian's Redis, whose volume has no owner of its own.
        volume = f"{self.volumes['redis']}:/data"
        own = ["--user", "root", "--volume", volume, "--entrypoint", "chown"]
        docker("run", "--rm", *own, "redis:7", "redis:redis", "/data")
        self.start("redis")
        health = compose.health_command(self.services["redis"])
        container = self.container("redis")
        wait_for("Redis", START_LIMIT, lambda: engine.succeeds("exec", container, *health))

    def start(self, service, *options):
        arguments = compose.run_arguments(self.services[service], self.volumes)
        network = ["--network", self.name, "--network-alias", service]
        container = self.container(service)
        self.addCleanup(docker, "rm", "--force", "--volumes", container)
        docker("run", "--detach", "--name", container, *network, *options, *arguments)

    def container(self, service):
        return f"{self.name}-{service}-1"

    def wait_until_healthy(self):
        """As the image itself says it is."""
        container = self.container("gateway")
        health = ["inspect", "--format", "{{.State.Health.Status}}", container]

        def is_healthy():
            status = docker(*health)
            if status == "unhealthy":
                raise AssertionError(docker("logs", container))
            return status == "healthy"

        wait_for("the gateway to be healthy", START_LIMIT, is_healthy)

    def ask(self, key, path, body=None):
        address = docker("port", self.container("gateway"), "8000")
        request = urllib.request.Request(
            f"http://{address}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def if_completed(self, key, job):
        seen = self.ask(key, f"/api/v1/jobs/{job}?wait=2s")
        return seen if seen["completed_at"] else None


def simulation():
    config = {"num_particles": 100, "temperature": 300, "steps": 200}
    params = {"simulation_config": {"mode": "open_chemistry", "config": config}}
    return {"job_type": "run_simulation", "params": params}


def size_of(image):
    return int(docker("image", "inspect", "--format", "{{.Size}}", image))


def copied_into(dockerfile):
    """What is copied out of the build context for the compiler."""
    text = (ROOT / "infra/docker" / dockerfile).read_text()
    compiled = text.partition("AS compiled")[2].partition("FROM ")[0]
    lines = re.findall(r"^COPY (.*)$", compiled, re.MULTILINE)
    return {word for line in lines for word in line.split()[:-1]}
