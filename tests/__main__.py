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

EVERYTHING = ["-n", "2", "--dist", "loadfile"]

if __name__ == "__main__":
    sys.exit(pytest.main(sys.argv[1:] or EVERYTHING))
