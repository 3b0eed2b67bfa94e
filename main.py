"""Starts Streamline: `python3 main.py`, and everything else that `python3 main.py --help` tells of."""

import sys

from streamline_ui import bootstrap

bootstrap.ensure("requirements.lock")

from streamline_ui import cli

if __name__ == "__main__":
    sys.exit(cli.main())
