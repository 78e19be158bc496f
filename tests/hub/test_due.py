"""When what was put off is due, in SQL as in Python: at its time, or when the clock was put back since."""

from datetime import timedelta

import pytest
from hub_books import AT, Hub
from sqlalchemy import literal, select

from contract.values import instant_text
from hub.store.due import LONGEST, has_come, is_due, moment

NOW = instant_text(AT)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("put_off", "due"),
    [
        (-LONGEST, True),
        (timedelta(), True),
        (SECOND, False),
        (LONGEST, False),
        (LONGEST + SECOND, True),
        (timedelta(days=400), True),
    ],
)
def test_what_is_put_off_is_due_at_its_time_or_when_the_clock_was_put_back(
    hub: Hub, put_off: timedelta, *, due: bool
) -> None:
    at = instant_text(AT + put_off)
    assert has_come(at, NOW) is due
    with hub.store.read() as connection:
        assert bool(connection.execute(select(is_due(literal(at))), moment(NOW)).scalar_one()) is due
