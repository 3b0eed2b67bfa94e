"""Makes `python3 main.py` and `python3 tests` work on a machine that has nothing but Python.

`ensure("requirements.lock")` returns at once where everything is there: in an environment of one's own with the locked
libraries, in a container, under `uv run`. Otherwise it
1. makes `.venv` in the project's folder, unless it is there and whole;
2. installs exactly what the lock file names, checked by hash, unless that was done and the lock is still the same;
3. starts the same command again with the Python of `.venv`.
An installation that was broken off is done over. Two starts at once take turns. What goes wrong ends in one sentence.

Standard library only, and no syntax newer than Python 3.6, so that an old Python gets its sentence too.
"""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
from typing import Iterator, List, Optional, Tuple

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HOME = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(HOME, "bin", "python")
MARK = os.path.join(HOME, "made-by-streamline")  # holds the version of Python in there; empty while work is under way
LOG = os.path.join(HOME, "install.log")
RESTARTED = "STREAMLINE_RESTARTED"  # how often we did, so that nothing does for ever
UNREACHABLE = re.compile(
    r"name resolution|resolve|dns error|NewConnectionError|ConnectionError|sending request|timed out"
)


def ensure(*locks: str) -> None:
    """Return once the libraries that these lock files name can be imported; otherwise install them and start again."""
    if os.name == "nt":
        fail("Streamline runs on Linux and macOS: on Windows, start it in WSL or as a container.")
    try:
        if not _ready(locks):
            with _alone():
                _prepare(locks)
            _restart()
    except KeyboardInterrupt:
        fail("Stopped before everything was installed; the next start does it over.")
    except OSError as error:
        fail("The libraries of Streamline could not be installed: %s." % error)


def fail(sentence: str) -> None:
    """End the program: status 1 and a sentence for the person at the terminal."""
    sys.stderr.write(sentence + "\n")
    sys.exit(1)


def _inside() -> bool:
    return os.path.realpath(sys.prefix) == os.path.realpath(HOME)


def _ready(locks: Tuple[str, ...]) -> bool:
    if _inside():  # someone else's (uv's, for one) is kept up by its owner
        ready = not os.path.exists(MARK) or all(_current(lock) for lock in locks)
    else:
        ready = sys.version_info >= OLDEST and all(_installed(lock) for lock in locks)
    if ready:
        os.environ.pop(RESTARTED, None)
    return ready


def _current(lock: str) -> bool:
    """Whether .venv got what the lock file now says, for the Python that is in there, and nothing is under way."""
    if not os.path.exists(PYTHON) or (os.path.exists(MARK) and not _read(MARK)):
        return False
    words = _read(_stamp(lock)).split()
    return words[:1] == [_fingerprint(lock)] and (not _inside() or words[1:] == ["%d.%d" % sys.version_info[:2]])


def _installed(lock: str) -> bool:
    """Whether this Python, which is not ours, has every library of the lock file at that version or a newer one."""
    from importlib import metadata  # not there before 3.8, and only needed here

    for name, wanted in re.findall(r"^([\w.-]+)==([\w.]+) \\$", _read(os.path.join(ROOT, lock)), re.MULTILINE):
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            return False
        if _numbers(found) < _numbers(wanted):
            return False
    return True


