"""Secrets found in everything that leaves the program, every error provoked: `python -m tests.bench.secrets`."""

from __future__ import annotations

import sys

import pytest

from tests.security.test_canaries import SECRETS

if __name__ == "__main__":
    failed = pytest.main(["-q", "-p", "no:cacheprovider", "tests/security/test_canaries.py"])
    print(f"{len(SECRETS)} secrets, a session, a cookie and a token: {'SOME WERE FOUND' if failed else '0 found'}")
    sys.exit(failed)
