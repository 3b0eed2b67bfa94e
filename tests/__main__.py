"""Runs every check and test: `python3 tests`, or `python3 tests [pytest arguments]` for some of them."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.chdir(ROOT)
sys.path[0] = str(ROOT)  # instead of the folder tests, whose names are not for import

from streamline_ui import bootstrap

bootstrap.ensure("requirements.lock", "requirements-test.lock")

import pytest

# On a machine that others use too, a test that measures time may fail once. It is run again and named in the summary;
# a test of a promise (nothing lost, nothing leaked) is marked `promise` and never gets a second chance.
SECOND_CHANCE = ["--reruns", "1", "--reruns-delay", "2", "--max-suite-reruns", "20"]
EVERYTHING = ["-n", "2", "--dist", "loadfile", *SECOND_CHANCE]

if __name__ == "__main__":
    sys.exit(pytest.main(sys.argv[1:] or EVERYTHING))
