"""docs/migration.md: the environment file, the image and the requests of the Python version."""

import json
import shutil
import subprocess
import unittest

import engine
from emulator import Emulator
from gateway import ROOT, Gateway
from stack import Stack
from test_backup import RedisServer, folders

EXAMPLE = ROOT / "infra/migration"
LIMIT = 120

# The Python version's image: it knows nothing of Batchway, reads the variables that it always
# had, computes for a while, and uploads by itself.
IMAGE = "batchway-infra-python-version:test"
PROGRAM = """\
case $JOB_PARAMS in *50000*) exec sleep 100;; esac
path=$S3_BUCKET/$ENV/$USER_ID/$JOB_ID/results.h5
exec 3<>/dev/tcp/host.docker.internal/$PORT
printf 'PUT /%s HTTP/1.1\\r\\nHost: s3\\r\\nAuthorization: AWS4-HMAC-SHA256 Credential=operator/20260101/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0\\r\\nContent-Length: %s\\r\\nConnection: close\\r\\n\\r\\n%s' "$path" "${#JOB_PARAMS}" "$JOB_PARAMS" >&3
head -1 <&3 | grep 200
"""


class Migration(unittest.TestCase):
    def test_the_same_file_and_the_same_requests(self):
        self.assertIsNotNone(shutil.which("curl"), "curl is missing: apt-get install curl")
        engine.host()
        with Emulator() as aws, folders("redis") as (folder,), RedisServer(folder) as redis:
            Stack(aws, Image=IMAGE)
            engine.build_text(IMAGE, image_that_uploads_to(aws))
            with Gateway(self.variables(aws, redis)) as gateway:
                said = subprocess.run(
                    [EXAMPLE / "requests.sh", gateway.url, gateway.key],
                    capture_output=True,
                    text=True,
                    timeout=LIMIT,
                )
                self.assertEqual(said.returncode, 0, said.stdout + said.stderr + gateway.log())
        for line in ("the same job", "is cancelled", "is completed", "results.h5", "listed"):
            self.assertIn(line, said.stdout)

    def variables(self, aws, redis):
        """The file as it is, with what the emulators have in other places."""
        lines = (EXAMPLE / "python.env").read_text().splitlines()
        file = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
        elsewhere = {"REDIS_PORT", "REDIS_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
        self.assertLessEqual(elsewhere | redis.environment.keys(), file.keys())
        return {
            **file,
            **redis.environment,
            "AWS_ACCESS_KEY_ID": "operator",
            "AWS_ENDPOINT_URL": aws.url,
            "BATCHWAY_JOB_TYPES": str(ROOT / "crates/gateway/examples/own-image.toml"),
        }


def image_that_uploads_to(aws):
    command = json.dumps(["bash", "-c", PROGRAM.replace("$PORT", str(aws.port))])
    return f"FROM debian:bookworm-slim\nCMD {command}\n"
