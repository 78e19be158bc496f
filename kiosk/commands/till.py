"""``kiosk till``: the selling screen."""

import fcntl
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from contract.facts import KioskStarted, KioskStopping
from kiosk.bootstrap import open_desk, version
from kiosk.journal.database import open_lock
from kiosk.journal.errors import JournalError
from kiosk.priority import come_first
from kiosk.station import open_station

_SWITCH_S: Final = 0.0005  # Textual reads keys and draws in threads; at the usual 5 ms they wait for each other


@click.command(epilog="Example: kiosk till")
@click.pass_obj
def till(data_dir: Path) -> None:
    """Open the till in this terminal."""
    if not (sys.__stdin__ and sys.__stdin__.isatty() and sys.__stderr__ and sys.__stderr__.isatty()):
        raise click.UsageError("the till needs a terminal: start it in one, or see 'kiosk replay' for files.")
    come_first()
    gc.disable()  # what is being imported is not garbage; looking costs a tenth of the start
    desk = open_desk(data_dir)
    with only_till(data_dir):
        desk.record([KioskStarted(version=version(), epoch=desk.journal.epoch)])
        os.environ.setdefault("TEXTUAL_FPS", "120")  # a scan shows up to 8 ms after it was taken in, not 16
        from kiosk.till.app import TillApp  # noqa: PLC0415 - Textual is imported when there is something to show

        with open_station(desk) as station:
            app = TillApp(station)
            gc.freeze()  # what was imported stays: no collection looks at it again in the middle of a scan
            gc.enable()
            sys.setswitchinterval(_SWITCH_S)
            reason = app.run()
        if reason is None:
            raise SystemExit(app.return_code or 1)
        desk.record([KioskStopping(reason=reason)])
        desk.close()


@contextmanager
def only_till(data_dir: Path) -> Iterator[None]:
    """Hold the folder's screen: two tills would share one basket.

    Raises: JournalError if another till has it.
    """
    with open_lock(data_dir / "screen.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise JournalError(
                f"{data_dir}: another till is open here: close it, or give --data another folder"
            ) from error
        yield
