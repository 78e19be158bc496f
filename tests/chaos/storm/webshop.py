"""Programs that reserve goods at the hub over HTTP, as a web shop does; what they are told goes into a diary.

A request that is not answered is repeated under its key until it is; some are repeated although they were. Entries:
``held``, ``confirmed``, ``cancelled`` with the reservation's ``id``; ``refused`` with the ``code``; ``repeated`` with
the ``key``, whether the answer was the ``same`` and when the first came. ``at`` is monotonic, of this machine.
"""

import http.client
import json
import random
import secrets
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from demo.processes import LOOPBACK
from kiosk.signals import stop_on_signals
from storm.diary import Diary
from storm.orders import read_number

_PAUSE_S: Final = 0.3  # between two shoppers; a busy little web shop
_RETRY_S: Final = 0.2  # a hub that was killed is back within seconds
_ANSWER_S: Final = 10.0  # a hub that is paused by the storm answers late
_TRIES: Final = 200  # of one request: longer than any nemesis keeps the hub away
_HOLDS_S: Final = (2, 60, 7200)
_REPEATED: Final = 0.4
_HINT: Final = "retry_after_s"  # tills were asked for the goods: the same request is decided anew then
_PATIENT: Final = 0.3  # of those who are told to try again
_SCARCE: Final = 0.4  # of what is asked for there is never enough


class WebShop:
    """One program with many shoppers."""

    def __init__(self, orders: dict[str, Any], stopped: threading.Event) -> None:
        """Begin."""
        self._orders, self._stopped = orders, stopped
        self._rng = random.Random(orders["seed"])
        self._diary = Diary(Path(orders["diary"]))

    def run(self) -> None:
        """Serve shoppers until the shops close."""
        while not self._stopped.wait(_PAUSE_S):
            if not read_number(Path(self._orders["phase"])):
                self._serve()

    def _serve(self) -> None:
        site = self._rng.choice(self._orders["sites"])
        path = f"/v1/sites/{self._orders['region']}/{site}/reservations"
        quantity = {"amount": self._rng.randint(1, 2), "unit": "pc"}
        sku = self._rng.choice(self._orders["skus" if self._rng.random() < _SCARCE else "plenty"])
        body = {"lines": [{"sku": sku, "quantity": quantity}], "hold_s": self._rng.choice(_HOLDS_S)}
        key = secrets.token_hex(12)
        status, said = self._ask(path, body, key)
        first_at = time.monotonic()
        if self._rng.random() < _REPEATED and status:
            again = self._ask(path, body, key)
            if again[0]:
                same = (status, said.get("id")) == (again[0], again[1].get("id"))
                if not same and ({status, again[0]} & {429, 503} or _HINT in said):
                    same = True  # no decision: it may be asked again
                self._say("repeated", key=key, same=same, first_at=first_at)
                status, said = again
        if _HINT in said and self._rng.random() < _PATIENT and not self._stopped.wait(said[_HINT]):
            status, said = self._ask(path, body, key)
        if status != http.HTTPStatus.CREATED:
            self._say("refused", code=said.get("code", ""), status=status)
            return
        self._say("held", id=said["id"], site=site)
        self._go_on(f"{path}/{said['id']}", said["id"])

    def _go_on(self, path: str, name: str) -> None:
        chance = self._rng.random()
        word = "confirm" if chance < 1 / 2 else "cancel" if chance < 3 / 4 else ""
        if word:
            status, _ = self._ask(f"{path}/{word}", {} if word == "confirm" else None, "")
            ok = status in {http.HTTPStatus.OK, http.HTTPStatus.ACCEPTED}
            self._say(
                {"confirm": "confirmed", "cancel": "cancelled"}[word] if ok else "refused", id=name, status=status
            )

    def _ask(self, path: str, body: dict[str, Any] | None, key: str) -> tuple[int, dict[str, Any]]:
        """Return the answer's status and what it says; 0 where the shop closed before there was one."""
        headers = {"Idempotency-Key": key} if key else {}
        raw = json.dumps(body) if body is not None else None
        for _ in range(_TRIES):
            link = http.client.HTTPConnection(LOOPBACK, self._orders["port"], timeout=_ANSWER_S)
            try:
                link.request("POST", path, raw, {**headers, "Content-Type": "application/json"})
                answer = link.getresponse()
                return answer.status, json.loads(answer.read() or b"{}")
            except (OSError, http.client.HTTPException):
                if self._stopped.wait(_RETRY_S):
                    break
            finally:
                link.close()
        return 0, {}

    def _say(self, word: str, **rest: Any) -> None:
        self._diary.say(word, at=time.monotonic(), **rest)


if __name__ == "__main__":
    WebShop(json.loads(sys.argv[1]), stop_on_signals()).run()
