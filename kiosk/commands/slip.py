"""A slip on the command line: its words, and its QR code drawn with characters."""

import io

import click

from kiosk.core.slips import Slip

_BORDER = 2  # modules of quiet zone: phones read it from a screen, and four would not fit above the words


def echo_slip(slip: Slip) -> None:
    """Print a slip on standard output."""
    for line in slip.lines:
        click.echo(line)
    if slip.qr:
        click.echo(draw_qr(slip.qr))


def draw_qr(text: str) -> str:
    """Return the QR code of ``text`` as characters, for light on dark as terminals are, with ``text`` below it."""
    import segno  # noqa: PLC0415 - only slips need it

    drawn = io.StringIO()
    segno.make(text, micro=False, error="m").terminal(out=drawn, border=_BORDER, compact=True)
    return f"{drawn.getvalue().rstrip()}\n{text}"
