"""Bad input of every route of steps 0 to 5, derived from the route table and the API document: a route or a field that
is added is tried as well. Each answer is a problem with its code, never a 500, and nothing is stored."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from local.reference import FOLDER
from tests.integration.studio import Answer, Route, Studio, routes

MODULES = ("projects", "story_editor", "search", "assets", "foundry", "optics")
DOCUMENT: dict[str, Any] = json.loads((FOLDER / "openapi.json").read_text("utf-8"))
ROUTES = {route.key: route for route in routes() if route.module.split(".")[0] in MODULES}
TEN_MB = "x" * 10_000_000
WRONG: list[Any] = [
    None, True, -1, 1e308, 7, "", "x", "x" * 100_000, [], [[]], [None], {"a": 1}, ["x"] * 10_000, [{}] * 10_000,
]  # fmt: skip
PATHS = ("nobody", "..", "%2e%2e", "x" * 600, "0", "-1", "\x00", "a b", "'; --")
QUERIES = ("", "x", "-1", "1e9", "\x00", "x" * 3_000)


def operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][route.path][route.method.lower()]
    return found


def schema(route: Route) -> dict[str, Any] | None:
    """The body's schema, its references resolved at the top; None for a route without a body."""
    content = operation(route).get("requestBody", {}).get("content", {})
    told = content.get("application/json", {}).get("schema")
    while told and "properties" not in told:
        told = next(
            (part for part in told.get("anyOf", [told]) if part.get("type") != "null" and part != told), None
        ) or (_referenced(told["$ref"]) if "$ref" in told else None)
    return told


def _referenced(ref: str) -> dict[str, Any]:
    node: Any = DOCUMENT
    for part in ref.removeprefix("#/").split("/"):
        node = node[part]
    return dict(node)


def fits(value: Any, told: dict[str, Any]) -> bool:
    return bool(Draft202012Validator({"components": DOCUMENT["components"], **told}).is_valid(value))


def refused(answer: Answer) -> None:
    assert 400 <= answer.status < 500, (answer.status, answer.text[:300])
    assert answer.code
    assert len(answer.text) < 20_000  # the input is not sent back


def filled(route: Route, project_id: str, value: str = "nobody") -> str:
    return re.sub(r"\{(\w+)\}", lambda hit: project_id if hit[1] == "projectId" else value, route.path)


WITH_BODY = [key for key, route in ROUTES.items() if schema(route)]
WITH_IDS = [key for key, route in ROUTES.items() if "{" in route.path]
WITH_QUERY = [k for k, r in ROUTES.items() if any(p["in"] == "query" for p in operation(r).get("parameters", []))]


def test_every_route_of_the_steps_is_tried() -> None:
    assert {route.module for route in ROUTES.values()} == {f"{name}.app" for name in MODULES}
    assert len(ROUTES) > 40
    writes = {
        key for key, route in ROUTES.items() if route.method in ("POST", "PUT") and "requestBody" in operation(route)
    }
    assert writes == set(WITH_BODY)


@pytest.mark.parametrize("key", WITH_BODY)
def test_given_a_value_of_the_wrong_kind_in_any_field_when_sent_then_a_problem_names_it_and_nothing_is_stored(
    studio: Studio, project: dict[str, Any], key: str
) -> None:
    route = ROUTES[key]
    path, told = filled(route, project["projectId"]), schema(route)
    assert told
    before = studio.everything()
    for field, kind in told["properties"].items():
        for wrong in (value for value in WRONG if not fits(value, kind)):
            answer = studio.call(route.method, path, {field: wrong})
            refused(answer)
            if answer.code == "VALIDATION_FAILED":
                assert any(row["field"].startswith(field) for row in answer.json["errors"]), (field, answer.text[:300])
    for raw in (
        '{"',
        "[]",
        '"x"',
        "7",
        "[" * 100_000,
        json.dumps({"unknownField": 1}),
        "\xff",
        "null1",
        json.dumps(TEN_MB),
    ):
        refused(studio.call(route.method, path, raw=raw))
    if told["properties"]:
        refused(studio.call(route.method, path, {next(iter(told["properties"])): TEN_MB}))
    assert studio.everything() == before
    assert studio.objects("") == []


@pytest.mark.parametrize("key", WITH_IDS)
def test_given_an_id_that_names_nothing_when_called_then_a_problem_and_nothing_is_stored(
    studio: Studio, project: dict[str, Any], key: str
) -> None:
    route = ROUTES[key]
    mine = filled(route, project["projectId"]) == route.path.replace("{projectId}", project["projectId"])
    before = studio.everything()
    for value in PATHS:
        path = filled(route, value if mine else project["projectId"], value)
        body = {} if schema(route) is not None else None
        refused(studio.call(route.method, path, body))
    refused(studio.call(route.method, filled(route, "prj_nobody"), {}))
    assert studio.everything() == before


@pytest.mark.parametrize("key", WITH_QUERY)
def test_given_a_query_of_the_wrong_kind_when_called_then_never_a_500_and_nothing_is_stored(
    studio: Studio, project: dict[str, Any], key: str
) -> None:
    route = ROUTES[key]
    before = studio.everything()
    for parameter in operation(route)["parameters"]:
        if parameter["in"] == "query":
            for value in QUERIES:
                answer = studio.call(
                    route.method, filled(route, project["projectId"]), query={parameter["name"]: value}
                )
                assert answer.status < 500, (parameter["name"], value, answer.text[:300])
                assert answer.status < 400 or answer.code
    assert studio.everything() == before
