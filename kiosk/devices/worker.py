"""One thread for one device. Whatever happens in it, the till goes on, and it goes on itself after a pause."""

from threading import Event, Thread
from typing import Final

from kiosk.core.words import Text, say
from kiosk.devices.board import Board

PAUSE_S: Final = 5.0  # after something that no driver should raise
JOIN_S: Final = 3.0  # how long the end of the till waits for a device: its own time-outs are shorter


class Worker:
    """A loop over ``step`` in a thread of its own, until it is closed."""

    def __init__(self, board: Board, device: str, name: Text) -> None:
        """Work for ``device``, which people call ``name``."""
        self.board = board
        self.device = device
        self.name = name
        self.ended = Event()
        self._thread = Thread(target=self._run, name=f"device-{device}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def step(self) -> None:
        """Do the next piece of work; wait for it no longer than a second."""
        raise NotImplementedError

    def stop(self) -> None:
        """Give the device back; called by the thread itself, at its end."""

    def end(self) -> None:
        """Ask the thread to end; returns at once."""
        self.ended.set()

    def close(self) -> None:
        """End within JOIN_S; a device that hangs longer is left behind."""
        self.end()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def _run(self) -> None:
        while not self.ended.is_set():
            try:
                self.step()
            except Exception as error:  # noqa: BLE001 - a driver's fault must neither stop the till nor be silent
                what = f"{type(error).__name__}: {error}"
                self.board.warn(self.device, say("{device} failed ({what}): tell support", device=self.name, what=what))
                self.ended.wait(PAUSE_S)
        self.stop()
