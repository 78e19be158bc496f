"""A process with a will, to be killed: ``python mosquitto_victim.py URL TOPIC PAYLOAD`` says "up" once connected."""

import sys
import threading

from mosquitto_record import QUICK, Record

from mqtt_bridge.link import BrokerUrl, Connected, Will
from mqtt_bridge.paho_link import PahoLink

url, topic, payload = sys.argv[1:]
record = Record()
link = PahoLink(
    [BrokerUrl.parse(url)],
    client_id="victim",
    subscriptions=[],
    on_event=record,
    backoff=QUICK,
    will=Will(topic, payload.encode()),
)
link.start()
record.expect(Connected)
print("up", flush=True)  # noqa: T201  # this is how its parent knows
threading.Event().wait()
