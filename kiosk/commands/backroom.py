"""``kiosk backroom``: apply what the hub sent, and keep the journal's log short."""

import logging
from pathlib import Path
from typing import Final

import click

from kiosk.backroom.apply import Backroom
from kiosk.bootstrap import open_journal
from kiosk.config import load_config
from kiosk.signals import stop_on_signals

_POLL_S: Final = 0.2  # a price that the hub changed is sold at within a second
_TIDY_EVERY: Final = 25  # polls, that is 5 s: the log never grows by more than a few hundred sales


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
    polls = 0
    while not stopped.is_set():
        applied = room.step()
        if once and not applied:
            break
        if not applied:
            polls += 1
            if polls % _TIDY_EVERY == 0:
                journal.checkpoint()
            stopped.wait(_POLL_S)
    journal.checkpoint()
    journal.close()
    room.close()
