"""How a kiosk's long-running processes end: SIGTERM and SIGINT ask, the loop answers."""

import signal
import threading
from types import FrameType


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM or SIGINT sets."""
    stopped = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    return stopped
