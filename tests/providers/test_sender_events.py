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


def test_an_event_is_known_with_what_was_done_too() -> None:
    assert sender_events.kinds("github", {"x-github-event": "issues"}, {"action": "opened"}) == {
        "issues",
        "issues.opened",
    }
    body = {"object_kind": "issue", "object_attributes": {"action": "open"}}
    assert sender_events.kinds("gitlab", {}, body) == {"issue", "issue.open"}
    assert sender_events.kinds("linear", {"linear-event": "Issue"}, {"action": "create"}) == {"Issue", "Issue.create"}
    assert sender_events.kinds("github", {"x-github-event": "push"}, {"action": 7}) == {"push"}
    assert sender_events.plain({"issues", "issues.opened", "push"}) == {"issues", "push"}


@pytest.mark.parametrize("scheme", SENDERS)
def test_what_a_sender_sends_can_be_chosen(scheme: str) -> None:
    for event in sender_events.of(scheme):
        for kind in sender_events.kinds(scheme, event.headers, event.body):
            assert sender_events.complaint(scheme, kind) is None


@pytest.mark.parametrize(
    ("scheme", "event"),
    [
        ("github", "fork"),
        ("github", "pull_request_review_comment"),
        ("github", "pull_request_review_thread.resolved"),
        ("stripe", "customer.subscription.trial_will_end"),
        ("gitlab", "wiki_page"),
        ("slack", "channel_archive"),
        ("none", "whatever it is"),
    ],
)
def test_senders_have_more_events_than_are_offered(scheme: str, event: str) -> None:
    assert sender_events.complaint(scheme, event) is None


@pytest.mark.parametrize(
    ("scheme", "event", "says"),
    [
        ("github", "isues.opened", "GitHub sends no event “isues.opened”. Did you mean issues.opened?"),
        ("github", "issue", "Did you mean issues?"),
        ("github", "Issues", "Did you mean issues?"),
        ("gitlab", "Push Hook", "Did you mean push?"),
        ("slack", "message.channels", "Did you mean message?"),
        ("twilio", "fax", "It offers "),
    ],
)
def test_what_can_never_come_is_told_with_what_is_near(scheme: str, event: str, says: str) -> None:
    assert says in str(sender_events.complaint(scheme, event))
