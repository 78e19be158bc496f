"""A cash drawer opens. It does so while the printer it hangs on is out of paper."""

from typing import Protocol


class Drawer(Protocol):
    """A cash drawer, used by one thread at a time."""

    def kick(self) -> None:
        """Ask the drawer to open, and return once the request is sent, within 3 s. Whether it opened, a person sees.

        Raises: Unplugged, Stuck, Busy, NotAllowed; Closed after ``close``.
        """

    def close(self) -> None:
        """Give the device back."""
