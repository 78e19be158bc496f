"""Counts and commands beside neighbours that were heard: their positions come by themselves, or are asked for."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kiosk_command import Kiosk

from contract.codec import Stamp, decode
from contract.facts import StockLine, StockReceived
from contract.goods import ShelfCounted
from contract.lan import Holds, Presence
from contract.rights import RightsMoved
from contract.values import Epoch, KioskId, Quantity, Seq, Sku
from kiosk.bootstrap import open_desk
from kiosk.clock import KioskClock
from kiosk.config import ConfigError, load_config
from kiosk.core.counter import Counter, Mood
from kiosk.core.timekeeping import ClockMode
from kiosk.journal.lan import LanStore

SETTINGS = 'clock = "system"\n[lan]\nbroker = "mqtt://127.0.0.1:1"\n'


@pytest.fixture
def shop(tmp_path: Path) -> Kiosk:
    kiosk = Kiosk(tmp_path / "shop")
    kiosk.data.mkdir()
    (kiosk.data / "kiosk.toml").write_text(SETTINGS)
    (tmp_path / "list.csv").write_text("sku,name,price\nA,Apple,0.50\n")
    kiosk("catalogue", "import", tmp_path / "list.csv")
    return kiosk


def hear(shop: Kiosk, name: str, *, online: bool = True, ago_s: float = 0.0, holds: int = 0) -> None:
    """Store what the bridge would have heard of a till."""
    now = KioskClock(ClockMode.SYSTEM).stamp()
    then = Stamp(at=now.at, boot=now.boot, mono_ns=now.mono_ns - int(ago_s * 1e9))
    store = LanStore(shop.data / "link.db")
    store.put_presence(name, Presence(online=online, epoch=Epoch(2), position=Seq(81)), then, live=True)
    if holds:
        store.put_holds(name, Holds(Epoch(2), [StockLine(Sku("A"), Quantity(holds))]))
    store.close()


def counts(shop: Kiosk) -> list[ShelfCounted]:
    desk = open_desk(shop.data)
    found = [decode(raw).data for _, raw in desk.journal.stored(desk.journal.epoch)]
    desk.close()
    return [data for data in found if isinstance(data, ShelfCounted)]


def test_a_count_names_the_tills_that_are_heard_by_itself(shop: Kiosk) -> None:
    hear(shop, "k2")
    hear(shop, "k3")
    done = shop("stock", "count", "A", "3", "--till", "k3=1@9")
    assert done.status == 0, done.err
    assert [(one.kiosk, one.epoch, one.position) for one in counts(shop)[0].others] == [("k3", 1, 9), ("k2", 2, 81)]


def test_a_count_asks_for_the_till_that_is_not_heard_and_records_nothing(shop: Kiosk) -> None:
    hear(shop, "k2")
    hear(shop, "k3", ago_s=60)
    said = shop("stock", "count", "A", "3").complaint
    assert "last told --till k3=2@81" in said
    assert "k2" not in said
    assert counts(shop) == []


def test_neighbours_are_shown_with_what_is_wrong(shop: Kiosk) -> None:
    hear(shop, "k2", holds=4)
    hear(shop, "k3", online=False)
    told = shop("stock", "neighbours", "--json").json
    assert (told["configured"], told["connected"], told["on_their_way"]) == (True, False, [])
    assert [(row["kiosk"], row["state"], row["position"], row["goods"]) for row in told["tills"]] == [
        ("k2", "here", 81, 1),
        ("k3", "not heard", 81, 0),
    ]
    text = shop("stock", "neighbours").out
    assert "site broker\tnot connected: is the bridge running?" in text
    assert "k2=2@81\there\t1 goods" in text


@pytest.mark.parametrize(
    ("ago_s", "to_epoch", "said"),
    [
        (0.0, 2, "on its way"),
        (60.0, 2, "on its way, not heard: if that till does not come back, 'hub kiosk close' it, and count"),
        (0.0, 1, "for a life that is over: once the hub has heard this till, a count of these goods frees it"),
    ],
)
def test_what_was_given_is_shown_with_what_to_do(shop: Kiosk, ago_s: float, to_epoch: int, said: str) -> None:
    hear(shop, "k2", ago_s=ago_s)
    lines = [StockLine(Sku("A"), Quantity(2))]
    at = datetime(2026, 3, 7, tzinfo=UTC)
    desk = open_desk(shop.data)
    desk.record([StockReceived(lines, at), RightsMoved("m-1", KioskId("k2"), Epoch(to_epoch), lines, at)])
    desk.close()
    (row,) = shop("stock", "neighbours", "--json").json["on_their_way"]
    assert row == {"move": "m-1", "to": "k2", "to_epoch": to_epoch, "state": said}
    assert f"m-1\tto k2={to_epoch}\t{said}" in shop("stock", "neighbours").out


def test_without_a_broker_of_the_site_nothing_is_different(shop: Kiosk) -> None:
    hear(shop, "k2", ago_s=60)
    (shop.data / "kiosk.toml").write_text('clock = "system"\n')
    assert shop("stock", "count", "A", "0").status == 0
    assert "add broker under [lan]" in shop("stock", "neighbours").out


def test_an_approver_is_spared_as_far_as_neighbours_hold_rights(shop: Kiosk) -> None:
    shop("stock", "receive", "A", "1")
    desk = open_desk(shop.data)
    try:
        counter = Counter(desk)
        counter.enter("9*A")
        assert "a manager must approve it" in counter.sell(counter.basket.total_minor).text
        hear(shop, "k2", holds=3)
        assert counter.sell(counter.basket.total_minor).mood is Mood.SOLD
    finally:
        desk.close()


def test_the_second_arrival_of_a_transfer_is_refused_and_changes_nothing(shop: Kiosk) -> None:
    slip = ("--from", "pier", "--transfer", "t-1")
    assert shop("stock", "arrive", "A", "3", *slip).status == 0
    assert (
        "transfer t-1 was booked here already: nothing was booked twice" in shop("stock", "arrive", "A", "3", *slip).err
    )
    assert shop("stock", "show", "A", "--json").json["stock"][0]["arrived"] == 3


def test_what_came_of_a_transfer_later_is_booked_as_its_next_part_once(shop: Kiosk) -> None:
    slip = ("--from", "pier", "--transfer", "t-1")
    assert shop("stock", "arrive", "A", "8", *slip).status == 0
    assert "if more of it came since, that is part 2" in shop("stock", "arrive", "A", "2", *slip).err
    assert "book part 2" in shop("stock", "arrive", "A", "2", *slip, "--part", "3").err
    assert shop("stock", "arrive", "A", "2", *slip, "--part", "2").status == 0
    assert shop("stock", "arrive", "A", "2", *slip, "--part", "2").status == 1
    assert shop("stock", "show", "A", "--json").json["stock"][0]["arrived"] == 10


@pytest.mark.parametrize(
    ("lan", "said"),
    [
        ('broker = "site"', "an address such as mqtts://broker.example"),
        ('brokers = "mqtts://site"', "unknown field `brokers`"),
    ],
)
def test_a_wrong_broker_of_the_site_is_one_plain_line(tmp_path: Path, lan: str, said: str) -> None:
    (tmp_path / "kiosk.toml").write_text(f"[lan]\n{lan}\n")
    with pytest.raises(ConfigError, match=said):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("broker", "said"),
    [
        ("mqtt://10.0.0.5", "must be mqtts://: only on this machine it goes without"),
        ("mqtts://site", "needs ca, cert and key under"),
        ("mqtt://127.0.0.1:99999", "correct broker under"),
        ("mqtt://127.0.0.1:1", "one kiosk cannot be there twice"),
    ],
)
def test_a_broker_of_the_site_that_cannot_be_is_refused_when_the_bridge_starts(
    shop: Kiosk, broker: str, said: str
) -> None:
    (shop.data / "kiosk.toml").write_text(f'[link]\nbrokers = ["mqtt://127.0.0.1:1"]\n[lan]\nbroker = "{broker}"\n')
    assert said in shop("bridge").complaint


def test_what_was_heard_before_this_machine_began_vouches_for_nobody(shop: Kiosk) -> None:
    store = LanStore(shop.data / "link.db")
    then = Stamp(at=datetime(2026, 11, 21, tzinfo=UTC) - timedelta(hours=1), boot="before", mono_ns=1)
    store.put_presence("k2", Presence(online=True, epoch=Epoch(1), position=Seq(5)), then, live=True)
    store.close()
    assert "--till k2=1@5" in shop("stock", "count", "A", "3").complaint
