"""The systemd unit keeps what docs/deployment.md promises of it."""

import unittest
from configparser import RawConfigParser

from gateway import ROOT

UNIT = ROOT / "infra/systemd/batchway.service"
COMMANDS = ROOT / "infra/systemd/batchway"


class Unit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        unit = RawConfigParser(interpolation=None)
        unit.optionxform = str
        unit.read(UNIT)
        cls.service = dict(unit["Service"])

    def test_jobs_outlive_the_gateway(self):
        self.assertEqual(self.service["KillMode"], "process")
        self.assertEqual(self.service["OOMPolicy"], "continue")
        for of_the_gateway_alone in ("PrivateTmp", "RemoveIPC", "DynamicUser", "RuntimeMaxSec"):
            self.assertNotIn(of_the_gateway_alone, self.service)

    def test_limits_of_jobs_can_be_held(self):
        self.assertEqual(self.service["Delegate"], "cpu memory")
        self.assertNotIn("ProtectControlGroups", self.service)

    def test_it_may_little(self):
        self.assertEqual(self.service["User"], "batchway")
        self.assertEqual(self.service["CapabilityBoundingSet"], "")
        self.assertEqual(self.service["ProtectSystem"], "strict")
        for always in ("NoNewPrivileges", "ProtectHome", "PrivateDevices", "RestrictSUIDSGID"):
            self.assertEqual(self.service[always], "yes", always)

    def test_commands_are_started_with_what_the_unit_has(self):
        commands = COMMANDS.read_text()
        program = self.service["ExecStart"].removesuffix(" serve")
        for part in (
            f"--uid={self.service['User']} ",
            f"--property=UMask={self.service['UMask']} ",
            f"--property=EnvironmentFile={self.service['EnvironmentFile']} ",
            f"--setenv={self.service['Environment']} ",
            f"--working-directory={self.service['WorkingDirectory']} ",
            f' {program} "$@"',
        ):
            self.assertIn(part, commands)
