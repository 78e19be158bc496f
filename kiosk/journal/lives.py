"""Begins a new epoch where others hold what a journal lost (rules: :mod:`kiosk.core.epochs`)."""

import sqlite3
from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Final

from contract.values import Epoch, Lane, Seq
from kiosk.core.epochs import Heard, decide_lost, merge
from kiosk.core.words import joined, say
from kiosk.journal import accounts
from kiosk.journal.database import translated
from kiosk.journal.errors import JournalError
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkReader
from kiosk.journal.mirror.mirrors import Mirrors

LOST: Final = say("this card lost sales that others have: it was restored, or a second card has this kiosk's name")
POOR: Final = say("sells goods in hand and promises nothing: call the hub's operator")  # until the hub grants anew


class Lives:
    """A lane that is recorded in: before each fact the others are asked, after it the mirrors hold it too.

    Every process that records needs one: what it does not ask for, it gives a second time.
    """

    def __init__(self, journal: Journal, link: LinkReader, mirrors: Mirrors) -> None:
        """Begin a new epoch at once if others hold what the journal lost.

        Raises: StorageFailed.
        """
        self._journal = journal
        self._link = link
        self._mirrors = mirrors
        self._follow()
        journal.before_record = self._follow
        journal.after_commit = mirrors.after_commit

    def warning(self) -> str:
        """Return what somebody must know of copies and lost facts, although recording goes on."""
        return joined([self._mirrors.warning(self._acked()), self._new_life()])

    def close(self) -> None:
        """Leave the mirrors, with a last chance to catch up."""
        self._mirrors.close()

    def _follow(self) -> None:
        follow(self._journal, self._link, self._mirrors.heard())

    def _new_life(self) -> str:
        """Return why a new life was begun, by whichever process, until the hub grants or a person dismisses it."""
        try:
            why = self._journal.why_epoch()
            if not why or _has_rights(self._journal):
                return ""
        except (JournalError, sqlite3.Error):
            return ""  # a file that cannot be read is said where a sale is about to be stored
        return say(
            "{why}; it goes on as epoch {epoch}, {poor}",
            why=LOST if why == LOST else why,
            epoch=self._journal.epoch,
            poor=POOR,
        )

    def _acked(self) -> Mapping[Epoch, Seq]:
        return _of_link(self._journal, self._link).positions


def _has_rights(journal: Journal) -> bool:
    with translated(journal.path):
        return journal.lane is Lane.TILL and accounts.is_granted(journal.connection)


def follow(journal: Journal, link: LinkReader, others: Iterable[Heard] = ()) -> Epoch | None:
    """Return the epoch that the journal begins now, None where it may go on; asked before every fact.

    ``others`` is what the mirrors hold. A ``link.db`` that cannot be read stops nobody from selling.

    Raises: StorageFailed, if the journal's own file fails.
    """
    heard = reduce(merge, others, _of_link(journal, link))  # before the journal's end is looked up, which only grows
    above = decide_lost(journal.follow_epoch(), journal.newest(), heard)
    return None if above is None else journal.raise_epoch(above, LOST)


def _of_link(journal: Journal, link: LinkReader) -> Heard:
    try:
        return link.heard(journal.lane)
    except (JournalError, sqlite3.Error):
        return Heard()  # the status line says so
