"""The RAG gate's search (SOP step 1) over HTTP."""

from typing import Any

import pytest

from tests.integration.studio import SOP_CONCEPT, Studio

ROUTE = "/api/search/semantic"
SOP_QUERY = {"query": "neo-noir cinematography laundromat scenes", "limit": 5}


def test_given_the_sops_query_when_searched_then_five_references_best_first(studio: Studio) -> None:
    answer = studio.call("POST", ROUTE, SOP_QUERY, user="outsider")

    assert answer.status == 200
    results = answer.json["results"]
    assert len(results) == 5
    assert all({"id", "title", "kind", "text", "score", "promptHints"} == row.keys() for row in results)
    scores = [row["score"] for row in results]
    assert scores == sorted(scores, reverse=True)
    assert "noir" in str(results).lower()
    assert answer.json["engine"].startswith("sandbox/")


def test_given_two_queries_when_searched_then_meaning_decides(studio: Studio) -> None:
    noir = studio.call("POST", ROUTE, SOP_QUERY).json["results"]
    western = studio.call("POST", ROUTE, {"query": "desert gunfight at high noon", "limit": 5}).json["results"]

    assert {row["id"] for row in noir}.isdisjoint({row["id"] for row in western})


@pytest.mark.parametrize(
    "body",
    [{}, {"query": ""}, {"query": "   "}, {"query": "x" * 1_001}, {"query": "x", "limit": 0},
     {"query": "x", "limit": 21}, {"query": "x", "limit": "5"}, {"query": ["x"]}, {"query": "x", "index": "other"}],
)  # fmt: skip
def test_given_a_bad_query_when_searched_then_422(studio: Studio, body: dict[str, Any]) -> None:
    answer = studio.call("POST", ROUTE, body)

    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED")


def test_given_pinned_references_when_outlined_then_they_come_first_and_unknown_ones_are_refused(
    studio: Studio, project: dict[str, Any]
) -> None:
    far = studio.call("POST", ROUTE, {"query": "desert gunfight at high noon", "limit": 1}).json["results"][0]
    path = f"/api/projects/{project['projectId']}/story-editor/outline"

    plain = studio.call("POST", path, SOP_CONCEPT).json
    pinned = studio.call("POST", path, SOP_CONCEPT | {"pinnedReferences": [far["id"]]}).json
    unknown = studio.call("POST", path, SOP_CONCEPT | {"pinnedReferences": ["no_such_reference"]})

    assert len(plain["references"]) == 5
    assert plain["gates"]["rag"]["facts"]["references"] == 5
    assert far["id"] not in {row["id"] for row in plain["references"]}
    assert pinned["references"][0]["id"] == far["id"]
    assert (unknown.status, unknown.json["errors"][0]["field"]) == (422, "pinnedReferences")
