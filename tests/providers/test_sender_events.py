"""The senders' events: offered with samples, and told apart."""

from __future__ import annotations

from typing import Any

import pytest

from streamline_ui.providers import sender_events
from streamline_ui.providers.signatures import SCHEMES
from streamline_ui.workflows import triggers

ANYBODY = {"none", "hmac", "header", "basic", "standard_webhooks"}
SENDERS = sorted(set(SCHEMES) - ANYBODY)


@pytest.mark.parametrize("scheme", SENDERS)
def test_every_sender_offers_events_whose_samples_are_of_their_own_kind(scheme: str) -> None:
    events = sender_events.of(scheme)
    assert events
    assert len({event.event for event in events}) == len(events)
    for event in events:
        assert event.title
        assert event.title[0].isupper()
        assert event.event in sender_events.kinds(scheme, event.headers, event.body), event.event


@pytest.mark.parametrize("scheme", sorted(ANYBODY))
def test_anybody_has_no_events(scheme: str) -> None:
    assert sender_events.of(scheme) == ()
    assert sender_events.kinds(scheme, {"x-github-event": "push"}, {"type": "x"}) == frozenset()


def test_schemes_and_senders_are_the_same_everywhere() -> None:
    assert set(triggers.Scheme.__args__) == set(SCHEMES)  # type: ignore[attr-defined]


@pytest.mark.parametrize("scheme", SENDERS)
@pytest.mark.parametrize("body", [None, [], {}, "text", 7, [None, 7], {"event": []}, {"event": {"type": None}}])
def test_whatever_comes_is_of_no_kind_rather_than_an_error(scheme: str, body: Any) -> None:
    found = sender_events.kinds(scheme, {}, body)
    assert all(isinstance(kind, str) for kind in found)


def test_a_request_may_hold_several_events() -> None:
    body = [{"event": "open"}, {"event": "click"}, {"event": "open"}]
    assert sender_events.kinds("sendgrid", {}, body) == {"open", "click"}
