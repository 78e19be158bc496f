"""A kiosk's settings: ``kiosk.toml`` in its data folder. Without the file: kiosk ``k1`` of site ``demo``, no broker."""

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from contract.errors import Malformed
from contract.shop import Shop
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
from hardware.errors import BadSetting
from hardware.settings import KeysLine, Line, LpLine, NetworkLine, SerialLine, UsbLine, parse_line
from kiosk.core.endpoint import Endpoint
from kiosk.core.timekeeping import ClockMode

CONFIG_NAME: Final = "kiosk.toml"
# What each device may be plugged in to.
_KINDS: Final[dict[str, tuple[type[Line], ...]]] = {
    "scanner": (SerialLine, KeysLine),
    "scale": (SerialLine,),
    "printer": (SerialLine, LpLine, UsbLine, NetworkLine),
    "drawer": (SerialLine, LpLine, UsbLine, NetworkLine),
    "display": (SerialLine, LpLine, UsbLine, NetworkLine),
}


class ConfigError(Exception):
    """The settings cannot be used; the message names the file, what is wrong and where."""


class LinkConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How to reach a hub. Brokers are tried in order; the three files are paths beside ``kiosk.toml`` or absolute."""

    brokers: list[Annotated[str, Meta(pattern="^mqtts?://")]] = []
    ca: str = ""
    cert: str = ""
    key: str = ""


class LanConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The site's own broker, over which its tills share rights while the hub is away; none: they do not.

    Certificates are those of ``[link]``.
    """

    broker: Annotated[str, Meta(pattern="^(mqtts?://.*)?$")] = ""


class MirrorConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Where each sale is copied to before it is shown as done: a folder on a second medium, a peer till, or both.

    ``wait_s`` is how long a sale waits for it at most: a USB stick or a peer syncs within 0.1 s, a busy stick within
    0.5; who waits longer than a second for "sold" scans again.
    """

    folder: str = ""
    peer: str = ""
    wait_s: Annotated[float, Meta(ge=0.05, le=10)] = 1.0

    def __post_init__(self) -> None:
        """Refuse what can copy nothing.

        Raises: ValueError.
        """
        if self.folder and not self.folder.startswith("/"):
            raise ValueError(f"folder is {self.folder!r}, not a whole path such as /media/second")
        if self.peer:
            _check_endpoint("peer", self.peer)


class KeeperConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What this till keeps for other tills of its site; ``quota_mib`` is the most for each of them.

    A sale takes some 700 bytes: 300 of them a day for two years are 150 MiB.
    """

    listen: str = ""
    quota_mib: Annotated[int, Meta(ge=1, le=1024 * 1024)] = 512

    def __post_init__(self) -> None:
        """Refuse what cannot be listened on.

        Raises: ValueError.
        """
        if self.listen:
            _check_endpoint("listen", self.listen)


class StockConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How far goods in hand may go beyond what this till may sell by right, unasked: pieces, kg, l or m of a sku.

    Five: a box whose delivery was not booked yet should not stop a queue; more is a mistake or a theft worth a look.
    """

    overdraft_limit: Annotated[int, Meta(ge=0, le=1_000_000)] = 5


MAX_HEAD: Final = 10  # rows on top of a receipt: a name, an address, what a tax office asks for


class DevicesConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the till's devices are plugged in, as :mod:`hardware.settings` reads addresses; empty: there is none.

    ``head`` is printed on top of every receipt: the shop's name, its address, its tax number; else the site's name.
    ``scale_profile`` is how the scale talks, ``scale_unit`` only for scales that name none. ``paper`` is how many
    characters the receipt's paper takes: 32 on 58 mm, 42 or 48 on 80 mm.
    """

    scanner: str = ""
    scale: str = ""
    scale_profile: str = ""
    scale_unit: Literal["", "g", "kg", "lb", "oz"] = ""
    printer: str = ""
    paper: Literal[32, 42, 48] = 42
    head: Annotated[list[str], Meta(max_length=MAX_HEAD)] = []
    drawer: str = ""
    drawer_pin: Literal[2, 5] = 2
    display: str = ""
    display_behind_printer: bool = False

    def __post_init__(self) -> None:
        """Refuse an address that cannot be that of its device.

        Raises: ValueError.
        """
        for key, kinds in _KINDS.items():
            if address := getattr(self, key):
                _check_device(key, address, kinds)
        if bool(self.scale) != bool(self.scale_profile):
            raise ValueError("[devices] needs scale and scale_profile together: docs/hardware.md has the profiles")
        if self.scale:
            _check_profile(self.scale_profile, self.scale_unit)


