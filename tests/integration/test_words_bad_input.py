"""Bad input of steps 0 to 2 and the search in a body that is else good; every route's fields are test_bad_input's."""

import json
from typing import Any

import pytest

from tests.integration.studio import SOP_CONTRACT, Studio

STORY = "/api/projects/{p}/story-editor"
POSTS: dict[str, tuple[str, dict[str, Any]]] = {  # route -> a body that would do
    "POST /api/projects": ("POST", {"title": "x", "creativeContract": SOP_CONTRACT}),
    "PUT /api/projects/{p}": ("PUT", {"title": "x"}),
    "POST /api/projects/{p}/uploads": ("POST", {"name": "a.jpg", "kind": "reference"}),
    "PUT /api/projects/{p}/members/user_x": ("PUT", {"role": "viewer"}),
    f"POST {STORY}/outline": ("POST", {"concept": "x", "genre": "x", "tone": "x"}),
    f"POST {STORY}/outline/acts/1": ("POST", {"outlineVersion": 1, "variation": 1}),
    f"POST {STORY}/breakdown": ("POST", {"outlineVersion": 1}),
    "POST /api/search/semantic": ("POST", {"query": "x", "limit": 5}),
}
WRONG: list[Any] = [None, True, -1, 1e308, "", [], [[]], {"a": 1}, "\x00", ["x"] * 10_000]

# What a field may also be: left out, no wish, or words that are no words, which are cleaned before they are used.
FINE: dict[str, tuple[Any, ...]] = {
    "concept": (None, "\x00"),
    "genre": (None, "", "\x00"),
    "tone": (None, "", "\x00"),
    "query": ("\x00",),
    "title": ("", "\x00"),
    "outlineVersion": (None,),
    "variation": (None,),
    "creativeContract": (),
}


def refused(studio: Studio, method: str, route: str, **sent: Any) -> None:
    answer = studio.call(method, route, **sent)
    assert 400 <= answer.status < 500, (answer.status, answer.text[:300])
    assert answer.code
    assert len(answer.text) < 20_000  # the input is not sent back


@pytest.fixture
def routes(studio: Studio) -> dict[str, tuple[str, str, dict[str, Any]]]:
    project = studio.project()["projectId"]
    return {name: (how, name.split(" ")[1].replace("{p}", project), body) for name, (how, body) in POSTS.items()}


@pytest.mark.parametrize("name", POSTS)
def test_given_wrong_values_in_every_field_when_sent_then_a_problem_each_time_and_nothing_stored(
    studio: Studio, routes: dict[str, tuple[str, str, dict[str, Any]]], name: str
) -> None:
    method, path, body = routes[name]
    before = studio.everything()
    for field in body:
        for wrong in WRONG:
            if any(wrong is fine for fine in FINE.get(field, ())):
                continue
            refused(studio, method, path, body=body | {field: wrong})
    for raw in ('{"', "[]", '"x"', "[" * 100_000, json.dumps(body | {"extra": 1}), "\xff", "null1"):
        refused(studio, method, path, raw=raw)
    assert studio.everything() == before


@pytest.mark.parametrize(
    "route",
    ["GET outline?version=0", "GET outline?version=x", "GET outline?version=7", "GET outline/diff?from=1&to=2",
     "GET outline/diff", "POST outline/versions/0/restore", "POST outline/versions/9/restore", "POST outline/acts/0",
     "POST outline/acts/9", "POST outline/acts/x", "GET screenplay?source=web", "GET screenplay?source=upload",
     "GET screenplay", "GET breakdown", "POST prompts"],
)  # fmt: skip
def test_given_a_path_that_leads_nowhere_when_called_then_a_problem_and_nothing_stored(
    studio: Studio, route: str
) -> None:
    project = studio.project()["projectId"]
    before = studio.everything()
    method, path = route.split(" ")
    path, _, query = path.partition("?")
    pairs = dict(pair.split("=") for pair in query.split("&") if pair)
    refused(studio, method, f"/api/projects/{project}/story-editor/{path}", query=pairs)
    assert studio.everything() == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"targetFormat": "teaser", "targetRuntime": 91}, "targetRuntime"),
        ({"targetFormat": "trailer", "targetRuntime": 600}, "targetRuntime"),
        ({"targetRuntime": 10.5, "frameRate": 25}, "targetRuntime"),
    ],
)
def test_given_contract_fields_that_do_not_go_together_when_sent_then_they_are_refused_together(
    studio: Studio, change: dict[str, Any], field: str
) -> None:
    project = studio.project()
    before = studio.everything()
    for method, path in (("POST", "/api/projects"), ("PUT", f"/api/projects/{project['projectId']}")):
        answer = studio.call(method, path, {"creativeContract": SOP_CONTRACT | change})
        assert (answer.status, answer.code) == (422, "CONTRACT_INCONSISTENT")
        assert answer.json["errors"][0]["field"] == f"creativeContract.{field}"
    assert studio.everything() == before
