"""Scale, customer display and scanner around the real till, each a machine at the far end of a line of its own."""

import pytest
from till_shop import HAM, SHOP, TEA, assert_whole, facts_like, shop_folder
from till_terminal import TmuxTill
from waiting import wait_until

from hardware.twins.display import DisplayMachine
from hardware.twins.ends import Mute, PtyEnd
from hardware.twins.scale import Plate
from hardware.twins.scale_machines import ToledoMachine

GRAM_MG = 1000


class Counter:
    """A till in tmux with a scale, a scanner and a display for the shopper."""

    def __init__(self, folder):
        self.plate, self.display = Plate(), DisplayMachine()
        self.scale = PtyEnd(folder / "scale", ToledoMachine(self.plate))
        self.scanner = PtyEnd(folder / "scanner", Mute())
        self.lines = [self.scale, self.scanner, PtyEnd(folder / "display", self.display)]
        for line in self.lines:
            line.start()
        devices = (
            f'[devices]\nscale = "serial://{folder}/scale"\nscale_profile = "toledo-8217-kg"\n'
            f'scanner = "serial://{folder}/scanner"\ndisplay = "serial://{folder}/display"\n'
        )
        self.till = TmuxTill(folder, shop_folder(folder / "data", SHOP + devices))
        self.till.start()

    def close(self):
        self.till.end()
        for line in self.lines:
            line.close()

    def sold(self):
        """Pay exact cash; return (sku, amount, weighed here) of what was sold."""
        self.till.press("F12")
        self.till.wait("SOLD receipt k1-1-1")
        assert_whole(self.till.data_dir)
        (sale,) = facts_like(self.till.data_dir, "sale.recorded")
        return [(line["sku"], line["quantity"]["amount"], line.get("weighed", False)) for line in sale["lines"]]


@pytest.fixture
def counter(tmp_path):
    made = Counter(tmp_path)
    yield made
    made.close()


def weighed(counter, code, shown):
    """Enter goods until the scale has been read: it takes a moment after a weight was put there."""

    def what_came():
        screen = counter.till.screen()
        return screen if "WEIGHT NEEDED" in screen or shown in screen else ""

    def try_once():
        counter.till.scan(code)
        if shown in wait_until(what_came, what="the goods, or the question"):
            return True
        counter.till.press("Escape")
        counter.till.wait("Scan, code")
        return False

    wait_until(try_once, what=shown, deadline_s=20)


def test_what_lies_at_rest_on_the_scale_is_not_asked_for(counter):
    counter.plate.put(250 * GRAM_MG)
    weighed(counter, "APPLE", "0.250 kg  Apples")
    assert counter.sold() == [("APPLE", 250, True)]


def test_an_empty_scale_is_told_and_weighs_once_goods_lie_on_it(counter):
    counter.till.scan(HAM)
    counter.till.wait("WEIGHT NEEDED: Ham")
    counter.till.press("Enter")
    counter.till.wait("nothing lies on the scale")
    counter.plate.put(335 * GRAM_MG, stable=False)
    counter.till.rest(1.0)
    counter.till.press("Enter")
    counter.till.wait("does not rest")
    counter.plate.put(335 * GRAM_MG)
    counter.till.rest(1.0)
    counter.till.press("Enter")
    counter.till.wait("0.335 kg  Ham", "TOTAL 6.33")
    assert counter.sold() == [("HAM", 335, True)]


def test_a_scale_that_is_pulled_is_told_and_weights_are_typed_until_it_is_back(counter):
    counter.scale.unplug()
    counter.till.wait("NO SCALE")
    counter.till.scan("APPLE")
    counter.till.wait("WEIGHT NEEDED: Apples")
    counter.till.press("Enter")
    counter.till.wait("!", "type the weight")
    counter.till.type("0.5\r")
    counter.till.wait("0.500 kg  Apples")
    counter.scale.plug()
    wait_until(lambda: "NO SCALE" not in counter.till.screen(), what="the scale to be well", deadline_s=20)
    assert counter.sold() == [("APPLE", 500, False)]


def test_a_digit_before_a_scan_of_any_scanner_is_its_quantity_and_the_shopper_reads_it(counter):
    wait_until(lambda: heard(counter), what="the scanner to be open", deadline_s=20)
    counter.till.press("Escape")
    counter.till.rest()
    counter.till.type("3")
    counter.till.wait("> 3")
    counter.scanner.say(f"{TEA}\r".encode())
    counter.till.wait("TOTAL 13.50")
    wait_until(lambda: "13.50" in "".join(counter.display.rows), what="the display")
    assert counter.sold() == [("TEA", 3, False)]


def heard(counter):
    """Return whether the scanner is heard: what is sent before its line is open is lost."""
    counter.scanner.say(b"\x00\r")
    return "NOISE" in counter.till.screen()
