"""A program wants over HTTP what a till holds: processes, broker and link are real."""

import time

import httpx
import pytest
from lan_shop import TEA, Till, hub_running
from waiting import wait_until

GOODS = {"lines": [{"sku": TEA.sku, "quantity": {"amount": 3}}]}


@pytest.fixture
def hub_broker(make_mosquitto):
    broker = make_mosquitto()
    broker.stop()
    return broker


@pytest.fixture
def till(tmp_path, hub_broker, mosquitto):
    made = Till(tmp_path, "k1", hub=hub_broker, site=mosquitto)
    yield made
    made.close()


def test_what_a_till_holds_is_refused_with_a_hint_and_held_when_the_hint_says(till, hub_broker, tmp_path, spare_port):
    till.receive(10)
    with hub_running(tmp_path, hub_broker, spare_port) as url:
        till.start()
        wait_until(lambda: till.desk.link().unsent == 0, what="the hub to have all of it", deadline_s=60.0)
        address = f"http://127.0.0.1:{spare_port}/v1/sites/north/market/reservations"

        def ask() -> httpx.Response:
            return httpx.post(address, json=GOODS, headers={"Idempotency-Key": "cart-1"}, timeout=10.0)

        answer = ask()
        assert (answer.status_code, answer.json()["code"]) == (409, "not_free")
        tries, began_s = 0, time.monotonic()
        while answer.status_code == 409 and tries < 5:  # one is enough; a busy machine is slow
            tries += 1
            time.sleep(answer.json()["retry_after_s"])  # noqa: TID251 - as long as the hub says
            answer = ask()
        took_s = time.monotonic() - began_s
        assert answer.status_code == 201, f"after {took_s:.1f} s: {answer.text}\n{till.log()}"
        verified = till.program("hub", "stock", "verify", "--database-url", url)
        assert verified.status == 0, verified
