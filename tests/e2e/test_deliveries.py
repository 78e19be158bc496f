"""A delivery from the operator to the till and back: real hub, broker, bridges and commands (I8)."""

import json
import sqlite3
from contextlib import closing

import pytest
from lan_shop import REGION, SITE, TEA, Till, hub_running
from waiting import wait_until

from kiosk.journal import advices


@pytest.fixture
def tills(tmp_path, make_mosquitto, mosquitto):
    hub_broker = make_mosquitto()
    hub_broker.stop()
    made = [Till(tmp_path, name, hub=hub_broker, site=mosquitto) for name in ("k1", "k2")]
    yield made, hub_broker
    for till in made:
        till.close()


def test_a_delivery_that_two_tills_book_is_booked_and_somebody_is_called(tills, tmp_path, spare_port):
    (k1, k2), broker = tills
    with hub_running(tmp_path, broker, spare_port) as url:

        def hub(*command):
            state = ["--state-dir", str(tmp_path / "hub-state")] if "advise" in command else []
            return k1.program("hub", *command, "--database-url", url, *state)

        def told(name, *command):
            return json.loads(hub(*command, "--json").out)[name]

        def rows(table):
            """Count them without starting a program: this is asked again and again."""
            with closing(sqlite3.connect(tmp_path / "hub.db")) as db:
                return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608

        def heard():
            return all(till.desk.link().unsent == 0 for till in (k1, k2)) and rows("lives") == 2

        for till in (k1, k2):
            till.start()
        wait_until(heard, what="the hub to hear of both", deadline_s=30.0)
        advised = hub("delivery", "advise", f"{REGION}/{SITE}/k1", "D-1704", f"{TEA.sku}=24", "--on", "2026-03-17")
        assert (advised.status, advised.out) == (0, f"{REGION}/{SITE}/k1 is told of 1 line of D-1704\n"), advised.err
        wait_until(lambda: advices.read(k1.desk.journal.connection), what="k1 to be told", deadline_s=30.0)
        (row,) = k1.command("stock", "advices", "--json").json["advices"]
        assert (row["advice"], row["expected"], row["expected_on"]) == ("D-1704", 24, "2026-03-17")
        assert k2.command("stock", "advices", "--json").json == {"advices": []}

        assert "24 pc" in k1.command("stock", "receive", "--advice", "D-1704").out
        again = k1.command("stock", "receive", TEA.sku, "24", "--advice", "D-1704")
        assert (again.status, "was received here already" in again.complaint) == (1, True)
        wait_until(heard, what="the hub to have the receipt", deadline_s=30.0)
        assert (rows("deliveries"), rows("exceptions")) == (1, 0)

        other = k2.command("stock", "receive", TEA.sku, "24", "--advice", "D-1704")
        assert (other.status, "not known here (yet)" in other.err) == (0, True)
        wait_until(lambda: rows("exceptions"), what="somebody to be called", deadline_s=30.0)
        found = {one["kind"]: one for one in told("exceptions", "exceptions")}
        assert found.keys() == {"delivery_twice", "delivery_not_advised"}
        detail = found["delivery_twice"]["detail"]
        assert (detail["receipt"].partition("@")[0], detail["before"][0].partition("@")[0]) == ("k2=1", "k1=1")
        (line,) = told("deliveries", "delivery", "list")
        assert (line["expected"], line["received"], line["differs"]) == (24, 48, 24)
        verified = hub("stock", "verify")
        assert verified.status == 0, verified
