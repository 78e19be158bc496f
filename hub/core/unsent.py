"""Goods of a transfer that arrived, and that nobody says to have sent: a wrong id, or goods from nowhere. Pure.

Rules
-----
1.  Either half of a transfer may be heard first: what arrived may have been sent by a till that is out of touch.
2.  Once every till of the site that is named as sender was heard :data:`WAIT` after the arrival, and has nothing
    unsent, it has nothing to tell of it. Of a site without any till nobody can ever tell.
3.  A till that stays away must not hide it for ever: after :data:`LONGEST` a person is told all the same.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

WAIT: Final = timedelta(minutes=15)  # what a queue of facts takes that waited for the link; nobody is in a hurry
LONGEST: Final = timedelta(days=1)  # by the next day somebody looks at what came the day before


class Sender(Struct, frozen=True):
    """A till of the site that is named as sender: when it was heard last, and how many of its facts have not come."""

    heard_at: datetime
    backlog: int = 0


def decide_unsent(arrived_at: datetime, now: datetime, senders: Iterable[Sender]) -> bool:
    """Return whether a person must look at goods that arrived ``arrived_at`` without having been sent."""
    if now - arrived_at < WAIT:
        return False
    silent = any(one.backlog > 0 or one.heard_at - arrived_at < WAIT for one in senders)
    return not silent or now - arrived_at >= LONGEST
