"""``kiosk journal salvage`` as an installer runs it: folders, images, a bridge or none, and a real hub."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from broker import Broker
from children import end_child, start_child
from disks import CANNOT_MOUNT
from facts_of_a_day import refund, sale
from kiosk_command import Kiosk, environment
from sqlalchemy import create_engine, text
from till_terminal import stock_desk
from waiting import wait_until

from contract.codec import digest
from contract.values import Epoch
from kiosk.bootstrap import LocalDesk, open_desk

SALES = 300
DEADLINE_S = 60.0


@pytest.fixture
def old(tmp_path: Path) -> Iterator[LocalDesk]:
    """A kiosk that has sold, and still runs."""
    desk = stock_desk(tmp_path / "old")
    for first in range(0, SALES, 50):
        desk.record([sale(f"b{number}") for number in range(first, first + 50)])
    desk.record([refund("b1")])
    yield desk
    desk.close()


@pytest.fixture
def card(old: LocalDesk, tmp_path: Path) -> Path:
    """The card, pulled while the till ran."""
    shutil.copytree(tmp_path / "old", tmp_path / "card")
    return tmp_path / "card"


def settings(kiosk: Kiosk, text: str) -> None:
    kiosk.data.mkdir(exist_ok=True)
    (kiosk.data / "kiosk.toml").write_text(text)


def test_no_wait_only_takes_over(kiosk: Kiosk, card: Path) -> None:
    done = kiosk("journal", "salvage", card, "--no-wait")
    assert (done.status, done.err) == (0, "")
    assert done.out == "301 facts of demo/demo/k1: 0 known, 301 taken over; acknowledged by the hub: till@1 0 of 301\n"
    report = kiosk("journal", "salvage", card, "--no-wait", "--json").json
    assert {name: report[name] for name in ("facts", "known", "taken", "missing", "unreadable_blocks")} == {
        "facts": 301,
        "known": 301,
        "taken": 0,
        "missing": {},
        "unreadable_blocks": 0,
    }
    assert report["streams"] == {"till@1": {"end": 301, "acknowledged": 0}}
    assert (report["conflicting"], report["doubtful"], report["aside"], report["complete"]) == (0, 0, None, False)
    assert kiosk("journal", "verify").out == "301 facts, the chain is whole\n"


def test_without_a_broker_it_says_that_nothing_was_sent(kiosk: Kiosk, card: Path) -> None:
    done = kiosk("journal", "salvage", card)
    assert done.status == 1
    assert done.err == "kiosk: no broker configured, so nothing was sent: add [link] to kiosk.toml and run it again\n"


def test_another_kiosks_card_is_refused_in_one_sentence(kiosk: Kiosk, card: Path) -> None:
    settings(kiosk, 'kiosk = "k2"\n')
    done = kiosk("journal", "salvage", card)
    assert done.status == 1
    assert "belongs to kiosk demo/demo/k1, this folder to demo/demo/k2: salvage it on a kiosk" in done.complaint


@pytest.mark.parametrize("place", ["nowhere", "shop", "."])
def test_a_place_that_cannot_be_meant_is_used_wrongly(kiosk: Kiosk, card: Path, tmp_path: Path, place: str) -> None:
    stock_desk(kiosk.data).close()
    done = kiosk("journal", "salvage", tmp_path / place)
    assert done.status == 2
    assert done.complaint


def test_numbers_given_again_are_named(kiosk: Kiosk, card: Path) -> None:
    desk = open_desk(kiosk.data)
    desk.record([sale("other")])
    desk.close()
    done = kiosk("journal", "salvage", card, "--no-wait")
    assert done.status == 1
    kept = kiosk.data / "salvage/demo/demo/k1"
    assert (
        f"till@1: 1 stand in this journal with other contents: nothing was overwritten, the card's are kept in {kept}"
        in (done.err)
    )


def test_what_root_made_belongs_to_the_kiosks_user(kiosk: Kiosk, card: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip(CANNOT_MOUNT)
    kiosk.data.mkdir()
    os.chown(kiosk.data, 65534, 65534)
    desk = open_desk(kiosk.data)
    desk.record([sale("other")])
    desk.close()
    settings = kiosk.data / "kiosk.toml"
    settings.write_text("")
    kiosk("journal", "salvage", card, "--no-wait")
    assert {path.stat().st_uid for path in kiosk.data.rglob("*") if path != settings} == {65534}
    assert settings.stat().st_uid == 0


def test_an_image_needs_root(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK_AS_ANYBODY, tmp_path / "card.img"], capture_output=True, text=True, check=True
    )
    assert "only root can look into: run this with sudo, or mount the card read-only" in done.stdout


LOOK_AS_ANYBODY = """
import os, sys
from pathlib import Path
from kiosk.journal.salvage.errors import CannotSalvage
from kiosk.journal.salvage.mount import mounted
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    with mounted(Path(sys.argv[1]), Path("/nowhere")):
        pass
