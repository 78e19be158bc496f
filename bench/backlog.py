"""A backlog of one kiosk: how fast it drains, and how fast it would with one fact a message.

The clock runs from the moment the bridge has stored that it is connected, for then the link can send, until the kiosk
has stored an acknowledgement of the last fact: read from the journal, carried, committed at the hub with
``synchronous=FULL``, noted in its life file, acknowledged, and that acknowledgement synced at the kiosk.
"""

import random
from pathlib import Path
from typing import Final

import psutil
from msgspec import Struct

from bench.catalogue import make_items
from bench.figure import Figure
from bench.road import Road, book_in, record_backlog, wait_until
from kiosk.bootstrap import open_desk

BACKLOG: Final = 10_000
_SMALL: Final = 2_000  # for what is slower: its rate does not depend on how long it lasts
_ITEMS: Final = 500


class _Drained(Struct, frozen=True):
    facts_per_s: float
    resident_mb: float


def backlog(folder: Path, rng: random.Random) -> list[Figure]:
    """Measure sales of one to six lines that wait in the journal when the link comes up; see :mod:`bench.naive`."""
    ours = _drain(Road(folder / "ours"), BACKLOG, rng)
    grouped = _drain(Road(folder / "grouped", one_fact=True), _SMALL, rng)
    alone = _drain(Road(folder / "alone", one_fact=True, one_message=True), _SMALL, rng)
    return [
        Figure("bridge_rss_mb", round(ours.resident_mb, 1), "MB", 60.0),
        Figure("road_facts_per_s", round(ours.facts_per_s), "facts/s", 5000.0, "at least"),
        Figure("road_one_facts_per_s", round(alone.facts_per_s), "facts/s"),
        Figure("road_one_grouped_facts_per_s", round(grouped.facts_per_s), "facts/s"),
        Figure("road_vs_one", round(ours.facts_per_s / alone.facts_per_s, 1), "x", 5.0, "at least"),
        Figure("road_vs_one_grouped", round(ours.facts_per_s / grouped.facts_per_s, 1), "x"),
    ]


def _drain(road: Road, count: int, rng: random.Random) -> _Drained:
    items = make_items(rng, _ITEMS)
    desk = open_desk(road.data)
    facts = book_in(desk, items) + count
    record_backlog(desk, items, rng, count)
    desk.idle()
    desk.close()
    try:
        road.start_peers()
        road.bridge.start()
        began = wait_until(road.online, "the bridge to be connected")
        ended = wait_until(lambda: road.acked() >= facts, "the backlog to drain")
        resident = psutil.Process(road.bridge.pid).memory_info().rss / 2**20
    finally:
        road.stop()
    return _Drained(facts / (ended - began), resident)
