"""SOP section D on every route of steps 0 to 5 and 7.5: each role gets what it may, an outsider sees nothing."""

from typing import Any

import pytest

from tests.integration.studio import SOP_CONCEPT, SOP_CONTRACT, Route, Studio, routes
from vibeboard.domain.roles import PERMISSIONS, ROLES
from vibeboard.http.access import ROUTES
from vibeboard.store import objects

MODULES = {"projects", "producer", "story_editor", "search", "assets", "foundry", "optics"}
# Quotas are the organization's, and a refocus names its project in the body: who may is tested in test_producer.py
# and test_optics.py.
ELSEWHERE = ("/api/quotas/", "/api/optics/refocus")
OWN = [
    route for route in routes() if route.module.removesuffix(".app") in MODULES and not route.path.startswith(ELSEWHERE)
]
OPTICS = {"camera": "RED V-Raptor", "lens": "Lensbaby 85mm T1.8"}

# What a permitted caller sends; what is not named here needs no body.
BODIES: dict[str, Any] = {
    "POST /api/projects": {"creativeContract": SOP_CONTRACT, "concept": SOP_CONCEPT},
    "PUT /api/projects/{projectId}": {"title": "Suds"},
    "PUT /api/projects/{projectId}/members/{userId}": {"role": "viewer"},
    "POST /api/projects/{projectId}/uploads": {"name": "a.png", "kind": "asset"},
    "POST /api/projects/{projectId}/budget/overrides": {"amount": 1.0, "reason": "more rain"},
    "POST /api/me/quota/top-ups": {"amount": 5},
    "POST /api/projects/{projectId}/render-queue/estimate": {"shotCount": 3},
    "POST /api/projects/{projectId}/story-editor/outline": SOP_CONCEPT,
    "POST /api/search/semantic": {"query": "neo-noir cinematography laundromat scenes", "limit": 5},
    "POST /api/projects/{projectId}/assets": {"name": "SC09_SH01_LOC_Roof"},
    "PUT /api/projects/{projectId}/assets/{assetId}": {"name": "SC09_SH02_LOC_Cellar"},
    "POST /api/projects/{projectId}/assets/deconstruct": {"assetId": "{assetId}"},
    "POST /api/projects/{projectId}/foundry/characters": {"name": "Passer By"},
    "POST /api/projects/{projectId}/training/start": {"characterId": "char_femme_fatale"},
    "POST /api/optics/rack-focus": OPTICS,
    # orders that are decided in their own write: the shape comes first, then the role, then whether the film is there
    "POST /api/projects/{projectId}/foundry/characters/{characterId}/perform": {"drivingKey": "projects/p/none.mp4"},
    "POST /api/projects/{projectId}/foundry/characters/{characterId}/contacts": {
        "videoKey": "projects/p/none.mp4", "objectName": "key", "box": [0.1, 0.1, 0.2, 0.2], "frames": 24,
    },
}  # fmt: skip
# What needs material of its own is refused for its empty body, once the role was found to be enough.
FOR_ITS_BODY = {
    "POST /api/projects/{projectId}/assets/rename",
    "POST /api/projects/{projectId}/foundry/characters/{characterId}/likeness",
    "POST /api/projects/{projectId}/foundry/characters/{characterId}/perform",
    "POST /api/projects/{projectId}/foundry/characters/{characterId}/contacts",
    "GET /api/projects/{projectId}/story-editor/outline/diff",
}
SUCCESS = {
    "POST /api/projects": 201,
    "POST /api/projects/{projectId}/uploads": 201,
    "POST /api/me/quota/top-ups": 201,
    "POST /api/projects/{projectId}/budget/overrides": 201,
    "POST /api/projects/{projectId}/story-editor/outline": 201,
    "POST /api/projects/{projectId}/story-editor/breakdown": 201,
    "POST /api/projects/{projectId}/story-editor/outline/versions/{version}/restore": 201,
    "POST /api/projects/{projectId}/story-editor/outline/acts/{act}": 201,
    "POST /api/projects/{projectId}/assets": 201,
    "POST /api/projects/{projectId}/assets/deconstruct": 202,
    "POST /api/projects/{projectId}/foundry/characters": 201,
    "POST /api/projects/{projectId}/foundry/style-bible": 201,
    "POST /api/projects/{projectId}/training/start": 202,
}
LAST = ("DELETE /api/projects/{projectId}/members/{userId}", "DELETE /api/projects/{projectId}")


