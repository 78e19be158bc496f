"""Where devices are plugged in is said in kiosk.toml; what cannot be is refused before the till opens, by its key."""

import pytest

from kiosk.config import ConfigError, DevicesConfig, load_config

WHOLE = """
[devices]
scanner = "keys:///dev/input/by-id/usb-scanner-event-kbd"
scale = "serial:///dev/ttyUSB0?baud=4800"
scale_profile = "jik-tfo3"
scale_unit = "g"
printer = "tcp://192.168.1.9"
paper = 48
drawer = "usb://04b8:0e15"
drawer_pin = 5
display = "serial:///dev/ttyUSB1"
display_behind_printer = true
[till]
sound = "both"
"""


def load(folder, text):
    (folder / "kiosk.toml").write_text(text, "utf-8")
    return load_config(folder)


def test_every_device_and_what_belongs_to_it(tmp_path):
    config = load(tmp_path, WHOLE)
    assert config.devices.paper == 48
    assert config.devices.drawer_pin == 5
    assert config.till.sound == "both"


def test_nobody_has_to_name_a_device(tmp_path):
    config = load(tmp_path, "")
    assert config.devices == DevicesConfig(paper=42, drawer_pin=2)
    assert config.till.sound == "bell"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('scanner = "/dev/ttyACM0"', "scanner of [devices]: '/dev/ttyACM0' begins with none of serial:///dev/"),
        ('scanner = "tcp://192.168.1.9"', "scanner of [devices]: 'tcp://192.168.1.9' is of another kind"),
        ('printer = "keys:///dev/input/event0"', "printer of [devices]: 'keys:///dev/input/event0' is of another"),
        ('drawer = "lp://dev/usb/lp0"', "drawer of [devices]: 'lp://dev/usb/lp0' begins with none of"),
        ('display = "serial:///dev/ttyUSB0?baud=7"', "display of [devices]: 'serial:///dev/ttyUSB0?baud=7'"),
        ('scale = "tcp://scale"\nscale_profile = "cas-pd-ii"', "scale of [devices]: 'tcp://scale' is of another"),
        ('scale = "serial:///dev/ttyUSB0"', "needs scale and scale_profile together"),
        ('scale_profile = "cas-pd-ii"', "needs scale and scale_profile together"),
        ('scale = "serial:///dev/ttyS0"\nscale_profile = "kas"', "scale_profile of [devices]: no scale profile 'kas'"),
        (
            'scale = "serial:///dev/ttyS0"\nscale_profile = "jik-tfo3"',
            "scale_unit of [devices]: jik-tfo3 names no",
        ),
        ("paper = 40", "Invalid enum value 40 - at `$.devices.paper`"),
        ("drawer_pin = 3", "Invalid enum value 3 - at `$.devices.drawer_pin`"),
        ('camera = "usb"', "unknown field `camera` - at `$.devices`"),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(tmp_path, wrong, said):
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, f"[devices]\n{wrong}\n")
    assert said in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "kiosk.toml"))
