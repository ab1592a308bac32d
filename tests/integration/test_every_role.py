"""SOP section D from the shoot to the delivery: generate, locks, override, export, delete, and an outsider on all."""

import json
from typing import Any

import pytest

from tests.integration.shoot import Shoot
from tests.integration.studio import Studio, client, routes
from vibeboard.domain.roles import PERMISSIONS, ROLES
from vibeboard.http.access import ROUTES
from vibeboard.store import approvals

EARLIER = {"projects", "producer", "story_editor", "search", "assets", "foundry", "optics", "webhooks"}
LATER = sorted(
    (route for route in routes() if route.module.removesuffix(".app") not in EARLIER),
    key=lambda route: route.method == "DELETE",  # what the others need goes last
)

BODIES: dict[str, Any] = {
    "POST /api/projects/{projectId}/scene-chains": {"name": "Scene 2"},
    "PUT /api/projects/{projectId}/scene-chains/{chainId}": {"name": "Scene one"},
    "POST /api/projects/{projectId}/scene-chains/{chainId}/segments": {"prompt": "One more"},
    "PUT /api/projects/{projectId}/scene-chains/{chainId}/segments/{segmentId}": {"audioGain": 0.9},
    "PUT /api/projects/{projectId}/scene-chains/{chainId}/segments/{segmentId}/review": {"review": "approved"},
    "PUT /api/projects/{projectId}/scene-chains/{chainId}/segments/{segmentId}/exceptions/{issue}": {"state": "open"},
    "PUT /api/projects/{projectId}/scene-chains/{chainId}/segments/{segmentId}/lock": {"locked": True},
    "PUT /api/projects/{projectId}/scene-chains/{chainId}/picture-lock": {"pictureLocked": True},
    "POST /api/projects/{projectId}/sequencer/timeline/{chainId}/cues": {
        "kind": "music",
        "name": "Theme",
        "seconds": 2,
    },
    "PUT /api/projects/{projectId}/sequencer/timeline/{chainId}/cues/{cueId}": {"gain": 0.5},
    "PUT /api/projects/{projectId}/sequencer/timeline/{chainId}/markers": {"markers": [{"at": 1, "name": "Look"}]},
    "POST /api/projects/{projectId}/render-queue/jobs": {"sceneChainId": "chn_none", "qualities": ["draft"]},
    "POST /api/projects/{projectId}/render-queue/jobs/{renderId}/shots/{shotId}/promote": {"quality": "review"},
    "POST /api/projects/{projectId}/render-queue/jobs/{renderId}/promote": {"quality": "review"},
    "POST /api/exports/{exportId}/publish": {},
    "POST /api/projects/{projectId}/export/master": {"resolution": "720p"},
    "POST /api/approvals/{approvalId}/decision": {"decision": "approve"},
}
SHOT = {"/api/vfx/", "/api/process/"}


@pytest.fixture
def machine(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state machine to start; it does nothing, for who may start it is the question here."""
    step_functions = client("stepfunctions")
    role = "arn:aws:iam::123456789012:role/production"
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    made = step_functions.create_state_machine(name="production", definition=definition, roleArn=role)
    monkeypatch.setenv("PRODUCTION_MACHINE_ARN", made["stateMachineArn"])
    monkeypatch.setenv("CONTINUITY_MACHINE_ARN", made["stateMachineArn"])


@pytest.fixture
def ids(studio: Studio, project: dict[str, Any], machine: None) -> dict[str, str]:
    """A film with footage, one approval and one job, and the ids that lead to all of it."""
    shoot = Shoot(studio, project).frames().footage().approved()
    job = studio.call("POST", shoot.path(0, "/generate"), {}).json["jobId"]
    asked = approvals.open_approval(shoot.project_id, "delivery", "token", subject={}, attempt=1)
    return {
        "projectId": shoot.project_id,
        "chainId": shoot.chain,
        "segmentId": shoot.segments[0],
        "shotId": shoot.segments[0],
        "jobId": job,
        "renderId": "rnd_none",
        "exportId": job.replace("job_", "exp_"),
        "approvalId": asked["approvalId"],
        "issue": "flicker",
        "cueId": "cue_none",
        "revision": "0",
        "name": "Master.edl",
        "takeId": studio.call("GET", shoot.path(0, "/takes")).json["takes"][0]["takeId"],
    }


def _body(path: str, key: str, ids: dict[str, str]) -> Any:
    if any(path.startswith(start) for start in SHOT):
        shot = {"projectId": ids["projectId"], "sceneChainId": ids["chainId"], "segmentId": ids["segmentId"]}
        more = {"magic-eraser": {"x": 0, "y": 0, "width": 0.1, "height": 0.1}, "ai-reshoot": {"prompt": "again"}}
        return shot | next((extra for name, extra in more.items() if path.endswith(name)), {})
    return BODIES.get(key)


@pytest.mark.parametrize("user", [None, "outsider", "viewer", "editor", "admin", "owner"])
def test_given_a_person_when_every_later_route_is_called_then_only_the_role_decides_who_is_turned_away(
    studio: Studio, ids: dict[str, str], user: str | None
) -> None:
    wrong = {}
    for route in LATER:
        answer = studio.call(route.method, route.path.format(**ids), _body(route.path, route.key, ids), user=user)
        needed = PERMISSIONS[ROUTES[route.method, route.path]]
        if user is None:
            expected = answer.status == 401
        elif user == "outsider":
            expected = answer.status == 404 or needed is None
        elif route.key == "POST /api/approvals/{approvalId}/decision":
            expected = answer.status == (200 if user == "owner" else 403)
        elif needed is not None and ROLES.index(user) < ROLES.index(needed):
            expected = (answer.status, answer.code) == (403, "ROLE_INSUFFICIENT")
        else:
            expected = answer.status not in (401, 403, 500)
        if not expected:
            wrong[route.key] = (answer.status, answer.code)
    assert wrong == {}


def test_given_another_projects_ids_inside_ones_own_then_they_read_as_missing(
    studio: Studio, ids: dict[str, str]
) -> None:
    own = studio.project(user="outsider")["projectId"]
    base = f"/api/projects/{own}/scene-chains/{ids['chainId']}"
    shot = {"projectId": own, "sceneChainId": ids["chainId"], "segmentId": ids["segmentId"]}
    answers = [
        studio.call("GET", base, user="outsider"),
        studio.call("POST", f"{base}/segments/{ids['segmentId']}/generate", {}, user="outsider"),
        studio.call("PUT", f"{base}/segments/{ids['segmentId']}/lock", {"locked": True}, user="outsider"),
        studio.call("POST", "/api/vfx/motion-fix", shot, user="outsider"),
        studio.call("POST", f"/api/projects/{own}/export/master", {"sceneChainId": ids["chainId"]}, user="outsider"),
    ]
    assert [answer.status for answer in answers] == [404] * 5
