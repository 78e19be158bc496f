"""``hub site set``: what is told of a site stays until it is told anew."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import main


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path}/hub.db"
    assert CliRunner().invoke(main, ["migrate", "--database-url", made]).exit_code == 0
    return made


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["site", "set", "--database-url", url, *arguments])


def test_what_is_not_given_stays_as_it_was(url: str) -> None:
    first = run(url, "market", "--lat", "52.52", "--lon", "13.405", "--zone", "Europe/Berlin", "--json")
    assert first.exit_code == 0, first.output
    place = {"region": "demo", "site": "market", "lat": 52.52, "lon": 13.405, "zone": "Europe/Berlin"}
    assert json.loads(first.stdout) == place | {"name": ""}
    again = run(url, "market", "--name", "Market Hall", "--json")
    assert json.loads(again.stdout) == place | {"name": "Market Hall"}
    moved = run(url, "market", "--lat", "0", "--lon", "-1.5", "--zone", "")
    assert moved.stdout == "demo/market: 'Market Hall' for shoppers, at 0, -1.5\n"
    assert run(url, "fair", "--name", "Fair").stdout == "demo/fair: 'Fair' for shoppers, its place is not known\n"
    plain = run(url, "pier", "--zone", "Europe/Berlin").stdout
    assert plain == "demo/pier: without a name of its own, its place is not known, Europe/Berlin\n"


def test_a_site_that_is_new_is_said_once(url: str) -> None:
    assert "note: nothing was told of demo/fair before" in run(url, "fair", "--name", "Fair").stderr
    assert run(url, "fair", "--zone", "Europe/Berlin").stderr == ""


def test_a_name_that_messages_cut_is_said(url: str) -> None:
    run(url, "fair")
    assert "note" not in run(url, "fair", "--name", "x" * 32).stderr
    assert "note: messages show the first 31 characters" in run(url, "fair", "--name", "x" * 33).stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["MARKET"], "SITE"),
        (["market", "--region", "x y"], "--region"),
        (["market", "--lat", "52"], "needs both"),
        (["market", "--lat", "91", "--lon", "0"], "--lat"),
        (["market", "--lat", "0", "--lon", "181"], "--lon"),
        (["market", "--lat", "north", "--lon", "0"], "--lat"),
        (["market", "--zone", "Mars/Olympus"], "--zone"),
        (["market", "--zone", "../etc/passwd"], "--zone"),
        (["market", "--name", "x" * 201], "--name"),
        (["market", "--name", "a\nb"], "--name"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(url: str, arguments: list[str], words: str) -> None:
    said = run(url, *arguments)
    assert said.exit_code == 2
    assert words in said.stderr
