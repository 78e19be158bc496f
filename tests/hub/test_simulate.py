"""The rights simulation: stock is conserved at every step, the published behaviour comes out, ours does better."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli import main
from hub.core.redistribute import Grant, Plan, Pool, Recall, plan_recall
from hub.sim.agenda import Agenda
from hub.sim.link import Link
from hub.sim.rights import Manner, RightsHub
from hub.sim.runs import OURS, POLICIES, RECALL, STATIC, Seller, Summary, run, run_all, steps, summarise
from hub.sim.shelf import Shelf
from hub.sim.world import DELAY_S, ONLINE, Day, Spells, World, draw

WORLD = World()
SHARES = ("oversold_runs", "oversold_units", "accepted", "refused_while_stock")


def simulate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["simulate-rights", *arguments])


def rights_in_the_world(hub: RightsHub, shelf: Shelf, world: World) -> int:
    """Count every right wherever it is, and what was sold by the shelf's own count."""
    on_the_way_down = sum(b.granted - t.received for b, t in zip(hub.books.values(), hub.tills, strict=True))
    on_the_way_up = sum(t.released - b.last.released for b, t in zip(hub.books.values(), hub.tills, strict=True))
    at_tills = sum(till.available for till in hub.tills)
    return (world.units - shelf.left) + shelf.oversold + hub.free + at_tills + on_the_way_down + on_the_way_up


def watched(manner: Manner, world: World, seed: int) -> Iterator[tuple[RightsHub, Shelf]]:
    agenda, shelf, day = Agenda(), Shelf(world.units), draw(world, seed)
    hub = RightsHub(world, day, agenda, shelf, manner)
    for _ in steps(world, day, agenda, hub):
        yield hub, shelf


@pytest.mark.parametrize("manner", [STATIC, RECALL, OURS, Manner(policy=plan_recall, asks=True)])
@pytest.mark.parametrize("down", [0.0, 0.47, 0.8])
def test_no_right_is_made_or_lost_at_any_step(manner: Manner, down: float):
    world = World(down=down)
    for hub, shelf in watched(manner, world, seed=3):
        assert rights_in_the_world(hub, shelf, world) == world.units
        assert hub.free >= 0
        assert all(till.available >= 0 for till in hub.tills)
        assert shelf.oversold == 0


def grant_blindly(pool: Pool) -> Plan:
    """Grant what is not there: the kiosks sell it all the same."""
    return Plan(tuple(Grant(one.name, 5) for one in pool.holders))


def test_the_shelf_sees_what_the_books_of_a_broken_policy_hide():
    seen = list(watched(Manner(policy=grant_blindly, review_s=3_600), WORLD, seed=3))
    hub, shelf = seen[-1]
    assert hub.free < 0
    assert shelf.oversold > 0


def test_the_shelf_counts_refusals_with_goods_on_it_and_promises_without():
    shelf = Shelf(1)
    for what in (shelf.refuse, shelf.accept, shelf.refuse, shelf.accept):
        what()
    assert (shelf.left, shelf.accepted, shelf.oversold) == (0, 2, 1)
    assert (shelf.refused, shelf.refused_while_stock) == (2, 1)


@pytest.mark.parametrize("name", POLICIES)
def test_each_shopper_is_accepted_or_refused_once_and_goods_leave_the_shelf_once(name: str):
    day, agenda, shelf = draw(WORLD, 5), Agenda(), Shelf(WORLD.units)
    for _ in steps(WORLD, day, agenda, POLICIES[name](WORLD, day, agenda, shelf)):
        pass
    assert shelf.accepted + shelf.refused == len(day.shoppers)
    assert shelf.accepted == WORLD.units - shelf.left + shelf.oversold


@pytest.mark.parametrize("name", POLICIES)
def test_a_seed_is_one_run_for_ever(name: str):
    assert run(WORLD, draw(WORLD, 11), POLICIES[name]) == run(WORLD, draw(WORLD, 11), POLICIES[name])


