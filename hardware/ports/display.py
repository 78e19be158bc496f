"""A line display shows the shopper two rows of twenty characters."""

from typing import Final, Protocol

COLUMNS: Final = 20


class LineDisplay(Protocol):
    """A customer display, used by one thread at a time."""

    def show(self, top: str, bottom: str = "") -> None:
        """Show two rows instead of what was shown, within 2 s: cut after COLUMNS, filled with spaces.

        A character that the display lacks is shown as its letter without accent, else as ``?``; control characters too.

        Raises: Unplugged, Stuck, Busy, NotAllowed; Closed after ``close``.
        """

    def close(self) -> None:
        """Give the device back; what it shows stays."""
