"""``hub``: the command line of the hub. Commands are imported when they are used."""

import importlib
import sys
from typing import Any, Final

import click

COMMANDS: Final = {
    "serve": "hub.commands.serve:serve",
    "migrate": "hub.commands.serve:migrate",
    "site": "hub.commands.books:site",
    "kiosk": "hub.commands.rights:kiosk",
    "shop": "hub.commands.shop:shop",
    "stock": "hub.commands.books:stock",
    "report": "hub.commands.books:report",
    "exceptions": "hub.commands.cases:exceptions",
    "quarantine": "hub.commands.cases:quarantine",
    "catalogue": "hub.commands.catalogue:catalogue",
    "simulate-rights": "hub.commands.simulate:simulate_rights",
    "reservation": "hub.commands.reservations:reservation",
    "promise": "hub.commands.promises:promise",
    "message": "hub.commands.messages:message",
    "rights": "hub.commands.rights:rights",
    "count": "hub.commands.counts:count",
    "transfer": "hub.commands.counts:transfer",
    "delivery": "hub.commands.deliveries:delivery",
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
            command = error.ctx.command_path if error.ctx else "hub"
            click.echo(f"hub: {_line(error.format_message())} See `{command} --help`.", err=True)
            sys.exit(error.exit_code)
        except click.ClickException as error:
            click.echo(f"hub: {_line(error.format_message())}", err=True)
            sys.exit(error.exit_code)
        except click.Abort:
            sys.exit(1)
        sys.exit(status if isinstance(status, int) else 0)


def _line(text: str) -> str:
    """Return an error as one line that does nothing to a terminal, whatever the words are that it repeats."""
    return "".join(one if one.isprintable() else "\ufffd" for one in " ".join(text.split()))


@click.group(cls=LazyGroup, epilog="Example: hub serve --broker mqtt://127.0.0.1")
@click.version_option(package_name="popup-kiosk")
def main() -> None:
    """Keep the books of a region's sites."""
