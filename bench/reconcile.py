"""Reconciliation: 120 sites were cut off, sold 2,000 facts each, and come back at the same moment.

A real Mosquitto with its default limits, ``hub serve`` on SQLite, and the parts of ``kiosk bridge`` over 120 real
journals, in a few processes (:mod:`bench.sites` says why, and what a site records). Before they are cut off, the sites
book goods in and give the hub some rights, and the hub does what follows from it. Selling is not measured either.

The clock starts when all sites may connect. It stops when every kiosk has stored, synced, that all its facts are
acknowledged and what became of its promise, and the hub's steward has nothing left that is due. Then the books of stock
must add up, nothing may be set aside, and every shopper must have been promised the goods, for they are there, be it at
another site where the steward has granted them to the till: else there is no figure. Kiosks, broker and hub share this
machine's processors and its disk, which in the field they do not.
"""

import itertools
import json
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO, Final, Self

from msgspec import Struct

from bench.figure import Figure
from bench.road import BenchError, Road, operator
from bench.shoppers import SITES
from bench.sites import READY, STOCKED, WAIT_S
from contract.rights import Answer
from contract.values import instant_text
from kiosk.clock import now_utc
from kiosk.config import load_config

FACTS: Final = 2_000  # of each site: two or three days of a busy till
TARGET_S: Final = 60.0
FIRST_PROMISE_S: Final = 1.0
_PROCESSES: Final = 4  # two for each of two cores: while one waits for the disk, another may go on
_POLL_S: Final = 0.05  # a thousandth of the target
_END_S: Final = 60.0  # for thirty links to say goodbye


class Reconciled(Struct, frozen=True):
    """What was seen; seconds since the sites could connect, ``promises_s`` in order."""

    facts: int
    acked_s: float
    converged_s: float
    promises_s: list[float]


def reconcile(folder: Path, rng: random.Random) -> list[Figure]:
    """Measure it at the size that is promised."""
    seen = measure(folder, rng, sites=SITES, facts=FACTS)
    return [
        Figure("reconcile_s", round(seen.converged_s, 1), "s", TARGET_S),
        Figure("reconcile_facts_per_s", round(seen.facts / seen.converged_s), "facts/s"),
        Figure("reconcile_first_promise_s", round(seen.promises_s[0], 2), "s", FIRST_PROMISE_S),
        Figure("reconcile_all_promises_s", round(seen.promises_s[-1], 2), "s"),
    ]


def measure(folder: Path, rng: random.Random, *, sites: int, facts: int) -> Reconciled:
    """Return how long ``sites`` with ``facts`` each take; raises BenchError."""
    road = Road(folder)
    seed = rng.getrandbits(32)
    try:
        road.start_peers()
        broker = load_config(road.data).link.brokers[0]
        with ExitStack() as stack:
            shares = [
                stack.enter_context(Share(folder, broker, some, sites=sites, facts=facts, seed=seed))
                for some in _shares(sites)
            ]
            return _come_back(folder, shares, sites * facts)
    finally:
        road.stop()


def _come_back(folder: Path, shares: list["Share"], facts: int) -> Reconciled:
    for share in shares:
        share.expect(STOCKED)
    _wait_for_steward(folder)
    for share in shares:
        share.go_on()
    for share in shares:
        share.expect(READY)
    began_s = time.perf_counter()
    for share in shares:
        share.go_on()
    moments = [moment for share in shares for moment in share.moments()]
    acked_s = max(acked for acked, _, _ in moments) - began_s
    converged_s = max(_wait_for_steward(folder) - began_s, acked_s)
    for share in shares:
        share.go_on()
    _check(folder, [answer for _, _, answer in moments])
    return Reconciled(facts, acked_s, converged_s, sorted(answered - began_s for _, answered, _ in moments))


class Share:
    """One process of :mod:`bench.sites`."""

    def __init__(self, folder: Path, broker: str, some: range, *, sites: int, facts: int, seed: int) -> None:
        """Start it for ``some`` of the sites."""
        numbers = [str(number) for number in (sites, facts, seed, some.start, some.stop)]
        command = [sys.executable, "-m", "bench.sites", str(folder), broker, *numbers]
        self._child = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it: the end of its input tells it to."""
        self._input.close()
        try:
            self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._output.close()

    def expect(self, word: str) -> None:
        """Wait until it says ``word``; raises BenchError."""
        if (said := self._line()) != word:
            raise BenchError(f"the sites said {said!r} instead of {word!r}")

    def moments(self) -> list[tuple[float, float, str]]:
        """Return when each site had stored its last acknowledgement and its answer, and the answer; BenchError."""
        return [(acked, answered, answer) for acked, answered, answer in json.loads(self._line())]

    def go_on(self) -> None:
        """Tell it to go on."""
        self._input.write("\n")
        self._input.flush()

    @property
    def _input(self) -> IO[str]:
        assert self._child.stdin is not None  # noqa: S101 - it was asked for
        return self._child.stdin

    @property
    def _output(self) -> IO[str]:
        assert self._child.stdout is not None  # noqa: S101 - it was asked for
        return self._child.stdout

    def _line(self) -> str:
        """Return what it says next: within a time that it keeps itself."""
        line = self._output.readline().strip()
        if not line:
            raise BenchError("the sites ended early: what they said is above")
        return line


def _shares(sites: int) -> list[range]:
    """Return which sites each process has."""
    ends = [sites * nth // _PROCESSES for nth in range(_PROCESSES + 1)]
    return [range(first, after) for first, after in itertools.pairwise(ends) if after > first]


def _wait_for_steward(folder: Path) -> float:
    """Return the moment at which the steward was seen with nothing due; raises BenchError."""
    due = "SELECT count(*) FROM chores WHERE at <= ?"
    deadline_s = time.monotonic() + WAIT_S
    with closing(sqlite3.connect(f"file:{folder / 'hub.db'}?mode=ro", uri=True, timeout=10)) as db:
        while left := db.execute(due, (instant_text(now_utc()),)).fetchone()[0]:
            if time.monotonic() > deadline_s:
                raise BenchError(f"{left} of the steward's chores are not done after {WAIT_S:.0f} s")
            time.sleep(_POLL_S)  # noqa: TID251 - polls with a deadline
    return time.perf_counter()


def _check(folder: Path, answers: list[str]) -> None:
    """Raise BenchError unless the books add up, nothing was set aside, and every promise was kept."""
    operator(folder, "stock", "verify")
    if found := json.loads(operator(folder, "quarantine", "list", "--json"))["quarantine"]:
        raise BenchError(f"{len(found)} facts were set aside, the first: {found[0]}")
    if sorry := [answer for answer in answers if answer not in {Answer.CONFIRMED, Answer.ELSEWHERE}]:
        raise BenchError(f"{len(sorry)} of {len(answers)} promises were answered {set(sorry)}: there are goods for all")
