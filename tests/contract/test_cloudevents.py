"""Interoperability: our envelope read by code that we did not write, and events of others read by ours.

The events below are those of the CloudEvents 1.0.2 JSON event format, section 3.2. A fact needs attributes that they do
not have (sequence, prev, seen, clock) and a source of ours, so they are refused as documented in docs/facts.md.
"""

import json

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from contract.codec import decode, decode_down
from contract.errors import Malformed
from contract.samples import down_facts, up_facts
from contract.values import instant_text

SAMPLES = up_facts() | down_facts()
COMMON = {
    "specversion": "1.0",
    "type": "com.example.someevent",
    "source": "/mycontext",
    "time": "2018-04-05T17:31:00Z",
    "comexampleextension1": "value",
    "comexampleothervalue": 5,
}
BINARY = {"id": "A234-1234-1234", "datacontenttype": "application/vnd.apache.thrift.binary", "data_base64": "AAEC"}
XML = {
    "id": "B234-1234-1234",
    "unsetextension": None,
    "datacontenttype": "application/xml",
    "data": '<much wow="xml"/>',
}
OBJECT = {
    "id": "C234-1234-1234",
    "subject": None,
    "datacontenttype": "application/json",
    "data": {"appinfoA": "abc", "appinfoB": 123, "appinfoC": True},
}
STRING = {"id": "D234-1234-1234", "subject": None, "data": "I'm just a string"}


def reader(name):
    return decode if name in up_facts() else decode_down


@pytest.mark.parametrize("name", SAMPLES)
def test_our_facts_are_cloudevents_to_the_sdk(name):
    event = JSONFormat().read(CloudEvent, SAMPLES[name])
    fact = reader(name)(SAMPLES[name])
    assert event.get_specversion() == "1.0"
    assert event.get_id() == str(fact.seq)
    assert event.get_source() == str(fact.source)
    assert event.get_type() == name
    assert event.get_time() == fact.stamp.at
    assert event.get_datacontenttype() == "application/json"
    assert event.get_extension("sequence") == f"{fact.seq:016d}"
    assert event.get_extension("prev") == fact.prev
    assert event.get_extension("seen") == fact.seen
    assert event.get_extension("clock") == fact.stamp.clock


@pytest.mark.parametrize("name", SAMPLES)
def test_a_fact_that_the_sdk_wrote_says_the_same_to_us(name):
    ours = reader(name)(SAMPLES[name])
    theirs = reader(name)(JSONFormat().write(JSONFormat().read(CloudEvent, SAMPLES[name])))
    assert (theirs.data, theirs.source, theirs.seq, theirs.prev) == (ours.data, ours.source, ours.seq, ours.prev)
    assert instant_text(theirs.stamp.at) == instant_text(ours.stamp.at)
    assert theirs.digest != ours.digest, "other bytes are another link: only stored bytes are forwarded"


@pytest.mark.parametrize("event", [BINARY, XML, OBJECT, STRING], ids=["binary", "xml", "object", "string"])
def test_events_of_the_specification_are_refused_and_not_misread(event):
    with pytest.raises(Malformed):
        decode(json.dumps(COMMON | event, indent=4).encode())


def test_an_event_of_the_specification_with_our_attributes_is_read():
    ours = json.loads(SAMPLES["kiosk.stopping.v1"])
    required = ("id", "source", "type", "sequence", "prev", "seen", "clock", "data")
    event = {"specversion": "1.0", "time": COMMON["time"], "datacontenttype": OBJECT["datacontenttype"]}
    fact = decode(json.dumps(event | {name: ours[name] for name in required}, indent=4).encode())
    assert instant_text(fact.stamp.at) == "2018-04-05T17:31:00.000000Z"
    assert fact.data == decode(SAMPLES["kiosk.stopping.v1"]).data


@pytest.mark.parametrize("extra", ["comexampleextension1", "comexampleothervalue"])
def test_an_extension_that_is_not_ours_is_refused(extra):
    ours = json.loads(SAMPLES["kiosk.stopping.v1"])
    with pytest.raises(Malformed, match=extra):
        decode(json.dumps(ours | {extra: COMMON[extra]}).encode())


@pytest.mark.parametrize("attribute", ["datacontenttype", "data", "time", "sequence", "prev", "seen", "clock"])
def test_what_cloudevents_leaves_open_a_fact_must_have(attribute):
    ours = json.loads(SAMPLES["kiosk.stopping.v1"])
    del ours[attribute]
    with pytest.raises(Malformed, match=attribute):
        decode(json.dumps(ours).encode())


def test_the_sdks_spelling_of_time_is_the_one_of_rfc_3339():
    event = JSONFormat().read(CloudEvent, SAMPLES["kiosk.stopping.v1"])
    assert json.loads(JSONFormat().write(event))["time"].endswith("Z")
