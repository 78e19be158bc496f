"""Begins a new epoch where others hold what a journal lost (rules: :mod:`kiosk.core.epochs`)."""

import sqlite3

from contract.values import Epoch
from kiosk.core.epochs import decide_lost
from kiosk.journal.errors import JournalError
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkReader


def follow(journal: Journal, link: LinkReader) -> Epoch | None:
    """Return the epoch that the journal begins now, None where it may go on; asked before every fact.

    Raises: StorageFailed, if the journal's own file fails. A ``link.db`` that cannot be read stops nobody from selling.
    """
    try:
        heard = link.heard(journal.lane)  # before the journal's end is looked up, which only grows
    except (JournalError, sqlite3.Error):
        return None  # the status line says so
    above = decide_lost(journal.epoch, journal.newest(), heard)
    return None if above is None else journal.raise_epoch(above)
