"""Who is worst off comes first: whoever waits for a person, then whoever fails, then the rest; and quickly."""

from __future__ import annotations

import time
from dataclasses import replace

from sqlalchemy import func, select

from streamline_ui.storage import db
from streamline_ui.storage.models import User
from streamline_ui.workflows.listening import hearing, polling
from tests.conftest import free_port
from tests.waiting import until

from .polls import bot, listen, token


async def test_trouble_comes_first(alice: User, stand_ins: str, polled: None) -> None:
    well = bot(alice, f"{stand_ins}/telegram")
    refused = bot(alice, f"{stand_ins}/telegram", botToken=f"{token()}revoked")
    away = bot(alice, f"http://127.0.0.1:{free_port()}")
    for each in (well, refused, away):
        listen(alice, each)
    await until(lambda: (polling.summary().blocked, polling.summary().failing) == (1, 1), 10.0)
    await until(lambda: polling.worst(3)[-1].is_asking, 5.0)
    blocked, failing, fine = polling.worst(3)
    assert [each.integration_id for each in (blocked, failing, fine)] == [refused.id, away.id, well.id]
    assert blocked.is_blocked and "401" in blocked.error
    assert failing.failures and failing.next_poll_at and "refuses connections" in failing.error
    assert not failing.is_blocked and (fine.failures, fine.error) == (0, "")
    assert polling.worst(1) == [replace(blocked, late=0.0)]


async def test_the_worst_of_thousands_are_found_at_once(alice: User, stand_ins: str, polled: None) -> None:
    listen(alice, bot(alice, f"{stand_ins}/telegram"))
    await until(lambda: polling.summary().pollers == 1, 5.0)
    service = polling._service
    assert service is not None
    ((key, turn),) = service.turns.items()
    service.turns.update({(key[0], str(number)): turn for number in range(5000)})
    try:
        began = time.process_time()
        assert len(polling.worst(25)) == 25
        assert time.process_time() - began < 0.2
    finally:
        for number in range(5000):
            del service.turns[key[0], str(number)]


def test_who_listens_is_asked_once_and_not_for_each_connection(alice: User) -> None:
    query = hearing._only(select(func.count())).compile(
        dialect=db.engine().dialect, compile_kwargs={"literal_binds": True}
    )
    with db.reading() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    said = [row[-1] for row in plan]
    assert said and not [each for each in said if "CORRELATED" in each], said
