"""What `kiosk journal mirror`, `kiosk keeper` and their settings say when they cannot be used."""

import socket
from pathlib import Path

import pytest
from kiosk_command import Kiosk

from contract.errors import Malformed
from kiosk.config import ConfigError, load_config
from kiosk.core.endpoint import Endpoint
from kiosk.journal.mirror.folder import MARKER

TLS = '[link]\nca = "ca"\ncert = "cert"\nkey = "key"\n'


def configure(kiosk: Kiosk, text: str) -> None:
    kiosk.data.mkdir()
    (kiosk.data / "kiosk.toml").write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[mirror]", "[mirror] names neither folder nor peer: add one, or take the section out"),
        ("[mirror]\nwait_s = 2.0", "names neither folder nor peer"),
        ('[mirror]\nfolder = "second"', "folder is 'second', not a whole path such as /media/second"),
        ('[mirror]\nfolder = "/media/second"\nwait_s = 0', "Expected `float` >= 0.05 - at `$.mirror.wait_s`"),
        ('[mirror]\nfolder = "/media/second"\nwait_s = 60', "Expected `float` <= 10"),
        ('[mirror]\npath = "/media/second"', "unknown field `path`"),
        ('[mirror]\npeer = "k2.local"', "peer is 'k2.local', not host:port such as k2.local:8710"),
        ('[mirror]\npeer = "[::1]"', "not host:port"),
        ('[mirror]\npeer = "[::g]:1"', "not host:port"),
        ('[mirror]\npeer = "[1::2::3]:1"', "not an IPv6 address"),
        ('[mirror]\npeer = "k2.local:0"', "not host:port"),
        ('[mirror]\npeer = "k2.local:65536"', "not host:port"),
        ('[mirror]\npeer = "k2.local:8710"', "peer of [mirror] needs ca, cert and key under [link]"),
        ('[mirror]\npeer = "127.0.0.1:1"\n[keeper]\nlisten = "127.0.0.1:1"', "is this till's own keeper"),
        ('[keeper]\nlisten = "0.0.0.0:8710"', "listen of [keeper] needs ca, cert and key under [link]"),
        ('[keeper]\nlisten = "8710"', "listen is '8710', not host:port"),
        ("[keeper]\nquota_mib = 0", "Expected `int` >= 1 - at `$.keeper.quota_mib`"),
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path: Path, toml: str, said: str) -> None:
    (tmp_path / "kiosk.toml").write_text(toml + "\n", "utf-8")
    with pytest.raises(ConfigError) as refused:
        load_config(tmp_path)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path / 'kiosk.toml'}: ")


@pytest.mark.parametrize(
    "toml",
    [
        '[mirror]\nfolder = "/media/second"',
        '[mirror]\npeer = "localhost:8710"\nfolder = "/media/second"\nwait_s = 0.5',
        '[mirror]\npeer = "[::1]:8710"\n[keeper]\nlisten = "127.0.0.2:8710"',
        f'[mirror]\npeer = "k2.local:8710"\n[keeper]\nlisten = "0.0.0.0:8710"\n{TLS}',
    ],
)
def test_settings_that_make_sense(tmp_path: Path, toml: str) -> None:
    (tmp_path / "kiosk.toml").write_text(toml + "\n", "utf-8")
    assert load_config(tmp_path).kiosk == "k1"


@pytest.mark.parametrize("text", ["k2.local:8710", "192.168.1.7:1", "[fe80::1]:65535"])
def test_an_endpoint_is_written_as_it_is_read(text: str) -> None:
    assert str(Endpoint.parse(text)) == text


@pytest.mark.parametrize("text", ["k2..local:8710", ".k2:1", f"{'a' * 64}.local:1", f"{'a.' * 127}:1", "k2:65536"])
def test_what_no_name_service_can_be_asked_is_no_endpoint(text: str) -> None:
    with pytest.raises(Malformed, match="not host:port"):
        Endpoint.parse(text)


def test_init_follows_no_link_that_a_stick_brings(kiosk: Kiosk, tmp_path: Path) -> None:
    stick, precious = tmp_path / "stick", tmp_path / "precious"
    stick.mkdir()
    precious.write_text("mine")
    (stick / MARKER).symlink_to(precious)
    assert "symbolic links" in kiosk("journal", "mirror", "init", stick, "--same-disk").complaint
    assert precious.read_text() == "mine"


def test_init_makes_a_medium_ready_and_says_the_setting(kiosk: Kiosk, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    assert "mount the second medium there first" in kiosk("journal", "mirror", "init", stick).complaint
    done = kiosk("journal", "mirror", "init", stick, "--same-disk")
    assert f'add folder = "{stick}" under [mirror]' in done.out
    assert (stick / "popup-kiosk-mirror").is_file()
    assert "No such file" in kiosk("journal", "mirror", "init", tmp_path / "none").complaint


def test_a_keeper_says_why_it_cannot_listen(kiosk: Kiosk) -> None:
    configure(kiosk, "")
    assert "nothing to listen on" in kiosk("keeper").complaint
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (kiosk.data / "kiosk.toml").write_text(f'[keeper]\nlisten = "127.0.0.1:{port}"\n', "utf-8")
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in kiosk("keeper").complaint


def test_a_keeper_says_where_it_cannot_keep(kiosk: Kiosk) -> None:
    configure(kiosk, '[keeper]\nlisten = "127.0.0.1:8710"\n')
    (kiosk.data / "kept").write_text("")
    assert f"cannot write {kiosk.data / 'kept'}: File exists" in kiosk("keeper").complaint


def test_a_keeper_says_which_file_it_cannot_use(kiosk: Kiosk) -> None:
    configure(kiosk, f'[keeper]\nlisten = "0.0.0.0:8710"\n{TLS}')
    assert "ca is not there: enrol this kiosk" in kiosk("keeper").complaint
    for name in ("ca", "cert", "key"):
        (kiosk.data / name).write_text("", "utf-8")
        (kiosk.data / name).chmod(0o600)
    assert "ca cannot be used: correct [link]" in kiosk("keeper").complaint
