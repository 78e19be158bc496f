"""The channels of the link as an AsyncAPI 3.0 document, told from the hub's side.

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
}


class Channel(Struct, frozen=True):
    """One topic of a kiosk: its leaf below ``PREFIX``, who writes it, what it carries."""

    leaf: str
    by_hub: bool
    says: str
    message: str | None = None
    retained: bool = False

    @property
    def address(self) -> str:
        """Return the whole topic, with its parameters in braces."""
        return f"{PREFIX}/{self.leaf}"


CHANNELS: Final = {
    "upFacts": Channel("up/facts/{lane}", by_hub=False, says="Facts of one lane, in order.", message="UpBatch"),
    "upRequests": Channel(
        "up/requests", by_hub=False, says="What cannot wait for the facts before it.", message="Request"
    ),
    "upTelemetry": Channel("up/telemetry", by_hub=False, says="SenML packs; reserved, nothing is sent yet."),
    "downFacts": Channel("down/facts", by_hub=True, says="Facts of the hub's logs, in order.", message="DownBatch"),
    "ackUp": Channel("ack/up", by_hub=True, says="What the hub holds of each lane.", message="Ack", retained=True),
    "ackDown": Channel("ack/down", by_hub=False, says="What the kiosk holds of each log.", message="Ack"),
    "status": Channel(
        "status", by_hub=False, says="Link state; the will says offline.", message="Status", retained=True
    ),
}
_MESSAGES: Final = {
    "UpBatch": ("application/x-ndjson", "A head line, then up facts as they were stored, one a line."),
    "DownBatch": ("application/x-ndjson", "A head line, then down facts as they were stored, one a line."),
    "Request": ("application/json", "A promise or rights, asked for at once under the id of the fact that follows."),
    "Ack": ("application/json", "Cumulative acknowledgement, sent after the receiver's commit."),
    "Status": ("application/json", "Link state of a kiosk."),
}


def asyncapi(version: str) -> Json:
    """Return the document; schemas are references into ``schema.json`` beside it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Kiosk to hub link",
            "version": version,
            "description": "MQTT 5, QoS 1. Told from the hub's side: `receive` is what kiosks publish. "
            "A broker's PUBACK is never delivery; only an acknowledgement message is.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(channel) for name, channel in CHANNELS.items()},
        "operations": {name: _operation(name, channel) for name, channel in CHANNELS.items() if channel.message},
        "components": {"messages": {name: _message(name, *about) for name, about in _MESSAGES.items()}},
    }


def _channel(channel: Channel) -> Json:
    named = {name: about for name, about in _PARAMETERS.items() if f"{{{name}}}" in channel.address}
    messages = {channel.message: {"$ref": f"#/components/messages/{channel.message}"}} if channel.message else {}
    return {"address": channel.address, "description": channel.says, "parameters": named, "messages": messages}


def _operation(name: str, channel: Channel) -> Json:
    return {
        "action": "send" if channel.by_hub else "receive",
        "channel": {"$ref": f"#/channels/{name}"},
        "summary": channel.says,
        "messages": [{"$ref": f"#/channels/{name}/messages/{channel.message}"}],
        "bindings": {"mqtt": {"qos": 1, "retain": channel.retained, "bindingVersion": "0.2.0"}},
    }


def _message(name: str, content_type: str, summary: str) -> Json:
    return {
        "contentType": content_type,
        "summary": summary,
        "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": {"$ref": f"schema.json#/$defs/{name}"}},
    }
