"""``kiosk till --web``: the till in a browser of this machine, for training and demos; a process for each visitor.

Rules
-----
1.  Only this machine: it listens on the loopback address, and answers to no other name. A page from elsewhere that is
    open in the same browser is refused, or it could sell.
2.  Nothing is fetched from elsewhere: the page works offline.
3.  The keyboard is the till's as soon as it is there: nobody has to click first.
"""

import logging
import re
import shlex
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

HOST: Final = "127.0.0.1"
NAMES: Final = (HOST, "localhost")
_START: Final = "from kiosk.cli import main; main()"  # the console script, wherever it is installed
_ELSEWHERE: Final = re.compile(r'<link\s+rel="stylesheet"\s+href="https://[^"]*"\s*/>')
# The terminal of the page takes keys once it has the focus; it comes some time after the page.
_FOCUS: Final = """<script>
new MutationObserver((_, watching) => {
  const keys = document.querySelector("#terminal textarea");
  if (keys) { keys.focus(); watching.disconnect(); }
}).observe(document.getElementById("terminal"), {childList: true, subtree: true});
</script></body>"""


def serve(data_dir: Path, port: int, *, language: str | None = None, theme: str | None = None) -> None:
    """Serve the till until it is interrupted.

    Raises: click.ClickException where what it needs is not installed, or the port is taken.
    """
    try:
        from aiohttp import web  # noqa: PLC0415 - an extra
        from textual_serve.server import Server  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise click.ClickException(
            "the till in a browser is not installed: run `pip install 'popup-kiosk[kiosk,web]'`"
        ) from error

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if not is_own(request.headers.get("Host", ""), request.headers.get("Origin"), port):
            raise web.HTTPForbidden(text=f"the till is for this machine only: open http://{HOST}:{port}\n")
        response = await handler(request)
        if isinstance(response, web.Response) and response.content_type == "text/html" and response.text:
            response.text = _ELSEWHERE.sub("", response.text).replace("</body>", _FOCUS)
        return response

    class Loopback(Server):
        """Textual's server, for this machine only."""

        def initialize_logging(self) -> None:
            """Say only what went wrong."""
            logging.basicConfig(level="WARNING")

        async def on_startup(self, app: web.Application) -> None:
            """Say where the till is."""
            app.middlewares.freeze()
            click.echo(f"The till is at http://{HOST}:{port}. Ctrl+C ends it.")

        async def _make_app(self) -> web.Application:
            app = await super()._make_app()
            app.middlewares.append(guard)
            return app

    options = [f"--{name}={value}" for name, value in (("language", language), ("theme", theme)) if value]
    command = shlex.join([sys.executable, "-c", _START, "--data", str(data_dir), "till", *options])
    try:
        _check_free(port)
        Loopback(command, host=HOST, port=port, title="till").serve()
    except OSError as error:
        told = f"port {port} cannot be used ({error.strerror}): give another with --port"
        raise click.ClickException(told) from error


def _check_free(port: int) -> None:
    """Find out before it is said that the till is there. Raises: OSError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        probe.bind((HOST, port))


def is_own(host: str, origin: str | None, port: int) -> bool:
    """Return whether a request was made to this machine's own name, by a page of ours or by no page at all."""
    own = {f"{name}:{port}" for name in NAMES}
    return host in own and (origin is None or urlsplit(origin).netloc in own)
