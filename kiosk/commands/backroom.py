"""``kiosk backroom``: apply what the hub sent, and keep the journal's log short."""

import logging
import time
from pathlib import Path
from typing import Final

import click

from kiosk.backroom.apply import Backroom
from kiosk.bootstrap import open_journal
from kiosk.config import load_config
from kiosk.journal.errors import StorageFailed
from kiosk.journal.tidy import Tidier
from kiosk.signals import stop_on_signals

log = logging.getLogger(__name__)

_POLL_S: Final = 0.2  # a price that the hub changed is sold at within a second
_DISK_RETRY_S: Final = 1.0  # a disk that has room again is used within a second


@click.command(epilog="Example: kiosk backroom")
@click.option("--once", is_flag=True, help="Apply what is there, then end.")
@click.pass_obj
def backroom(data_dir: Path, *, once: bool) -> None:
    """Apply catalogue, prices and settings that the hub sent."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    stopped = stop_on_signals()
    config = load_config(data_dir)
    room = Backroom(data_dir, config.currency)
    journal, _ = open_journal(data_dir, config)
    tidier = Tidier(journal, time.monotonic)
    trouble = ""
    while not stopped.is_set():
        try:
            applied = room.step()
            tidier.turn()
        except StorageFailed as error:
            if once:
                raise
            trouble = _tell(str(error), trouble)
            stopped.wait(_DISK_RETRY_S)
            continue
        trouble = _tell("", trouble)
        if once and not applied:
            break
        if not applied:
            stopped.wait(_POLL_S)
    tidier.close()
    journal.close()
    room.close()


def _tell(problem: str, told: str) -> str:
    """Log where a trouble of the disk begins and where it ends; return what is told now."""
    if problem and not told:
        log.error("%s", problem)
    elif told and not problem:
        log.warning("the disk works again")
    return problem
