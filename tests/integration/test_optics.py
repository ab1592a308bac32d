"""SOP step 5 over HTTP: numbers from real geometry, the modifier, and the style lock."""

from typing import Any

import pytest

from tests.integration.line import Line, job_of
from tests.integration.studio import Studio
from vibeboard.domain.gear import CAMERAS, LENSES
from vibeboard.store import chains, objects

ROUTE = "/api/optics/rack-focus"
SOP_INPUT: dict[str, Any] = {
    "camera": "RED V-Raptor",
    "lens": "Lensbaby 85mm T1.8",
    "lensCharacter": {"fNumber": 1.8, "focalLength": 85, "lensType": "standard", "bokehShape": "round"},
}


def test_given_the_sops_input_when_computed_then_its_elements_come_in_order(studio: Studio) -> None:
    answer = studio.call("POST", ROUTE, SOP_INPUT, user="outsider")

    assert answer.status == 200
    modifier = answer.json["masterCinematic"]
    elements = [
        "85mm lens", "f/1.8 aperture", "shallow depth of field", "creamy bokeh background",
        "REDWideGamutRGB color science", "anamorphic lens flares", "cinematic film grain",
    ]  # fmt: skip
    places = [modifier.index(element) for element in elements]
    assert places == sorted(places)
    keys = answer.json["rackFocus"]["keyframes"]
    assert (keys[0]["distance"], keys[-1]["distance"]) == (2.0, 5.0)
    assert keys[0]["blurFrom"] == 0 < keys[0]["blurTo"]
    assert keys[-1]["blurTo"] == 0 < keys[-1]["blurFrom"]


def test_given_a_lens_focused_at_two_metres_when_computed_then_the_depth_is_the_formulas(studio: Studio) -> None:
    body = SOP_INPUT | {"focusFrom": 2.0, "focusTo": 500.0, "frames": 10, "hold": 0}

    answer = studio.call("POST", ROUTE, body).json

    coc = answer["camera"]["circleOfConfusion"]
    limit = 85**2 / (1.8 * coc) + 85
    near = 2_000 * (limit - 85) / (limit + 2_000 - 170) / 1_000
    assert answer["depthOfField"]["from"]["near"] == pytest.approx(near, rel=0.001)
    assert answer["depthOfField"]["to"]["far"] is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"camera": "Potato 3000"}, "CAMERA_UNKNOWN"),
        ({"lensCharacter": {"fNumber": 0.1, "focalLength": 85}}, "OPTICS_IMPOSSIBLE"),
        ({"lensCharacter": {"fNumber": 1.8, "focalLength": 0}}, "OPTICS_IMPOSSIBLE"),
        ({"lensCharacter": {"fNumber": -1, "focalLength": 85}}, "OPTICS_IMPOSSIBLE"),
        ({"lens": "my old lens", "lensCharacter": None}, "OPTICS_IMPOSSIBLE"),
        ({"focusFrom": 0.01}, "OPTICS_IMPOSSIBLE"),
        ({"frames": 4, "hold": 3}, "OPTICS_IMPOSSIBLE"),
        ({"focusFrom": -2.0}, "VALIDATION_FAILED"),
        ({"frames": 10**9}, "VALIDATION_FAILED"),
        ({"camera": ["RED"]}, "VALIDATION_FAILED"),
        ({"zoom": 2}, "VALIDATION_FAILED"),
        ({"sceneChainId": "chn_1"}, "VALIDATION_FAILED"),
        ({"lensCharacter": {"fNumber": 0.7, "focalLength": 1200}}, "OPTICS_IMPOSSIBLE"),
        ({"lensCharacter": {"fNumber": 2, "focalLength": 50, "bokehShape": "heart of gold"}}, "OPTICS_IMPOSSIBLE"),
        ({"lensCharacter": {"fNumber": 2, "focalLength": 50, "lensType": "kaleidoscope"}}, "OPTICS_IMPOSSIBLE"),
        ({"lens": "a lens"} | {"lensCharacter": None}, "OPTICS_IMPOSSIBLE"),
    ],
)
def test_given_impossible_optics_when_asked_then_422_with_the_reason(
    studio: Studio, change: dict[str, Any], code: str
) -> None:
    answer = studio.call("POST", ROUTE, SOP_INPUT | change)

    assert (answer.status, answer.code) == (422, code)
    assert answer.json["fix"]
    assert answer.json["errors"]


