"""kill -9 while tokens are renewed: the long form is `python -m tests.bench.refresh`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import refresh

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
KILLS = 5


@pytest.mark.parametrize("hurried", [False, True])
async def test_nobody_has_to_sign_in_again(tmp_path: Path, hurried: bool) -> None:
    outcome = await refresh.run(tmp_path, KILLS, hurried=hurried)
    assert (outcome.kills, outcome.forced, outcome.thefts) == (KILLS, 0, 0), outcome
    assert outcome.works == refresh.CONNECTIONS, outcome
    assert outcome.renewals >= KILLS, outcome
