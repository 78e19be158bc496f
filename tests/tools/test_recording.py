"""Tools that record keep the till's promises: no number is given twice, and the mirrors have it too."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kiosk_command import Kiosk

from contract.codec import decode
from kiosk.journal.links import LinkStore
from kiosk.journal.mirror.folder import MARKER, prepare
from kiosk.journal.outbox import Outbox

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
RECEIVE = ("stock", "receive", "A", "24")
COUNT = ("stock", "count", "A", "7")
REPLAY = ("replay", "tickets.csv", "--item", "item", "--time", "at", "--default-price", "2.50")


@pytest.fixture
def shop(kiosk: Kiosk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kiosk:
    monkeypatch.chdir(tmp_path)
    Path("list.csv").write_text("sku,name,price\nA,Apple,0.50\n")
    Path("tickets.csv").write_text("item,at\nTea,2026-01-02T10:00:00\n")
    kiosk("catalogue", "import", "list.csv")
    return kiosk


@pytest.fixture
def stick(shop: Kiosk, tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    prepare(folder, tmp_path, same_disk=True)
    (shop.data / "kiosk.toml").write_text(f'[mirror]\nfolder = "{folder}"\n')
    return folder


def epochs(shop: Kiosk) -> dict[str, int]:
    """Return how many facts of each stream the folder holds."""
    verdict = shop("journal", "verify", "--json").json
    assert verdict["chain_ok"]
    outbox = Outbox(shop.data)
    try:
        return outbox.newest()
    finally:
        outbox.close()


def lines(stick: Path, epoch: int) -> list[bytes]:
    return (stick / f"demo/demo/k1/till@{epoch}.facts").read_bytes().splitlines()


@pytest.mark.parametrize("args", [RECEIVE, COUNT, REPLAY], ids=lambda args: args[0] + args[1])
def test_what_the_hub_holds_and_the_card_lost_is_not_numbered_again(shop: Kiosk, args: Sequence[str]) -> None:
    shop(*RECEIVE)
    store = LinkStore(shop.data / "link.db")
    store.save_acks({"till@1": 5}, incarnation=1, at=AT)
    store.close()
    said = shop(*args)
    assert said.status == 0
    assert "it goes on as epoch 2" in said.err
    assert epochs(shop).keys() == {"till@1", "till@2"}
    assert epochs(shop)["till@1"] == 1


@pytest.mark.parametrize("args", [RECEIVE, REPLAY], ids=lambda args: args[0])
def test_what_only_the_mirror_holds_is_not_numbered_again(shop: Kiosk, stick: Path, args: Sequence[str]) -> None:
    shop(*RECEIVE)
    old = lines(stick, 1)
    for file in shop.data.glob("till.db*"):
        file.unlink()
    assert "epoch 2" in shop(*args).err
    assert epochs(shop).keys() == {"till@2"}
    assert lines(stick, 1) == old


@pytest.mark.parametrize("args", [RECEIVE, REPLAY], ids=lambda args: args[0])
def test_what_a_tool_recorded_is_on_the_mirror_when_it_ends(shop: Kiosk, stick: Path, args: Sequence[str]) -> None:
    assert shop(*args).err == ""
    held = lines(stick, 1)
    assert len(held) == epochs(shop)["till@1"] > 0
    assert [int(decode(line).seq) for line in held] == list(range(1, len(held) + 1))


def test_a_mirror_that_is_away_is_said_and_holds_nothing_up(shop: Kiosk, stick: Path) -> None:
    (stick / MARKER).unlink()
    said = shop(*RECEIVE)
    assert said.out == "A\tApple\t24 pc\tsellable\n"
    assert said.err == f"note: SALES ARE ON THIS CARD ONLY: the second medium {stick} is not there: put it back\n"
    shutil.rmtree(stick)
    assert shop(*RECEIVE).status == 0
