"""A wall clock that can be set wrong: the machine's, moved by so many seconds as a small file says."""

from datetime import datetime, timedelta
from pathlib import Path

from kiosk.clock import now_utc
from storm.orders import read_number


class ShiftedClock:
    """Returns the machine's time, moved; the file is read each time, and one that is not there moves nothing."""

    def __init__(self, path: Path) -> None:
        """Read ``path``."""
        self._path = path

    def __call__(self) -> datetime:
        """Return the wall time, aware, UTC."""
        return now_utc() + timedelta(seconds=read_number(self._path))
