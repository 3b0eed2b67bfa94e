"""Secrets found in everything that leaves the program, every error provoked: `python -m tests.bench.secrets`."""

from __future__ import annotations

import subprocess
import sys

from tests.security.test_canaries import SECRETS

if __name__ == "__main__":
    command = (sys.executable, "-m", "pytest", "-q", "tests/security/test_canaries.py")
    failed = subprocess.run(command, check=False).returncode
    print(f"{len(SECRETS)} secrets, a session, a cookie and a token: {'some were found' if failed else '0 found'}")
    sys.exit(failed)
