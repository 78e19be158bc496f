"""The till in a browser: its page over HTTP, its screen over a real websocket, and who is let in."""

import asyncio
import re
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from kiosk_command import KIOSK, Kiosk
from ports import LOOPBACK, answers, find_spare_port
from till_terminal import stock_desk, till_data
from waiting import wait_until

from kiosk.web import is_own

__all__ = ["till_data"]

ESPRESSO = "4006381333931"
DEADLINE_S = 60.0  # a first start on a machine that is busy


class Site:
    """A till that is served."""

    def __init__(self, data, *options):
        self.port = find_spare_port()
        till = [KIOSK, "--data", data, "till", "--web", f"--port={self.port}", *options]
        argv = ["setpriv", "--pdeathsig", "KILL", *till]
        self.child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wait_until(lambda: answers(self.port), what="the page", deadline_s=DEADLINE_S)
        self.url = f"http://{LOOPBACK}:{self.port}"

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        said, _ = self.child.communicate(timeout=DEADLINE_S)
        return said


@pytest.fixture
def site(till_data):
    made = Site(till_data)
    yield made
    if made.child.poll() is None:
        made.end()


async def seen(socket, text):
    """Return what the till drew until ``text`` was in it."""
    drawn = ""
    async with asyncio.timeout(DEADLINE_S):
        while text not in drawn:
            message = await socket.receive()
            assert message.type in {aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT}, f"{message.type}: {drawn}"
            if message.type is aiohttp.WSMsgType.BINARY:
                drawn += message.data.decode()
    return drawn


async def test_the_page_asks_nobody_else_for_anything(site):
    async with aiohttp.ClientSession() as browser, browser.get(site.url) as answer:
        page = await answer.text()
    assert answer.status == 200
    assert f"ws://{LOOPBACK}:{site.port}/ws" in page
    assert set(re.findall(r"https?://[^/\"']+", page)) <= {site.url, "http://www.w3.org"}
    async with aiohttp.ClientSession() as browser, browser.get(f"{site.url}/static/js/textual.js") as answer:
        assert answer.status == 200


async def test_the_page_gives_the_keyboard_to_the_till(site):
    async with aiohttp.ClientSession() as browser, browser.get(site.url) as answer:
        page = await answer.text()
    assert page.index('id="terminal"') < page.index(".focus()") < page.index("</body>")


async def test_goods_are_sold_in_it_and_one_visitor_sells(site, till_data):
    path = f"{site.url}/ws?width=100&height=30"
    async with aiohttp.ClientSession() as browser, browser.ws_connect(path, origin=site.url) as first:
        await seen(first, "Scan, code, name or price")
        await first.send_json(["stdin", f"{ESPRESSO}\r"])
        await seen(first, "Espresso")
        async with browser.ws_connect(path, origin=site.url) as second:
            await seen(second, "another till is open here")
        await first.send_json(["stdin", "\x1b[24~"])  # F12
        await seen(first, "SOLD")
    assert "Traceback" not in site.end()
    desk = stock_desk(till_data)
    last = desk.last_sale()
    assert last is not None
    assert last.total_minor == 220
    desk.close()


async def test_a_visitor_who_goes_ends_the_till_in_order(site, till_data):
    async with aiohttp.ClientSession() as browser:
        async with browser.ws_connect(f"{site.url}/ws", origin=site.url) as first:
            await seen(first, "Scan, code, name or price")
        async with browser.ws_connect(f"{site.url}/ws", origin=site.url) as again:
            await seen(again, "Scan, code, name or price")
    site.end()
    desk = stock_desk(till_data)
    stopped = [raw for _, raw in desk.journal.stored(desk.journal.epoch) if b"kiosk.stopping" in raw]
    assert b"the browser went away" in stopped[-1]
    assert len(stopped) == 2
    desk.close()


@pytest.mark.parametrize("path", ["/", "/ws", "/static/js/textual.js"])
@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
async def test_other_names_and_other_pages_are_refused(site, path, headers):
    async with aiohttp.ClientSession() as browser, browser.get(site.url + path, headers=headers) as answer:
        assert answer.status == 403
        assert f"open {site.url}" in await answer.text()


@pytest.mark.parametrize(
    ("host", "origin", "own"),
    [
        ("127.0.0.1:8000", None, True),
        ("localhost:8000", "http://127.0.0.1:8000", True),
        ("127.0.0.1:8001", None, False),
        ("", None, False),
        ("127.0.0.1:8000", "null", False),
        ("127.0.0.1:8000", "http://127.0.0.1:8001", False),
        ("127.0.0.1:8000", "http://127.0.0.1:8000.evil.example", False),
    ],
)
def test_who_is_let_in(host, origin, own):
    assert is_own(host, origin, 8000) is own


async def test_it_is_on_this_machine_only_and_speaks_as_told(till_data):
    site = Site(till_data, "--language=de", "--theme=contrast")
    async with aiohttp.ClientSession() as browser, browser.ws_connect(f"{site.url}/ws", origin=site.url) as first:
        await first.send_json(["stdin", f"{ESPRESSO}\r"])
        await seen(first, "2,20")
    table = Path(f"/proc/{site.child.pid}/net/tcp").read_text().splitlines()  # noqa: ASYNC240 - it is no disk's
    listening = [row.split()[1] for row in table if row.split()[3] == "0A"]
    assert f"0100007F:{site.port:04X}" in listening
    assert f"00000000:{site.port:04X}" not in listening
    assert site.end().startswith(f"The till is at {site.url}")


def test_a_port_that_is_taken_is_said(site, till_data):
    done = Kiosk(till_data)("till", "--web", f"--port={site.port}")
    assert f"port {site.port} cannot be used" in done.complaint
    assert "give another with --port" in done.complaint


def test_lines_and_browser_exclude_each_other(till_data):
    assert "exclude each other" in Kiosk(till_data)("till", "--web", "--plain").complaint


def test_without_its_parts_it_says_what_to_install(till_data, tmp_path):
    (tmp_path / "textual_serve.py").write_text("raise ImportError\n")
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from kiosk.cli import main; main()"
    argv = [sys.executable, "-c", code, tmp_path, "--data", till_data, "till", "--web"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'popup-kiosk[kiosk,web]'" in done.stderr
