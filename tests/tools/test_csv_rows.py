import csv
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.csv_rows import BadFile, Fault, Row, UnknownColumn, read_number, read_table, read_text

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def rows(text: str, *, header: bool = True) -> list[Row | Fault]:
    return list(read_table(text, header=header).rows)


def faults(text: str) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in rows(text) if isinstance(row, Fault)]


def good(text: str) -> list[tuple[int, list[str]]]:
    return [(row.line, list(row.cells)) for row in rows(text) if isinstance(row, Row)]


@given(st.lists(st.lists(cells, min_size=3, max_size=3), max_size=10))
def test_what_a_csv_writer_wrote_is_read_back(written: list[list[str]]) -> None:
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *written])
    read = [cells for _, cells in good(file.getvalue())]
    assert read == written


@given(st.text(st.sampled_from('a,"\n\r\0x'), max_size=60))
def test_any_text_is_rows_and_faults_or_a_refusal(text: str) -> None:
    try:
        read = rows("a,b\n" + text)
    except BadFile:
        return
    assert all(len(row.cells) == 2 for row in read if isinstance(row, Row))
    lines = [row.line for row in read]
    assert lines == sorted(set(lines))


@given(st.text(max_size=40), st.sampled_from([bytes, gzip.compress]), st.sampled_from(["utf-8", "utf-8-sig"]))
def test_a_file_is_read_with_and_without_a_byte_order_mark_and_compression(text, pack, encoding) -> None:
    text = text.removeprefix("\ufeff")
    assert read_text(pack(text.encode(encoding))) == text


def test_a_row_keeps_the_number_of_the_line_it_begins_in() -> None:
    assert good('a,b\n\n1,"x\ny"\n\n2,z\n') == [(3, ["1", "x\ny"]), (6, ["2", "z"])]


def test_a_quote_inside_a_cell_is_text() -> None:
    assert good('a,b\n1,5" pipe\n') == [(2, ["1", '5" pipe'])]


def test_empty_cells_beyond_the_header_are_no_fault() -> None:
    assert good("a,b\n1,2,, \n") == [(2, ["1", "2"])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1\n2,3\n", [(2, "cells_missing")]),
        ("a,b\n1,2,3\n2,3\n", [(2, "cells_extra")]),
        ("a,b\n1,x\0y\n2,3\n", [(2, "nul_character")]),
        ('a,b\n1,"x\n2,3\n4,5\n', [(2, "quote_wrong")]),
        ('a,b\n1,"x\n2,"y"\n4,5\n', [(2, "quote_wrong")]),
        ('a,b\n1,"x"y\n2,3\n', [(2, "quote_wrong")]),
        ('a,b\n1,"x\n', [(2, "quote_wrong")]),
        ("a,b\n1," + "x" * 70_000 + "\n2,3\n", [(2, "row_too_long")]),
        ('a,b\n1,"' + "x\n" * 40 + '"\n', [(n, "cells_missing" if n > 2 else "quote_wrong") for n in range(2, 42)]),
    ],
)
def test_a_bad_row_is_a_fault_of_its_own_line(text: str, expected: list[tuple[int, str]]) -> None:
    assert [fault for fault in faults(text) if fault[0] < 42] == expected


@pytest.mark.parametrize("text", ['a,b\n1,2\n3,"x', "a,b\n1,2\n3"])
def test_a_file_that_was_cut_off_is_refused_whole(text: str) -> None:
    with pytest.raises(BadFile, match="line 3: the file ends in the middle of a row"):
        rows(text)


def test_a_whole_last_row_needs_no_line_break() -> None:
    assert good("a,b\n1,2") == [(2, ["1", "2"])]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"a,b\n1,caf\xe9\n", "line 2: byte 9 \\(0xe9\\) is not UTF-8"),
        (b"\xef\xbb\xbfa,b\n1,caf\xe9\n", "line 2: byte 12 \\(0xe9\\) is not UTF-8"),
        (b"\xff\xfea\0", "line 1: byte 0"),
        (b"a,b\n1,caf\xc3", "ends in the middle of a character"),
        (gzip.compress(b"a,b\n" * 1000)[:-9], "cut off or damaged"),
        (b"\x1f\x8bnot gzip at all", "cut off or damaged"),
    ],
)
def test_bytes_that_are_no_text_are_refused_with_their_place(raw: bytes, why: str) -> None:
    with pytest.raises(BadFile, match=why):
        read_text(raw)


def test_a_small_file_that_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(BadFile, match="more than 256 MiB"):
        read_text(gzip.compress(b"\n" * (257 * 2**20), compresslevel=1))


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_refused(text: str) -> None:
    with pytest.raises(BadFile, match="it is empty"):
        read_table(text)


def test_a_header_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(BadFile, match="line 1: a closing quote"):
        read_table('a,"b"c\n1,2\n')


def test_a_column_is_found_by_its_name() -> None:
    assert read_table(" a , b\n").column("b") == 1


@pytest.mark.parametrize(("name", "why"), [("c", "no column 'c': the columns are a, b, b"), ("b", "more than one")])
def test_a_column_that_is_not_there_or_there_twice_is_named(name: str, why: str) -> None:
    with pytest.raises(UnknownColumn, match=why):
        read_table("a,b,b\n").column(name)


def test_a_file_with_semicolons_is_told_apart() -> None:
    with pytest.raises(UnknownColumn, match="the columns are sku;name: separate the cells by commas"):
        read_table("sku;name\n1;x\n").column("sku")


def test_of_many_columns_some_are_listed() -> None:
    with pytest.raises(UnknownColumn, match=r"c39, …: name"):
        read_table(",".join(f"c{n}" for n in range(50)) + "\n").column("x")


def test_without_a_header_columns_are_numbers_from_zero() -> None:
    table = read_table("x,y\n1,2\n", header=False)
    assert [table.column("0"), table.column("1")] == [0, 1]
    assert [row.line for row in table.rows] == [1, 2]


@pytest.mark.parametrize(
    ("text", "value"), [("12", "12"), (" -0.5 ", "-0.5"), (".99", "0.99"), ("5.", "5"), ("+1", "1")]
)
def test_a_plain_number_is_read(text: str, value: str) -> None:
    assert str(read_number(text)) == value


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,234.50", "1,5", "€3", "3 €", "1e3", "NaN", "1_000", "٣", "0x1", ".", "1 2"]
)
def test_what_could_be_read_in_two_ways_is_no_number(text: str) -> None:
    assert read_number(text) is None
