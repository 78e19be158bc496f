"""The till dies as in a power cut, and comes back; it ends in order when told to; it refuses what cannot work."""

import os
import signal
import subprocess
from pathlib import Path

import msgspec
import pytest
from till_terminal import KIOSK, RawTill, TmuxTill, barcode
from waiting import wait_until

from contract.codec import verify_chain
from kiosk.bootstrap import open_desk
from kiosk.till.app import GONE


def test_a_killed_till_gives_the_basket_back_line_by_line(tmux_till, tmp_path, till_data):
    tmux_till.scan(barcode(0))
    tmux_till.type(f"2*{barcode(5)}\r")
    tmux_till.wait("TOTAL 3.10")
    tmux_till.kill()
    again = TmuxTill(tmp_path, till_data)
    again.start(wait_for="BASKET RESTORED: 2 lines")
    again.wait("TOTAL 3.10", "Piece number 00", "Piece number 05")
    again.press("F12")
    again.wait("SOLD receipt k1-1-1, total 3.10")
    again.end()


def test_a_till_killed_after_the_sale_shows_it_and_numbers_on(tmux_till, tmp_path, till_data):
    tmux_till.scan(barcode(0))
    tmux_till.press("F12")
    tmux_till.wait("SOLD receipt k1-1-1")
    tmux_till.kill()
    again = TmuxTill(tmp_path, till_data)
    again.start(wait_for="Last sale: k1-1-1, 1.00")
    again.scan(barcode(1))
    again.press("F12")
    again.wait("SOLD receipt k1-1-2, total 1.01")
    again.end()
    desk = open_desk(till_data)
    assert len(list(verify_chain(desk.journal.stored(desk.journal.epoch)))) == 4
    desk.close()


def test_told_to_stop_it_ends_in_order_and_leaves_the_terminal_sane(till_data):
    till = RawTill(till_data)
    till.child.terminate()
    till.wait(b"\x1b[?1049l")
    assert till.child.wait(20) == 0
    till.end()
    desk = open_desk(till_data)
    newest = [msgspec.json.decode(raw) for _, raw in desk.journal.stored(desk.journal.epoch)][-1]
    desk.close()
    assert (newest["type"], newest["data"]) == ("kiosk.stopping.v1", {"reason": "SIGTERM"})


@pytest.mark.parametrize("life", range(6))
def test_a_terminal_that_goes_away_is_an_orderly_end(till_data, life):
    till = RawTill(till_data)
    till.write(b"a name" * life)  # and it is drawing, or has just done so
    till.hang_up()
    assert till.child.wait(20) == 0
    desk = open_desk(till_data)
    newest = [msgspec.json.decode(raw) for _, raw in desk.journal.stored(desk.journal.epoch)][-1]
    desk.close()
    assert newest["type"] == "kiosk.stopping.v1"
    assert newest["data"]["reason"] in {"SIGHUP", GONE}


def test_a_till_that_nobody_tells_notices_that_its_terminal_is_gone(till_data):
    till = RawTill(till_data, controlled=False)
    till.hang_up()
    assert till.child.wait(20) == 0
    desk = open_desk(till_data)
    newest = [msgspec.json.decode(raw) for _, raw in desk.journal.stored(desk.journal.epoch)][-1]
    desk.close()
    assert (newest["type"], newest["data"]) == ("kiosk.stopping.v1", {"reason": GONE})


def test_a_pause_leaves_one_reader_of_the_keys(till_data):
    till = RawTill(till_data)
    before = _threads(till)
    till.child.send_signal(signal.SIGSTOP)
    wait_until(lambda: _state(till) == "T", what="the pause")
    till.child.send_signal(signal.SIGCONT)
    till.write(f"{barcode(0)}\r{barcode(1)}\r".encode() * 10)
    till.wait(b"20.10")
    assert _threads(till) == before
    till.end()


def _threads(till: RawTill) -> int:
    return len(list(Path(f"/proc/{till.child.pid}/task").iterdir()))


def _state(till: RawTill) -> str:
    return Path(f"/proc/{till.child.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]


def test_two_tills_do_not_share_a_folder(tmux_till, till_data):
    assert "another till is open here" in refused(till_data)


def test_without_a_terminal_it_says_so(till_data):
    done = subprocess.run(
        [KIOSK, "--data", till_data, "till"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "the till needs a terminal" in done.stderr


def test_a_newer_database_is_refused_in_one_line(till_data):
    desk = open_desk(till_data)
    desk.journal.connection.execute("PRAGMA user_version=99")
    desk.close()
    assert "install the newer release again" in refused(till_data)


@pytest.mark.parametrize("name", ["till.db", "catalogue.db"])
def test_a_broken_database_is_refused_in_one_line(till_data, name):
    for side in ("-wal", "-shm"):
        (till_data / f"{name}{side}").unlink(missing_ok=True)
    (till_data / name).write_bytes(b"not a database at all" * 100)
    assert "cannot be read as a database" in refused(till_data)


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(till_data, read_only):
    read_only(till_data)
    assert "till.db" in refused(till_data)


def test_a_broken_link_file_does_not_stop_the_till(till_data):
    (till_data / "link.db").write_bytes(b"broken" * 1000)
    till = RawTill(till_data)
    till.wait(b"cannot read the link")
    till.end()


def refused(data_dir):
    """Return the one line with which a till refuses to start in a terminal."""
    main, terminal = os.openpty()
    done = subprocess.Popen([KIOSK, "--data", data_dir, "till"], stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    wait_until(lambda: done.poll() is not None, what="the till to refuse", deadline_s=30)
    text = os.read(main, 65536).decode()
    os.close(main)
    assert done.returncode == 1
    assert text.count("\n") == 1, text
    return text
