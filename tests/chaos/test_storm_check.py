"""The judge of the storm: a true world is clean, and each of many lies about it is found."""

import json
import shutil
import subprocess
import sys

import pytest
from storm.check import Shop, judge, unsent
from storm_lies import HUB_K1, K1, LIES
from storm_worlds import World, append, change_data, last_sale, make_world


@pytest.fixture(scope="module")
def true_world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(true_world, tmp_path):
    shutil.copytree(true_world.folder, tmp_path / "world")
    return World(tmp_path / "world")


def test_a_true_world_is_clean(true_world):
    verdict = judge(true_world.shops, true_world.hub_db)
    said = [sentence.partition(" of ")[0] for sentence in verdict.findings]
    assert "note: exception life_closed" in said
    assert all(sentence.startswith("note: ") for sentence in said)
    assert (verdict.lost, verdict.doubled, verdict.chain_ok) == (0, 0, True)
    assert (verdict.facts, verdict.sales, verdict.refunds) == (3 * 19 + 2 + 15, 4 * 13 + 2, 4 * 2)
    assert (verdict.refused, verdict.refused_yet_recorded) == (2, 1)
    assert json.loads(verdict.to_json())["lost"] == 0


def test_it_shares_no_code_with_what_it_judges(repo_root):
    ask = (
        "import sys; import storm.check; rooms = {'contract', 'kiosk', 'hub', 'mqtt_bridge', 'msgspec', 'sqlalchemy'}; "
        "print(sorted(rooms & {name.partition('.')[0] for name in sys.modules}))"
    )
    command = [sys.executable, "-c", ask]
    said = subprocess.run(command, cwd=repo_root / "tests/chaos", capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_what_is_still_in_the_write_ahead_logs_counts(true_world, world):
    with world.till(K1) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        append(db, change_data(last_sale(db), basket="late", receipt="k1-1-99"))
        db.commit()
        assert world.journal(K1).with_name("till.db-wal").stat().st_size > 0
        assert judge(world.shops, world.hub_db).facts == judge(true_world.shops, true_world.hub_db).facts + 1


def test_unsent_counts_what_the_hub_has_not_committed(world):
    assert unsent(world.shops, world.hub_db) == 0
    with world.till(K1) as db:
        for n in range(3):
            append(db, change_data(last_sale(db), basket=f"new{n}"))
    assert unsent(world.shops, world.hub_db) == 3
    with world.hub() as db:
        db.execute(f"UPDATE lanes SET position = position - 2 WHERE {HUB_K1}")  # noqa: S608 - a test's own
    assert unsent(world.shops, world.hub_db) == 5


def test_unsent_counts_each_epoch_by_itself(world):
    with world.hub() as db:
        db.execute("UPDATE lanes SET position = position + 50 WHERE epoch = 1")
        db.execute("UPDATE lanes SET position = position - 1 WHERE epoch = 2")
    assert unsent(world.shops, world.hub_db) == 1


def test_before_anything_is_there_nothing_is_unsent(tmp_path, world):
    nowhere = tmp_path / "nowhere"
    assert unsent([Shop("north", "market", "k1", nowhere, nowhere)], nowhere) == 0
    assert unsent(world.shops, nowhere) == judge(world.shops, world.hub_db).facts


@pytest.mark.parametrize("name", LIES)
def test_every_lie_is_found_for_what_it_is(world, name):
    kind, phrase, tell = LIES[name]
    tell(world)
    verdict = judge(world.shops, world.hub_db)
    of_kind = [said for said in verdict.findings if said.startswith(f"{kind}:")]
    assert any(phrase in said for said in of_kind), verdict.findings
    count = {"lost": verdict.lost, "doubled": verdict.doubled, "chain": not verdict.chain_ok, "note": len(of_kind)}
    assert count[kind] == len(of_kind) or (kind == "chain" and count[kind])
    assert (verdict.lost + verdict.doubled == 0 and verdict.chain_ok) == (kind == "note")


def test_findings_are_bounded_and_counts_are_not(world):
    with world.hub() as db:
        db.execute("DELETE FROM facts")
    verdict = judge(world.shops, world.hub_db)
    assert len(verdict.findings) == 50
    assert verdict.lost == verdict.facts
