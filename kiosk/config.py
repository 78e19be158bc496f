"""A kiosk's settings: ``kiosk.toml`` in its data folder. Without the file: kiosk ``k1`` of site ``demo``, no broker."""

import os
import re
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from contract.values import (
    Address,
    Currency,
    CurrencyField,
    Epoch,
    EpochField,
    KioskId,
    KioskIdField,
    RegionId,
    RegionIdField,
    SiteId,
    SiteIdField,
)
from kiosk.core.timekeeping import ClockMode

CONFIG_NAME: Final = "kiosk.toml"


class ConfigError(Exception):
    """The settings cannot be used; the message names the file, what is wrong and where."""


class LinkConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How to reach a hub. Brokers are tried in order; the three files are paths beside ``kiosk.toml`` or absolute."""

    brokers: list[Annotated[str, Meta(pattern="^mqtts?://")]] = []
    ca: str = ""
    cert: str = ""
    key: str = ""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Who this kiosk is."""

    region: RegionIdField = RegionId("demo")
    site: SiteIdField = SiteId("demo")
    kiosk: KioskIdField = KioskId("k1")
    currency: CurrencyField = Currency("EUR")
    clock: ClockMode = ClockMode.NTP
    epoch: EpochField = Epoch(1)  # a new card of a kiosk that has sold before: one more than any it had
    link: LinkConfig = LinkConfig()

    @property
    def address(self) -> Address:
        """Return where this kiosk stands."""
        return Address(self.region, self.site, self.kiosk)


# The beginning of a field's pattern, and what to say for it.
_SHAPES: Final = (
    ("^mqtts?:", "an address such as mqtts://broker.example"),
    ("^[A-Z]", "a currency code such as EUR"),
    ("", "a name of a-z, 0-9 and inner dashes, at most 32 long"),
)
_PATTERN: Final = re.compile("`str` matching regex '(.+)'")

UNCONFIGURED: Final = Config(clock=ClockMode.SYSTEM)  # nobody set it up: it must sell at once, so it asks for no date


def default_data_dir() -> Path:
    """Return ``$KIOSK_DATA``, or ``popup-kiosk`` in the user's data folder."""
    if named := os.environ.get("KIOSK_DATA"):
        return Path(named)
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "popup-kiosk"


def load_config(data_dir: Path) -> Config:
    """Return the settings of a data folder.

    Raises: ConfigError, naming the file, the key and what is wrong with it.
    """
    path = data_dir / CONFIG_NAME
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return UNCONFIGURED
    except NotADirectoryError as error:
        raise ConfigError(f"{data_dir} is no folder: name one with --data or $KIOSK_DATA") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}: make it readable") from error
    try:
        return msgspec.toml.decode(raw, type=Config)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {_plainly(error)}: correct it") from error


def _plainly(error: Exception) -> str:
    """Return what is wrong, with shapes in words instead of patterns."""
    return _PATTERN.sub(lambda found: next(say for start, say in _SHAPES if found[1].startswith(start)), str(error))
