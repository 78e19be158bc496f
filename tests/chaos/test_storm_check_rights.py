"""The judge of rights and promises: a true world is clean, and each of many lies about it is found."""

import shutil

import pytest
from storm.check import judge
from storm.check_rights import imbalance
from storm_lies_rights import RIGHTS_LIES, excused, owned_up
from storm_worlds_rights import RightsWorld, make_rights_world


@pytest.fixture(scope="module")
def true_world(tmp_path_factory):
    return make_rights_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(true_world, tmp_path):
    shutil.copytree(true_world.folder, tmp_path / "world")
    return RightsWorld(tmp_path / "world")


def found_in(world):
    verdict = judge(world.shops, world.hub_db, world.goods)
    counts = {
        "oversold": verdict.oversold,
        "i2": verdict.i2_violations,
        "overdrafts": verdict.overdrafts_beyond,
        "promises": verdict.promises_broken,
    }
    return verdict, counts


def test_a_true_world_of_rights_is_clean(true_world):
    verdict, counts = found_in(true_world)
    assert not any(counts.values()), verdict.findings
    assert (verdict.lost, verdict.doubled) == (0, 0), verdict.findings
    assert verdict.overdrafts > 0
    assert verdict.kinds["promise.told"] == verdict.kinds["reservation.held"] == 1


@pytest.mark.parametrize("name", RIGHTS_LIES)
def test_every_lie_about_rights_is_found_for_what_it_is(world, name):
    what, phrase, tell = RIGHTS_LIES[name]
    tell(world)
    verdict, counts = found_in(world)
    assert counts[what] > 0, verdict.findings
    assert any(said.startswith(f"{what}: ") and phrase in said for said in verdict.findings), verdict.findings


def test_what_was_lost_with_the_books_is_no_broken_promise(world):
    excused(world)
    verdict, counts = found_in(world)
    assert counts["promises"] == 1, verdict.findings  # the one that was said after the loss
    assert "web-1 is confirmed" in str(verdict.findings)


@pytest.mark.parametrize(("in_turn", "broken"), [(True, 0), (False, 1)])
def test_a_promise_that_was_broken_openly_has_two_answers_in_turn(world, in_turn, broken):
    owned_up(world, in_turn=in_turn)
    verdict, counts = found_in(world)
    assert counts["promises"] == broken, verdict.findings


def test_rights_are_off_by_as_much_as_was_made_up(world):
    with world.hub() as db:
        db.execute("UPDATE pools SET free = free + 7 WHERE sku = 'jam'")
    assert imbalance(world.hub_db) == {("market", "jam", "sellable", "pc"): 7}


def test_books_that_went_back_may_show_too_few_rights_until_a_till_has_reported_them(world):
    with world.hub() as db:
        db.execute("UPDATE accounts SET held = held + 1000 WHERE sku = 'jam' AND epoch = 1")
    assert imbalance(world.hub_db) == imbalance(world.hub_db, at_rest=False) != {}
    with world.hub() as db:
        db.execute("UPDATE hub_life SET incarnation = incarnation + 1")
    assert imbalance(world.hub_db)
    assert not imbalance(world.hub_db, at_rest=False)
