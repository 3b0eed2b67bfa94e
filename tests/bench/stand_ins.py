"""The sandbox as a process of its own: `python -m tests.bench.stand_ins PORT`."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from streamline_ui import sandbox

if __name__ == "__main__":
    outer = Starlette(routes=[Mount("/sandbox", sandbox.build())])
    uvicorn.run(outer, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", lifespan="off")
