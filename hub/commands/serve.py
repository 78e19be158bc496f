"""``hub serve`` and ``hub migrate``."""

import gc
import json
import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
import uvicorn

from contract.availability import ASK_AFTER_S, EXACT_BELOW
from contract.errors import Malformed
from contract.values import parse_name
from hub.api.app import create_app
from hub.availability.live import Availability
from hub.availability.teller import Teller
from hub.bootstrap import Broker, Hub, life_of, open_hub, opened, state_folder, take_port
from hub.commands.common import (
    Refused,
    UsedWrongly,
    database_option,
    json_option,
    region_option,
    said_plainly,
    state_option,
)
from hub.core.availability import Rules
from hub.store.migrate import migrate as migrate_store
from mqtt_bridge.link import MAX_PORT, BrokerUrl, TlsFiles

LOOP_END_S = 15.0  # one transaction and its sync, on a slow disk
GARBAGE_OBJECTS = 10_000  # made since it looked last: a hundred sales; Python's own 700 are not ten
BACKLOG = 128  # connections that wait while the API is busy: a page of a browser opens six
_log = logging.getLogger("hub")


@click.command(epilog="Example: hub serve --broker mqtts://broker.example --ca ca.pem --cert hub.pem --key hub.key")
@database_option
@state_option
@region_option
@click.option("--broker", "brokers", multiple=True, metavar="URL", help="mqtt://HOST[:PORT] or mqtts://…; repeatable.")
@click.option("--listen", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Where the API is.")
@click.option(
    "--exact-below",
    type=click.IntRange(1, 1000),
    default=EXACT_BELOW,
    show_default=True,
    metavar="N",
    help="Tell shoppers the number where fewer than N (pieces, kg, l, m) are in stock, else N+.",
)
@click.option(
    "--ask-after",
    type=click.IntRange(60, 86_400),
    default=int(ASK_AFTER_S),
    show_default=True,
    metavar="SECONDS",
    help="Tell shoppers to ask where a site was last heard longer ago.",
)
@click.option("--client-id", help="Name at the broker, unique a hub. Default: hub-REGION.")
@click.option("--ca", type=click.Path(path_type=Path), help="Certificate authority of the brokers, PEM.")
@click.option("--cert", type=click.Path(path_type=Path), help="This hub's certificate, PEM.")
@click.option("--key", type=click.Path(path_type=Path), help="Its key, PEM.")
def serve(
    *,
    database_url: str,
    state_dir: Path | None,
    region: str,
    brokers: tuple[str, ...],
    listen: str,
    client_id: str | None,
    exact_below: int,
    ask_after: int,
    **files: Path | None,
) -> None:
    """Keep the books: take facts from the broker, answer kiosks, and serve the JSON API, until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    host, port = _parse_listen(listen)
    broker = _broker(brokers, client_id or f"hub-{region}", region, files)
    with said_plainly(database_url):
        state = state_folder(database_url, state_dir)
        with _port_said(host, port):
            server = take_port(host, port)
        with server, open_hub(database_url, state) as hub:
            with _port_said(host, port):
                server.listen(BACKLOG)  # not sooner: who is answered finds the books in order
            if not _run(hub, broker, server, Rules(exact_below, ask_after)):
                raise Refused("the hub's loop ended by an error, which is told above: start it again and report it")


@click.command(epilog="Example: hub migrate --database-url postgresql://hub@db.example/hub")
@database_option
@state_option
@click.option(
    "--promoted", is_flag=True, help="The database is a promoted copy or a restored backup: kiosks send again."
)
@json_option
def migrate(*, database_url: str, state_dir: Path | None, promoted: bool, as_json: bool) -> None:
    """Bring the database to this release. ``hub serve`` does so by itself."""
    with said_plainly(database_url), opened(database_url) as store:
        ran = migrate_store(store)
        said: dict[str, object] = {"migrations": ran}
        if promoted:
            with life_of(store, state_folder(database_url, state_dir), promoted=True) as (_, life):
                said["incarnation"] = life.incarnation
    if as_json:
        click.echo(json.dumps(said))
        return
    click.echo(f"migrations run: {', '.join(ran)}" if ran else "the database is of this release already")
    if promoted:
        click.echo(f"incarnation {said['incarnation']} begins: kiosks send again what this database lacks")


def _collect_seldom() -> None:
    """Have Python look for garbage as seldom as suits who decodes thousands of facts at once: a tenth of that work."""
    gc.freeze()  # what was imported stays
    gc.set_threshold(GARBAGE_OBJECTS, *gc.get_threshold()[1:])


def _run(hub: Hub, broker: Broker | None, server: socket.socket, rules: Rules) -> bool:
    """Run until told to stop; return whether the loop ended in order."""
    availability = hub.availability(rules)
    app = create_app(hub.store, hub.service.health, availability, hub.holds())
    web = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=3)
    )
    ended_in_order = threading.Event()
    loop = threading.Thread(target=_loop, args=(hub, web, ended_in_order), name="hub-loop")
    _stop_on_signals(web)
    link = hub.connect(broker) if broker else None
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    host, port = server.getsockname()[:2]
    _log.info("serving at http://%s:%d", host, port)
    _collect_seldom()
    loop.start()
    if link:
        link.start()
    try:
        with _kept_fresh(availability, hub.teller(availability), web):
            web.run(sockets=[server])
    finally:
        hub.service.stop()
        loop.join(LOOP_END_S)
        if link:
            link.stop()
    _log.info("ended")
    return ended_in_order.is_set()


@contextmanager
def _kept_fresh(availability: Availability, teller: Teller, web: uvicorn.Server) -> Iterator[None]:
    """Keep what is available fresh meanwhile; an error in that, which Python prints, ends the whole hub too."""
    stopping = threading.Event()

    def keep() -> None:
        try:
            availability.run(stopping, teller.step)
        finally:
            web.should_exit = True

    keeper = threading.Thread(target=keep, name="hub-availability")
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        keeper.join(LOOP_END_S)


def _loop(hub: Hub, web: uvicorn.Server, ended_in_order: threading.Event) -> None:
    """The loop's thread: an error in it, which Python prints, ends the whole hub."""
    try:
        hub.service.run()
        ended_in_order.set()
    finally:
        web.should_exit = True


def _stop_on_signals(web: uvicorn.Server) -> None:
    """Ask the server to end; it has handlers of its own while it runs, and raises the signal again afterwards."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        web.should_exit = True

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)


@contextmanager
def _port_said(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise Refused(
            f"cannot listen on {host}:{port}: {why}: stop what uses it, or choose another --listen"
        ) from error


def _parse_listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > MAX_PORT:
        raise UsedWrongly(f"--listen: {text!r} is not HOST:PORT, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)


def _broker(brokers: tuple[str, ...], client_id: str, region: str, files: dict[str, Path | None]) -> Broker | None:
    try:
        parse_name(region, "--region")
        urls = [BrokerUrl.parse(text) for text in brokers]
    except Malformed as error:
        raise UsedWrongly(f"{error.where}: {error.what}") from error
    if len(set(urls)) != len(urls):
        raise UsedWrongly("--broker: the same broker is given twice: name each once")
    paths = [path for path in files.values() if path]
    if any(url.tls for url in urls) and len(paths) != len(files):
        raise UsedWrongly("--broker: mqtts:// needs --ca, --cert and --key")
    for path in paths:
        if not path.is_file():
            raise UsedWrongly(f"{path} is not there: name the hub's certificate files")
    tls = TlsFiles(*paths) if len(paths) == len(files) else None
    return Broker(urls, client_id, region, tls) if urls else None
