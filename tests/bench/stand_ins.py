"""The sandbox as a process of its own: `python -m tests.bench.stand_ins PORT [SECONDS]`.

So many seconds, a refresh token is taken once more whose successor was never used.
"""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from streamline_ui import sandbox
from streamline_ui.sandbox import oauth2

if __name__ == "__main__":
    oauth2.authority.grace = float(sys.argv[2]) if len(sys.argv) > 2 else oauth2.authority.grace
    outer = Starlette(routes=[Mount("/sandbox", sandbox.build())])
    uvicorn.run(outer, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", lifespan="off")
