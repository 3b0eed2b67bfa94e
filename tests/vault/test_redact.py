"""No secret in any text: held values in every form, well-known shapes, log records from everywhere."""

from __future__ import annotations

import base64
import io
import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.logging import AccessFormatter

from streamline_ui.vault import redact

SECRET = "p/ä ss?w\"o'rd+&1é漢"
FORMS = {
    "as it is": SECRET,
    "in a path": quote(SECRET),
    "in a query": quote(SECRET, safe=""),
    "in a form": quote_plus(SECRET),
    "with lower-case escapes": quote(SECRET, safe="").replace("%C3%A4", "%c3%a4").lower(),
    "in base64": base64.b64encode(SECRET.encode()).decode(),
    "in URL-safe base64": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "in Basic credentials": base64.b64encode(f"user:{SECRET}".encode()).decode(),
    "in longer Basic credentials": base64.b64encode(f"users:{SECRET}!".encode()).decode(),
    "in other Basic credentials": base64.b64encode(f"us:{SECRET}!!".encode()).decode(),
    "in JSON": json.dumps({"a": SECRET}),
    "in JSON of UTF-8": json.dumps({"a": SECRET}, ensure_ascii=False),
    "in a representation": repr({"a": SECRET}),
}

PART = "A0b1C2d3E4f5G6h7"
SHAPES = (  # put together here, so that nobody's scanner takes them for real ones
    f"https://api.telegram.org/bot123456789:{PART}{PART}/getMe",
    f"token 123456789:{PART}{PART} refused",
    f"key SG.{PART}.{PART}",
    f"xoxb-1765-{PART}",
    f"xoxp-1765-{PART}",
    f"xapp-1-{PART}",
    f"whsec_{PART}",
    f"stl_{PART}",
    f"Authorization: Bearer {PART}",
    f"authorization: bearer {PART}",
    f"Authorization: Basic {PART}==",
    f"POST https://discord.com/api/webhooks/123/{PART}?wait=1",
    f"POST https://discord.com/api/v10/webhooks/123/{PART}",
    f"https://hooks.slack.com/services/T000/B000/{PART}",
    f"GET /v2/everything?q=x&apiKey={PART}",
    f"GET /?access_token={PART}&page=2",
    f"client_secret=GOCSPX-{PART}",
    f"TWILIO_AUTH_TOKEN={PART}",
    f"password={PART}",
    f'{{"apiKey": "{PART}"}}',
    f"{{'bot_token': '{PART}'}}",
    f"postgresql+psycopg://streamline:{PART}@db/streamline",
    f"patAbCdEfGhIjKlMn.{PART}",
)

ORDINARY = (
    "Encryption key 9f31aabbccdd (environment).",
    "GET /api/integrations/3fa85f64-5717-4562-b3fc-2c963f66afa6/health 200 in 3 ms",
    "monkey=banana donkey: grey, keys=3 tokens=7",
    "The robot 12:30 said: Basic rules, a bearer of news",
    "2026-11-22 16:40:01 https://sg.example.com/path?page=2#token",
    "mailto:alice@example.com and http://127.0.0.1:8080/a@b",
    "patience.is a virtue; pattern.py",
)


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_a_held_value_is_hidden_in_every_form(text: str) -> None:
    with redact.holding(SECRET):
        hidden = redact.scrub(f"before {text} after")
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")
    assert redact.MASK in hidden
    for part in ("ss?w", "ss%3Fw", "ss%3fw", base64.b64encode(SECRET.encode())[4:-4].decode()):
        assert part not in hidden


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=40), st.binary(max_size=4))
def test_no_form_of_any_value_survives(secret: str, before: bytes) -> None:
    with redact.holding(secret):
        for form in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret), repr(secret)):
            assert secret not in redact.scrub(form)
        encoded = base64.b64encode(before + secret.encode() + b"!").decode()
        shown = redact.scrub(encoded).partition(redact.MASK)
        assert len(shown[0]) + len(shown[2]) <= len(base64.b64encode(before)) + 8


def test_values_are_held_as_long_as_anybody_holds_them() -> None:
    with redact.holding("secret-one"), redact.holding("secret-one", "secret-two"):
        with redact.holding("secret-one"):
            pass
        assert redact.scrub("secret-one secret-two") == "*** ***"
    assert redact.scrub("secret-one secret-two") == "secret-one secret-two"


def test_what_contains_another_value_is_hidden_whole() -> None:
    with redact.holding("12345678", "12345678-and-more"):
        assert redact.scrub("<12345678-and-more>") == "<***>"


def test_short_values_do_not_blank_out_words() -> None:
    with redact.holding("", "a", "discord"):
        assert redact.scrub("discord says a") == "discord says a"


def test_a_long_value_is_hidden_where_it_is_cut_off() -> None:
    with redact.holding("SG." + PART * 3, "https://example.com/hooks/" + PART):
        assert redact.scrub(f"no key canary/{'SG.' + PART * 2}, nor") == "no key canary/***, nor"
        assert redact.scrub("https://example.com/help") == "https://example.com/help"


def test_threads_hold_at_once() -> None:
    def work(number: int) -> bool:
        with redact.holding(f"secret-number-{number}"):
            return f"number-{number}" not in redact.scrub(f"<secret-number-{number}>")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(300)))
    assert redact.scrub("secret-number-7") == "secret-number-7"


@pytest.mark.parametrize("text", SHAPES)
def test_well_known_shapes_are_hidden_without_being_held(text: str) -> None:
    hidden = redact.scrub(f"({text})")
    assert PART not in hidden
    assert redact.MASK in hidden
    assert redact.scrub(hidden) == hidden


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    assert redact.scrub(text) == text


