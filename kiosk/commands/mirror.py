"""``kiosk journal mirror``: the second copy of the journal."""

from pathlib import Path

import click

from kiosk.core.ports import MirrorFailed
from kiosk.journal.errors import JournalError
from kiosk.journal.mirror.folder import prepare


@click.group()
def mirror() -> None:
    """The second copy of the journal, on another medium."""


@mirror.command(epilog="Example: kiosk journal mirror init /media/second")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--same-disk", is_flag=True, help="Allow a folder on the card of the data itself: to try it out.")
@click.pass_obj
def init(data_dir: Path, folder: Path, *, same_disk: bool) -> None:
    """Make FOLDER of a second medium ready; without this, a till writes nothing there."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        prepare(folder, data_dir, same_disk=same_disk)
    except MirrorFailed as error:
        raise JournalError(str(error)) from error
    except OSError as error:
        raise JournalError(f"{data_dir}: {error.strerror}: name the kiosk's folder with --data") from error
    click.echo(f'{folder} is ready: add folder = "{folder.resolve()}" under [mirror] in {data_dir / "kiosk.toml"}')
