"""Two tills share rights over the site's own broker while the hub is away, whatever is killed; then it is back."""

import pytest
from lan_shop import DEADLINE_S, Till, hub_running
from waiting import wait_until

from contract.rights import RightsAccepted, RightsMoved
from contract.values import Lane
from kiosk.journal.links import LinkReader


@pytest.fixture
def hub_broker(make_mosquitto):
    """The broker of a hub that is away: it has a port, and does not answer there."""
    broker = make_mosquitto()
    broker.stop()
    return broker


@pytest.fixture
def tills(tmp_path, hub_broker, mosquitto):
    made = [Till(tmp_path, name, hub=hub_broker, site=mosquitto) for name in ("k1", "k2")]
    yield made
    for till in made:
        till.close()


def test_a_till_that_runs_dry_sells_by_its_neighbours_rights(tills, hub_broker, tmp_path, spare_port):
    k1, k2 = tills
    k1.receive(2)
    k2.receive(30)
    for till in tills:
        till.start()
    k1.sell(2)
    k1.wait_for_rights(1)
    k1.scan(6)  # in the shopper's hand: they are there before the money is
    k1.wait_for_rights(6)
    k1.pay()
    assert (k1.account().sold, k1.overdraft()) == (8, 0)
    for name in ("backroom", "bridge"):  # whatever dies in the midst of it
        k1.scan(1)
        k2.kill(name)
        k1.kill(name)
        k1.pay()
        k1.start(name)
        k2.start(name)
    k1.scan(4)
    k1.wait_for_rights(4)
    k1.pay()
    assert k1.overdraft() == 0
    moved, taken = ([one.move for one in till.said(kind)] for till, kind in ((k2, RightsMoved), (k1, RightsAccepted)))
    assert len(set(taken)) == len(taken)
    assert set(taken) <= set(moved)
    with hub_running(tmp_path, hub_broker, spare_port) as url:
        for till in tills:  # one that tried in vain for long would wait up to half a minute before it tries again
            till.kill("bridge")
            till.start("bridge")
        wait_until(lambda: all(till.desk.link().unsent == 0 for till in tills), what="the hub to have all of it")
        verified = k1.program("hub", "stock", "verify", "--database-url", url)
        assert verified.status == 0, verified


def test_a_card_put_back_to_before_it_gave_rights_away_promises_none_of_them(tills, hub_broker, tmp_path, spare_port):
    k1, k2 = tills
    k2.receive(6)
    for till in tills:
        till.start()
    k1.scan(1)
    k1.wait_for_rights(1)
    card = k2.save()
    k1.scan(5)
    k1.wait_for_rights(6)
    k2.put_back(card)
    assert k2.account().available == 5, "the card knows nothing of what it gave"
    k2.start()
    heard = LinkReader(k2.data / "link.db")
    wait_until(lambda: heard.heard(Lane.TILL).strayed == 1, what="the till to hear its mark", deadline_s=DEADLINE_S)
    refused = k2.command("reservation", "hold", "P-01", "5")
    assert (refused.status, k2.account().available) == (1, 0), refused
    assert "epoch 2" in refused.err
    k1.pay()
    assert (k1.account().sold, k1.overdraft()) == (6, 0)
    with hub_running(tmp_path, hub_broker, spare_port) as url:
        for till in tills:
            till.kill("bridge")
            till.start("bridge")
        wait_until(lambda: all(till.desk.link().unsent == 0 for till in tills), what="the hub to have all of it")
        verified = k1.program("hub", "stock", "verify", "--database-url", url)
        assert verified.status == 0, verified
