"""The container engine of the tests, and the images that they build in it."""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from gateway import PROGRAMS, ROOT

DOCKERFILES = ROOT / "infra/docker"


@cache
def host():
    """The address of the engine; one is started where none runs."""
    started = subprocess.run(
        [PROGRAMS / "batchway-test-servers", "start"], capture_output=True, text=True, check=True
    )
    address = next(
        line.removeprefix("Docker engine: ")
        for line in started.stdout.splitlines()
        if line.startswith("Docker engine: ")
    )
    os.environ["DOCKER_HOST"] = address
    return address


def docker(*arguments):
    """What the command says, on both of its ways."""
    ended = run(arguments)
    said = (ended.stdout + ended.stderr).strip()
    if ended.returncode != 0:
        raise AssertionError(f"docker {' '.join(map(str, arguments))}:\n{said}")
    return said


def succeeds(*arguments):
    return run(arguments).returncode == 0


def run(arguments):
    return subprocess.run(
        ["docker", *map(str, arguments)],
        env={**os.environ, "DOCKER_HOST": host(), "DOCKER_BUILDKIT": "0"},
        capture_output=True,
        text=True,
    )


def build(tag, dockerfile, *programs):
    """The target `prebuilt` of a Dockerfile, with programs of this build."""
    with tempfile.TemporaryDirectory() as context:
        for program in programs:
            shutil.copy(stripped(program), context)
        shutil.copy(DOCKERFILES / dockerfile, Path(context) / "Dockerfile")
        build_in(context, tag, "--target", "prebuilt")


@cache
def stripped(program):
    """Without what debuggers want of it, which is most of it."""
    path = Path(stripped_programs().name) / program
    subprocess.run(["strip", "-o", path, PROGRAMS / program], check=True)
    return path


@cache
def stripped_programs():
    return tempfile.TemporaryDirectory(prefix="batchway-infra-")


def build_text(tag, text):
    with tempfile.TemporaryDirectory() as context:
        (Path(context) / "Dockerfile").write_text(text)
        build_in(context, tag)


def build_in(context, tag, *options):
    """The image that bore the tag before goes: each takes some tens of megabytes."""
    before = docker("images", "--quiet", tag)
    docker("build", *options, "--network", "host", "--tag", tag, context)
    if before and before != docker("images", "--quiet", tag):
        # Another image may still be made of it.
        succeeds("rmi", before)
