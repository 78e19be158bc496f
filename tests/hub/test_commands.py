"""The command line: examples, JSON alone on standard output, one line of what, why and what to do."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from hub_books import LaneTwin, open_hub, received, refund, sale, status
from sqlalchemy import text

from hub.cli import main
from hub.life import LifeFile
from hub.store.database import open_store

CSV = "Article,EAN,Title,Price\nA1,9521000000018,Espresso,2.20\nA2,123,Tea,1.10\nA3,,Cake,1.2.3\n"


def commands(group: click.Group, prefix: str = "hub") -> Iterator[tuple[str, click.Command]]:
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            if isinstance(command, click.Group):
                yield from commands(command, f"{prefix} {name}")
            else:
                yield f"{prefix} {name}", command


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"HUB_DATABASE_URL": url})


@pytest.fixture
def url(books_url: str, tmp_path: Path) -> str:
    """Books with a little of everything."""
    twin = LaneTwin()
    twin.record(received("tea", 10), sale("k1-1-1", "tea", 3, 250), refund("k1-1-2", "tea", 1, 250))
    twin.raws.append(b"junk")
    with open_hub(books_url, tmp_path / "state") as hub:
        hub.take(twin.message(), status(twin.address))
    return books_url


@pytest.mark.parametrize(("name", "command"), list(commands(main)))
def test_every_command_has_help_with_an_example(name: str, command: click.Command) -> None:
    result = CliRunner().invoke(main, [*name.split()[1:], "--help"])
    assert result.exit_code == 0
    assert f"Example: {name}" in " ".join(result.output.split())
    assert command.help


@pytest.mark.parametrize(
    ("arguments", "key", "field", "value"),
    [
        (["site", "list"], "sites", "site", "market"),
        (["kiosk", "list"], "kiosks", "kiosk", "k1"),
        (["stock", "--site", "market", "--sku", "tea"], "stock", "available", 8),
        (["report"], "takings", "net_minor", 500),
        (["exceptions"], "exceptions", "kind", "quarantined"),
        (["quarantine", "list"], "quarantine", "kind", "unreadable"),
    ],
)
def test_books_are_shown_to_people_and_to_programs(
    url: str, arguments: list[str], key: str, field: str, value: object
) -> None:
    result = run(url, *arguments, "--json")
    assert result.exit_code == 0, result.output
    assert [row[field] for row in json.loads(result.stdout)[key]] == [value]
    assert result.stderr == ""
    shown = run(url, *arguments)
    assert shown.exit_code == 0
    assert (str(value) if field != "net_minor" else "net 5.00 EUR") in shown.output


@pytest.mark.parametrize(
    "command",
    [
        "stock",
        "kiosk list",
        "report",
        "rights list",
        "rights recalls",
        "count list",
        "delivery list",
        "reservation list",
    ],
)
def test_a_list_of_a_site_that_nobody_knows_says_why_it_is_empty(url: str, command: str) -> None:
    assert run(url, *command.split(), "--site", "market").stderr == ""
    done = run(url, *command.split(), "--site", "nosuch", "--json")
    assert (done.exit_code, done.stderr) == (
        0,
        "note: nothing was ever told of a site 'nosuch': hub site list shows what there is\n",
    )


def test_a_database_without_tables_says_what_to_do(database_url: str) -> None:
    result = run(database_url, "stock")
    assert result.exit_code == 1
    assert "run hub migrate" in result.stderr
    assert result.stderr.count("\n") == 1


def test_looking_at_books_that_are_not_there_makes_none(tmp_path: Path) -> None:
    result = run(f"sqlite:///{tmp_path}/new/hub.db", "report", "--json")
    assert result.exit_code == 1
    assert "it is not there: run hub migrate" in result.stderr
    assert not (tmp_path / "new").exists()


def test_migrate_brings_it_to_this_release_and_says_so(database_url: str, tmp_path: Path) -> None:
    state = ["--state-dir", str(tmp_path / "s")]
    assert json.loads(run(database_url, "migrate", "--json").stdout)["migrations"][:2] == ["0001", "0002"]
    assert "of this release already" in run(database_url, "migrate").stdout
    assert json.loads(run(database_url, "migrate", "--promoted", "--json", *state).stdout)["incarnation"] == 1
    assert "incarnation 2 begins" in run(database_url, "migrate", "--promoted", *state).stdout


def test_a_newer_database_is_refused(url: str) -> None:
    store = open_store(url)
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    for arguments in (["stock"], ["migrate"], ["serve", "--listen", "127.0.0.1:0"]):
        result = run(url, *arguments)
        assert result.exit_code == 1
        assert "install the newer release" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "--listen", "8080"], "HOST:PORT"),
        (["serve", "--listen", "h:99999"], "HOST:PORT"),
        (["serve", "--broker", "tcp://x"], "mqtt://"),
        (["serve", "--broker", "mqtt://x", "--broker", "mqtt://x"], "twice"),
        (["serve", "--broker", "mqtts://x"], "--ca"),
        (["serve", "--broker", "mqtts://x", "--ca", "no", "--cert", "no", "--key", "no"], "is not there"),
        (["serve", "--region", "Nord See"], "region"),
        (["stock", "--database-url", "mysql://u:secret@h/d"], "postgresql://"),
        (["stock", "--limit", "0"], "--limit"),
        (["catalogue", "import", "nowhere.csv"], "No such file"),
        (["catalogue", "import", "nowhere.csv", "--currency", "euros"], "currency"),
        (["nonsense"], "No such command"),
    ],
)
def test_what_is_used_wrongly_is_exit_2_and_says_what_to_do(tmp_path: Path, arguments: list[str], words: str) -> None:
    result = run(f"sqlite:///{tmp_path}/hub.db", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "secret" not in result.stderr
    assert not (tmp_path / "hub.db").exists()


def test_a_port_in_use_is_one_line_and_nothing_is_written(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        result = run(f"sqlite:///{tmp_path}/new/hub.db", "serve", "--listen", f"127.0.0.1:{port}")
    assert result.exit_code == 1
    assert "choose another --listen" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_a_second_hub_on_a_folder_is_told_what_to_do(url: str, tmp_path: Path) -> None:
    with closing(LifeFile(tmp_path / "s" / "incarnation.json")):
        result = run(url, "serve", "--listen", "127.0.0.1:0", "--state-dir", str(tmp_path / "s"))
    assert result.exit_code == 1
    assert "another hub is running on this folder: stop it, or give this one a --state-dir" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_database_that_is_away_is_one_line(spare_port: int) -> None:
    result = run(f"postgresql://hub:secret@127.0.0.1:{spare_port}/hub", "migrate")
    assert result.exit_code == 1
    assert "check that it is there" in result.stderr
    assert "secret" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_catalogue_is_imported_once_and_then_only_what_differs(url: str, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(CSV)
    mapped = ["--sku", "Article", "--gtin", "EAN", "--name", "Title", "--price", "Price"]
    first = run(url, "catalogue", "import", str(file), *mapped)
    assert first.exit_code == 0, first.stderr
    said = json.loads(first.stdout.splitlines()[-1].removeprefix("RESULT "))
    assert (said["rows"], said["added"], said["barcodes_dropped"]) == (3, 2, 1)
    assert said["rejected"] == {"price_unreadable": 1}
    assert "line 4" in first.stderr
    file.write_text(CSV.replace("2.20", "2.40"))
    second = json.loads(run(url, "catalogue", "import", str(file), *mapped).stdout.removeprefix("RESULT "))
    assert (second["changed"], second["unchanged"]) == (1, 1)


def test_an_import_for_a_region_without_kiosks_is_noted(url: str, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("sku,name,price\nA1,Tea,1.00\n")
    known, other = (run(url, "catalogue", "import", str(file), "--region", region) for region in ("demo", "elsewhere"))
    assert "note:" not in known.stderr
    assert other.exit_code == 0
    assert "no kiosk of region elsewhere was heard of, only of demo: see --region" in other.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["kiosk", "close", "demo/market/k1"],
        ["kiosk", "admit", "demo/market/k1"],
        ["rights", "grant", "demo/market/k1", "tea", "1"],
        ["rights", "recall", "demo/market/k1", "tea", "1"],
        ["count", "settle", "1-1-1", "--till", "k1=1@1"],
        ["transfer", "close", "t1"],
        ["reservation", "cancel", "r1"],
        ["promise", "answer", "p1", "sorry"],
        ["exceptions", "resolve", "1", "--by", "ana", "--note", "seen"],
        ["quarantine", "read-again"],
        ["site", "set", "market", "--name", "Market"],
        ["message", "set", "en", "refund", "You get {amount} back."],
        ["message", "reset", "en", "refund"],
        ["catalogue", "import", "list.csv"],
        ["delivery", "advise", "demo/market/k1", "D-1", "tea=1"],
    ],
    ids=" ".join,
)
def test_a_command_that_changes_makes_no_books_where_a_name_is_mistyped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.csv").write_text("sku,name,price\nA1,Tea,1.00\n")
    result = run("sqlite:///books/typo.db", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "typo.db: it is not there: run hub migrate, or start hub serve" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.csv"]


def test_a_catalogue_can_be_imported_before_the_first_start(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("sku,name,price\nA1,Tea,1.00\n")
    assert run(database_url, "migrate").exit_code == 0
    result = run(database_url, "catalogue", "import", str(file), "--state-dir", str(tmp_path / "state"))
    assert result.exit_code == 0, result.output
    with open_hub(database_url, tmp_path / "state") as hub, hub.store.read() as connection:
        assert connection.execute(text("SELECT incarnation FROM hub_life")).scalar_one() == 1


@pytest.mark.parametrize(
    ("content", "arguments", "code", "words"),
    [
        (b"sku,name\nA1,T\xff", [], 1, "UTF-8"),
        (b"colour,name\nred,Tea\n", [], 2, "no column for sku or barcode: name one of colour, name with"),
        (b"sku,name\nA1,Tea\n", ["--sku", "Nr"], 2, "no column 'Nr'"),
        (b"", [], 1, "empty"),
    ],
)
def test_a_bad_catalogue_file_is_refused_whole(  # noqa: PLR0917 - a case has as many parts
    url: str, tmp_path: Path, content: bytes, arguments: list[str], code: int, words: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    result = run(url, "catalogue", "import", str(file), *arguments)
    assert result.exit_code == code
    assert words in result.stderr
    assert result.stdout == ""