def test_given_a_chain_with_its_style_when_optics_are_asked_for_it_then_style_locked(
    studio: Studio, project: dict[str, Any]
) -> None:
    pid = project["projectId"]
    chains.put_chain(pid, {"id": "chn_free", "orderIndex": 0}, "user_owner")
    chains.put_chain(pid, {"id": "chn_set", "orderIndex": 1, "masterStyleContext": "85mm lens"}, "user_owner")

    def ask(chain: str, user: str = "editor") -> Any:
        return studio.call("POST", ROUTE, SOP_INPUT | {"projectId": pid, "sceneChainId": chain}, user=user)

    assert ask("chn_free").status == 200
    locked = ask("chn_set")
    assert (locked.status, locked.code) == (423, "STYLE_LOCKED")
    assert locked.json["detail"] == "Style locked. Create new chain for different look"
    assert ask("chn_none").status == 404
    assert ask("chn_free", user="outsider").status == 404
    assert ask("chn_free", user="viewer").status == 403


def test_given_the_gear_when_read_then_every_camera_and_lens_is_there(studio: Studio) -> None:
    shown = studio.call("GET", "/api/optics/gear", user="viewer").json

    assert [row["name"] for row in shown["cameras"]] == [camera.name for camera in CAMERAS]
    assert [row["name"] for row in shown["lenses"]] == [lens.name for lens in LENSES]
    assert "hexagonal" in shown["bokehShapes"]
    used = studio.call("POST", ROUTE, SOP_INPUT | {"lens": "Cooke S4 50mm T2.0", "lensCharacter": None}).json["lens"]
    assert (used["tStop"], used["fNumber"], used["coversSensor"]) == (2.0, pytest.approx(1.897, abs=1e-3), False)


REFOCUS = {"focusX": 60, "focusY": 150, "camera": "RED V-Raptor", "lens": "Lensbaby 85mm T1.8"}


def test_given_a_picture_when_refocused_then_a_job_leaves_a_new_one_sharp_where_asked(
    studio: Studio, project: dict[str, Any], picture: Any
) -> None:
    pid = project["projectId"]
    key = studio.upload(pid, "plate.png", "asset", picture(320, 180, "PNG")).json["key"]

    answer = studio.call("POST", "/api/optics/refocus", REFOCUS | {"projectId": pid, "imageKey": key}, user="editor")
    again = studio.call("POST", "/api/optics/refocus", REFOCUS | {"projectId": pid, "imageKey": key}, user="editor")
    Line(studio).until_quiet()

    assert (answer.status, answer.headers["location"]) == (202, f"/api/jobs/{answer.json['jobId']}")
    assert again.json["jobId"] == answer.json["jobId"]
    job = job_of(pid, answer.json["jobId"])
    assert (job["status"], job["result"]["model"], job["input"]["params"]["bokehShape"]) == (
        "SUCCEEDED",
        "sandbox/lens-blur",
        "round",
    )
    assert objects.read(job["result"]["frame"])[:4] == b"\x89PNG"
    assert studio.call("GET", f"/api/jobs/{job['jobId']}").json["outputUrl"]


@pytest.mark.parametrize(
    ("change", "user", "status"),
    [
        ({"imageKey": "projects/other/x.png"}, "editor", 422),
        ({"imageKey": "../../etc/passwd"}, "editor", 422),
        ({"focusX": -1}, "editor", 422),
        ({"focusX": "left"}, "editor", 422),
        ({"strength": 0}, "editor", 422),
        ({"camera": "Brownie"}, "editor", 422),
        ({"sceneChainId": "chn_none"}, "editor", 404),
        ({}, "viewer", 403),
        ({}, "outsider", 404),
    ],
)
def test_given_a_bad_refocus_when_ordered_then_it_is_refused_and_nothing_is_stored(
    studio: Studio, project: dict[str, Any], picture: Any, change: dict[str, Any], user: str, status: int
) -> None:
    key = studio.upload(project["projectId"], "plate.png", "asset", picture(320, 180, "PNG")).json["key"]
    before = studio.everything()

    body = REFOCUS | {"projectId": project["projectId"], "imageKey": key} | change
    answer = studio.call("POST", "/api/optics/refocus", body, user=user)

    assert answer.status == status, answer.text
    assert answer.code
    assert studio.everything() == before
