"""The kiosk's clock: the one place that reads the machine's time."""

import ctypes
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from contract.codec import Stamp
from contract.facts import ClockStepped
from kiosk.core.timekeeping import ClockMode, Timekeeper, decide_trust, must_ask, settle, tell

RELEASED_AT: Final = datetime(2026, 11, 21, tzinfo=UTC)  # no sale was made before this program was
_TIMESYNC: Final = Path("/run/systemd/timesync/synchronized")
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_TIMEX_BYTES: Final = 256  # struct timex is 208 bytes on 64-bit Linux
_TIME_ERROR: Final = 5
_RECHECK_S: Final = 10.0  # a network clock arrives within minutes; asking the kernel more often buys nothing


def now_utc() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


def kernel_synchronized() -> bool:
    """Return whether something keeps the kernel's clock right: systemd-timesyncd, or any NTP daemon (adjtimex)."""
    if _TIMESYNC.exists():
        return True
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)  # modes = 0: read only
    return bool(ctypes.CDLL(None, use_errno=True).adjtimex(timex) not in (-1, _TIME_ERROR))


class KioskClock:
    """Time with its trust: a clock that shows less than the newest fact went back."""

    def __init__(
        self,
        mode: ClockMode,
        *,
        machine: Callable[[], datetime] = now_utc,
        synchronized: Callable[[], bool] = kernel_synchronized,
    ) -> None:
        """Take the parts that tests replace: the machine's time, and the kernel's word on it."""
        self._keeper = Timekeeper(mode, RELEASED_AT)
        self._machine = machine
        self._synchronized = synchronized
        self._checked_s = float("-inf")
        self._synced = False
        self._boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""

    def raise_floor(self, floor: datetime) -> None:
        """Learn of a moment that has passed: the time of the newest fact."""
        self._keeper = replace(self._keeper, floor=max(floor, self._keeper.floor))

    @property
    def floor(self) -> datetime:
        """Return a moment that has surely passed."""
        return self._keeper.floor

    def stamp(self) -> Stamp:
        """Return this moment, as facts carry it."""
        at = self._machine()
        trust = decide_trust(self._keeper, machine_at=at, synchronized=self._is_synced())
        return Stamp(at=at + self._keeper.offset, clock=trust, boot=self._boot, mono_ns=time.monotonic_ns())

    def must_ask(self) -> bool:
        """Return whether a person must give the date before the first sale."""
        return must_ask(self._keeper, self.stamp().clock)

    def tell(self, told_at: datetime) -> ClockStepped:
        """Take a person's date; return the fact to record."""
        before = self.stamp().at
        self._keeper = tell(self._keeper, machine_at=self._machine(), told_at=told_at)
        return ClockStepped(before=before, after=told_at, by="person")

    def settle(self) -> ClockStepped | None:
        """Return the fact to record if the network has meanwhile set a clock that a person had set."""
        before = self.stamp()
        keeper = settle(self._keeper, before.clock)
        if keeper is self._keeper:
            return None
        self._keeper = keeper
        return ClockStepped(before=before.at, after=self._machine(), by="network")

    def _is_synced(self) -> bool:
        if self._keeper.mode is ClockMode.NTP and time.monotonic() - self._checked_s >= _RECHECK_S:
            self._checked_s = time.monotonic()
            self._synced = self._synchronized()
        return self._synced
