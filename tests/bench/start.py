"""How long a second start takes until it answers, and what it holds when idle. `python -m tests.bench.start`.

Goals: the first answer after 2 s at most, and 150 MB. The start is compared with that of a bare `import nicegui` as
well, so that the figure means something on any machine. With a Python from outside of `.venv` as argument, the start is
the one that a user types.
"""

from __future__ import annotations

import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measures import beside, cpu_seconds, resident_mb, spread
from tests.conftest import ROOT, free_port

STARTS = 5
START, MEMORY = 2.0, 150.0  # goals: seconds, MB


def start(python: str, folder: Path) -> tuple[float, float, float, float]:
    """Seconds to the first answer, processor seconds until then, MB 5 s later, seconds to the end after SIGTERM."""
    port = free_port()
    environment = os.environ | {"STREAMLINE_PORT": str(port), "STREAMLINE_DATA_DIR": str(folder)}
    began = time.perf_counter()
    process = subprocess.Popen(
        [python, "main.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not answers(port):
        assert process.poll() is None, "it ended"
        time.sleep(0.01)
    took, used = time.perf_counter() - began, cpu_seconds(process.pid)
    time.sleep(5)
    held = resident_mb(process.pid)
    began = time.perf_counter()
    process.terminate()
    assert process.wait(15) == 0
    return took, used, held, time.perf_counter() - began


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def bare() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import nicegui"], cwd=ROOT, check=True)
    return time.perf_counter() - began


def main() -> None:
    python = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    with tempfile.TemporaryDirectory() as folder:
        start(python, Path(folder))  # the first one makes the database
        starts = [start(python, Path(folder)) for _ in range(STARTS)]
    took, used, held, stopped = (list(values) for values in zip(*starts, strict=True))
    compared = [bare() for _ in range(STARTS)]
    print(beside("second start to the first answer", statistics.median(took), START, "s"))
    print(beside("idle memory", statistics.median(held), MEMORY, "MB"))
    print(f"start to first answer: {spread(took, 's')}")
    print(f"processor time of it: {spread(used, 's')}")
    print(f"bare `import nicegui`: {spread(compared, 's')}; the start takes {min(took) / min(compared):.1f} times that")
    print(f"idle memory: {spread(held, 'MB')}")
    print(f"SIGTERM to the end: {spread(stopped, 's')}")


if __name__ == "__main__":
    main()
