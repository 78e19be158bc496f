"""Seeded races: each takes away what keeps workers apart. A crowd catches them always; a single worker never would.

The lock of a kiosk's row is not among them: where it is missing, keys that no two facts may share stand behind it, and
only two rushes of three are caught.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final

import pytest
from rights_rules import RightsMachine
from rights_world import SITES
from sqlalchemy import Connection, Engine, event, select, update

from hub.store import pools
from hub.store.pools import PoolKey
from hub.store.rights_tables import pools as table_of_pools

LOCK: Final = re.compile(r"\s+FOR UPDATE( OF \w+)?\s*$")
ROUNDS: Final = 12  # of a rush; the race is caught within the first few
MEET_S: Final = 0.05  # how long who has read waits for another who reads: some statements


def rush(machine: RightsMachine, rounds: int = ROUNDS) -> None:
    """Let goods come, go and be wanted everywhere, so that ingests, stewards and programs meet on the same rows."""
    for which in range(3):
        machine.connect(which)
        machine.receive(which, "tea", 5)
    for _ in range(rounds):
        for which in range(3):
            machine.receive(which, "tea", 5)
            machine.release(which, "tea", 4)
            machine.turn(which)
        machine.deliver_all()
        for site in SITES:
            machine.hub_hold(site, {"tea": 1}, 15, paid=True, sure=True, crash="")
        for which in range(3):
            machine.want(which, "tea", 2)
            machine.sell(which, "tea", 4)
        machine.work(1.5)
        machine.nothing_is_promised_twice()


class Meeting:
    """Where who has begun to look waits for another who looks, so that both see the same."""

    def __init__(self) -> None:
        self._two = threading.Barrier(2)

    def wait(self) -> None:
        """Wait for another, for as long as a few statements take; nobody may come."""
        with suppress(threading.BrokenBarrierError):
            self._two.wait(MEET_S)
        if self._two.broken:
            self._two.reset()


@contextmanager
def unlocked(engine: Engine, table: str) -> Iterator[None]:
    """Have rows of a table read without locking them, whichever statement asks for it."""

    def strip(_1: object, _2: object, statement: str, values: object, *_: object) -> tuple[str, object]:
        return (LOCK.sub("", statement) if f"FROM {table}" in statement else statement), values

    event.listen(engine, "before_cursor_execute", strip, retval=True)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", strip)


@contextmanager
def read_then_written(engine: Engine) -> Iterator[None]:
    """Have programs read what is free, and write what is left of it, without a lock in between."""
    meeting = Meeting()

    def reserve(connection: Connection, key: PoolKey, amount: int) -> bool:
        where = [table_of_pools.c[name] == value for name, value in pools._key_row(key).items()]
        row = connection.execute(select(table_of_pools).where(*where)).one_or_none()
        meeting.wait()
        if row is None or row.free - row.unsettled - row.deficit < amount:
            return False
        left = {"free": row.free - amount, "reserved": row.reserved + amount}
        connection.execute(update(table_of_pools).where(*where).values(left))
        return True

    with unlocked(engine, "pools"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(pools, "reserve", reserve)
        yield


RACES: Final[Mapping[str, Callable[[Engine], AbstractContextManager[None]]]] = {
    "what is free is read, then written": read_then_written,
}
