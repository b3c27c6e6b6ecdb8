"""Runs all tests of this folder: `python infra/tests`."""

import sys
import unittest
import warnings
from pathlib import Path

FOLDER = Path(__file__).parent


def main():
    # moto says of every stack what it passes over; `stack.NOT_IN_MOTO` has it.
    warnings.simplefilter("ignore")
    suite = unittest.defaultTestLoader.discover(str(FOLDER), top_level_dir=str(FOLDER))
    result = unittest.TextTestRunner(verbosity=2, warnings="ignore").run(suite)
    failed = len(result.failures) + len(result.errors)
    passed = result.testsRun - failed - len(result.skipped)
    # As `cargo test` says it, so that whoever counts its tests counts these.
    verdict = "ok" if result.wasSuccessful() else "FAILED"
    print(
        f"test result: {verdict}. {passed} passed; {failed} failed; "
        f"{len(result.skipped)} ignored; 0 measured; 0 filtered out"
    )
    return 0 if result.wasSuccessful() else 1


sys.exit(main())
