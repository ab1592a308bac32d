"""AWS calls per request: every route of the template once, on a project of realistic size, and what its handler called.

    python -m tests.benchmarks.aws_calls      writes the table beside this file

A new route needs a step in `play`; the test names those without one. The Idempotency-Key is sent wherever one is taken.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from botocore.client import BaseClient

from tests.integration.shoot import FRAME, Shoot, clip_result
from tests.integration.studio import BUCKET, Studio, routes
from vibeboard.jobs import settlement
from vibeboard.store import approvals, keys
from vibeboard.store.table import Delete, Put, table

TABLE = Path(__file__).parent / "aws_calls.md"
WRITE = "WRITE_AWS_CALLS"
SHOTS = 58  # the SOP's own chain
MOST = 6
HELD = {  # tighter than MOST
    "GET /api/projects/{projectId}/scene-chains/{chainId}": 2,  # one query, and who asks
    "POST /api/projects/{projectId}/scene-chains/{chainId}/segments/{segmentId}/generate-frame": 3,
    "POST /api/projects/{projectId}/scene-chains/{chainId}/segments/{segmentId}/generate": 3,
    "POST /api/projects/{projectId}/scene-chains/{chainId}/generate": 4,
}
P = "/api/projects/{projectId}"
C = P + "/scene-chains/{chainId}"
S = C + "/segments/{segmentId}"


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """AWS calls made inside, by `service.Operation`; a signed link is no call."""
    calls: Counter[str] = Counter()
    made = BaseClient._make_api_call  # type: ignore[attr-defined]

    def count(self: Any, operation: str, arguments: Any) -> Any:
        calls[f"{self.meta.service_model.service_name}.{operation}"] += 1
        return made(self, operation, arguments)

    with patch.object(BaseClient, "_make_api_call", count):
        yield calls


class Play:
    """Calls routes one after another and notes what each called."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.ids: dict[str, str] = {}
        self.found: dict[str, Counter[str]] = {}
        self.status: dict[str, int] = {}

    def __call__(
        self, route: str, body: Any = None, user: str | None = "owner", *, key: bool = False, **sent: Any
    ) -> Any:
        method, path = route.split(" ")
        headers = {"Idempotency-Key": f"key-{len(self.found)}"} if key else {}
        with counted() as calls:
            answer = self.studio.call(method, path.format(**self.ids), body, user, headers, **sent)
        assert answer.status < 400, f"{route}: {answer.status} {answer.text[:600]}"
        self.found[route], self.status[route] = calls, answer.status
        return json.loads(answer.text) if answer.text.startswith(("{", "[")) else answer.text

    def no(self, route: str, body: Any = None, user: str | None = "owner") -> None:
        """A route that refuses here: what it takes to say no."""
        method, path = route.split(" ")
        with counted() as calls:
            answer = self.studio.call(method, path.format(**self.ids), body, user)
        assert 400 <= answer.status < 500, answer.text
        self.found[route], self.status[route] = calls, answer.status


def play(studio: Studio) -> Play:
    """The whole SOP, request by request."""
    call = Play(studio)
    _brief(call)
    _look(call)
    shoot = _storyboard(call)
    _money(call)
    _dailies(call, shoot)
    _cut(call, shoot)
    _deliver(call)
    _office(call)
    return call


