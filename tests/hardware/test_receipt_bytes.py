"""A receipt's bytes are those of python-escpos, and every letter has its place on the page."""

import pytest
from escpos import printer  # type: ignore[import-untyped]  # it has no py.typed

from hardware.formats import escpos
from hardware.formats.receipt import BOLD, CENTRE, CUT, FEED, LEFT, MODULE, print_bytes, qr_code
from hardware.formats.text_page import CODE_PAGE, SELECT, showable
from hardware.twins.printer import PrinterMachine


def of_python_escpos(draw):
    dummy = printer.Dummy()
    draw(dummy)
    return dummy.output


def test_the_commands_are_those_of_python_escpos():
    assert of_python_escpos(lambda one: one.set(bold=True)) == BOLD[True]
    assert of_python_escpos(lambda one: one.set(align="center")) == CENTRE
    assert of_python_escpos(lambda one: one.set(align="left")) == LEFT
    assert of_python_escpos(lambda one: one.cut(mode="PART")) == FEED + CUT
    qr = of_python_escpos(lambda one: one.qr("k1-1-12", native=True, size=MODULE))
    assert qr.replace(b"\x1d(k\x03\x001E0", b"") == qr_code("k1-1-12").replace(b"\x1d(k\x03\x001E0", b"")


def test_a_job_is_rows_code_feed_and_cut():
    job = print_bytes([("Total", False), ("4.40 €", True)], "k1-1-12")
    body = BOLD[False] + b"Total\n" + BOLD[True] + b"4.40 \xd5\n" + BOLD[False]
    assert job == escpos.INIT + SELECT + body + CENTRE + qr_code("k1-1-12") + LEFT + FEED + CUT


def test_without_a_code_there_is_none():
    assert b"\x1d(k" not in print_bytes([("Total", False)])


def test_no_text_is_a_command():
    machine = PrinterMachine()
    machine.receive(print_bytes([("evil \x1bp\x00\x32\x32 \x10\x14\x01\x00\x01 name", False)], "k1-1-12"))
    assert machine.opened == []
    assert b"evil ?p???" in bytes(machine.printed).replace(b"22", b"??")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Crème brûlée ñ ß ×", "Crème brûlée ñ ß ×"),
        ("cafe\u0301", "café"),
        ("1\u202f234,50 €", "1 234,50 €"),
        ("Šćžő", "Sczo"),
        ("茶 \x00", "? ?"),
    ],
)
def test_a_letter_that_the_page_lacks_is_its_nearest(text, shown):
    assert showable(text) == shown
    assert showable(text).encode(CODE_PAGE).decode(CODE_PAGE) == shown


@pytest.mark.parametrize("code", ["", "x" * 101, "ü"])
def test_what_cannot_be_a_code_is_refused(code):
    with pytest.raises(ValueError, match=r"cannot be printed|can't encode"):
        qr_code(code)
