"""Killed at random while the own log is applied: nothing takes effect twice, nothing that was done is lost."""

import random
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import rights_facts as facts
from rights_facts import down
from till_terminal import stock_desk

from contract.codec import verify_chain
from contract.rights import ReservationHeld, RightsReleased, RightsReported
from contract.stock import NOTHING, StockKey, add, grant
from contract.values import Epoch, Sku
from hub.core.reconcile import account_of as account_of_delta
from hub.core.reconcile import effects_of
from kiosk.bootstrap import open_desk
from kiosk.journal.links import LinkStore
from kiosk.journal.own_log import OwnLog
from kiosk.journal.stock import account_of

KILLS = 12
ROUNDS = 300  # more than are applied before the last kill
TEA = StockKey(Sku("tea"))
VICTIM = Path(__file__).parent.parent / "support" / "rights_victim.py"


def write_log(data_dir, address):
    """Write what the hub says, as the bridge stores it: each round grants, places and recalls."""
    told, sums = [], 0
    for number in range(ROUNDS):
        sums += 2
        told += [facts.granted(sums), facts.placed(f"r{number}", 1, sums + 1), facts.recall(f"c{number}", 1)]
        sums += 1
    raws = tuple(down(data, position, address=address) for position, data in enumerate(told, 1))
    with closing(LinkStore(data_dir / "link.db")) as store:
        store.accept(f"{address.site}/{address.kiosk}", 1, 1, raws)
    return told


def run_and_kill(data_dir, seed, lines):
    guard = ["setpriv", "--pdeathsig", "KILL", sys.executable, VICTIM, data_dir, str(seed)]
    said: list[list[str]] = []
    with subprocess.Popen(guard, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as victim:
        assert victim.stdout
        assert victim.stderr
        while len(said) < lines and (line := victim.stdout.readline()):
            said.append(line.split())
        victim.kill()
        rest = victim.stdout.read()
        assert "Traceback" not in victim.stderr.read()
    return said + [line.split() for line in rest.splitlines(keepends=True) if line.endswith("\n")]


def test_killed_while_the_own_log_is_applied(tmp_path):
    data_dir = tmp_path / "data"
    desk = stock_desk(data_dir)
    told = write_log(data_dir, desk.address)
    desk.close()
    rng = random.Random(20261122)  # noqa: S311 - when to kill
    shown = 0
    for kill in range(KILLS):
        said = run_and_kill(data_dir, kill, rng.randint(1, 40))
        applied = [int(rest[0]) for word, *rest in said if word == "APPLIED"]
        assert applied == list(range(applied[0], applied[0] + len(applied))) if applied else True
        desk = open_desk(data_dir)
        _, position = OwnLog(desk.journal).cursor()
        assert shown <= max(applied, default=shown) <= position <= max(applied, default=shown) + 1
        check_books(desk.journal, told[:position])
        desk.close()
        shown = position
    assert shown > KILLS


def check_books(journal, told):
    """The table is what the facts and the applied grants add up to, and each recall and reservation had one answer."""
    stored = list(verify_chain(journal.stored(Epoch(1))))
    sums = NOTHING
    for fact in stored:
        for _, delta in effects_of(fact).stock:
            sums = add(sums, account_of_delta(delta))
    for data in told:
        for total in getattr(data, "totals", ()):
            sums = grant(sums, total.total, total.settled)
    assert account_of(journal, TEA) == sums
    assert sums.available >= 0
    said = [fact.data for fact in stored]
    recalls = Counter(data.recall for data in said if isinstance(data, RightsReleased))
    held = Counter(data.reservation for data in said if isinstance(data, ReservationHeld))
    assert recalls == Counter(data.recall for data in told if hasattr(data, "recall"))
    assert held == Counter(data.reservation for data in told if hasattr(data, "reservation"))
    assert sum(isinstance(data, RightsReported) for data in said) == (1 if told else 0)
    assert [fact.seen for fact in stored] == sorted(fact.seen for fact in stored)