def _brief(call: Play) -> None:
    contract = {
        "targetFormat": "trailer", "targetRuntime": 60, "aspectRatio": "21:9", "budgetCap": 200.0,
        "referencePack": ["ref1.jpg", "ref2.jpg", "ref3.jpg"], "styleNotes": "Neo-noir",
    }  # fmt: skip
    concept = {"concept": "Neo-Noir Laundromat", "genre": "thriller", "tone": "dark"}
    made = call(
        "POST /api/projects", {"title": "Laundromat", "creativeContract": contract, "concept": concept}, key=True
    )
    call.ids["projectId"] = made["projectId"]
    for user in ("user_owner", "user_editor"):
        much = {"granted": 10**9, "available": 10**9, "reserved": 0, "committed": 0}
        table().write(Put({**keys.quota(user), **much}))
    call("GET /api/projects")
    call(f"GET {P}")
    call(f"PUT {P}", {"creativeContract": {"styleNotes": "Neo-noir, high contrast"}})
    started = call(f"POST {P}/uploads", {"name": "ref4.jpg", "kind": "reference"}, "editor")
    boto3.client("s3").put_object(Bucket=BUCKET, Key=started["fields"]["key"], Body=_picture())
    call.ids["uploadId"] = started["uploadId"]
    call(f"POST {P}/uploads/{{uploadId}}/complete", None, "editor")
    call(f"GET {P}/members")
    call.ids["userId"] = "user_guest"
    call(f"PUT {P}/members/{{userId}}", {"role": "viewer", "name": "Guest"}, "admin")
    call(f"DELETE {P}/members/{{userId}}", None, "admin")
    call(f"POST {P}/contract/lock", None, "admin")
    call(f"GET {P}/gates")
    call("POST /api/search/semantic", {"query": "neo-noir cinematography laundromat scenes", "limit": 5})
    call(f"POST {P}/story-editor/outline", concept, "editor", key=True)
    call(f"GET {P}/story-editor/outline")
    call(f"POST {P}/story-editor/breakdown", {}, "editor", key=True)
    call(f"GET {P}/story-editor/breakdown")
    call(f"POST {P}/story-editor/prompts", {}, "editor", key=True)
    call.ids |= {"act": "1", "version": "1"}
    call(f"POST {P}/story-editor/outline/acts/{{act}}", {}, "editor", key=True)
    call(f"GET {P}/story-editor/outline/diff", query={"from": "1", "to": "2"})
    call(f"POST {P}/story-editor/outline/versions/{{version}}/restore", {}, "editor", key=True)
    call(f"GET {P}/story-editor/screenplay")


def _look(call: Play) -> None:
    asset = call(f"POST {P}/assets", {"name": "SC01_SH03_PROP_WashingMachine"}, "editor", key=True)
    call.ids["assetId"] = asset["assetId"]
    call(f"GET {P}/assets")
    call(f"GET {P}/assets/{{assetId}}")
    call(f"GET {P}/assets/{{assetId}}/provenance")
    call(f"PUT {P}/assets/{{assetId}}", {"name": "SC01_SH03_PROP_Dryer"}, "editor")
    renames = [{"assetId": asset["assetId"], "name": "SC01_SH03_PROP_Drum"}]
    call(f"POST {P}/assets/rename", {"renames": renames}, "editor")
    call(f"POST {P}/assets/deconstruct", {"assetId": asset["assetId"]}, "editor", key=True)
    person = {"name": "Femme Fatale", "attributes": {"age": "30s"}, "primaryImageUrl": "ref1.jpg"}
    made = call(f"POST {P}/foundry/characters", person, "editor", key=True)
    call(f"GET {P}/foundry/characters")
    call(f"POST {P}/foundry/style-bible", {}, "editor", key=True)
    call(f"GET {P}/foundry/style-bible")
    call(f"POST {P}/training/start", {"characterId": made["characterId"]}, "editor", key=True)
    call.ids["characterId"] = made["characterId"]
    call(f"GET {P}/training/{{characterId}}")
    _acting(call)
    call("GET /api/optics/gear")
    optics = {
        "camera": "RED V-Raptor", "lens": "Lensbaby 85mm T1.8", "projectId": call.ids["projectId"],
        "lensCharacter": {"fNumber": 1.8, "focalLength": 85, "lensType": "standard", "bokehShape": "round"},
    }  # fmt: skip
    call("POST /api/optics/rack-focus", optics, "editor")
    picture = keys.media_prefix(call.ids["projectId"]) + "still.jpg"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=picture, Body=_picture())
    focus = {"imageKey": picture, "focusX": 100, "focusY": 100}
    call("POST /api/optics/refocus", optics | focus, "editor", key=True)


def _acting(call: Play) -> None:
    """What a character does besides being looked at; and the bible's pages."""
    one = f"{P}/foundry/characters/{{characterId}}"
    film = keys.media_prefix(call.ids["projectId"]) + "acting.mp4"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=film, Body=b"film")
    consent = {"uploadId": call.ids["uploadId"], "person": "Ada", "consent": "granted", "scope": "this film"}
    call(f"POST {one}/likeness", consent, "editor")
    call(f"GET {one}/likeness")
    picture = keys.media_prefix(call.ids["projectId"]) + "face.jpg"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=picture, Body=_picture())
    call(f"POST {one}/perform", {"drivingKey": film, "imageKey": picture}, "editor", key=True)
    grip = {"videoKey": film, "objectName": "key", "box": [0.1, 0.1, 0.2, 0.2], "frames": 24}
    call(f"POST {one}/contacts", grip, "editor", key=True)
    for page in ("versions", "violations", "page"):
        call(f"GET {P}/foundry/style-bible/{page}")


