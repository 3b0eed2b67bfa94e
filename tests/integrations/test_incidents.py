"""When it was down and how much it was up, read from checks as they were kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from streamline_ui.errors import NotFound
from streamline_ui.integrations import connections, incidents
from streamline_ui.storage import db
from streamline_ui.storage.models import HealthCheck, Integration, User, now

AT = now()


@pytest.fixture
def row(alice: User) -> Integration:
    return connections.add(alice.id, "inbox", "Notes", {})


def keep(row: Integration, **hours_ago: bool) -> None:
    """Checks by how many hours ago they were, such as `h10=True`."""
    with db.writing() as session:
        for key, ok in hours_ago.items():
            at = AT - timedelta(hours=float(key[1:].replace("_", ".")))
            session.add(HealthCheck(integration_id=row.id, at=at, ok=ok, message="Fine." if ok else f"Down at {key}."))


def test_an_incident_lasts_from_the_first_failure_to_the_first_success(row: Integration) -> None:
    keep(row, h100=True, h60=False, h59=False, h50=True, h20=True, h12=False, h11=False, h6=True, h1=True)
    found = incidents.of(row.user_id, row.id, AT)
    hours = [
        ((AT - each.began_at) / timedelta(hours=1), (AT - (each.ended_at or AT)) / timedelta(hours=1))
        for each in found.incidents
    ]
    assert hours == [(12, 6), (60, 50)]
    assert [each.cause for each in found.incidents] == ["Down at h12.", "Down at h60."]
    assert (found.day, found.week, found.month) == pytest.approx((18 / 24, 84 / 100, 84 / 100))


def test_one_that_lasts_has_no_end_and_counts_until_now(row: Integration) -> None:
    keep(row, h10=True, h5=False, h1=False)
    found = incidents.of(row.user_id, row.id, AT)
    assert [each.ended_at for each in found.incidents] == [None] and found.day == pytest.approx(0.5)


def test_a_lost_packet_is_counted_but_not_listed(row: Integration) -> None:
    keep(row, h10=True, h5=False, h4_999=True)
    found = incidents.of(row.user_id, row.id, AT)
    assert (found.incidents, found.flickers) == ((), 1) and found.day == pytest.approx(0.9999, abs=1e-4)


def test_of_what_was_never_looked_at_nothing_is_known(row: Integration, bob: User) -> None:
    assert incidents.of(row.user_id, row.id, AT) == incidents.History((), 0, None, None, None)
    with pytest.raises(NotFound):
        incidents.of(bob.id, row.id)


def test_ten_thousand_checks_are_read_soon(row: Integration) -> None:
    with db.writing() as session:
        session.add_all(
            HealthCheck(integration_id=row.id, at=AT - timedelta(minutes=4 * each), ok=each % 500 != 0)
            for each in range(10_000, 0, -1)
        )
    began = now()
    found = incidents.of(row.user_id, row.id, AT)
    assert len(found.incidents) == 20 and (now() - began).total_seconds() < 0.5


def test_one_that_has_just_begun_is_listed_first_as_open_and_not_counted_as_over(row: Integration) -> None:
    keep(row, h10=True, h5=False, h4_999=True, h3=False, h2=True, h0_001=False)
    found = incidents.of(row.user_id, row.id, AT)
    assert [each.ended_at is None for each in found.incidents] == [True, False]
    assert found.flickers == 1, "the one five hours ago"


def test_what_lasts_although_the_checks_go_well_is_listed_once(row: Integration) -> None:
    keep(row, h10=False, h5=True)
    found = incidents.with_open(incidents.of(row.user_id, row.id, AT), AT, "Another program polls.")
    assert [each.cause for each in found.incidents] == ["Another program polls.", "Down at h10."]
    assert incidents.with_open(found, AT, "Again.") == found
