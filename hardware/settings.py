"""Where a device is plugged in, as one address in the settings.

===========================================  ==========================================================
``serial:///dev/ttyUSB0?baud=9600``          a serial line; also ``bits``, ``parity``, ``stop``, ``flow``
``lp:///dev/usb/lp0``                        a printer behind the kernel's own USB printer driver
``usb://04b8:0e15``                          a printer behind libusb; also ``in`` and ``out`` (endpoints)
``tcp://192.168.1.9:9100``                   a printer on the network
``keys:///dev/input/by-id/usb-…-event-kbd``  a scanner that types like a keyboard, grabbed for the till
===========================================  ==========================================================
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Struct

from hardware.errors import BadSetting

MAX_ADDRESS: Final = 300  # characters; names below /dev/input/by-id reach 120
NO_OPTIONS: Final[Mapping[str, str]] = MappingProxyType({})
PRINTER_PORT: Final = 9100  # where network printers listen for raw bytes

Parity = Literal["N", "E", "O"]
Flow = Literal["none", "rtscts", "xonxoff"]


class SerialLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A serial device and how it talks; most devices leave the factory with 9600 8N1."""

    path: str
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    bits: Literal[7, 8] = 8
    parity: Parity = "N"
    stop: Literal[1, 2] = 1
    flow: Flow = "none"


class LpLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A printer that the kernel shows as a file."""

    path: str


class UsbLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A USB printer by the numbers that ``lsusb`` shows; endpoints as ``lsusb -v`` shows them."""

    vendor: int
    product: int
    endpoint_in: int = msgspec.field(default=0x82, name="in")
    endpoint_out: int = msgspec.field(default=0x01, name="out")


class NetworkLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A printer that listens on the network."""

    host: str
    port: int = PRINTER_PORT


class KeysLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A keyboard-like scanner; a path below ``by-id`` stays the same when it is plugged in elsewhere."""

    path: str


T = TypeVar("T")
Line = SerialLine | LpLine | UsbLine | NetworkLine | KeysLine
_PATHS: Final[dict[str, type[SerialLine | LpLine | KeysLine]]] = {
    "serial": SerialLine,
    "lp": LpLine,
    "keys": KeysLine,
}


def parse_line(address: str, usual: Mapping[str, str] = NO_OPTIONS) -> Line:
    """Return where the device of ``address`` is; ``usual`` holds the options of a serial line that it leaves out.

    Raises: BadSetting, naming the part that is wrong.
    """
    if len(address) > MAX_ADDRESS or not address.isprintable():
        raise BadSetting(f"{address[:60]!r}… is no address of a device")
    try:
        parts = urlsplit(address)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        if parts.scheme == "serial":
            options = {**usual, **options}
        if parts.scheme in _PATHS and parts.path.startswith("/") and not parts.netloc:
            return _convert({"path": parts.path, **options}, _PATHS[parts.scheme])
        if parts.scheme == "tcp" and parts.hostname and parts.path in {"", "/"}:
            return _convert({"host": parts.hostname, "port": parts.port or PRINTER_PORT, **options}, NetworkLine)
        if parts.scheme == "usb" and parts.path in {"", "/"}:
            vendor, _, product = parts.netloc.partition(":")
            numbers = {"vendor": int(vendor, 16), "product": int(product, 16)}
            return _convert({**numbers, **{name: int(value, 0) for name, value in options.items()}}, UsbLine)
    except (ValueError, msgspec.ValidationError) as error:  # ValidationError says which option
        raise BadSetting(f"{address!r}: {error}") from error
    raise BadSetting(f"{address!r} begins with none of serial:///dev/, lp:///dev/, keys:///dev/, usb://, tcp://")


def _convert(fields: dict[str, Any], to: type[T]) -> T:
    return msgspec.convert(fields, to, strict=False)