@pytest.mark.parametrize(
    "piece", ["a-", "a", "://a:", "1", "bot1", "a_key", "Bearer ", "key=", "://", "pat", "/api/webhooks/1/"]
)
def test_no_text_takes_long(piece: str) -> None:
    start = time.perf_counter()
    redact.scrub(piece * (500_000 // len(piece)))
    assert time.perf_counter() - start < 3


def test_stored_results_keep_their_form() -> None:
    result = {
        "ok": True,
        "count": 3,
        "none": None,
        "list": ["stl_0123456789abcdef", 1.5, {"Authorization": "whatever"}],
        "X-Api-Key": "whatever",
        "token": 7,
        "nextPageToken": "abc",
        "password": "",
        "?key=0a1b2c3d": 1,
    }
    assert redact.scrub_json(result) == {
        "ok": True,
        "count": 3,
        "none": None,
        "list": ["stl_***", 1.5, {"Authorization": "***"}],
        "X-Api-Key": "***",
        "token": 7,
        "nextPageToken": "abc",
        "password": "",
        "?key=***": 1,
    }
    assert result["X-Api-Key"] == "whatever"


def test_a_deep_result_is_cut_and_does_not_overflow() -> None:
    deep: list[object] = ["stl_0123456789abcdef"]
    for _ in range(5000):
        deep = [deep]
    assert "0123456789" not in str(redact.scrub_json(deep))


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger of its own with a handler that existed before redaction was installed."""
    factory, levels = logging.getLogRecordFactory(), {name: logging.getLogger(name).level for name in redact.CHATTY}
    logging.setLogRecordFactory(logging.LogRecord)
    redact._filter = None
    stream, logger = io.StringIO(), logging.getLogger("test.redact")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    redact.install()
    yield logger, stream
    logger.removeHandler(handler)
    logging.setLogRecordFactory(factory)
    redact._filter = None
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


Log = tuple[logging.Logger, io.StringIO]
HELD = "held-secret-value"


class Awkward:
    def __str__(self) -> str:
        return f"<object with {HELD}>"


class Broken:
    def __str__(self) -> str:
        raise RuntimeError(HELD)


@pytest.mark.parametrize(
    ("template", "args", "expected"),
    [
        ("plain", (), "plain"),
        ("100 %", (), "100 %"),
        ("%s and %d", ("text", 7), "text and 7"),
        (f"in the template {HELD}", (), "in the template ***"),
        (f"{HELD} 100 %% of %d", (3,), "*** 100 % of 3"),
        ("an argument %s", (HELD,), "an argument ***"),
        ("an object %s", (Awkward(),), "an object <object with ***>"),
        ("a number %d, a mask %s", (7, HELD), "a number 7, a mask ***"),
        ("a dict %(a)s", ({"a": HELD},), "a dict ***"),
        ("held-%s-value", ("secret",), "***"),
        ("token=%s now", ("abc",), "token=*** now"),
        ("a list %r", ([HELD],), "a list ['***']"),
        ("a broken one %s", (Broken(),), "a broken one %s (its arguments could not be written)"),
        ("too many", (HELD,), "too many (its arguments could not be written)"),
    ],
)
def test_a_records_message_is_clean(log: Log, template: str, args: tuple[object, ...], expected: str) -> None:
    with redact.holding(HELD):
        log[0].info(template, *args)
    assert log[1].getvalue() == expected + "\n"


def fail(text: str) -> None:
    raise RuntimeError(text) from ValueError(f"inner {HELD}")


def test_a_traceback_is_clean(log: Log) -> None:
    with redact.holding(HELD):
        try:
            fail(f"GET https://x.example/?apiKey=0a1b2c3d {HELD}")
        except RuntimeError:
            log[0].exception("failed with %s", HELD, stack_info=True)
    text = log[1].getvalue()
    assert "ValueError: inner ***" in text
    assert "Traceback" in text
    assert "RuntimeError: GET https://x.example/?apiKey=*** ***" in text
    assert HELD not in text


def test_what_extra_adds_is_clean_on_the_root_handlers(log: Log) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s %(url)s %(more)s %(count)d"))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        redact.install()
        redact.install()
        extra = {"url": "https://x/?key=0a1b2c3d", "more": {"a": [HELD]}, "count": 3}
        with redact.holding(HELD):
            root.warning("told", extra=extra)
            root.handle(logging.makeLogRecord({"msg": HELD, "levelno": 30} | extra))
        assert len(handler.filters) == 1
    finally:
        root.removeHandler(handler)
    assert stream.getvalue() == ("told https://x/?key=*** {'a': ['***']} 3\n*** https://x/?key=*** {'a': ['***']} 3\n")


def test_uvicorns_access_log_is_clean_and_keeps_its_form(log: Log) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(AccessFormatter("%(client_addr)s %(request_line)s %(status_code)s", use_colors=False))
    log[0].addHandler(handler)
    try:
        log[0].info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:9", "GET", "/x?token=0a1b2c3d", "1.1", 200)
    finally:
        log[0].removeHandler(handler)
    assert stream.getvalue() == "127.0.0.1:9 GET /x?token=*** HTTP/1.1 200 OK\n"


def test_libraries_that_log_urls_are_quiet(log: Log) -> None:
    for name in ("httpx", "httpcore.http11", "aiohttp.client"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
        assert logging.getLogger(name).isEnabledFor(logging.WARNING)


def test_a_line_costs_little(log: Log) -> None:
    lines = 2000
    with redact.holding(*(f"secret-number-{number}" for number in range(20))):
        start = time.perf_counter()
        for number in range(lines):
            log[0].info("GET /api/integrations/%d/health %d in %d ms", number, 200, 3)
        spent = time.perf_counter() - start
    assert spent / lines < 0.001
