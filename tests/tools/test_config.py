"""What a kiosk says about settings that it cannot use: one line of what, where and what to do."""

from pathlib import Path

import pytest
from kiosk_command import Kiosk

from kiosk.config import ConfigError, load_config


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('site = "Market Hall"', "a name of a-z, 0-9 and inner dashes, at most 32 long - at `$.site`: correct it"),
        ('currency = "euro"', "Expected a currency code such as EUR - at `$.currency`: correct it"),
        (
            '[[shop.staff]]\nid = "anna"\nname = "Anna"\nrole = "staff"\npin = "4711"',
            "Expected what `kiosk staff hash` prints as pin - at `$.shop.staff[0].pin`: correct it",
        ),
        (
            '[shop]\ntemplates = ["x"]',
            "a template such as 21IIIIIPPPPPC, or a country such as DE - at `$.shop.templates[0]`: correct it",
        ),
        ('[shop]\nfavourites = ["\\u0001"]', "printable characters - at `$.shop.favourites[0]`: correct it"),
        ('[link]\nbrokers = ["broker"]', "such as mqtts://broker.example - at `$.link.brokers[0]`: correct it"),
        ('regio = "north"', "unknown field `regio`: correct it"),
        ("site =", "at line 1"),
    ],
)
def test_a_wrong_setting_is_one_plain_line(kiosk: Kiosk, toml: str, said: str) -> None:
    kiosk.data.mkdir()
    (kiosk.data / "kiosk.toml").write_text(toml + "\n", "utf-8")
    done = kiosk("catalogue", "list")
    assert done.status == 1
    assert said in done.err
    assert done.err.count("\n") == 1
    assert [path.name for path in kiosk.data.iterdir()] == ["kiosk.toml"]


def test_a_data_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("not a folder", "utf-8")
    with pytest.raises(ConfigError, match=r"shop is no folder: name one with --data or \$KIOSK_DATA"):
        load_config(tmp_path / "shop")


@pytest.mark.parametrize(
    ("link", "mode", "said"),
    [
        ('brokers = ["mqtt://127.0.0.1:99999"]', 0o600, "correct brokers under [link]"),
        ("brokers = []", 0o600, "add brokers = "),
        ('brokers = ["mqtts://127.0.0.1:1"]', 0o600, "needs ca, cert and key under [link]"),
        ('brokers = ["mqtts://127.0.0.1:1"]\nca = "ca"\ncert = "none"\nkey = "key"', 0o600, "none is not there: enrol"),
        ('brokers = ["mqtts://127.0.0.1:1"]\nca = "ca"\ncert = "ca"\nkey = "key"', 0o644, "key can be read by others"),
    ],
)
def test_a_link_that_cannot_be_is_one_plain_line(kiosk: Kiosk, link: str, mode: int, said: str) -> None:
    kiosk.data.mkdir()
    for name in ("ca", "key"):
        (kiosk.data / name).write_text("", "utf-8")
        (kiosk.data / name).chmod(mode)
    (kiosk.data / "kiosk.toml").write_text(f"[link]\n{link}\n", "utf-8")
    assert said in kiosk("bridge").complaint
