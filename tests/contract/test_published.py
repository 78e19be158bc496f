"""The published contract is current, describes what is sent, and means the same to readers in other languages."""

import json
import re

import contract_strategies as some
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import asyncapi, schema
from contract.batch import decode_ack, decode_batch, decode_status
from contract.codec import decode, decode_down, verify_chain
from contract.envelope import NO_DIGEST
from contract.lan import decode_ask, decode_holds, decode_mark, decode_presence
from contract.registry import DOWN, UP
from contract.requests import decode_request, encode_request
from contract.values import Lane, Seq, parse_address
from mqtt_bridge import topics

DOCUMENT = json.loads((schema.PUBLISHED / "schema.json").read_bytes())
ASYNCAPI = json.loads((schema.PUBLISHED / "asyncapi.json").read_bytes())
OF_LAN = json.loads((schema.PUBLISHED / "asyncapi-lan.json").read_bytes())
SAMPLES = schema.PUBLISHED / "samples"
# ECMA-262, WhiteSpace and LineTerminator: what `\s` matches there.
ECMA_SPACE = "\t\v\f \u00a0\ufeff\n\r\u2028\u2029\u1680\u2000-\u200a\u202f\u205f\u3000"


def sample(name):
    return (SAMPLES / name).read_bytes().removesuffix(b"\n")


def validator(name):
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": DOCUMENT["$defs"]})


def patterns(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "pattern" and isinstance(value, str):
                yield value
            else:
                yield from patterns(value)
    elif isinstance(node, list):
        for value in node:
            yield from patterns(value)


def test_what_is_published_is_current():
    assert schema.stale(schema.PUBLISHED) == []


def test_publishing_twice_gives_the_same_bytes_and_ends_every_file_with_a_line_break(tmp_path):
    assert schema.main([], tmp_path) == 0
    first = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert schema.main([], tmp_path) == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == first
    assert all(contents.endswith(b"\n") for contents in first.values())
    assert schema.main(["--check"], tmp_path) == 0


def test_the_check_names_every_file_that_is_not_current(tmp_path, capsys):
    schema.publish(tmp_path)
    (tmp_path / "schema.json").write_bytes(b"{}\n")
    (tmp_path / "asyncapi.json").unlink()
    (tmp_path / "samples" / "old.json").write_bytes(b"{}\n")
    assert schema.main(["--check"], tmp_path) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(";")[0].partition("/")[2] for line in lines] == [
        "asyncapi.json is missing",
        "schema.json is stale",
        "samples/old.json is no longer of the contract: delete it",
    ]
    assert (tmp_path / "schema.json").read_bytes() == b"{}\n"


def test_the_table_option_prints_and_writes_nothing(tmp_path, capsys):
    assert schema.main(["--table"], tmp_path) == 0
    assert capsys.readouterr().out == schema.types_table()
    assert list(tmp_path.iterdir()) == []


def test_an_option_that_does_not_exist_is_used_wrongly(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        schema.main(["--chek"], tmp_path)
    assert stop.value.code == 2
    assert "--chek" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_schema_is_a_valid_schema_whose_references_all_resolve():
    jsonschema.Draft202012Validator.check_schema(DOCUMENT)
    wanted = set(re.findall(r'"#/\$defs/([^"]+)"', json.dumps(DOCUMENT)))
    assert wanted <= DOCUMENT["$defs"].keys()


@pytest.mark.parametrize("name", [*UP.types, *DOWN.types])
def test_every_type_has_a_sample_that_its_schema_and_its_decoder_accept(name):
    raw = sample(f"{name}.json")
    fact = json.loads(raw)
    validator(name).validate(fact)
    validator("UpFact" if name in UP.types else "DownFact").validate(fact)
    assert (decode if name in UP.types else decode_down)(raw).type == name


@pytest.mark.parametrize(
    ("name", "decoder"),
    [
        ("Ack", decode_ack),
        ("Status", decode_status),
        ("Request", decode_request),
        ("Presence", decode_presence),
        ("Mark", decode_mark),
        ("Holds", decode_holds),
        ("Ask", decode_ask),
    ],
)
def test_messages_have_samples_that_schema_and_decoder_accept(name, decoder):
    raw = sample(f"{name.lower()}.json")
    validator(name).validate(json.loads(raw))
    jsonschema.Draft202012Validator(DOCUMENT).validate(json.loads(raw))
    assert decoder(raw)


def test_the_sample_batch_is_as_described_and_holds_a_chain():
    raw = sample("batch.ndjson")
    validator("UpBatch").validate([json.loads(line) for line in raw.split(b"\n")])
    batch = decode_batch(raw)
    stored = [(Seq(seq), fact) for seq, fact in enumerate(batch.facts, batch.head.first)]
    facts = list(verify_chain(stored))
    assert [fact.type for fact in facts] and facts[0].prev == NO_DIGEST  # noqa: PT018 - a chain from its start
    assert {fact.type for fact in facts} == set(UP.types)


@pytest.mark.parametrize("registry", [UP, DOWN], ids=["up", "down"])
@given(draw=st.data())
def test_whatever_is_written_its_schema_accepts(registry, draw):
    data = draw.draw(some.up_facts if registry is UP else some.down_facts)
    source = draw.draw(some.lane_sources if registry is UP else some.log_sources)
    ((_, raw),) = some.chain([data], source, at=some.EXAMPLE_AT, registry=registry)
    VALIDATORS[registry.name_of(data)].validate(json.loads(raw))


@given(some.requests)
def test_whatever_is_asked_for_at_once_its_schema_accepts(request):
    REQUEST.validate(json.loads(encode_request(request)))


def test_urgent_requests_have_a_channel_that_carries_them():
    ((_, message),) = ASYNCAPI["channels"]["upRequests"]["messages"].items()
    assert message == {"$ref": "#/components/messages/Request"}
    assert ASYNCAPI["components"]["messages"]["Request"]["payload"]["schema"]["$ref"] == "schema.json#/$defs/Request"
    assert ASYNCAPI["operations"]["upRequests"]["action"] == "receive"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"clock":"trusted"', b'"clock":"maybe"'),
        (b'"id":"6"', b'"id":"0"'),
        (b'"id":"6"', b'"id":"6","subject":"x"'),
        (b"/kiosks/k1/", b"/kiosks/K1/"),
        (b'"type":"sale.recorded.v1"', b'"type":"sale.recorded.v2"'),
        (b'"amount":2,', b'"amount":-2,'),
        (b'"receipt":"k1-1-1"', b'"receipt":"k1-1-1\\n"'),
        (b'"sku":"OLIVES"', b'"sku":"OLIVES\\n"'),
        (b'"name":"Olives, loose"', b'"name":"Oli\\u0007ves"'),
        (b'"kind":"voucher"', b'"kind":"moon"'),
        (b'"weighed":true', b'"weighted":true'),
    ],
)
def test_what_the_schema_can_say_it_refuses_as_the_codec_does(old, new):
    raw = sample("sale.recorded.v1.json")
    assert raw.count(old) == 1
    with pytest.raises(jsonschema.ValidationError):
        validator("UpFact").validate(json.loads(raw.replace(old, new)))


