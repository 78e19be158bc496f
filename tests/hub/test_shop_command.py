"""``hub shop``: what a region's shops sell by is set from a file, told down, and sold by at the till."""

import json
import random
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from hub_books import Hub, status
from talks import answered, ended
from till_terminal import sample_items

from contract.batch import decode_batch
from contract.catalogue_csv import Columns, decide_import
from contract.csv_rows import read_table
from contract.down import ConfigChanged
from contract.shop import MAX_STAFF, Shop
from contract.values import Currency, parse_address
from hub.cli import main
from hub.downlink.downlink import LOOK_EVERY_S, Downlink
from hub.intake.arrivals import Message
from hub.store import down
from hub.store.catalogue import import_catalogue
from kiosk.backroom.apply import Backroom
from kiosk.bootstrap import open_desk
from kiosk.core.dialogues.paying import exact, pay
from kiosk.journal.links import LinkStore
from kiosk.people import make_hash
from kiosk.station import open_station

PIN = make_hash("471100")
FILE = f"""
receipt_footer = "Danke, tschüss"

[shop]
tax_included = false
cash_step_minor = 5
favourites = ["ESP-1"]

[[shop.taxes]]
code = ""
rate_ppm = 190000
name = "VAT 19 %"

[[shop.staff]]
id = "anna"
name = "Anna"
role = "manager"
pin = "{PIN}"
"""


@pytest.fixture
def url(hub: Hub, books_url: str) -> str:
    """Return the address of books that are there."""
    return books_url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.toml"
    path.write_text(FILE)
    return path


def run(url: str, tmp_path: Path, *arguments: str | Path) -> Result:
    more = ["--state-dir", str(tmp_path / "other")] if arguments[0] == "set" else []
    return CliRunner().invoke(main, ["shop", *map(str, arguments), "--database-url", url, *more])


def test_what_is_set_is_shown_as_a_file_that_can_be_set_again(url: str, tmp_path: Path, file: Path) -> None:
    assert run(url, tmp_path, "set", file).stdout == "demo: told to every kiosk\n"
    shown = run(url, tmp_path, "show")
    assert PIN not in shown.stdout
    file.write_text(shown.stdout)
    assert run(url, tmp_path, "set", file).stdout == "demo: nothing differs, nothing was told\n"
    whole = run(url, tmp_path, "show", "--pins").stdout
    assert msgspec.toml.decode(whole, type=ConfigChanged) == msgspec.toml.decode(FILE, type=ConfigChanged)
    told = json.loads(run(url, tmp_path, "show", "--json").stdout)
    assert (told["set"], told["region"], told["receipt_footer"]) == (True, "demo", "Danke, tschüss")
    assert told["shop"]["staff"] == [{"id": "anna", "name": "Anna", "role": "manager"}]


def test_what_a_file_does_not_name_has_its_default_but_receipts_keep_their_words(
    hub: Hub, url: str, tmp_path: Path, file: Path
) -> None:
    run(url, tmp_path, "set", file)
    file.write_text("[shop]\n")
    assert run(url, tmp_path, "set", file, "--json").stdout == '{"region": "demo", "changed": true}\n'
    with hub.store.read() as connection:
        assert down.config(connection, "demo") == ConfigChanged(receipt_footer="Danke, tschüss", shop=Shop())


def test_where_nothing_was_set_it_says_so(url: str, tmp_path: Path) -> None:
    shown = run(url, tmp_path, "show", "--region", "north")
    assert "note: nothing was set for region north" in shown.stderr
    assert msgspec.toml.decode(shown.stdout, type=ConfigChanged) == ConfigChanged()


