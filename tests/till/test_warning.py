"""A warning that lasts: on every screen, in words, and nothing is covered by it."""

from contextlib import closing

import pytest
from till_terminal import barcode, stock_desk

from demo.picture import ITEMS
from kiosk.bootstrap import LocalDesk, open_journal
from kiosk.config import UNCONFIGURED
from kiosk.journal.bridge_lock import only_bridge
from kiosk.journal.links import LinkStore
from kiosk.journal.mirror.folder import MARKER, prepare
from mqtt_bridge.rivals import TWO_DEVICES

AWAY = "SALES ARE ON THIS CARD ONLY: the second medium /media/second is not there: put it back"
ENTRY = "Scan, code, name or price >"


class WarningDesk(LocalDesk):
    said = AWAY

    def warning(self):
        return self.said


def warning_desk(data_dir):
    journal, clock = open_journal(data_dir, UNCONFIGURED)
    desk = WarningDesk(data_dir, UNCONFIGURED, clock, journal)
    desk.catalogue.put(ITEMS)
    return desk


def mirrored_desk(data_dir, folder):
    data_dir.mkdir()
    (data_dir / "kiosk.toml").write_text(f'clock = "system"\n[mirror]\nfolder = "{folder}"\n', "utf-8")
    return stock_desk(data_dir)


def words(screen):
    return " ".join(screen.split())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_it_stands_above_all_and_the_rest_stays_where_it_is(open_till, size, tmp_path):
    async with open_till(warning_desk(tmp_path), size=size) as till:
        warned = till.screen().splitlines()
        till.app.desk.said = ""
        till.app.tick()
        await till.settle()
        well = till.screen().splitlines()
        assert warned[0].startswith("  ! SALES ARE ON THIS CARD ONLY: the second medium")
        assert AWAY in words("\n".join(warned))
        assert "SALES ARE" not in "\n".join(well)
        assert warned[-13:] == well[-13:]
        assert ENTRY in "".join(warned[-4:-2])
        assert len(warned) == len(well) == size[1]


async def test_it_stays_while_goods_are_scanned_and_sold(open_till, tmp_path):
    async with open_till(warning_desk(tmp_path)) as till:
        for keys in ("4006381333931\n", "tote\n"):
            await till.type(keys)
            assert AWAY in words(till.screen())
        await till.press("f9")
        assert AWAY in words(till.screen())
        assert "TO PAY 14.70" in till.screen()
        await till.type("\n")
        assert "SOLD receipt" in till.screen()
        assert AWAY in words(till.screen())


async def test_eight_results_fit_below_it(open_till, tmp_path):
    async with open_till(mirrored_desk(tmp_path / "data", "/media/second")) as till:
        await till.type("piece")
        assert AWAY in words(till.screen())
        assert sum("P-0" in row for row in till.screen().splitlines()) == 8
        assert f"{ENTRY} piece" in till.screen()


async def test_another_device_of_the_same_name_is_said_above_and_in_the_last_line(open_till, tmp_path):
    desk = stock_desk(tmp_path)
    (tmp_path / "kiosk.toml").write_text('clock = "system"\n[link]\nbrokers = ["mqtt://127.0.0.1"]\n')
    desk.close()
    desk = stock_desk(tmp_path)
    with closing(LinkStore(tmp_path / "link.db")) as store, only_bridge(tmp_path):
        store.save_state(connected=True, problem=TWO_DEVICES)
        async with open_till(desk, size=(200, 24)) as till:
            rows = till.screen().splitlines()
            assert TWO_DEVICES in rows[0]
            assert f"hub connected, but {TWO_DEVICES} | 0 unsent" in rows[-1]
            store.save_state(connected=True, problem="")
            till.app.tick()
            await till.settle()
            assert TWO_DEVICES not in till.screen()
    desk.close()


async def test_a_long_one_is_cut_and_leaves_the_entry_line_alone(open_till, tmp_path):
    desk = warning_desk(tmp_path)
    desk.said = "x" * 30 + " and so on" * 40
    async with open_till(desk, size=(40, 15)) as till:
        rows = till.screen().splitlines()
        assert [row[:4] for row in rows[:2]] == ["  ! ", "  so"]
        assert rows[1].endswith("…")
        assert "and so on" not in rows[2]
        assert ENTRY in rows[-4]


async def test_a_mirror_that_goes_and_comes_back_is_seen(open_till, tmp_path):
    stick, data_dir = tmp_path / "stick", tmp_path / "data"
    stick.mkdir()
    async with open_till(mirrored_desk(data_dir, stick)) as till:
        assert "SALES ARE ON THIS CARD ONLY: the second medium" in words(till.screen())
        prepare(stick, data_dir, same_disk=True)
        for _ in range(1000):
            if "SALES ARE" not in till.screen():
                break
            await till.pilot.pause(0.05)
            till.app.tick()
            await till.settle()
        await till.scan(barcode(1))
        assert "SALES ARE" not in till.screen()
        (stick / MARKER).unlink()
        await till.press("f12")
        till.app.tick()
        await till.settle()
        assert "SOLD receipt k1-1-1" in till.screen()
        assert "SALES ARE ON THIS CARD ONLY" in till.screen()
        till.app.desk.close()
