"""``kiosk till``: the selling screen; by lines, or in a browser, on request."""

import fcntl
import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from contract.facts import KioskStarted, KioskStopping
from kiosk.bootstrap import LocalDesk, open_desk, version
from kiosk.config import CONFIG_NAME, ConfigError, Language, Theme
from kiosk.journal.database import open_lock
from kiosk.journal.errors import JournalError
from kiosk.priority import come_first
from kiosk.station import open_station

if TYPE_CHECKING:
    from kiosk.till.keymap import Keymap

_SWITCH_S: Final = 0.0005  # Textual reads keys and draws in threads; at the usual 5 ms they wait for each other
_PORT: Final = 8000


@click.command(epilog="Example: kiosk till --language de")
@click.option("--language", type=click.Choice([*map(str, Language)]), help="Speak this, not what kiosk.toml says.")
@click.option("--theme", type=click.Choice([*map(str, Theme)]), help="Look like this, not as kiosk.toml says.")
@click.option("--plain", is_flag=True, help="Line by line: for screen readers, poor terminals and pipes.")
@click.option("--web", is_flag=True, help="In a browser on this machine, for training and demos.")
@click.option("--port", type=click.IntRange(1, 65535), default=_PORT, show_default=True, help="Where, with --web.")
@click.pass_obj
def till(data_dir: Path, language: str | None, theme: str | None, port: int, *, plain: bool, web: bool) -> None:
    """Open the till in this terminal."""
    if plain and web:
        raise click.UsageError("--plain and --web exclude each other: give one of them.")
    if web:
        from kiosk.web import serve  # noqa: PLC0415 - only a machine for training has it installed

        serve(data_dir, port, language=language, theme=theme)
        return
    served = bool(os.environ.get("TEXTUAL_DRIVER"))  # by `kiosk till --web`, which speaks to its browser
    if not (plain or served or _has_terminal()):
        raise click.UsageError(
            "the till needs a terminal: start it in one, give --plain for lines, or see 'kiosk replay' for files."
        )
    come_first()
    gc.disable()  # what is being imported is not garbage; looking costs a tenth of the start
    try:
        desk = open_desk(data_dir)
        keymap = _keymap(desk)
        with only_till(data_dir):
            speaks, looks = language or desk.config.till.language, theme or desk.config.till.theme
            desk.record([KioskStarted(version=version(), epoch=desk.journal.epoch)])
            reason = _lines(desk, speaks) if plain else _screens(desk, keymap, speaks, looks, served=served)
            desk.record([KioskStopping(reason=reason)])
            desk.close()
    except JournalError as error:
        if not served:
            raise
        _refuse_in_browser(str(error))


def _screens(desk: LocalDesk, keymap: "Keymap", language: str, theme: str, *, served: bool) -> str:
    """Run the screens; return why they ended."""
    os.environ.setdefault("TEXTUAL_FPS", "120")  # a scan shows up to 8 ms after it was taken in, not 16
    from kiosk.till.app import TillApp  # noqa: PLC0415 - Textual is imported when there is something to show
    from kiosk.till.speech import Speech  # noqa: PLC0415 - as the app
    from kiosk.till.themes import THEMES  # noqa: PLC0415 - as the app

    speech = Speech.of(language)
    with open_station(desk, speech) as station:
        app = TillApp(station, keymap, speech, THEMES[theme], desk.config.till.sound)
        gc.freeze()  # what was imported stays: no collection looks at it again in the middle of a scan
        gc.enable()
        sys.setswitchinterval(_SWITCH_S)
        reason = app.run()
    if reason is None and served and not app.return_code:
        return "the browser went away"
    if reason is None:
        raise SystemExit(app.return_code or 1)
    return reason


def _lines(desk: LocalDesk, language: str) -> str:
    """Run the till line by line; return why it ended."""
    from kiosk.console import Console, say_line  # noqa: PLC0415 - imported only by who wants it
    from kiosk.till.plain import LineTill  # noqa: PLC0415 - as the console
    from kiosk.till.speech import Speech  # noqa: PLC0415 - as the console

    gc.enable()
    console = Console()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: console.end())
    speech = Speech.of(language)
    with open_station(desk, speech) as station:
        return LineTill(station, speech, console, say_line).run()


def _keymap(desk: LocalDesk) -> "Keymap":
    """Return the keys as the settings have them.

    Raises: ConfigError.
    """
    from kiosk.till.keymap import KeymapError, make_keymap  # noqa: PLC0415 - as the app

    try:
        return make_keymap({action: tuple(keys) for action, keys in desk.config.till.keys.items()})
    except KeymapError as error:
        raise ConfigError(f"{desk.data_dir / CONFIG_NAME}: [till.keys] {error}") from error


def _refuse_in_browser(why: str) -> None:
    """Say in the browser why there is no till in it."""
    from textual.app import App, ComposeResult  # noqa: PLC0415 - as the app
    from textual.widgets import Static  # noqa: PLC0415 - as the app

    class Sorry(App[None]):
        def compose(self) -> ComposeResult:
            yield Static(f"! {why}", markup=False)

    Sorry().run()
    raise SystemExit(1)


def _has_terminal() -> bool:
    return bool(sys.__stdin__ and sys.__stdin__.isatty() and sys.__stderr__ and sys.__stderr__.isatty())


@contextmanager
def only_till(data_dir: Path) -> Iterator[None]:
    """Hold the folder's screen: two tills would share one basket.

    Raises: JournalError if another till has it.
    """
    with open_lock(data_dir / "screen.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise JournalError(
                f"{data_dir}: another till is open here: close it, or give --data another folder"
            ) from error
        yield
