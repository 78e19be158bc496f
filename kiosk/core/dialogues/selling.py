"""Dialogues about the lines of the open basket."""

from kiosk.core.dialogue import Dialogue, Prompt
from kiosk.core.notices import Mood, Notice
from kiosk.core.station import Station


def void(station: Station) -> Dialogue:
    """Take the selected line out."""
    yield from ()
    answer = station.counter.void(station.selected)
    return answer if isinstance(answer, Notice) else None


__all__ = ["Mood", "Prompt", "void"]
