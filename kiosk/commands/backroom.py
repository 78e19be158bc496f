"""``kiosk backroom``: apply what the hub sent, look after stock rights, and keep the journal's log short."""

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Final

import click

from contract.values import Lane
from kiosk.backroom.apply import Backroom
from kiosk.backroom.neighbours import NeighbourRoom
from kiosk.backroom.rights import RightsRoom
from kiosk.bootstrap import recording
from kiosk.config import Config, load_config
from kiosk.journal.errors import StorageFailed
from kiosk.journal.lan import LanReader
from kiosk.journal.links import LinkReader
from kiosk.journal.tidy import Tidier
from kiosk.signals import stop_on_signals

log = logging.getLogger(__name__)

_POLL_S: Final = 0.2  # a price that the hub changed is sold at within a second
_DISK_RETRY_S: Final = 1.0  # a disk that has room again is used within a second


@click.command(epilog="Example: kiosk backroom")
@click.option("--once", is_flag=True, help="Apply what is there, then end.")
@click.pass_obj
def backroom(data_dir: Path, *, once: bool) -> None:
    """Apply what the hub sent, answer its recalls, ask for rights before they run out, end holds whose time is over."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    stopped = stop_on_signals()
    config = load_config(data_dir)
    link = LinkReader(data_dir / "link.db")
    with recording(data_dir, config, log.warning) as (journal, clock):
        room = Backroom(data_dir, config.currency)
        rights = RightsRoom(
            journal, clock, link, new_id=lambda: secrets.token_hex(16), linked=lambda: _linked(link, config)
        )
        steps = [rights.step, room.step]
        if config.lan.broker:
            lan = LanReader(data_dir / "link.db")
            beside = NeighbourRoom(
                journal,
                clock,
                lan,
                needs=rights.needs,
                new_id=lambda: secrets.token_hex(16),
                linked=lambda: _linked(link, config),
                held=lambda: link.heard(Lane.TILL).positions,
            )
            steps.insert(0, beside.step)
        tidier = Tidier(journal, time.monotonic)
        _work(stopped, steps, tidier, once=once)
        tidier.close()
        room.close()


def _work(stopped: Event, steps: Sequence[Callable[[], int]], tidier: Tidier, *, once: bool) -> None:
    """Take every step again and again until it is stopped, or with ``once`` until there is nothing left to apply."""
    trouble = ""
    while not stopped.is_set():
        try:
            applied = sum(step() for step in steps)
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


def _linked(link: LinkReader, config: Config) -> bool:
    """Return whether the hub hears what is asked now."""
    return link.state({}, configured=bool(config.link.brokers)).connected


def _tell(problem: str, told: str) -> str:
    """Log where a trouble of the disk begins and where it ends; return what is told now."""
    if problem and not told:
        log.error("%s", problem)
    elif told and not problem:
        log.warning("the disk works again")
    return problem