def test_days_differ_and_links_do_not_change_with_demand():
    assert draw(WORLD, 1) != draw(WORLD, 2)
    assert draw(WORLD, 1).links == draw(World(demand=0.7), 1).links
    assert draw(WORLD, 1).shoppers == draw(World(down=0.8), 1).shoppers


@pytest.mark.parametrize("down", [0.0, 0.09, 0.47, 0.8])
def test_links_are_down_as_long_as_they_should_be(down: float):
    world = World(down=down)
    links = [spells for seed in range(60) for spells in draw(world, seed).links]
    assert sum(down_s(spells, world.day_s) for spells in links) / world.day_s / len(links) == pytest.approx(
        down, abs=0.03
    )


def down_s(spells: Spells, day_s: float) -> float:
    marks = [0.0, *spells.flips, day_s]
    first_down = 1 if spells.up_first else 0
    return sum(marks[nth + 1] - marks[nth] for nth in range(first_down, len(marks) - 1, 2))


def test_shoppers_come_as_often_and_where_they_should():
    shoppers = [where for seed in range(60) for _, where in draw(WORLD, seed).shoppers]
    assert len(shoppers) / 60 == pytest.approx(WORLD.units * WORLD.demand, rel=0.03)
    assert shoppers.count(ONLINE) / len(shoppers) == pytest.approx(WORLD.online, abs=0.015)
    assert {*range(WORLD.kiosks), ONLINE} == set(shoppers)


def test_a_message_needs_the_link_for_the_whole_way():
    agenda, came = Agenda(), []
    link = Link(agenda, up=True)
    link.send(lambda: came.append("whole"))
    agenda.at(10, lambda: link.send(lambda: came.append("cut")))
    agenda.at(10 + DELAY_S / 2, link.flip)
    agenda.at(11, lambda: link.send(lambda: came.append("down")))
    agenda.at(100, link.flip)
    agenda.at(100, lambda: link.send(lambda: came.append("again")))
    assert list(agenda.steps(1_000))[-1] == 100 + DELAY_S
    assert came == ["whole", "again"]


def test_the_hub_hears_of_an_outage_by_missing_beats_only():
    agenda, heard = Agenda(), {}
    link = Link(agenda, up=True)
    agenda.at(100, link.flip)
    agenda.at(1_000, link.flip)
    for at_s in (40.0, 105.0, 700.0, 1_020.0):
        agenda.at(at_s, lambda at_s=at_s: heard.update({at_s: link.heard_s}))  # type: ignore[misc]
    list(agenda.steps(2_000))
    assert heard == {40.0: 10.0, 105.0: 15.0, 700.0: 610.0, 1_020.0: 20.0}
    assert link.outage_s == (1_800 + 900) / 2
    assert link.up_share == pytest.approx(100 / (100 + 2_700))


def day_of(*shoppers: tuple[float, int], flips: tuple[float, ...] = ()) -> Day:
    return Day(shoppers, (Spells(up_first=True, flips=flips), Spells(up_first=True, flips=())))


@pytest.mark.parametrize(("flips", "accepted"), [((), 1), ((50.0,), 0)])
def test_a_dry_kiosk_sells_what_another_gives_back_while_the_shopper_waits(flips: tuple[float, ...], accepted: int):
    def all_to_the_other(pool: Pool) -> Plan:
        if pool.free == 1 and not any(one.waiting for one in pool.holders):
            return Plan((Grant("k01", 1),))
        if pool.free:
            return Plan((Grant("k00", 1),))
        if any(one.waiting for one in pool.holders) and not pool.holders[1].recalling:
            return Plan((), (Recall("k01", 1, urgent=True),))
        return Plan()

    def make(world: World, day: Day, agenda: Agenda, shelf: Shelf) -> Seller:
        return RightsHub(world, day, agenda, shelf, Manner(policy=all_to_the_other, asks=True))

    score = run(World(kiosks=2, units=1), day_of((100.0, 0), flips=flips), make)
    assert (score.accepted, score.refused_while_stock) == (accepted, 1 - accepted)


