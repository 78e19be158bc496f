"""Waiting on a condition with a deadline, instead of sleeping and hoping."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.01  # a hundred looks a second cost nothing measurable beside a real broker


def wait_until(condition: Callable[[], T], *, what: str, deadline_s: float = 10.0) -> T:
    """Return the condition's first true value; ``what`` completes "waited for ...".

    Raises: TimeoutError once the deadline has passed.
    """
    give_up_at = time.monotonic() + deadline_s
    while not (value := condition()):
        if time.monotonic() > give_up_at:
            msg = f"waited {deadline_s:g} s for {what}"
            raise TimeoutError(msg)
        time.sleep(POLL_S)
    return value