def test_patterns_use_nothing_that_only_python_knows():
    found = set(patterns(DOCUMENT))
    assert found
    for pattern in found:
        assert not re.search(r"\\[AZzhHvVRKXQE]|\(\?(?!:|!\\n\))|\[\[|[*+?}]\+|\\[pPuUN]\{|\\-", pattern), pattern
        assert pattern.startswith("^")
        assert pattern.endswith("$(?!\\n)")


def test_spaces_at_the_ends_of_a_sku_mean_the_same_to_python_and_ecmascript():
    ours = DOCUMENT["$defs"]["StockLine"]["properties"]["sku"]["pattern"]
    here, there = re.compile(ours), re.compile(ours.replace(r"\s", ECMA_SPACE))
    differ = [hex(code) for code in range(0x10000) if bool(here.match(chr(code))) != bool(there.match(chr(code)))]
    assert differ == []


def test_the_channels_are_the_topics_of_the_bridge():
    address, wild = parse_address("r/s/k"), asyncapi.PREFIX.format(region="r", site="s", kiosk="k")
    leaves = {
        "upFacts": f"{topics.UP_FACTS}/{{lane}}",
        "upRequests": topics.UP_REQUESTS,
        "upTelemetry": topics.UP_TELEMETRY,
        "downFacts": topics.DOWN_FACTS,
        "ackUp": topics.ACK_UP,
        "ackDown": topics.ACK_DOWN,
        "status": topics.STATUS,
    }
    assert {name: channel.leaf for name, channel in asyncapi.LINK.channels.items()} == leaves
    for lane in Lane:
        assert asyncapi.LINK.channels["upFacts"].address.format(
            region="r", site="s", kiosk="k", lane=lane
        ) == topics.up_facts(address, lane)
    assert topics.topic(address, topics.STATUS) == f"{wild}/{topics.STATUS}"
    listens = {
        channel.address.format(region="r", site="s", kiosk="k")
        for channel in asyncapi.LINK.channels.values()
        if channel.sent
    }
    assert listens == set(topics.kiosk_subscriptions(address))


@pytest.mark.parametrize("document", [ASYNCAPI, OF_LAN], ids=["link", "lan"])
def test_asyncapi_refers_only_to_what_exists(document):
    assert document["asyncapi"] == "3.0.0"
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)):
        file, _, path = reference.partition("#/")
        node = DOCUMENT if file == "schema.json" else document
        for part in path.split("/"):
            node = node[part]


def test_every_channel_names_its_parameters_and_lanes():
    for channel in ASYNCAPI["channels"].values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == channel["parameters"].keys()
    assert ASYNCAPI["channels"]["upFacts"]["parameters"]["lane"]["enum"] == [lane.value for lane in Lane]


def test_only_what_is_worth_keeping_is_retained_and_everything_has_quality_1():
    bindings = {name: about["bindings"]["mqtt"] for name, about in ASYNCAPI["operations"].items()}
    assert {name for name, about in bindings.items() if about["retain"]} == {"ackUp", "status"}
    assert {about["qos"] for about in bindings.values()} == {1}


REQUEST = validator("Request")
VALIDATORS = {name: validator(name) for name in [*UP.types, *DOWN.types]}


def test_the_channels_of_a_site_are_what_its_tills_listen_to():
    k1 = parse_address("r/s/k1")
    said_to_k1 = {
        channel.address.format(region="r", site="s", kiosk="k1" if name == "mark" else "+", till="k1")
        for name, channel in asyncapi.LAN.channels.items()
    }
    assert said_to_k1 == set(topics.lan_subscriptions(k1))