def _storyboard(call: Play) -> Shoot:
    call.studio.task("foundry", "optics", projectId=call.ids["projectId"], run=1)
    call(f"POST {P}/scene-chains/export", None, "editor")
    for row in call.studio.items(call.ids["projectId"], "CHAIN#"):  # from here on the film is one chain
        table().write(Delete({"PK": row["PK"], "SK": row["SK"]}))
    chain = {"name": "Scene 9", "masterStyleContext": "85mm lens", "orderIndex": 9}
    call.ids["chainId"] = call(f"POST {P}/scene-chains", chain, "editor")["id"]
    body = [{"prompt": f"Moment {n}", "negativePrompt": "(crowd:1.5)", "duration": 5} for n in range(SHOTS)]
    made = call(f"POST {C}/segments", body, "editor")["segments"]
    shoot = Shoot.__new__(Shoot)
    shoot.studio, shoot.project_id, shoot.chain = call.studio, call.ids["projectId"], call.ids["chainId"]
    shoot.base = C.format(**call.ids)
    shoot.segments = [segment["id"] for segment in made]
    call.ids["segmentId"] = call.ids["shotId"] = shoot.segments[0]
    shoot.settle(call(f"POST {S}/generate-frame", {"which": "first"}, "editor", key=True)["jobId"], FRAME)
    frame = next(row["firstFrame"] for row in _rows(shoot) if row["id"] == call.ids["segmentId"])
    _change(shoot, {"firstFrame": frame, "lastFrame": frame})
    call(f"GET {P}/scene-chains")
    call(f"GET {C}")
    call(f"PUT {C}", {"name": "Scene 9 - Laundromat"}, "editor")
    call(f"PUT {C}/segments/order", {"segmentIds": list(reversed(shoot.segments))}, "editor")
    call(f"GET {S}")
    call(f"PUT {S}", {"prompt": "Another moment"}, "editor")
    _takes(call, shoot)
    issue = {"name": "flicker", "frame": 7, "value": 0.5, "severity": "high"}
    shoot.settle(call(f"POST {S}/generate", {}, "editor", key=True)["jobId"], clip_result(issues=[issue]))
    call(f"POST {C}/generate", {}, "editor", key=True)
    return shoot


def _takes(call: Play, shoot: Shoot) -> None:
    """A second frame, compared and chosen; a shot more and a shot less; and what is stale by then."""
    answer = call.studio.call("POST", shoot.path(0, "/generate-frame"), {"which": "last"}, "editor")
    shoot.settle(answer.json["jobId"], FRAME)
    again = call.studio.call("POST", shoot.path(0, "/generate-frame"), {"which": "first", "prompt": "again"}, "editor")
    shoot.settle(again.json["jobId"], FRAME)
    takes = call(f"GET {S}/takes")["takes"]
    first = [take["takeId"] for take in takes if take["kind"] == "first"]
    call(f"GET {S}/takes/compare", query={"a": first[0], "b": first[1]})
    call.ids["takeId"] = first[0]
    call(f"PUT {S}/takes/{{takeId}}/choose", None, "editor")
    copy = call(f"POST {S}/duplicate", None, "editor", key=True)
    kept, call.ids["segmentId"] = call.ids["segmentId"], copy["id"]
    call(f"DELETE {S}", None, "editor")
    call.ids["segmentId"] = kept
    call(f"POST {C}/rerun", {}, "editor", key=True)


def _money(call: Play) -> None:
    call(f"POST {P}/render-queue/estimate", {"sceneChainId": call.ids["chainId"], "quality": "draft"})
    call(f"GET {P}/statement")
    call(f"GET {P}/statement.csv")
    call("GET /api/me/quota")
    call("POST /api/me/quota/top-ups", {"amount": 5.0, "reference": "inv-1"}, key=True)
    call.ids["userId"] = "user_editor"
    call("GET /api/quotas/{userId}", user="admin")
    call("POST /api/quotas/{userId}/grants", {"amount": 5.0, "reason": "season"}, "admin", key=True)
    call(f"POST {P}/budget/overrides", {"amount": 500.0, "reason": "one more scene"}, "admin", key=True)