def _numbers(version: str) -> List[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _prepare(locks: Tuple[str, ...]) -> None:
    if all(_current(lock) for lock in locks):
        return  # by another start, while we waited
    if not os.access(HOME if os.path.isdir(HOME) else ROOT, os.W_OK):
        fail("The folder %s cannot be written to, and the libraries of Streamline are not all installed." % ROOT)
    if not _whole():
        _make()
    for lock in locks:
        if not _current(lock):
            _install(lock)


def _whole() -> bool:
    """Whether .venv has a Python that runs, still of the version it was made with, and no work on it was broken off."""
    version = _version()
    return version != "" and (not os.path.exists(MARK) or _read(MARK) == version)


def _version() -> str:
    """The version of the Python in .venv, such as 3.11, or nothing where there is none that runs."""
    status, output = _run([PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
    return output.strip() if status == 0 else ""


def _make() -> None:
    """Make .venv anew, with this Python, with a newer one of this machine, or with uv."""
    if os.path.isdir(HOME) and os.listdir(HOME) and not os.path.exists(MARK):
        fail("The folder %s is not Streamline's and has no Python that runs; remove it and start again." % HOME)
    python, uv = _new_enough(), shutil.which("uv")
    if not python and not uv:
        found = (sys.version.split()[0],)
        fail("Streamline needs Python %d.%d or newer, and this is %s: install a newer one, or uv." % (OLDEST + found))
    _say("First start: making the folder .venv ...")
    shutil.rmtree(HOME, ignore_errors=True)
    os.mkdir(HOME)
    _write(MARK, "")
    output = ""
    if python:
        status, output = _run([python, "-m", "venv", HOME])
        if status == 0:
            return
    if uv and _run([uv, "venv", "-q", "--allow-existing", "--python", python or ">=%d.%d" % OLDEST, HOME])[0] == 0:
        return
    shutil.rmtree(HOME, ignore_errors=True)
    if "ensurepip" in output or "No module named venv" in output:
        fail("Python lacks its module venv; on Debian and Ubuntu, install it with: sudo apt install python3-venv")
    fail("The folder .venv could not be made: %s" % _last_line(output))


def _new_enough() -> Optional[str]:
    if sys.version_info >= OLDEST:
        return getattr(sys, "_base_executable", "") or sys.executable
    names = ("python3.%d" % minor for minor in range(19, OLDEST[1] - 1, -1))
    return next(filter(None, map(shutil.which, names)), None)


def _install(lock: str) -> None:
    _say("Installing the libraries that %s names (once; it can take a minute) ..." % lock)
    ours = os.path.exists(MARK)
    if ours:
        _write(MARK, "")
    arguments = ["--require-hashes", "--only-binary", ":all:", "-r", os.path.join(ROOT, lock)]
    uv = shutil.which("uv")
    commands = [[uv, "pip", "install", "--python", PYTHON]] if uv else []
    commands.append([PYTHON, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--retries", "3"])
    log = ""
    for command in commands:
        status, output = _run(command + arguments)
        log += output
        if status == 0:
            break
    else:
        _write(LOG, log)
        reason = "the package index cannot be reached" if UNREACHABLE.search(log) else _last_line(log)
        fail("The libraries could not be installed: %s (more in %s)." % (reason, LOG))
    version = _version()
    _write(_stamp(lock), _fingerprint(lock) + " " + version)
    if ours:
        _write(MARK, version)


def _restart() -> None:
    times = int(os.environ.get(RESTARTED, "0"))
    if times == 2:  # two can be needed, where the Python under .venv has become another one
        fail("The Python in %s does not find what is installed there; is PYTHONHOME set?" % HOME)
    os.environ[RESTARTED] = str(times + 1)
    command = [PYTHON, *getattr(sys, "orig_argv", ["", *sys.argv])[1:]]
    sys.stdout.flush()
    os.execv(PYTHON, command)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keep other starts out. The kernel opens the lock when we and the commands that we started have ended."""
    import fcntl  # not there on Windows

    folder = os.open(ROOT, os.O_RDONLY)
    os.set_inheritable(folder, True)  # so that a pip that outlives us still keeps the others out
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another start is installing the libraries; waiting for it ...")
            fcntl.flock(folder, fcntl.LOCK_EX)
        except OSError:
            pass  # some network file systems cannot lock a folder
        yield
    finally:
        os.close(folder)


def _run(command: List[str]) -> Tuple[int, str]:
    """Status and output of a command; a command that cannot be started has status 127."""
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, close_fds=False
        )
        output = process.communicate()[0]
    except OSError as error:
        return 127, str(error)
    return process.returncode, output.decode("utf-8", "replace")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["it says nothing"])[-1].rstrip(".")


def _stamp(lock: str) -> str:
    return os.path.join(HOME, "installed-" + lock)


def _fingerprint(lock: str) -> str:
    with open(os.path.join(ROOT, lock), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