def _film(studio: Studio, picture: Any) -> dict[str, str]:
    """A project where every route has something to work on; answers the ids for the paths."""
    pid = studio.project()["projectId"]
    base = f"/api/projects/{pid}"
    studio.call("PUT", f"{base}/members/guest", {"role": "viewer"})
    studio.upload(pid, "ref1.jpg", "reference", picture())
    upload = studio.call("POST", f"{base}/uploads", {"name": "set.png", "kind": "asset"}).json
    objects.write(upload["fields"]["key"], picture(64, 64, "PNG"))
    studio.call("POST", f"{base}/story-editor/outline", SOP_CONCEPT)
    studio.call("POST", f"{base}/story-editor/breakdown")
    studio.call("POST", f"{base}/foundry/characters", {"name": "Femme Fatale"})
    studio.call("POST", f"{base}/foundry/style-bible")
    asset = studio.call("POST", f"{base}/assets", {"name": "SC08_SH01_LOC_Yard"}).json
    return {
        "projectId": pid,
        "userId": "guest",
        "uploadId": upload["uploadId"],
        "assetId": asset["assetId"],
        "characterId": "char_femme_fatale",
        "version": "1",
        "act": "2",
    }


def _expected(route: Route, user: str | None) -> int:
    if user is None:
        return 401
    permission = ROUTES[route.method, route.path]
    needed = PERMISSIONS[permission]
    if needed is not None:
        if user == "outsider":
            return 404
        if ROLES.index(user) < ROLES.index(needed):
            return 403
    return 422 if route.key in FOR_ITS_BODY else SUCCESS.get(route.key, 200)


def _send(studio: Studio, route: Route, ids: dict[str, str], user: str | None) -> int:
    path = route.path.format(**ids)
    body = BODIES.get(route.key)
    if isinstance(body, dict) and "assetId" in body:
        body = {"assetId": ids["assetId"]}
    query = {"force": "true"} if route.key == LAST[1] else None
    return studio.call(route.method, path, body, user=user, query=query).status


def test_given_the_permission_table_when_compared_with_the_template_then_no_route_is_without_a_handler() -> None:
    served = {(route.method, route.path) for route in routes()}

    assert served == ROUTES.keys()


@pytest.mark.parametrize("user", [None, "outsider", "viewer", "editor", "admin", "owner"])
def test_given_a_person_when_every_route_is_called_then_each_answers_by_the_role(
    studio: Studio, picture: Any, user: str | None
) -> None:
    ids = _film(studio, picture)
    ordered = [route for route in OWN if route.key not in LAST]
    ordered += [route for key in LAST for route in OWN if route.key == key]

    wrong = {}
    for route in ordered:
        got = _send(studio, route, ids, user)
        if got != _expected(route, user):
            wrong[route.key] = f"{got} instead of {_expected(route, user)}"

    assert wrong == {}, wrong


@pytest.mark.parametrize("user", ["outsider", "viewer", None])
def test_given_a_person_without_the_role_when_everything_was_tried_then_nothing_changed(
    studio: Studio, picture: Any, user: str | None
) -> None:
    ids = _film(studio, picture)
    before = studio.everything()

    for route in OWN:
        if route.method != "GET" and PERMISSIONS[ROUTES[route.method, route.path]] not in (None, "viewer"):
            _send(studio, route, ids, user)

    assert studio.everything() == before
