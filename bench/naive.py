"""What the road is measured against: one fact a message, at the same durability. For benchmarks only.

The journal, MQTT 5 at QoS 1, the broker, the hub's rules, its commit with ``synchronous=FULL``, its life file and the
acknowledgement stored at the kiosk are the project's own and unchanged. Two things are as one would write them first:

- the bridge puts one fact in a message, and keeps as many messages in flight as the link allows (``INFLIGHT``);
- the hub takes one message in a transaction: commit, sync, acknowledge.

``road_one_grouped_facts_per_s`` is this bridge with the project's own hub, which takes what has come meanwhile into one
transaction, and so shares its syncs between messages: batching again, at the other end.
"""

import logging
import signal
import sys
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Final

from contract.streams import parse_lane_stream
from hub.bootstrap import Broker, open_hub
from kiosk.commands.bridge import carry
from kiosk.config import load_config
from kiosk.journal.bridge_lock import only_bridge
from kiosk.journal.outbox import Outbox
from kiosk.signals import stop_on_signals
from mqtt_bridge.link import BrokerUrl
from mqtt_bridge.paho_wire import INFLIGHT
from mqtt_bridge.session import Limits

BRIDGE: Final = "bridge"
HUB: Final = "hub"


class _OneFact(Outbox):
    def read(self, stream: str, first: int) -> list[bytes]:
        """Return one fact, reading no more than that from the journal."""
        epoch, lane = parse_lane_stream(stream, "stream")
        return list(islice(self._lanes[lane].read(epoch, first), 1))


def _carry(data_dir: Path) -> None:
    config = load_config(data_dir)
    stopped = stop_on_signals()
    with only_bridge(data_dir):
        limits = Limits(window_batches=INFLIGHT, full_batch=1, linger_s=0.0)
        carry(data_dir, config, stopped, outbox=_OneFact(data_dir, config.address), limits=limits)


def _serve(broker: str, region: str, folder: Path) -> None:
    """Run the hub's loop as ``hub serve`` does, without its pages."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    with open_hub(f"sqlite:///{folder / 'hub.db'}", folder / "hub-state") as hub:
        hub.inbound.group_messages = 1
        link = hub.connect(Broker([BrokerUrl.parse(broker)], f"hub-{region}", region))
        _stop_on_sigterm(hub.service.stop)
        link.start()
        hub.service.run()
        link.stop()


def _stop_on_sigterm(stop: Callable[[], None]) -> None:
    def ask(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=stop).start()  # not here: the loop that was interrupted may hold the queue's lock

    signal.signal(signal.SIGTERM, ask)


if __name__ == "__main__":
    if sys.argv[1] == BRIDGE:
        _carry(Path(sys.argv[2]))
    else:
        broker_url, hub_region, hub_folder = sys.argv[2:]
        _serve(broker_url, hub_region, Path(hub_folder))
