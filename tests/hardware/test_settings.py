"""An address says where a device is, or what is wrong with it."""

import pytest

from hardware.errors import BadSetting
from hardware.settings import KeysLine, LpLine, NetworkLine, SerialLine, UsbLine, parse_line


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("serial:///dev/ttyUSB0", SerialLine("/dev/ttyUSB0")),
        (
            "serial:///dev/serial/by-id/usb-Prolific-port0?baud=19200&bits=7&parity=E&stop=2&flow=rtscts",
            SerialLine("/dev/serial/by-id/usb-Prolific-port0", 19200, 7, "E", 2, "rtscts"),
        ),
        ("lp:///dev/usb/lp0", LpLine("/dev/usb/lp0")),
        ("usb://04b8:0e15", UsbLine(0x04B8, 0x0E15)),
        ("usb://04b8:0e15?in=0x81&out=3", UsbLine(0x04B8, 0x0E15, 0x81, 3)),
        ("tcp://192.168.1.9", NetworkLine("192.168.1.9", 9100)),
        ("tcp://[fe80::1]:9101", NetworkLine("fe80::1", 9101)),
        ("keys:///dev/input/by-id/usb-Honeywell-event-kbd", KeysLine("/dev/input/by-id/usb-Honeywell-event-kbd")),
    ],
)
def test_an_address_is_read(address, line):
    assert parse_line(address) == line


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "begins with none of"), ("/dev/ttyUSB0", "begins with none of"), ("serial:ttyUSB0", "begins with none of"),
        ("serial://host/dev/ttyUSB0", "begins with none of"), ("http://printer", "begins with none of"),
        ("serial:///dev/ttyUSB0?baud=9601", "9601"), ("serial:///dev/ttyUSB0?speed=9600", "speed"),
        ("serial:///dev/ttyUSB0?baud", "bad query"), ("serial:///dev/ttyUSB0?parity=odd", "parity"),
        ("tcp://host:99999", "Port out of range"), ("tcp://", "begins with none of"), ("usb://04b8", "invalid literal"),
        ("usb://xxxx:0e15", "invalid literal"), ("usb://04b8:0e15?in=ep", "invalid literal"),
        ("keys:///dev/input/event0?grab=1", "grab"), ("serial:///dev/\x00", "is no address"),
        ("x" * 400, "is no address"),
    ],
)  # fmt: skip
def test_a_wrong_address_is_refused_with_its_reason(address, reason):
    with pytest.raises(BadSetting, match=reason):
        parse_line(address)
