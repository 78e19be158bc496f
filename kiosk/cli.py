"""``kiosk``: the command line of a kiosk. Commands are imported when they are used, for the till must start fast."""

import importlib
import sys
from pathlib import Path
from typing import Any, Final

import click

from contract.errors import ContractError
from kiosk.config import ConfigError, default_data_dir
from kiosk.journal.errors import JournalError

COMMANDS: Final = {
    "till": "kiosk.commands.till:till",
    "bridge": "kiosk.commands.bridge:bridge",
    "backroom": "kiosk.commands.backroom:backroom",
    "catalogue": "kiosk.commands.catalogue:catalogue",
    "replay": "kiosk.commands.replay:replay",
    "stock": "kiosk.commands.stock:stock",
    "reservation": "kiosk.commands.reservation:reservation",
    "promise": "kiosk.commands.promise:promise",
    "basket": "kiosk.commands.basket:basket",
    "availability": "kiosk.commands.availability:availability",
    "journal": "kiosk.commands.journal:journal",
    "keeper": "kiosk.commands.keeper:keeper",
    "staff": "kiosk.commands.staff:staff",
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to use it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command and exit: 0, 1 (it did not work) or 2 (used wrongly); an error is one line."""
        try:
            status = super().main(*args, **{**extra, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "kiosk"
            click.echo(f"kiosk: {error.format_message()} See `{command} --help`.", err=True)
            sys.exit(error.exit_code)
        except click.ClickException as error:
            click.echo(f"kiosk: {error.format_message()}", err=True)
            sys.exit(error.exit_code)
        except (ContractError, ConfigError, JournalError) as error:
            click.echo(f"kiosk: {error}", err=True)
            sys.exit(1)
        except click.Abort:
            sys.exit(1)
        sys.exit(status if isinstance(status, int) else 0)


@click.group(cls=LazyGroup, epilog="Example: kiosk --data ~/shop till")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="The kiosk's data folder. Default: $KIOSK_DATA, else popup-kiosk in your data folder.",
)
@click.version_option(package_name="popup-kiosk")
@click.pass_context
def main(ctx: click.Context, data: Path | None) -> None:
    """Sell offline, and carry what happened to the hub."""
    ctx.obj = data or default_data_dir()
