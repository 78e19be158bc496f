"""A seller killed at random: no sale shown as done is lost, none is doubled, no number is used twice."""

import random
import subprocess
import sys
from pathlib import Path

from till_terminal import stock_desk

from contract.codec import verify_chain
from contract.facts import SaleRecorded
from contract.values import BasketId, Receipt
from kiosk.bootstrap import open_desk

KILLS = 30
VICTIM = Path(__file__).parent.parent / "support" / "counter_victim.py"


def run_and_kill(data_dir, seed, lines):
    """Return what the victim said until it was killed, after at least ``lines`` lines."""
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


def lines_of(basket):
    return ",".join(f"{line.sku}:{line.quantity.amount}" for line in basket.lines)


def test_killed_thirty_times(tmp_path):
    data_dir = tmp_path / "data"
    stock_desk(data_dir).close()
    rng = random.Random(20261121)  # noqa: S311 - when to kill
    shown: dict[Receipt, BasketId] = {}
    expected = ""
    for kill in range(KILLS):
        said = run_and_kill(data_dir, kill, rng.randint(1, 60))
        assert said[0][0] == "OPEN"
        assert "".join(said[0][2:]) == expected
        for word, first, *rest in said:
            if word == "SOLD":
                assert first not in shown, "a receipt number was used twice"
                shown[first] = rest[0]
        desk = open_desk(data_dir)
        facts = [fact.data for fact in verify_chain(desk.journal.stored(desk.journal.epoch))]
        sales = [data for data in facts if isinstance(data, SaleRecorded)]
        expected = lines_of(desk.open_basket())
        desk.close()
        assert sales == facts
        assert [data.receipt for data in sales] == [f"k1-1-{n}" for n in range(1, len(sales) + 1)]
        assert len({data.basket for data in sales}) == len(sales)
        stored = {data.receipt: data.basket for data in sales}
        assert shown.items() <= stored.items(), "a sale shown as done is lost"
        assert_basket_follows(said, expected, stored.values())
        shown = stored


def assert_basket_follows(said, found, sold):
    """What is open is what was kept last, or one step further: a line more, or sold."""
    word, *rest = said[-1]
    if word == "SOLD":
        assert found.count(":") <= 1
    elif rest[0] in sold:
        assert found == ""
    else:
        kept = "".join(rest[1:])
        assert found == kept or found.count(":") in {kept.count(":"), kept.count(":") + 1}
