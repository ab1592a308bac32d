"""The SOP's own JSON against the real routes: each request goes in as the SOP writes it, each answer carries the SOP's
fields with their types. The same examples stand in docs/reference/openapi.json."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from local.openapi import examples
from local.reference import FOLDER
from tests.integration.shoot import Shoot
from tests.integration.studio import Studio
from vibeboard.jobs import settlement
from vibeboard.jobs.waiting import read_job
from vibeboard.store.audit import log_failure

DOCUMENT: dict[str, Any] = json.loads((FOLDER / "openapi.json").read_text("utf-8"))
ROWS = {(row["step"], row["route"]): row for row in examples()}
P = "/api/projects/{projectId}"
C = P + "/scene-chains/{chainId}"
S = C + "/segments/{segmentId}"


class Tried:
    """Sends examples and keeps which were sent, so that none is forgotten."""

    def __init__(self, studio: Studio) -> None:
        self.studio, self.done = studio, set[tuple[str, str]]()

    def __call__(self, step: str, route: str, user: str = "owner", **ids: str) -> Any:
        """Send the example's request (only its "..." are filled in), and hold the answer against its schema."""
        row = ROWS[step, route]
        method, path = route.split(" ")
        body = row.get("request")
        sent = None if body is None else {name: _filled(name, value, ids) for name, value in body.items()}
        answer = self.studio.call(method, path.format(**ids), sent, user=user)
        assert answer.status in (200, 201, 202), (row["title"], answer.text)
        if "response" in row:
            operation = DOCUMENT["paths"][path][method.lower()]
            schema = operation["responses"][str(answer.status)]["content"]["application/json"]["schema"]
            faults = [
                f"{fault.json_path}: {fault.message}" for fault in Draft202012Validator(schema).iter_errors(answer.json)
            ]
            assert faults == [], row["title"]
        self.done.add((step, route))
        return answer.json


def _filled(name: str, value: Any, ids: dict[str, str]) -> Any:
    known = {"sceneChainId": ids.get("chainId"), "segmentId": ids.get("segmentId"), "projectId": ids.get("projectId")}
    return known.get(name) or value if value == "..." else value


def test_given_the_sops_json_of_steps_0_to_5_when_sent_then_every_route_takes_it_and_answers_its_fields(
    studio: Studio,
) -> None:
    tried = Tried(studio)
    made = tried("0", "POST /api/projects")
    assert (
        made["creativeContract"] | ROWS["0", "POST /api/projects"]["request"]["creativeContract"]
        == made["creativeContract"]
    )
    ids = {"projectId": made["projectId"]}
    tried("0", f"PUT {P}", **ids)
    tried("1", "POST /api/search/semantic")
    tried("1", f"POST {P}/story-editor/outline", **ids)
    tried("2", f"POST {P}/story-editor/breakdown", **ids)

    asset = {"name": "SC01_SH03_LOC_LaundromaInterior", "sourcePrompt": "Neo-noir laundromat", "seed": 42, "model": "m"}
    held = studio.call("POST", f"/api/projects/{made['projectId']}/assets", asset).json
    tried("3", f"GET {P}/assets/{{assetId}}", assetId=held["assetId"], **ids)

    character = tried("4", f"POST {P}/foundry/characters", **ids)
    sent = ROWS["4", f"POST {P}/foundry/characters"]["request"]
    assert {name: character[name] for name in sent} == sent
    training = tried("4", f"POST {P}/training/start", **ids)
    settlement.succeed(read_job(made["projectId"], training["jobId"]), {"loraId": "lora_123"})
    done = tried("4", f"GET {P}/training/{{characterId}}", characterId=character["characterId"], **ids)
    assert (done["loraId"], done["status"]) == ("lora_123", "complete")
    studio.call("POST", f"/api/projects/{made['projectId']}/foundry/style-bible", {})
    assert tried("4", f"GET {P}/foundry/style-bible", **ids)["characters"][0]["loraId"] == "lora_123"

    optics = tried("5", "POST /api/optics/rack-focus")
    wanted = ROWS["5", "POST /api/optics/rack-focus"]["response"]["masterCinematic"].removesuffix("...")
    assert optics["masterCinematic"].startswith(wanted)

    assert tried.done == {key for key in ROWS if key[0] in ("0", "1", "2", "3", "4", "5")}


def test_given_the_sops_json_from_the_shoot_on_when_sent_then_every_route_takes_it_and_answers_its_fields(
    studio: Studio, project: dict[str, Any]
) -> None:
    tried = Tried(studio)
    pid = project["projectId"]
    studio.call("POST", f"/api/projects/{pid}/foundry/characters", {"name": "Femme Fatale"})
    shoot = Shoot(studio, project, shots=2)
    ids = {"projectId": pid, "chainId": shoot.chain, "segmentId": shoot.segments[0], "shotId": shoot.segments[0]}
    other = tried("6", f"POST {P}/scene-chains", projectId=pid)
    tried("6", f"POST {C}/segments", projectId=pid, chainId=other["id"])
    estimate = tried("7.5", f"POST {P}/render-queue/estimate", **ids)
    assert (estimate["estimatedCost"], estimate["shotCount"]) == (14.5, 58)
    shoot.frames()
    tried("8", f"POST {S}/generate", **ids)
    shoot = shoot.footage(
        issues=[{"name": "identity_drift", "severity": "medium", "frame": 3, "value": 0.6}], score=0.72
    )
    shoot.put_media()
    tried("8", f"GET {S}", **ids)
    tried("8.5", f"GET {C}/continuity-report", **ids)
    shoot.approved()
    tried("10", f"GET {P}/sequencer/timeline/{{chainId}}", **ids)
    tried("10", f"PUT {S}", **ids)
    tried("9.5", f"PUT {S}/lock", user="admin", **ids)
    shoot.locked()
    tried("10.5", f"PUT {C}/picture-lock", user="admin", **ids)
    log_failure(pid, trace_id="trace_1", service="RunPod", error="GPU timeout", segment_id="seg_1", retry_count=2)
    tried("B", f"GET {P}/operations-log", **ids)
    tried("12", f"GET {P}/export/qc", **ids)

    later = {("11", f"POST {P}/render-queue/jobs"), ("12", f"POST {P}/export/master")}
    for step, route in later:  # these want a dearer film than the SOP's 20 USD: their fields are taken, money refuses
        method, path = route.split(" ")
        body = {name: _filled(name, value, ids) for name, value in ROWS[step, route]["request"].items()}
        assert studio.call(method, path.format(**ids), body).status != 422, route
    assert {key for key in ROWS if float(key[0] if key[0] != "B" else 0) > 5} - tried.done - later == {
        ("11", f"POST {P}/render-queue/jobs/{{renderId}}/shots/{{shotId}}/promote"),
        ("12", "GET /api/exports/jobs/{jobId}"),
    }  # their requests and answers are those of tests/integration/test_finish.py


@pytest.mark.parametrize(
    "row", [row for row in examples() if "request" in row], ids=lambda row: f"{row['step']}-{row['title']}"
)
def test_given_the_sops_request_with_one_field_misspelt_when_sent_then_the_field_is_named(
    row: dict[str, Any],
) -> None:
    method, path = row["route"].split(" ")
    schema = DOCUMENT["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({"components": DOCUMENT["components"], **schema})
    name = next(iter(row["request"]))
    wrong = {key + ("X" if key == name else ""): value for key, value in row["request"].items()}
    assert not list(validator.iter_errors(row["request"]))
    assert list(validator.iter_errors(wrong)), "a misspelt field would be taken"