def _dailies(call: Play, shoot: Shoot) -> None:
    row = next(row for row in _rows(shoot) if row["id"] == call.ids["segmentId"])
    filmed = {name: row[name] for name in ("clip", "score", "dailies", "report", "review", "clipTakes")}
    _change(shoot, filmed)
    (take,) = call.studio.items(shoot.project_id, f"TAKE#{row['id']}#clip")
    for segment in shoot.segments:
        table().write(Put(take | {"SK": take["SK"].replace(row["id"], segment), "segmentId": segment}))
    call(f"GET {C}/continuity-report")
    call(f"GET {C}/exceptions")
    call.ids["issue"] = "flicker"
    call(f"PUT {S}/exceptions/{{issue}}", {"state": "accepted", "reason": "wanted"}, "editor")
    call(f"GET {C}/notes/edl")
    call(f"GET {C}/notes/csv")
    call(f"PUT {S}/review", {"review": "approved"}, "editor")
    call(f"POST {C}/reviews", {"review": "approved", "segmentIds": shoot.segments[1:3]}, "editor")
    shot = {"projectId": shoot.project_id, "sceneChainId": shoot.chain, "segmentId": call.ids["segmentId"]}
    call("POST /api/vfx/reshoot", shot, "editor", key=True)
    call("POST /api/vfx/rescue-focus", shot, "editor", key=True)
    call("POST /api/vfx/motion-fix", shot, "editor", key=True)
    call("POST /api/vfx/ai-reshoot", shot | {"prompt": "warmer"}, "editor", key=True)
    box = {"x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2}
    call("POST /api/process/magic-eraser", shot | box, "editor", key=True)
    _change(shoot, {"review": "approved"})
    call(f"PUT {S}/lock", {"locked": True}, "admin")
    _change(shoot, {"lockedAt": "2026-01-01T00:00:00.000Z", "lockedBy": "user_admin"})


def _cut(call: Play, shoot: Shoot) -> None:
    call(f"POST {P}/sequencer/timeline/{{chainId}}/assemble", {}, "editor")
    call(f"GET {P}/sequencer/timeline/{{chainId}}")
    T = P + "/sequencer/timeline/{chainId}"
    cue = call(f"POST {T}/cues", {"kind": "music", "name": "Theme", "seconds": 2}, "editor", key=True)
    call.ids["cueId"] = cue["cue"]["id"]
    call(f"PUT {T}/cues/{{cueId}}", {"gain": 0.5}, "editor")
    call(f"DELETE {T}/cues/{{cueId}}", None, "editor")
    call(f"PUT {T}/markers", {"markers": [{"at": 1, "name": "Look"}]}, "editor")
    call(f"GET {T}/revisions")
    call.ids["revision"] = "1"
    call(f"POST {T}/revisions/{{revision}}/restore", None, "editor")
    call(f"POST {T}/preview", None, "editor")
    call(f"PUT {C}/picture-lock", {"pictureLocked": True}, "admin")
    order = {"sceneChainId": shoot.chain, "qualities": ["draft", "review"]}
    call.ids["renderId"] = call(f"POST {P}/render-queue/jobs", order, "editor", key=True)["jobId"]
    call(f"GET {P}/render-queue/jobs/{{renderId}}")
    shots = P + "/render-queue/jobs/{renderId}/shots/{shotId}"
    call(f"POST {shots}/promote", {"quality": "master"}, "editor", key=True)
    for job in call.studio.items(shoot.project_id, "JOB#"):
        if job["operation"] == "clip.render" and job["target"]["segmentId"] == call.ids["shotId"]:
            shoot.settle(job["jobId"], clip_result())
    call(f"GET {shots}/compare", query={"qualityA": "draft", "qualityB": "review"})
    one = P + "/render-queue/jobs/{renderId}"
    call(f"POST {one}/promote", {"quality": "master"}, "editor", key=True)
    _fail_one(call)
    call(f"POST {one}/retry", {}, "editor", key=True)
    call(f"PUT {one}", {"paused": True}, "editor")
    call(f"POST {one}/cancel", None, "editor")


def _fail_one(call: Play) -> None:
    for job in call.studio.items(call.ids["projectId"], "JOB#"):
        if job["operation"] == "clip.render" and job["status"] == "RESERVED":
            settlement.fail(job, {"code": "GPU_TIMEOUT", "message": "late", "fix": ""})
            return


def _deliver(call: Play) -> None:
    chain = call.ids["chainId"]
    call(f"GET {P}/export/qc", query={"sceneChainId": chain, "resolution": "720p"})
    order = {"sceneChainId": chain, "resolution": "720p"}
    made = call(f"POST {P}/export/master", order, "owner", key=True)
    call.ids |= {"exportId": made["exportId"], "jobId": made["jobId"]}
    call("GET /api/exports/jobs/{jobId}")
    item = table().get(keys.export(call.ids["projectId"], made["exportId"]))
    assert item is not None
    files = {
        name: f"projects/p/{name}" for name in ("Master.mov", "Master.edl", "Master.json", "EPK.zip", "manifest.json")
    }
    table().write(Put(item | {"status": "completed", "files": files}))
    for what in ("video", "edl", "sidecar", "epk", "manifest"):
        call(f"GET /api/exports/{{exportId}}/{what}")
    call("GET /api/exports/{exportId}")
    call.ids["name"] = "Master.edl"
    call("GET /api/exports/{exportId}/files/{name}")
    boto3.client("s3").put_object(Bucket=BUCKET, Key=files["Master.mov"], Body=b"film")
    call("POST /api/exports/{exportId}/publish", {}, "owner", key=True)


def _office(call: Play) -> None:
    project = call.ids["projectId"]
    call(f"POST {P}/production", {"quality": "draft"}, "editor", key=True)
    call(f"GET {P}/production")
    asked = approvals.open_approval(project, "dailies", "token", subject={}, attempt=1)
    call.ids["approvalId"] = asked["approvalId"]
    call(f"GET {P}/approvals")
    call("GET /api/approvals/{approvalId}")
    call("POST /api/approvals/{approvalId}/decision", {"decision": "approve"}, "editor")
    call(f"GET {P}/jobs")
    open_job = next(job for job in call.studio.items(project, "JOB#") if job["status"] == "RESERVED")
    call.ids["jobId"] = open_job["jobId"]
    call("GET /api/jobs/{jobId}")
    call("POST /api/jobs/{jobId}/cancel", None, "editor")
    call(f"GET {P}/audit")
    call(f"GET {P}/operations-log")
    _webhook(call)
    call.no(f"DELETE {P}")  # jobs are open: how many items and files there are decides what the deletion itself calls


def _webhook(call: Play) -> None:
    """A vendor's report on a job it has; RunPod's, which is not signed."""
    from vibeboard.jobs import hooks

    row = next(job for job in call.studio.items(call.ids["projectId"], "JOB#") if job["status"] == "RESERVED")
    table().write(Put(row | {"status": "SUBMITTED", "provider": "runpod", "fence": 1, "providerRef": "r1"}))
    call.ids |= {"provider": "runpod", "jobId": row["jobId"], "attempt": "1"}
    call.ids["signature"] = hooks.signature("runpod", row["jobId"], 1)
    call("POST /api/webhooks/{provider}/{jobId}/{attempt}/{signature}", {"id": "r1", "status": "COMPLETED"}, None)


def _rows(shoot: Shoot) -> list[dict[str, Any]]:
    return table().query(f"PROJECT#{shoot.project_id}", f"CHAIN#{shoot.chain}#SEG#")


def _change(shoot: Shoot, values: dict[str, Any]) -> None:
    for row in _rows(shoot):
        table().write(Put(row | values))


def _picture() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.linear_gradient("L").resize((640, 360)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def most(route: str) -> int:
    return HELD.get(route, MOST)


def page(found: dict[str, Counter[str]]) -> str:
    """The table by path, and the routes that nobody has counted yet."""
    lines = [
        "# AWS calls per request",
        "",
        "<!-- written by `python -m tests.benchmarks.aws_calls`; test_aws_calls.py holds the limits -->",
        "",
        f"A project with {SHOTS} shots in one chain; an Idempotency-Key wherever one is taken; authorisation counted.",
        f"No route may call more than {MOST} times; one in bold does, for the reason beside it in aws_calls.py.",
        "",
        "| route | calls | at most | which |",
        "|---|---|---|---|",
    ]
    for route in sorted(found, key=lambda key: (key.split(" ")[1], key)):
        calls = found[route]
        which = ", ".join(f"{count} {name}" if count > 1 else name for name, count in sorted(calls.items()))
        total = f"**{calls.total()}**" if calls.total() > MOST else str(calls.total())
        lines.append(f"| {route} | {total} | {most(route)} | {which or '-'} |")
    left = missing(found)
    return "\n".join([*lines, "", f"Not counted ({len(left)}): {', '.join(left) or 'none'}."]) + "\n"


def missing(found: dict[str, Counter[str]]) -> list[str]:
    """Routes of the template without a step."""
    return sorted({route.key for route in routes()} - set(found))


def main() -> int:
    """Play it on moto and write the table."""
    import pytest

    os.environ[WRITE] = "1"
    return int(pytest.main(["-q", "-p", "no:cacheprovider", str(Path(__file__).with_name("test_aws_calls.py"))]))


if __name__ == "__main__":
    sys.exit(main())
