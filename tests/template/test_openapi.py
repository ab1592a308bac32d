"""The committed API document: it is the code's, it is valid, and it holds every route, problem and SOP example."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from local import openapi
from local.reference import FOLDER
from tests.integration.studio import routes
from vibeboard.http.access import ROUTES

COMMITTED: dict[str, Any] = json.loads((FOLDER / "openapi.json").read_text("utf-8"))
METHODS = ("get", "put", "post", "delete", "patch")


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in COMMITTED["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def test_the_committed_document_is_the_one_the_code_makes() -> None:
    assert (FOLDER / "openapi.json").read_text("utf-8") == openapi.render(), "run `make docs`"


def test_it_is_valid_openapi_3_1() -> None:
    assert COMMITTED["openapi"].startswith("3.1")
    assert [str(fault) for fault in OpenAPIV31SpecValidator(COMMITTED).iter_errors()] == []


def test_no_reference_leads_nowhere() -> None:
    refs = {node["$ref"] for node in walk(COMMITTED) if isinstance(node.get("$ref"), str)}
    assert refs
    for ref in refs:
        node: Any = COMMITTED
        for part in ref.removeprefix("#/").split("/"):
            assert part in node, ref
            node = node[part]


def test_every_route_of_the_template_is_in_it_and_no_other() -> None:
    assert {name for name, _ in operations()} == {route.key for route in routes()}


def test_operation_ids_are_distinct() -> None:
    ids = [operation["operationId"] for _, operation in operations()]
    assert len(set(ids)) == len(ids)


def test_all_but_the_vendors_reports_want_a_token_and_every_failure_is_a_problem() -> None:
    assert COMMITTED["security"] == [{"bearer": []}]
    assert COMMITTED["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for name, operation in operations():
        method, path = name.split(" ")
        signed = ROUTES[method, path] == "signed-url"
        assert (operation.get("security") == []) == signed, name
        for status, response in operation["responses"].items():
            if status >= "400":
                assert response == {"$ref": f"#/components/responses/Problem{status}"}, (name, status)
        assert signed or {"401", "403", "422", "500"} <= operation["responses"].keys(), name


@pytest.mark.parametrize("row", openapi.examples(), ids=lambda row: f"{row['step']}-{row['title']}")
def test_an_example_of_the_sop_fits_the_schema_beside_it(row: dict[str, Any]) -> None:
    method, path = row["route"].split(" ")
    operation = COMMITTED["paths"][path][method.lower()]
    name = f"sop-step-{row['step']}"
    places = []
    if "request" in row:
        places.append((operation["requestBody"]["content"]["application/json"], row["request"]))
    if "response" in row:
        status = next(status for status in operation["responses"] if status.startswith("2"))
        places.append((operation["responses"][status]["content"]["application/json"], row["response"]))
    assert places
    for content, value in places:
        assert content["examples"][name]["value"] == value
        schema = {"components": COMMITTED["components"], **content["schema"]}
        faults = [fault.message for fault in Draft202012Validator(schema).iter_errors(value)]
        assert faults == []
