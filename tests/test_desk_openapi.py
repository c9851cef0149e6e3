"""The description of the desk's JSON is a valid one, complete, and true: whatever it allows is answered as it says."""

import json
from datetime import UTC, datetime

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from test_desk_api import client_of, made

from legation.desk.app import operations
from legation.desk.openapi import document

DOCUMENT = document(operations())
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
STRICT = json.loads(json.dumps(DOCUMENT))
for described in STRICT["components"]["schemas"].values():
    described["additionalProperties"] = False  # a field that is not described fails a test; a reader may ignore it
SCHEMA = schemathesis.openapi.from_dict(STRICT)
KNOWN = [
    ("/api/store", {}),
    ("/api/events", {"actor": "PRK", "limit": 2}),
    ("/api/events/{event_id}", {"event_id": "em5"}),
    ("/api/days", {"by": "week", "deed": ["CONSULT", "ACCUSE"]}),
    ("/api/reports", {"q": "envoy"}),
    ("/api/reports/{report_id}", {"report_id": "r6"}),
    ("/api/relation", {"source": "PRK", "target": "RUS"}),
    ("/api/places", {}),
    ("/api/network", {"most": 3}),
    ("/api/agenda", {}),
    ("/api/claims", {"disputed": "true"}),
    ("/api/actors", {"q": "Kim"}),
    ("/api/actor", {"id": "PRK GOV"}),
    ("/api/forecast", {"source": "PRK", "target": "RUS"}),
    ("/api/forecast/planned", {"day": "2014-11-18"}),
    ("/api/forecast/scorecard", {}),
    ("/api/suggest", {"q": "n"}),
    ("/api/views", {}),
    ("/api/corrections", {}),
]
"""Requests that the store of these tests answers with something; of random names hardly one would be known."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = made(tmp_path_factory.mktemp("desk") / "news")
    store.correct("m1", "status", "negated", by="reader", at=datetime(2014, 12, 1, tzinfo=UTC))
    return store


@pytest.fixture(scope="module")
def client(store):
    with client_of(store) as client:
        client.put("/api/views/mine", json={"url": "/?actor=PRK"})
        yield client


def ask(client, case):
    request = case.as_transport_kwargs(base_url="http://127.0.0.1")
    return client.request(**{name: value for name, value in request.items() if name != "cookies"})


def test_the_description_is_valid_and_tells_every_operation(client):
    assert client.get("/api/openapi.json").json() == client.get("/api").json() == json.loads(json.dumps(DOCUMENT))
    told = {(path, method.upper()) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert told == {(one.path, one.method) for one in operations()}
    names = [one.handler.__name__ for one in operations()]
    assert len(set(names)) == len(names)
    for name, schema in DOCUMENT["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema.get("description") or name == "Error", f"{name} has no docstring"
    for path, methods in DOCUMENT["paths"].items():
        for method in methods.values():
            told = {one["name"] for one in method.get("parameters", []) if one["in"] == "path"}
            assert told == {part.strip("{}") for part in path.split("/") if part.startswith("{")}


@pytest.mark.parametrize("path, values", KNOWN, ids=[path for path, _ in KNOWN])
def test_what_the_store_knows_is_answered_as_described(client, path, values):
    in_path = {name: value for name, value in values.items() if f"{{{name}}}" in path}
    query = {name: value for name, value in values.items() if name not in in_path}
    case = SCHEMA[path]["GET"].Case(path_parameters=in_path, query=query)
    response = ask(client, case)
    assert response.status_code == 200, response.text
    case.validate_response(response, checks=CHECKS)


def test_an_answer_that_is_not_as_described_is_noticed(client):
    case = SCHEMA["/api/store"]["GET"].Case()
    response = ask(client, case)
    response._content = b'{"name": 1}'
    with pytest.raises(FailureGroup):
        case.validate_response(response, checks=CHECKS)


@SCHEMA.exclude(path="/api/live").parametrize()  # has no end; test_desk_api listens to it
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck),
          phases=[Phase.generate])  # fmt: skip
def test_whatever_is_asked_for_is_answered_as_described(case, client):
    case.validate_response(ask(client, case), checks=CHECKS)
