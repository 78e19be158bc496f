"""``kiosk keeper``: hold the facts of the site's other tills on this till's card. It sells nothing."""

import logging
import sys
from pathlib import Path

import click

from kiosk.bootstrap import link_files
from kiosk.config import CONFIG_NAME, ConfigError, load_config
from kiosk.core.endpoint import Endpoint
from kiosk.journal.mirror.keeper import Bounds, Keeper
from kiosk.signals import stop_on_signals
from mqtt_bridge.tls import UnusableFile


@click.command(epilog="Example: kiosk keeper")
@click.pass_obj
def keeper(data_dir: Path) -> None:
    """Keep copies for the site's other tills, until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    config, settings = load_config(data_dir), data_dir / CONFIG_NAME
    if not config.keeper.listen:
        raise ConfigError(f'nothing to listen on in {settings}: add listen = "0.0.0.0:8710" under [keeper]')
    listen = Endpoint.parse(config.keeper.listen)
    bounds = Bounds(config.keeper.quota_mib * 2**20)
    stopped = stop_on_signals()
    try:
        tls = link_files(data_dir, config)
        served = Keeper(data_dir / "kept", config.address, listen, tls=tls, bounds=bounds)
    except UnusableFile as error:
        raise ConfigError(f"{error} cannot be used: correct [link] in {settings}") from error
    except OSError as error:
        raise ConfigError(f"cannot listen on {listen}: {error.strerror}: correct listen in {settings}") from error
    logging.getLogger(__name__).info("keeping for %s/%s on %s", config.region, config.site, listen)
    served.run(stopped)
