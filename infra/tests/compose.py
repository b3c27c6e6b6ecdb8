"""As much of a compose file as infra/compose.yaml uses, as arguments of `docker run`.

Compose itself is a plugin that not every engine has. What is not known here is an error.
"""

import re

import yaml
from gateway import ROOT

FILE = ROOT / "infra/compose.yaml"

# What says how to start and not what runs.
PASSED_OVER = {"build", "depends_on", "env_file", "healthcheck", "restart", "stop_grace_period"}


def services(variables):
    """The services of the file, with variables in their places as compose puts them there."""
    text = FILE.read_text()
    return yaml.safe_load(substituted(text, variables))["services"]


def substituted(text, variables):
    def value(match):
        name, operator, rest = match.group("name", "operator", "rest")
        if match.group() == "$$":
            return "$"
        if variables.get(name):
            return variables[name]
        if operator == ":-":
            return rest
        raise KeyError(f"{name} {rest}")

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(?:(?P<operator>:-|:\?)(?P<rest>[^}]*))?\}", value, text)


def run_arguments(service, volumes):
    """For `docker run`, with volumes of these names, and any port of this machine."""
    options = []
    for key, value in service.items():
        match key:
            case "image" | "entrypoint":
                pass
            case "user":
                options += ["--user", value]
            case "environment":
                for name, text in value.items():
                    options += ["--env", f"{name}={text}"]
            case "ports":
                for port in value:
                    options += ["--publish", f"127.0.0.1::{port.rpartition(':')[2]}"]
            case "volumes":
                for volume in value:
                    name, _, place = volume.partition(":")
                    options += ["--volume", f"{volumes[name]}:{place}"]
            case "init" | "read_only":
                options += [f"--{key.replace('_', '-')}"] if value else []
            case "tmpfs":
                options += ["--tmpfs", value]
            case "cap_drop" | "security_opt":
                for one in value:
                    options += [f"--{key.replace('_', '-')}", one]
            case _ if key in PASSED_OVER:
                pass
            case _:
                raise NotImplementedError(f"{key} of a compose file")
    program, *arguments = service.get("entrypoint", [None])
    options += ["--entrypoint", program] if program else []
    return [*options, service["image"], *arguments]


def health_command(service):
    kind, *command = service["healthcheck"]["test"]
    assert kind == "CMD-SHELL", kind
    return ["sh", "-c", *command]