except CannotSalvage as error:
    print(error)
"""


@pytest.fixture
def mounts_allowed(tmp_path: Path) -> None:
    """Skip where this user, or this container, may not mount a loop device in a namespace of its own."""
    image = tmp_path / "try.ext4"
    subprocess.run(["truncate", "-s", "2M", image], check=True)
    subprocess.run(["mkfs.ext4", "-q", image], check=True, capture_output=True)
    command = ["unshare", "--mount", "mount", "-o", "ro,loop", image, tmp_path]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip(CANNOT_MOUNT)


def make_image(image: Path, folder: Path, *, partitions: bool) -> None:
    """Make a card's image: ext4 alone, or as the second partition, as Raspberry Pi OS has it."""
    size, start = 24 << 20, (8 << 20 if partitions else 0)
    ext4 = image.with_suffix(".ext4")
    subprocess.run(["truncate", "-s", str(size), ext4], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-d", folder, ext4], check=True, capture_output=True)
    with image.open("wb") as out:
        if partitions:
            boot, root = mbr_entry(0x0C, 1 << 20, 4 << 20), mbr_entry(0x83, start, size)
            out.write(bytes(446) + boot + root + bytes(32) + b"\x55\xaa")
        out.seek(start)
        out.write(ext4.read_bytes())


def mbr_entry(kind: int, start: int, size: int) -> bytes:
    where = (start // 512).to_bytes(4, "little") + (size // 512).to_bytes(4, "little")
    return bytes([0, 0, 0, 0, kind, 0, 0, 0]) + where


@pytest.mark.parametrize("partitions", [False, True], ids=["whole", "partitions"])
def test_a_disk_image_is_read_and_left_without_a_trace(
    kiosk: Kiosk, card: Path, tmp_path: Path, mounts_allowed: None, *, partitions: bool
) -> None:
    root = tmp_path / "root/var/lib"
    root.mkdir(parents=True)
    shutil.copytree(card, root / "popup-kiosk")
    image = tmp_path / "card.img"
    make_image(image, tmp_path / "root", partitions=partitions)
    before, mounts = digest(image.read_bytes()), Path("/proc/mounts").read_text()
    done = kiosk("journal", "salvage", image, "--no-wait", "--json")
    assert done.json["taken"] == 301
    assert digest(image.read_bytes()) == before
    assert Path("/proc/mounts").read_text() == mounts
    used = subprocess.run(["losetup", "--associated", image], capture_output=True, text=True, check=True)
    assert used.stdout == ""


def test_an_image_without_a_file_system_says_what_to_do(kiosk: Kiosk, tmp_path: Path, mounts_allowed: None) -> None:
    image = tmp_path / "card.img"
    image.write_bytes(bytes(10**6))
    assert f"ddrescue {image} card.img" in kiosk("journal", "salvage", image).complaint


@contextmanager
def hub_at(folder: Path, broker: Broker, port: int) -> Iterator[str]:
    """Run a hub; give its database's address."""
    url = f"sqlite:///{folder}/books/hub.db"
    command = [sys.executable, "-m", "hub", "serve", "--database-url", url, "--listen", f"127.0.0.1:{port}"]
    child = start_child([*command, "--broker", f"mqtt://{broker.host}:{broker.port}"], log=folder / "hub.log")
    try:
        said = folder / "hub.log"  # it listens before its books are there
        wait_until(lambda: "connected to" in said.read_text(), what="the hub", deadline_s=DEADLINE_S)
        yield url
    finally:
        end_child(child, signal.SIGTERM)


def booked(url: str) -> list[tuple[int, str, int, bytes]]:
    """Return every fact in the hub's books."""
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT epoch, lane, seq, bytes FROM facts ORDER BY epoch, lane, seq")).all()
    engine.dispose()
    return [(epoch, lane, seq, bytes(raw)) for epoch, lane, seq, raw in rows]


def troubles(url: str) -> list[tuple[str, str]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT kind, subject FROM exceptions")).all()
    engine.dispose()
    return [(kind, subject) for kind, subject in found]


def test_the_hub_holds_every_fact_of_the_dead_card_exactly_once(
    kiosk: Kiosk, old: LocalDesk, card: Path, mosquitto: Broker, spare_port: int
) -> None:
    settings(kiosk, f'clock = "system"\n[link]\nbrokers = ["mqtt://{mosquitto.host}:{mosquitto.port}"]\n')
    with hub_at(card.parent, mosquitto, spare_port) as url:
        send_part(card.parent / "early", old, kiosk, url)  # the old card's bridge had sent a part when the card died
        desk = open_desk(kiosk.data)
        desk.journal.raise_epoch(Epoch(1))
        desk.record([sale("new")])
        desk.close()
        for _ in range(2):
            report = kiosk("journal", "salvage", card, "--json").json
            assert report["streams"] == {"till@1": {"end": 301, "acknowledged": 301}}
            assert report["complete"]
        wait_until(lambda: len(booked(url)) == 302, what="the new sale too")
        facts = booked(url)
        dead = [(1, "till", seq, bytes(raw)) for seq, raw in old.journal.stored(Epoch(1))]
        assert facts[:301] == dead
        assert (facts[301][0], facts[301][2]) == (2, 1)
        assert {kind for kind, _ in troubles(url)} <= {
            "deficit",
            "goods_unbooked",
        }  # more was sold than was ever booked in


def send_part(folder: Path, old: LocalDesk, kiosk: Kiosk, url: str) -> None:
    """Send the first hundred facts of the old card, as its own bridge would have."""
    folder.mkdir()
    part = open_desk(folder)
    part.journal.connection.executemany(
        "INSERT INTO facts (epoch, seq, type, bytes, digest) VALUES (1, ?, 'sale.recorded.v1', ?, ?)",
        [(seq, raw, digest(raw)) for seq, raw in old.journal.stored(Epoch(1)) if seq <= 100],
    )
    part.close()
    shutil.copyfile(kiosk.data / "kiosk.toml", folder / "kiosk.toml")
    bridge = start_child(Kiosk(folder).argv("bridge"), log=folder / "bridge.log")
    try:
        wait_until(lambda: len(booked(url)) == 100, what="a hundred facts", deadline_s=DEADLINE_S)
    finally:
        end_child(bridge, signal.SIGTERM)


def test_a_running_bridge_carries_and_salvage_waits_for_it(
    kiosk: Kiosk, card: Path, tmp_path: Path, mosquitto: Broker, spare_port: int
) -> None:
    settings(kiosk, f'clock = "system"\n[link]\nbrokers = ["mqtt://{mosquitto.host}:{mosquitto.port}"]\n')
    bridge = start_child(kiosk.argv("bridge"), log=tmp_path / "bridge.log")
    try:
        with hub_at(tmp_path, mosquitto, spare_port) as url:
            done = kiosk("journal", "salvage", card, "--json")
            assert done.json["complete"]
            assert bridge.poll() is None
            assert [seq for _, _, seq, _ in booked(url)] == list(range(1, 302))
    finally:
        end_child(bridge, signal.SIGTERM)


def test_a_signal_ends_the_wait_in_order(kiosk: Kiosk, card: Path, mosquitto: Broker, tmp_path: Path) -> None:
    settings(kiosk, f'clock = "system"\n[link]\nbrokers = ["mqtt://{mosquitto.host}:{mosquitto.port}"]\n')
    with subprocess.Popen(
        kiosk.argv("journal", "salvage", str(card), "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as child:
        assert child.stderr
        assert "connected" in child.stderr.readline()  # and no hub is there
        child.terminate()
        out, err = child.communicate(timeout=DEADLINE_S)
    assert child.returncode == 1
    assert json.loads(out)["taken"] == 301
    assert "ended before the hub had acknowledged everything: run it again" in err
    assert "Traceback" not in err
