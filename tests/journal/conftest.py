"""A kiosk's real files, on disks that work and on disks that do not."""

from datetime import UTC, datetime

import pytest
from disks import read_only, small_disk
from till_terminal import stock_desk

from contract.codec import Stamp
from contract.values import Address, KioskId, Lane, RegionId, SiteId
from kiosk.journal.journal import Journal
from kiosk.journal.mirror.folder import prepare
from kiosk.journal.schema import TILL

__all__ = ["read_only", "small_disk"]

ADDRESS = Address(RegionId("north"), SiteId("market"), KioskId("k7"))


class SteadyClock:
    def stamp(self):
        return Stamp(at=datetime(2026, 11, 21, 9, tzinfo=UTC), clock="trusted", boot="", mono_ns=1)


@pytest.fixture
def open_journal(tmp_path):
    """Return a function that opens the till's lane of a folder."""
    opened = []

    def do_open(folder=tmp_path, address=ADDRESS):
        journal = Journal(folder / "till.db", TILL, address=address, lane=Lane.TILL, clock=SteadyClock())
        opened.append(journal)
        return journal

    yield do_open
    for journal in opened:
        journal.close()


@pytest.fixture
def journal(open_journal):
    return open_journal()


@pytest.fixture
def desk(tmp_path):
    opened = stock_desk(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def stick(tmp_path):
    """A folder made ready to be a mirror."""
    folder = tmp_path / "stick"
    folder.mkdir()
    prepare(folder, tmp_path, same_disk=True)
    return folder
