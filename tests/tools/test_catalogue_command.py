import gzip
import sqlite3
import subprocess
from functools import partial
from pathlib import Path

import pytest
from kiosk_command import Kiosk, environment
from waiting import wait_until

SMALL = 'sku,gtin,name,price\nA,40170725,Gum,0.80\nB,,Apple,1.20\nC,4017072,Pear,\nD,,Plum,"1,2,3"\n'


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return save(tmp_path, SMALL)


def save(folder: Path, text: str | bytes, name: str = "list.csv") -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def counts(**changed: object) -> dict[str, object]:
    numbers = "rows added changed unchanged repeated barcodes_dropped barcodes_restored".split()
    return dict.fromkeys(numbers, 0) | {"rejected": {}} | changed


def test_an_import_says_what_became_of_every_row(kiosk: Kiosk, small: Path) -> None:
    done = kiosk("catalogue", "import", small)
    assert done.result == counts(rows=4, added=3, barcodes_dropped=1, rejected={"price_unreadable": 1})
    assert done.err.splitlines() == [
        "line 4: barcode '4017072' dropped: wrong_length",
        "line 5: price_unreadable: '1,2,3' is not a plain number such as 3.25",
    ]
    listed = kiosk("catalogue", "list", "--json").json["items"]
    assert [(item["sku"], item["price_minor"]) for item in listed] == [("A", 80), ("B", 120), ("C", None)]


def test_a_second_import_changes_only_what_differs(kiosk: Kiosk, small: Path) -> None:
    kiosk("catalogue", "import", small)
    small.write_text(SMALL.replace("1.20", "1.30") + "E,,Fig,2\n")
    result = kiosk("catalogue", "import", small).result
    assert (result["added"], result["changed"], result["unchanged"]) == (1, 1, 2)


def test_a_compressed_file_is_read(kiosk: Kiosk, tmp_path: Path) -> None:
    packed = save(tmp_path, gzip.compress(SMALL.encode()), "list.csv.gz")
    assert kiosk("catalogue", "import", packed).result["added"] == 3


def test_options_name_headers_and_nothing_else_is_guessed(kiosk: Kiosk, small: Path) -> None:
    done = kiosk("catalogue", "import", small, "--sku", "sku", "--name", "name")
    assert done.result == counts(rows=4, added=4)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--sku", "nope"], "no column 'nope': the columns are sku, gtin, name, price"),
        (["--sku", "sku", "--tax", "VAT"], "no column 'VAT'"),
        (["--name", "name"], "--sku or --gtin"),
    ],
)
def test_a_wrong_column_is_one_line_and_status_two(kiosk: Kiosk, small: Path, args: list[str], said: str) -> None:
    done = kiosk("catalogue", "import", small, *args)
    assert said in done.complaint
    assert done.status == 2
    assert kiosk("catalogue", "list", "--json").json["items"] == []


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (SMALL.encode()[:-9], "line 5: the file ends in the middle of a row"),
        (SMALL.replace("Gum", "Café").encode("latin-1"), "line 2: byte 34 (0xe9) is not UTF-8"),
        (gzip.compress(SMALL.encode())[:-9], "copy it again"),
        (b"", "it is empty"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_whole(kiosk: Kiosk, tmp_path: Path, raw: bytes, said: str) -> None:
    file = save(tmp_path, raw)
    done = kiosk("catalogue", "import", file)
    assert said in done.complaint
    assert str(file) in done.complaint
    assert done.status == 1
    assert kiosk("catalogue", "list", "--json").json["items"] == []


def test_a_file_that_is_not_there_is_said(kiosk: Kiosk, tmp_path: Path) -> None:
    done = kiosk("catalogue", "import", tmp_path / "none.csv")
    assert "none.csv: No such file" in done.complaint
    assert done.status == 2


@pytest.mark.parametrize("least", [1, 2500])
def test_an_import_killed_midway_leaves_whole_items_and_is_completed(kiosk: Kiosk, tmp_path: Path, least: int) -> None:
    file = save(tmp_path, "sku,gtin,name,price\n" + "".join(f"S{n},,item {n},1.20\n" for n in range(6000)))
    child = subprocess.Popen(kiosk.argv("catalogue", "import", file), stdout=subprocess.DEVNULL, env=environment())
    wait_until(partial(has_stored, kiosk, least, child), what="items")
    child.kill()
    child.wait()
    before = stored(kiosk)
    result = kiosk("catalogue", "import", file).result
    assert (result["added"], result["changed"], result["unchanged"]) == (6000 - before, 0, before)
    listed = kiosk("catalogue", "list", "--json").json["items"]
    assert {(item["name"], item["price_minor"]) for item in listed} == {(f"item {n}", 120) for n in range(6000)}
    assert len(kiosk("catalogue", "search", "item", "--limit", "1000").out.splitlines()) == 1000


def has_stored(kiosk: Kiosk, items: int, child: subprocess.Popen[bytes]) -> bool:
    return child.poll() is not None or stored(kiosk) >= items


def stored(kiosk: Kiosk) -> int:
    path = kiosk.data / "catalogue.db"
    if not path.exists():
        return 0
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return int(db.execute("SELECT count(*) FROM items").fetchone()[0])
    except sqlite3.Error:  # not made yet
        return 0
    finally:
        db.close()


def test_search_finds_words_by_their_beginnings(kiosk: Kiosk, small: Path) -> None:
    kiosk("catalogue", "import", small)
    assert kiosk("catalogue", "search", "app").out == "B\tApple\t1.20\n"
    assert [item["sku"] for item in kiosk("catalogue", "search", "pea", "--json").json["items"]] == ["C"]


def test_the_list_says_where_the_till_asks_for_a_price(kiosk: Kiosk, tmp_path: Path) -> None:
    kiosk("catalogue", "import", save(tmp_path, "sku,name,price,unit\nA,Apple,2.50,kg\nB,Stamp,,\n"))
    assert kiosk("catalogue", "list").out == "A\tApple\t2.50 for 1000 g\nB\tStamp\tasked\n"