def test_a_person_who_is_new_needs_a_pin(url: str, tmp_path: Path, file: Path) -> None:
    file.write_text('[shop]\n[[shop.staff]]\nid = "ben"\nname = "Ben"\nrole = "staff"\n')
    refused = run(url, tmp_path, "set", file)
    assert refused.exit_code == 1
    assert "missing required field `pin`" in refused.stderr


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = ", "correct it"),
        ("cash_step_minor = 5\n", "no section [shop]"),
        ("[shop]\ncash_step = 5\n", "cash_step"),
        ("[shop]\ncash_step_minor = 0\n", "cash_step_minor"),
        ('[shop]\nstaff = "anna"\n', "staff"),
        ('[[shop.taxes]]\ncode = "A"\n', "rate_ppm"),
        ('[shop]\n[[shop.taxes]]\ncode = "A"\nrate_ppm = 1\nname = "a"\n' * 2, "correct it"),
        ("", "no section [shop]"),
    ],
)
def test_a_file_that_is_none_changes_nothing(hub: Hub, url: str, tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    refused = run(url, tmp_path, "set", path)
    assert refused.exit_code == 1
    assert why in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    with hub.store.read() as connection:
        assert down.config(connection, "demo") is None


def test_a_shop_too_large_to_be_told_is_refused(hub: Hub, url: str, tmp_path: Path) -> None:
    row = '\n[[shop.staff]]\nid = "p{n}"\nname = "{name}"\nrole = "staff"\npin = "$argon2id${pin}"\n'
    rows = (row.format(n=n, name="\N{GRINNING FACE}" * 200, pin="x" * 190) for n in range(MAX_STAFF))
    path = tmp_path / "large.toml"
    path.write_text("[shop]\n" + "".join(rows))
    refused = run(url, tmp_path, "set", path)
    assert refused.exit_code == 1
    assert "name fewer people" in refused.stderr
    with hub.store.read() as connection:
        assert down.config(connection, "demo") is None


def test_a_file_that_cannot_be_read_is_used_wrongly(url: str, tmp_path: Path) -> None:
    assert run(url, tmp_path, "set", tmp_path / "none.toml").exit_code == 2
    assert run(url, tmp_path, "show", "--region", "No Region").exit_code == 2


def test_goods_whose_tax_code_has_no_rate_are_noted(hub: Hub, url: str, tmp_path: Path, file: Path) -> None:
    table = read_table("sku,name,price,tax\ntea,Tea,3.00,B\ncup,Cup,2.00,\n")
    columns = Columns(sku="sku", name="name", price="price", tax="tax")
    eur = Currency("EUR")
    import_catalogue(
        hub.store, "demo", eur, lambda known: decide_import(table, columns, eur, known), at=hub.clock.now()
    )
    assert "sold untaxed: 'B'" in run(url, tmp_path, "set", file).stderr


def test_a_till_sells_as_the_hub_said(hub: Hub, url: str, tmp_path: Path, file: Path) -> None:
    """From the operator's file through the books, the downlink and the backroom to the dialogue of paying."""
    assert run(url, tmp_path, "set", file).exit_code == 0
    data = tmp_path / "kiosk"
    desk = open_desk(data)
    desk.catalogue.put(sample_items())
    link = LinkStore(data / "link.db")
    for log, generation, first, facts in _sent(hub):
        link.accept(log, generation, first, facts)
    backroom = Backroom(data, Currency("EUR"))
    assert backroom.step() == 1
    backroom.close()
    with open_station(desk) as station:
        station.counter.enter("10.00")
        prompt = answered(pay(station)).prompt
        assert prompt is not None
        assert prompt.told == ("VAT 19 %: 1.90 EUR on top of 10.00 EUR", "Total 11.90 EUR")
        assert "total 11.90" in (ended(answered(exact(station))) or pytest.fail("not sold")).text
        (anna,) = station.counter.shop.staff
        assert station.staff.check(anna, "471100")
    link.close()
    desk.close()


def _sent(hub: Hub) -> list[tuple[str, int, int, tuple[bytes, ...]]]:
    """Return what the hub sends to a kiosk that came online: log, generation, first position, bytes of the facts."""
    downlink = Downlink(hub.store, random.Random(1))  # noqa: S311
    outcome = hub.take(status(parse_address("demo/market/k1")))
    downlink.heard(outcome.told, outcome.acked, hub.clock.monotonic_s())
    hub.clock.advance(LOOK_EVERY_S)
    found: list[Message] = []

    def publish(message: Message) -> bool:
        found.append(message)
        return True

    downlink.look(hub.clock.monotonic_s())
    downlink.send(publish, hub.clock.monotonic_s())
    batches = [decode_batch(message.payload) for message in found]
    return [
        (log, int(generation), batch.head.first, batch.facts)
        for batch in batches
        for log, _, generation in [batch.head.stream.partition("@")]
    ]
