"""When a kiosk's clock can be believed, and what a person's answer changes. Order never depends on any of it."""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from contract.envelope import ClockTrust


class ClockMode(StrEnum):
    """What makes the clock trusted."""

    NTP = "ntp"  # the network set it since boot: a Pi without a battery-backed clock wakes up in the past
    SYSTEM = "system"  # this machine keeps time itself; only a clock that went back is doubted


class Timekeeper(Struct, frozen=True):
    """What is known of the clock. ``offset`` is added to the machine's time; ``told`` means a person gave the date."""

    mode: ClockMode
    floor: datetime
    offset: timedelta = timedelta()
    told: bool = False


def decide_trust(keeper: Timekeeper, *, machine_at: datetime, synchronized: bool) -> ClockTrust:
    """Return whether the time can be trusted.

    It must not lie before ``floor`` (the newest fact, the release); in NTP mode the network must have set it.
    """
    if machine_at < keeper.floor or (keeper.mode is ClockMode.NTP and not synchronized):
        return "untrusted"
    return "trusted"


def must_ask(keeper: Timekeeper, trust: ClockTrust) -> bool:
    """Return whether a person must give the date before the first sale (promise 10)."""
    return trust == "untrusted" and not keeper.told


def tell(keeper: Timekeeper, *, machine_at: datetime, told_at: datetime) -> Timekeeper:
    """Return what is known after a person gave the date."""
    return replace(keeper, offset=told_at - machine_at, told=True)


def settle(keeper: Timekeeper, trust: ClockTrust) -> Timekeeper:
    """Return what is known once the machine's own clock is trusted: the person's date is no longer needed."""
    return replace(keeper, offset=timedelta(), told=False) if trust == "trusted" and keeper.told else keeper
