"""The rights machine on PostgreSQL with eight workers at once: no unit is promised twice, and none is lost."""

import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from postgres import PostgresServer
from rights_crowd import Crowd, Room
from rights_openings import OPENINGS
from rights_plans import Plan, live, plans
from rights_races import RACES, ROUNDS, rush
from rights_rules import RightsMachine, make_rights_machine
from rights_settling import settle
from rights_world import make_template

from hub.store.errors import ContentRefused

MEMORY = Path("/dev/shm")  # noqa: S108 - what is tested here is rules, not syncing
STEPS = 100  # of a plan; nearly half of them cannot be used when their turn comes
FEWEST = 40  # that are left of a plan, on the average of many


@pytest.fixture(scope="module")
def room(postgres_server: PostgresServer) -> Iterator[Room]:
    room = Room(postgres_server)
    yield room
    room.close()


@pytest.fixture(scope="module")
def make(room: Room) -> Iterator[Callable[..., RightsMachine]]:
    """Return what makes a machine whose hub is a crowd."""
    where = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="crowd-", dir=where) as folder:
        template = make_template(Path(folder) / "template")
        yield lambda *openings: make_rights_machine(template, openings or OPENINGS, partial(Crowd, room=room))()


@pytest.mark.timeout(max(300, 3 * settings().max_examples))  # hundreds of lives in the nightly profile
def test_eight_workers_promise_no_unit_twice_whatever_happens(make, room):
    """A few lives; in the nightly profile 20,000 steps."""
    wanted = 4 * settings().max_examples
    done: list[int] = []

    @settings(
        max_examples=wanted // FEWEST + 3,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # a race does not come again when it is asked to: what is caught is told as it is
        suppress_health_check=list(HealthCheck),
    )
    @given(plan=plans(STEPS))
    def one(plan: Plan) -> None:
        if sum(done) < wanted:
            try:
                done.append(live(make(), plan))
            finally:
                room.clear()

    one()
    assert sum(done) >= wanted


def test_a_rush_is_not_caught_without_a_race(make, room):
    rush_to_the_end(make(), room, rounds=4)


@pytest.mark.parametrize("race", RACES)
def test_every_seeded_race_is_caught(make, room, race):
    """By what the books say, or by the database, which then refuses what a worker writes."""
    with RACES[race](room.engine), pytest.raises((AssertionError, ContentRefused)):
        rush_to_the_end(make(), room)


def rush_to_the_end(machine: RightsMachine, room: Room, rounds: int = ROUNDS) -> None:
    try:
        rush(machine, rounds)
        settle(machine.world, machine.checks)
    finally:
        machine.end()
        room.clear()
