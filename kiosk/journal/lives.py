"""Begins a new epoch where others hold what a journal lost (rules: :mod:`kiosk.core.epochs`)."""

import sqlite3
from collections.abc import Iterable
from functools import reduce
from typing import Final

from contract.values import Epoch
from kiosk.core.epochs import Heard, decide_lost, merge
from kiosk.journal.errors import JournalError
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkReader

_ANY: Final = Epoch(0)


def follow(journal: Journal, link: LinkReader, others: Iterable[Heard] = ()) -> Epoch | None:
    """Return the epoch that the journal begins now, None where it may go on; asked before every fact.

    ``others`` is what the mirrors hold. A ``link.db`` that cannot be read stops nobody from selling.

    Raises: StorageFailed, if the journal's own file fails.
    """
    heard = reduce(merge, others, _of_link(journal, link))  # before the journal's end is looked up, which only grows
    if decide_lost(journal.epoch, journal.newest(), heard) is None:
        return None
    journal.raise_epoch(_ANY)  # another process may have begun one: then theirs is ours
    above = decide_lost(journal.epoch, journal.newest(), heard)
    return None if above is None else journal.raise_epoch(above)


def _of_link(journal: Journal, link: LinkReader) -> Heard:
    try:
        return link.heard(journal.lane)
    except (JournalError, sqlite3.Error):
        return Heard()  # the status line says so
