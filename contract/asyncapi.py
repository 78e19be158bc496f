"""The channels of the link, and of a site's own network, as AsyncAPI 3.0 documents: each told from one side.

Addresses are spelt here once more because the contract leans on nothing; a test holds them equal to the bridge's.
"""

from typing import Any, Final

from msgspec import Struct

from contract.values import Lane

Json = dict[str, Any]
PREFIX: Final = "popup/v1/{region}/{site}/{kiosk}"
_SCHEMA_FORMAT: Final = "application/schema+json;version=2020-12"
_PARAMETERS: Final[Json] = {
    "region": {"description": "Sites that share a hub."},
    "site": {"description": "A popup or store."},
    "kiosk": {"description": "One Pi at a site."},
    "lane": {"description": "One journal of the kiosk.", "enum": [lane.value for lane in Lane]},
    "till": {"description": "The kiosk of the same site that it is said to."},
}


class Channel(Struct, frozen=True):
    """One topic of a kiosk: its leaf below ``PREFIX``, what it carries, ``sent`` by whom the document is told from."""

    leaf: str
    sent: bool
    says: str
    message: str | None = None
    retained: bool = False

    @property
    def address(self) -> str:
        """Return the whole topic, with its parameters in braces."""
        return f"{PREFIX}/{self.leaf}"


class Message(Struct, frozen=True):
    """What a channel carries: how it is written, what it says, and where in ``schema.json`` it is described."""

    content_type: str
    says: str
    schema: str


class Document(Struct, frozen=True):
    """Channels that belong together, and who tells of them."""

    title: str
    description: str
    channels: dict[str, Channel]
    messages: dict[str, Message]


LINK: Final = Document(
    "Kiosk to hub link",
    "MQTT 5, QoS 1. Told from the hub's side: `receive` is what kiosks publish. "
    "A broker's PUBACK is never delivery; only an acknowledgement message is.",
    channels={
        "upFacts": Channel("up/facts/{lane}", sent=False, says="Facts of one lane, in order.", message="UpBatch"),
        "upRequests": Channel(
            "up/requests", sent=False, says="What cannot wait for the facts before it.", message="Request"
        ),
        "upTelemetry": Channel("up/telemetry", sent=False, says="SenML packs; reserved, nothing is sent yet."),
        "downFacts": Channel("down/facts", sent=True, says="Facts of the hub's logs, in order.", message="DownBatch"),
        "ackUp": Channel("ack/up", sent=True, says="What the hub holds of each lane.", message="Ack", retained=True),
        "ackDown": Channel("ack/down", sent=False, says="What the kiosk holds of each log.", message="Ack"),
        "status": Channel(
            "status", sent=False, says="Link state; the will says offline.", message="Status", retained=True
        ),
    },
    messages={
        "UpBatch": Message(
            "application/x-ndjson", "A head line, then up facts as they were stored, one a line.", "UpBatch"
        ),
        "DownBatch": Message(
            "application/x-ndjson", "A head line, then down facts as they were stored, one a line.", "DownBatch"
        ),
        "Request": Message(
            "application/json",
            "A promise or rights, asked for at once under the id of its fact, which follows.",
            "Request",
        ),
        "Ack": Message("application/json", "Cumulative acknowledgement, sent after the receiver's commit.", "Ack"),
        "Status": Message("application/json", "Link state of a kiosk.", "Status"),
    },
)
LAN: Final = Document(
    "Tills of one site",
    "MQTT 5, QoS 1, at the site's own broker. Told from the side of the till that says it: all tills of the site read "
    "presence and holdings, the mark is for itself, the rest for the till that the channel names. Only moves and "
    "acceptances change rights.",
    channels={
        "presence": Channel("lan/presence", sent=True, says="Where a till is.", message="Presence", retained=True),
        "mark": Channel("lan/mark", sent=True, says="How far it is, for itself.", message="Mark", retained=True),
        "holds": Channel("lan/holds", sent=True, says="What it may promise.", message="Holds", retained=True),
        "ask": Channel("lan/ask/{till}", sent=True, says="What it wants of that till.", message="Ask"),
        "move": Channel("lan/move/{till}", sent=True, says="Rights that it gives to that till.", message="Move"),
        "accepted": Channel("lan/accepted/{till}", sent=True, says="Rights that it took.", message="Acceptance"),
    },
    messages={
        "Presence": Message("application/json", "Where a till's lane is; the will says offline.", "Presence"),
        "Mark": Message("application/json", "How far a till's lane is: what a card that was put back lost.", "Mark"),
        "Holds": Message("application/json", "What a till has the right to promise.", "Holds"),
        "Ask": Message("application/json", "What a till wants, account by account.", "Ask"),
        "Move": Message("application/json", "The giver's fact, as it is stored.", "rights.moved.v1"),
        "Acceptance": Message("application/json", "The receiver's fact, as it is stored.", "rights.accepted.v1"),
    },
)


def asyncapi(told: Document, version: str) -> Json:
    """Return the document; schemas are references into ``schema.json`` beside it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": told.title,
            "version": version,
            "description": told.description,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(channel) for name, channel in told.channels.items()},
        "operations": {name: _operation(name, channel) for name, channel in told.channels.items() if channel.message},
        "components": {"messages": {name: _message(message) for name, message in told.messages.items()}},
    }


def _channel(channel: Channel) -> Json:
    named = {name: about for name, about in _PARAMETERS.items() if f"{{{name}}}" in channel.address}
    messages = {channel.message: {"$ref": f"#/components/messages/{channel.message}"}} if channel.message else {}
    return {"address": channel.address, "description": channel.says, "parameters": named, "messages": messages}


def _operation(name: str, channel: Channel) -> Json:
    return {
        "action": "send" if channel.sent else "receive",
        "channel": {"$ref": f"#/channels/{name}"},
        "summary": channel.says,
        "messages": [{"$ref": f"#/channels/{name}/messages/{channel.message}"}],
        "bindings": {"mqtt": {"qos": 1, "retain": channel.retained, "bindingVersion": "0.2.0"}},
    }


def _message(message: Message) -> Json:
    return {
        "contentType": message.content_type,
        "summary": message.says,
        "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": {"$ref": f"schema.json#/$defs/{message.schema}"}},
    }