class Language(StrEnum):
    """What the till speaks."""

    ENGLISH = "en"
    GERMAN = "de"
    SPANISH = "es"
    FRENCH = "fr"


class Theme(StrEnum):
    """What the till looks like: in the terminal's own colours, or in black, white and yellow."""

    TERMINAL = "terminal"
    CONTRAST = "contrast"


class TillConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How the till is to its people. ``keys`` are keys by action, in place of those it has.

    ``sound``: the bell for what is wrong, ``both`` also a tone for what is right.
    """

    language: Language = Language.ENGLISH
    theme: Theme = Theme.TERMINAL
    sound: Literal["bell", "both", "none"] = "bell"
    keys: dict[str, list[str]] = {}


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Who this kiosk is."""

    region: RegionIdField = RegionId("demo")
    site: SiteIdField = SiteId("demo")
    kiosk: KioskIdField = KioskId("k1")
    currency: CurrencyField = Currency("EUR")
    clock: ClockMode = ClockMode.NTP
    epoch: EpochField = Epoch(1)  # a new card of a kiosk that has sold before: one more than any it had
    link: LinkConfig = LinkConfig()
    mirror: MirrorConfig | None = None
    keeper: KeeperConfig = KeeperConfig()
    stock: StockConfig = StockConfig()
    lan: LanConfig = LanConfig()
    till: TillConfig = TillConfig()
    shop: Shop = Shop()  # how it sells until a hub says it
    devices: DevicesConfig = DevicesConfig()

    def __post_init__(self) -> None:
        """Refuse sections that do not fit each other.

        Raises: ValueError.
        """
        mirror, certain = self.mirror or MirrorConfig(folder="/"), all((self.link.ca, self.link.cert, self.link.key))
        if not (mirror.folder or mirror.peer):
            raise ValueError("[mirror] names neither folder nor peer: add one, or take the section out")
        if self.lan.broker and self.lan.broker in self.link.brokers:
            raise ValueError("broker of [lan] is among those of [link]: one kiosk cannot be there twice; name another")
        if mirror.peer and mirror.peer == self.keeper.listen:
            raise ValueError("peer of [mirror] is this till's own keeper: name another till")
        for key, text in (("peer of [mirror]", mirror.peer), ("listen of [keeper]", self.keeper.listen)):
            if text and not certain and not Endpoint.parse(text).loopback:
                raise ValueError(f"{key} needs ca, cert and key under [link]: only on this machine it goes without")

    @property
    def address(self) -> Address:
        """Return where this kiosk stands."""
        return Address(self.region, self.site, self.kiosk)


def _check_device(key: str, address: str, kinds: tuple[type[Line], ...]) -> None:
    try:
        line = parse_line(address)
    except BadSetting as error:
        raise ValueError(f"{key} of [devices]: {error.detail}; docs/hardware.md has the addresses") from error
    if not isinstance(line, kinds):
        what = f"{address!r} is of another kind of device"
        raise ValueError(f"{key} of [devices]: {what}; docs/hardware.md has the addresses")  # noqa: TRY004 - a setting


def _check_profile(name: str, unit: str) -> None:
    from hardware.formats.scale_profile import find_profile  # noqa: PLC0415 - few tills have a scale

    try:
        profile = find_profile(name)
    except BadSetting as error:
        raise ValueError(f"scale_profile of [devices]: {error.detail}") from error
    if not profile.names_unit and not unit:
        raise ValueError(f"scale_unit of [devices]: {name} names no unit: say g, kg, lb or oz, as the scale is set")


def _check_endpoint(key: str, text: str) -> None:
    try:
        Endpoint.parse(text)
    except Malformed as error:
        raise ValueError(f"{key} is {error.what}") from error


# The beginning of a field's pattern, and what to say for it.
_SHAPES: Final = (
    ("^mqtts?:", "an address such as mqtts://broker.example"),
    ("^(mqtts?:", "an address such as mqtts://broker.example"),
    ("^[A-Z]", "a currency code such as EUR"),
    (r"^\\$argon2id", "what `kiosk staff hash` prints as pin"),
    ("^[0-9A-Z]{1,40}", "a template such as 21IIIIIPPPPPC, or a country such as DE"),
    ("^[^", "printable characters"),
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