def test_counters_oversell_what_is_sold_unseen():
    world = World(kiosks=2, units=1)
    score = run(world, day_of((60.0, 0), (70.0, 1), flips=(50.0, 80.0)), POLICIES["pn_counter"])
    assert (score.accepted, score.oversold) == (2, 1)


def test_the_hub_alone_sells_nothing_over_a_dead_link():
    world = World(kiosks=2, units=2)
    score = run(world, day_of((60.0, 0), (70.0, 1), flips=(50.0,)), POLICIES["hub_only"])
    assert (score.accepted, score.refused_while_stock) == (1, 1)


def test_a_lease_ends_and_what_it_sold_is_sold_again():
    world = World(kiosks=2, units=3)
    shoppers = [(60.0, 0), (2_000.0, 0), (2_900.0, 1), (2_910.0, 1), (2_920.0, ONLINE)]
    score = run(world, day_of(*shoppers, flips=(50.0,)), POLICIES["expiry"])
    assert score.oversold == 1  # the hub took back the unit that was sold at 60
    assert score.refused_while_stock == 1  # the shopper at 2,000: the lease was over


@pytest.fixture(scope="module")
def forty_days() -> dict[str, Summary]:
    return run_all(WORLD, range(40))


@pytest.mark.parametrize(
    ("name", "field", "least", "most"),
    [
        ("hub_only", "refused_while_stock", 0.34, 0.42),
        ("pn_counter", "oversold_runs", 0.95, 1.0),
        ("pn_counter", "oversold_units", 16, 27),
        ("expiry", "oversold_runs", 0.5, 1.0),
        ("static", "refused_while_stock", 0.33, 0.41),
        ("recall", "refused_while_stock", 0.08, 0.14),
        ("ours", "refused_while_stock", 0.0, 0.08),
    ],
)
def test_forty_days_behave_as_published(
    forty_days: dict[str, Summary], name: str, field: str, least: float, most: float
):
    assert least <= getattr(forty_days[name], field) <= most


@pytest.mark.parametrize("name", ["hub_only", "static", "recall", "ours"])
def test_rights_never_oversell(forty_days: dict[str, Summary], name: str):
    assert (forty_days[name].oversold_runs, forty_days[name].oversold_units) == (0, 0)


def test_ours_sells_what_the_stock_allows(forty_days: dict[str, Summary]):
    ours = forty_days["ours"]
    assert ours.stock_allows - ours.accepted < 0.005


def test_with_plenty_of_stock_ours_sends_hardly_anybody_away():
    world = World(demand=0.7)
    ours = summarise([run(world, draw(world, seed), POLICIES["ours"]) for seed in range(12)])
    assert ours.refused_while_stock < 0.02


def test_the_command_prints_one_json_object_alone():
    result = simulate("--seeds", "2", "--first-seed", "7", "--down", "0.3", "--demand", "1.2", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    told: dict[str, Any] = json.loads(result.stdout)
    assert list(told) == ["policies"]
    assert list(told["policies"]) == ["hub_only", "pn_counter", "expiry", "static", "recall", "ours"]
    expected = run_all(World(down=0.3, demand=1.2), [7, 8])
    for name, found in told["policies"].items():
        assert {field: getattr(expected[name], field) for field in SHARES} == {field: found[field] for field in SHARES}


def test_the_command_prints_a_table_for_people():
    result = simulate("--seeds", "1")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["policy", *POLICIES]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--seeds", "0"),
        ("--seeds", "100001"),
        ("--seeds", "many"),
        ("--first-seed", "-1"),
        ("--down", "-0.1"),
        ("--down", "1"),
        ("--down", "nan"),
        ("--down", "47%"),
        ("--demand", "0"),
        ("--demand", "inf"),
        ("--demand", "11"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_that_names_the_option(option: str, value: str):
    result = simulate(option, value, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert option in line
